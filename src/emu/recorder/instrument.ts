/**
 * An image made ready for the recorder: its calls of subprogs lead to the recorder's thunks, and who comes to a
 * subprog's entry by another way meets an int3. Its first instruction is run elsewhere, in a slot; so are those where
 * tail calls enter, in whose place a jump leads to another thunk.
 */
import type { Trace } from '../../core/execution.ts';
import type { Image } from '../../core/image.ts';
import { CODE_BASE } from '../../core/layout.ts';
import { insnLayout } from '../../x86/insn-length.ts';
import { plainLength } from '../../x86/plain-length.ts';
import { programsOf, tailCallEntry } from '../image-tables.ts';
import type { NativeSubject } from '../native-subject.ts';
import { firstOnStack, seenBytes } from '../note-plan.ts';
import {
  LOG_BYTES,
  MAX_SUBPROGS,
  MAX_WINDOW,
  PROGRAM_SLOTS,
  PROGRAM_THUNKS,
  recordBytes,
  SLOT_BYTES,
  SLOTS,
  THUNK_BYTES,
  THUNKS,
  WINDOW_UNIT,
} from './layout.ts';

/** Opcode of `call rel32`. */
const CALL = 0xe8;
const REL32_BYTES = 4;
const JMP = 0xe9;
const JMP_BYTES = 5;
const INT3 = 0xcc;
/** SDM 2A §2.3.11. */
const MAX_INSN_BYTES = 15;
/** Most that a program makes. */
const TAIL_CALLS = 33;

/** What stands in for an image's code while it is recorded. */
export interface Instrumented {
  readonly code: Uint8Array;
  /** Code of the slots. */
  readonly slots: Uint8Array;
  /** And of those for tail calls, if there are any. */
  readonly programSlots: Uint8Array | null;
  /** Subprogs that tail calls may enter. */
  readonly programs: ReadonlySet<number>;
  /** WINDOW_UNITs of stack in each record. */
  readonly windows: number;
  /** Index of the first native argument that travels on the stack. */
  readonly firstStackArg: number;
}

/**
 * Null where the recorder cannot stand in for breakpoints: an image that does not say where its calls and frames
 * are, frames that are not on the stack, or a trace too long for the log.
 */
export function instrument(image: Image, subject: NativeSubject, expected: Trace): Instrumented | null {
  const { frames, callSites, base, subprogEntries, entry } = image;
  if (frames === undefined || callSites === undefined || base !== CODE_BASE) return null;
  if (subprogEntries.length > MAX_SUBPROGS || entry !== subprogEntries[0]) return null;
  // What no window of the native stack shows.
  if (frames.some(({ privateStack }) => privateStack !== undefined)) return null;
  const windows = Math.ceil(seenBytes(frames) / WINDOW_UNIT);
  if (windows * WINDOW_UNIT > MAX_WINDOW || !fitsLog(expected, windows)) return null;
  const firstStackArg = firstOnStack(image);
  const code = firstStackArg === null ? null : redirected(image);
  const slots = code === null ? null : moveFirstInsns(code, image);
  if (code === null || slots === null || firstStackArg === null) return null;
  const programs = programsOf(subject);
  const programSlots = programs.size === 0 ? null : moveProgramStarts(code, image, programs);
  if (programSlots === null && programs.size > 0) return null;
  return { code, slots, programSlots, programs, windows, firstStackArg };
}

/** With room for as much again, since code that is wrong may call more often. */
const fitsLog = ({ events, total }: Trace, windows: number): boolean =>
  total === events.length &&
  2 * (total + TAIL_CALLS) * recordBytes(windows) + recordBytes(MAX_WINDOW / WINDOW_UNIT) <= LOG_BYTES;

/** Null if a call of a subprog is not of the form that can be redirected. */
function redirected({ code, callSites = [], subprogEntries, base }: Image): Uint8Array | null {
  const changed = code.slice();
  const view = new DataView(changed.buffer, changed.byteOffset, changed.length);
  const from = Number(base);
  for (const { returnOffset, callee } of callSites) {
    if (callee.kind !== 'bpf') continue;
    const at = returnOffset - REL32_BYTES;
    if (at < 1 || returnOffset > changed.length || changed[at - 1] !== CALL) return null;
    if (view.getInt32(at, true) !== (subprogEntries[callee.id] ?? -1) - returnOffset) return null;
    view.setInt32(at, THUNKS + THUNK_BYTES * callee.id - (from + returnOffset), true);
  }
  return changed;
}

