/** What must be seen at each place that a trampoline goes through, by the prototype and the words that were passed. */
import type { Execution, Word } from '../../core/execution.ts';
import {
  type NativeCall,
  type NativeEvent,
  type NativePlace,
  type NativeProto,
  PROG_POINTER,
  START_TIME,
  TRAMP_POINTER,
  wordsIn,
} from '../../core/native.ts';
import type { U64 } from '../../core/u64.ts';
import type { Case } from '../case.ts';
import { eightbytesOf } from './psabi.ts';

/** rdi, rsi, rdx, rcx, r8, r9 */
const ARG_REGS = [7, 6, 2, 1, 8, 9];

/** The reference's run, with what must be seen around it. */
export function withNative(want: Execution, { program, env }: Case): Execution {
  const { native: proto } = program;
  const { memory, native } = env.input;
  if (proto === undefined || native === undefined) return want;
  const r0 = want.outcome.kind === 'exit' ? want.outcome.r0 : undefined;
  const events = placesOf(proto).map((at): NativeEvent => {
    switch (at) {
      case 'program':
        return { at, words: wordsOf(memory) };
      case 'original':
        return originalOf(proto, native.call);
      case 'return':
        return { at, words: resultOf(proto, native.call, r0) };
      case 'prog-exit':
        return { at, words: [PROG_POINTER, START_TIME] };
      case 'prog-enter':
        return { at, words: [PROG_POINTER] };
      default:
        return { at, words: [TRAMP_POINTER] };
    }
  });
  // Where the program itself goes wrong, nothing comes after it.
  const end = r0 === undefined ? events.findIndex(({ at }) => at === 'program') + 1 : events.length;
  return { native: events.slice(0, end), ...want };
}

/** In the order in which control comes there. */
function placesOf({ attach }: NativeProto): readonly NativePlace[] {
  const run = ['prog-enter', 'program', 'prog-exit'] as const;
  switch (attach) {
    case 'fentry':
      return [...run, 'original', 'return'];
    case 'struct_ops':
      return [...run, 'return'];
    default:
      return ['tramp-enter', 'original', ...run, 'tramp-exit', 'return'];
  }
}

/** The traced function gets what was passed, where it was passed; what lies above an argument is nobody's. */
function originalOf({ args }: NativeProto, call: NativeCall): NativeEvent {
  const words: Word[] = [];
  const bytes: number[] = [];
  for (const eightbyte of eightbytesOf(args)) {
    const { place } = eightbyte;
    const index = place.in === 'reg' ? ARG_REGS.indexOf(place.reg) : ARG_REGS.length + place.index;
    words[index] = place.in === 'reg' ? regOf(call, place.reg) : call.stack[place.index];
    bytes[index] = eightbyte.bytes;
  }
  return { at: 'original', words: Array.from(words), bytes: Array.from(bytes, (count) => count ?? 0) };
}

const regOf = ({ regs }: NativeCall, gpr: number): Word => regs.find(([reg]) => reg === gpr)?.[1];

/** Of a program that stands for a function, what it returned; else what the traced one did. */
function resultOf({ attach, result }: NativeProto, call: NativeCall, r0: U64 | undefined): Word[] {
  if (result === undefined) return [];
  return attach === 'struct_ops' ? [r0] : call.result.slice(0, wordsIn(result));
}

const wordsOf = (memory: Uint8Array): U64[] =>
  Array.from({ length: memory.length / 8 }, (_, k) =>
    new DataView(memory.buffer, memory.byteOffset + 8 * k, 8).getBigUint64(0, true),
  );
