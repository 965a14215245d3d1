/**
 * An image made ready for the recorder: its calls of subprogs lead to the recorder's thunks, and who comes to a
 * subprog's entry by another way meets an int3. Its first instruction is run elsewhere, in a slot.
 */
import type { Trace } from '../../core/execution.ts';
import { FP_DEPTH, type FrameShape, type Image } from '../../core/image.ts';
import { CODE_BASE } from '../../core/layout.ts';
import { insnLayout } from '../../x86/insn-length.ts';
import type { NativeSubject } from '../native-subject.ts';
import {
  LOG_BYTES,
  MAX_SUBPROGS,
  MAX_WINDOW,
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
/** Words a return address and pushed arguments may take above rsp. */
const ABOVE_RSP = 8 * 13;

/** What stands in for an image while it is recorded. */
export interface Instrumented {
  readonly image: Image;
  /** Code of the slots. */
  readonly slots: Uint8Array;
  /** WINDOW_UNITs of stack in each record. */
  readonly windows: number;
  /** Index of the first native argument that travels on the stack. */
  readonly firstStackArg: number;
}

/**
 * Null where the recorder cannot stand in for breakpoints: an image that does not say where its calls and frames
 * are, tail calls, or a trace too long for the log.
 */
export function instrument(image: Image, subject: NativeSubject, expected: Trace): Instrumented | null {
  const { frames, callSites, base, subprogEntries, entry } = image;
  if (frames === undefined || callSites === undefined || base !== CODE_BASE) return null;
  if (subject.progArrays !== undefined || subprogEntries.length > MAX_SUBPROGS) return null;
  if (entry !== subprogEntries[0]) return null;
  // What no window of the native stack shows.
  if (frames.some(({ privateStack }) => privateStack !== undefined)) return null;
  const windows = windowsOf(frames);
  if (windows * WINDOW_UNIT > MAX_WINDOW || !fitsLog(expected, windows)) return null;
  const firstStackArg = firstOnStack(image);
  const code = firstStackArg === null ? null : redirected(image);
  const slots = code === null ? null : moveFirstInsns(code, image);
  if (code === null || slots === null || firstStackArg === null) return null;
  return { image: { ...image, code }, slots, windows, firstStackArg };
}

/** The frame of whoever calls, from rsp upwards; or that of whoever has returned, below rsp. */
function windowsOf(frames: readonly FrameShape[]): number {
  let most = 0;
  for (const { bytes, stackDepth, fpDepth = FP_DEPTH } of frames) {
    most = Math.max(most, bytes + ABOVE_RSP, stackDepth + fpDepth + 8);
  }
  return Math.ceil(most / WINDOW_UNIT);
}

/** With room for as much again, since code that is wrong may call more often. */
const fitsLog = ({ events, total }: Trace, windows: number): boolean =>
  total === events.length &&
  2 * total * recordBytes(windows) + recordBytes(MAX_WINDOW / WINDOW_UNIT) <= LOG_BYTES;

/** Those from some argument on lie on the stack, one after the other: else null. */
function firstOnStack({ args: { native } }: Image): number | null {
  let first = native.length;
  for (let i = native.length - 1; i >= 0 && native[i]?.in === 'stack'; i--) first = i;
  for (let i = 0; i < native.length; i++) {
    const place = native[i];
    if (place?.in === 'stack' && (i < first || place.index !== i - first)) return null;
  }
  return first;
}

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
  const slots = new Uint8Array(SLOT_BYTES * subprogEntries.length).fill(INT3);
  const view = new DataView(slots.buffer);
  for (const [subprog, entry] of subprogEntries.entries()) {
    const length = movableLength(code.subarray(entry, entry + MAX_INSN_BYTES));
    if (length === null) return null;
    const at = SLOT_BYTES * subprog;
    for (let i = 0; i < length; i++) slots[at + i] = code[entry + i] ?? INT3;
    slots[at + length] = JMP;
    const after = SLOTS + at + length + JMP_BYTES;
    view.setInt32(at + length + 1, Number(base) + entry + length - after, true);
    code[entry] = INT3;
  }
  return slots;
}

/** Of the instructions that stand at entries most often: `push rbp`, and Linux's nop of 5 bytes before it. */
const KNOWN: readonly (readonly number[])[] = [[0x55], [0x0f, 0x1f, 0x44, 0x00, 0x00]];

function movableLength(code: Uint8Array): number | null {
  const known = KNOWN.find((insn) => insn.every((byte, i) => byte === code[i]));
  if (known !== undefined) return known.length;
  const layout = insnLayout(code);
  return layout?.movable === true ? layout.length : null;
}