/** Puts an int3 at each entry, and what was there into slots; null where it means something else elsewhere. */
function moveFirstInsns(code: Uint8Array, { subprogEntries, base }: Image): Uint8Array | null {
  const slots = slotsFor(subprogEntries.length);
  for (const [subprog, entry] of subprogEntries.entries()) {
    const length = movableLength(code.subarray(entry, entry + MAX_INSN_BYTES));
    if (length === null) return null;
    const insn = code.subarray(entry, entry + length);
    fillSlot(slots, SLOTS, { subprog, insns: insn, after: Number(base) + entry + length });
    code[entry] = INT3;
  }
  return slots;
}

/** Puts a jump where tail calls enter; null where instructions cannot move, or something may jump to one of them. */
function moveProgramStarts(code: Uint8Array, image: Image, programs: ReadonlySet<number>): Uint8Array | null {
  const slots = slotsFor(image.subprogEntries.length);
  const view = new DataView(code.buffer, code.byteOffset, code.length);
  for (const subprog of programs) {
    const at = tailCallEntry(image, subprog);
    const length = movableRun(code, at);
    if (length === null || mayBeEntered(image, at, at + length)) return null;
    const after = Number(image.base) + at + length;
    fillSlot(slots, PROGRAM_SLOTS, { subprog, insns: code.subarray(at, at + length), after });
    code[at] = JMP;
    const next = Number(image.base) + at + JMP_BYTES;
    view.setInt32(at + 1, PROGRAM_THUNKS + THUNK_BYTES * subprog - next, true);
  }
  return slots;
}

const slotsFor = (subprogs: number): Uint8Array => new Uint8Array(SLOT_BYTES * subprogs).fill(INT3);

interface Slot {
  readonly subprog: number;
  readonly insns: Uint8Array;
  /** Address of what follows them. */
  readonly after: number;
}

/** The instructions, and a jump to what follows them. */
function fillSlot(slots: Uint8Array, start: number, { subprog, insns, after }: Slot): void {
  const at = SLOT_BYTES * subprog;
  slots.set(insns, at);
  const end = at + insns.length;
  slots[end] = JMP;
  const view = new DataView(slots.buffer, slots.byteOffset, slots.length);
  view.setInt32(end + 1, after - (start + end + JMP_BYTES), true);
}

/** Bytes of as many whole instructions as a jump takes the place of. */
function movableRun(code: Uint8Array, start: number): number | null {
  let at = start;
  while (at < start + JMP_BYTES) {
    const length = movableLength(code.subarray(at, at + MAX_INSN_BYTES));
    if (length === null) return null;
    at += length;
  }
  return at - start;
}

/** Whether code of some BPF instruction begins within a range, but not at its start. */
const mayBeEntered = ({ pcMap }: Image, from: number, end: number): boolean =>
  pcMap === undefined || pcMap.rowBefore(end - 1) > pcMap.rowBefore(from);

/**
 * Of what stands at entries most often: `push rbp`, Linux's nop of 5 bytes before it; and how main sets up its count of
 * tail calls, whose jumps lead no further than its own end.
 */
// biome-ignore format: an instruction a line
const KNOWN: readonly (readonly number[])[] = [
  [0x55],
  [0x0f, 0x1f, 0x44, 0x00, 0x00],
  [
    0x48, 0x83, 0xf8, 0x21, // cmp rax, 33
    0x77, 0x06,             // ja 6f
    0x50,                   // push rax
    0x48, 0x89, 0xe0,       // mov rax, rsp
    0xeb, 0x01,             // jmp 7f
    0x50,                   // 6: push rax; 7:
  ],
];

function movableLength(code: Uint8Array): number | null {
  const known = KNOWN.find((insn) => insn.every((byte, i) => byte === code[i]));
  if (known !== undefined) return known.length;
  const plain = plainLength(code, 0);
  if (plain > 0) return plain;
  const layout = insnLayout(code);
  return layout?.movable === true ? layout.length : null;
}
