/**
 * A case whose program native code calls: what its caller passes, and what the program finds where its trampoline has
 * put it. The words come from the case's memory, in the order of the arguments; past its end each is one of its own.
 */
import type { Program } from '../../bpf/program.ts';
import { type Env, modelKey } from '../../core/env.ts';
import type { Image } from '../../core/image.ts';
import { ENTRY_RSP } from '../../core/layout.ts';
import { type NativeCall, type NativeProto, wordsIn } from '../../core/native.ts';
import type { U64 } from '../../core/u64.ts';
import { type Eightbyte, eightbytesOf } from './psabi.ts';

const WORD = 8;
/** Of a stack argument, if it is the only one: what lies above so many bytes is cleared. linux 473e3150e30a */
const NARROW = 4;
/** Words of values that no argument has: for the result of the traced function. */
const RESULT_WORDS = [100, 101] as const;
/** Stands in a gap before an __int128. */
const GAP = 102;
/** Where there is no image: the array lies above what the reference takes for stack. */
const NO_IMAGE_DEPTH = -0x100;

/** The call, by the words that the memory of a case gives. */
function nativeCallOf({ args }: NativeProto, memory: Uint8Array): NativeCall {
  const words = eightbytesOf(args);
  const value = (index: number): U64 => wordAt(memory, index);
  const regs = words.flatMap(({ place }, k) => (place.in === 'reg' ? [[place.reg, value(k)] as const] : []));
  const stack = new Array<U64>(stackWords(words)).fill(modelKey(GAP));
  words.forEach(({ place }, k) => {
    if (place.in === 'stack') stack[place.index] = value(k);
  });
  return { regs, stack, result: [modelKey(RESULT_WORDS[0]), modelKey(RESULT_WORDS[1])] };
}

/** rsp when native code has called: where its return address is. Before the call it is a multiple of 16. */
const nativeEntryRsp = ({ stack }: NativeCall): U64 =>
  ENTRY_RSP - BigInt(WORD * (stack.length + (stack.length % 2))) - BigInt(WORD);

/** The array that the program finds: the number of words, the words, and the result of the traced function. */
function arrayOf(proto: NativeProto, memory: Uint8Array): readonly U64[] {
  const words = eightbytesOf(proto.args);
  const onStack = words.filter(({ place }) => place.in === 'stack').length;
  const seen = words.map(({ place, argBytes }, k) => {
    const passed = wordAt(memory, k);
    const isCut = place.in === 'stack' && onStack === 1 && argBytes <= NARROW;
    return isCut ? passed & 0xffff_ffffn : passed;
  });
  // Of a program that runs before the function, or in its place, there is none yet.
  const hasResult = proto.attach === 'fexit' || proto.attach === 'fexit-jmp';
  const returned = hasResult && proto.result !== undefined ? wordsIn(proto.result) : 0;
  const { result } = nativeCallOf(proto, memory);
  return [BigInt(words.length), ...seen, ...result.slice(0, returned)];
}

/** The case as its program meets it: its memory is the array. `image`: null where only the reference runs it. */
export function asCalled<T extends { readonly program: Program; readonly env: Env }>(
  subject: T,
  image: Image | null,
): T {
  const { program, env } = subject;
  const depth = image === null ? NO_IMAGE_DEPTH : image.trampoline?.arrayDepth;
  if (program.native === undefined || depth === undefined) return subject;
  const { memory } = env.input;
  const call = nativeCallOf(program.native, memory);
  const rsp = nativeEntryRsp(call);
  const pointer = rsp - BigInt(depth);
  const words = new BigUint64Array(arrayOf(program.native, memory));
  const place = { call, rsp, address: pointer - BigInt(WORD), pointer };
  return { ...subject, env: { ...env, input: { memory: new Uint8Array(words.buffer), native: place } } };
}

/** Values that tell each position apart, with something in the upper half of narrow ones. */
function wordAt(memory: Uint8Array, index: number): U64 {
  const bytes = memory.subarray(WORD * index, WORD * (index + 1));
  if (bytes.length < WORD) return modelKey(index + 1);
  return new DataView(bytes.buffer, bytes.byteOffset, WORD).getBigUint64(0, true);
}

const stackWords = (words: readonly Eightbyte[]): number =>
  words.reduce((most, { place }) => (place.in === 'stack' ? Math.max(most, place.index + 1) : most), 0);
