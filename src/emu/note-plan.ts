/**
 * What must be known before a run whose calls are noted while it lasts, by the guest (recorder/) or by the host
 * (block-hook.ts), without a model being asked: how much stack a note shows, and what callees destroy.
 */
import { type CallEvent, isModelled, type Trace } from '../core/execution.ts';
import { FP_DEPTH, type FrameShape, type Image } from '../core/image.ts';
import { clobberedArg } from '../core/junk.ts';
import { toNumber, type U64 } from '../core/u64.ts';
import { argCount } from './callee-model.ts';
import type { NamedBlocks, NoteRequest } from './engine.ts';
import { isOfWords, type NativeCallee } from './native-subject.ts';
import { RECORD } from './recorder/layout.ts';

/** Words a return address and pushed arguments may take above rsp. */
const ABOVE_RSP = 8 * 13;

const WORD_BYTES = 8;
/** Most bytes of stack on one side of rsp: a run is noted only where rsp has so many on both. */
export const MAX_BELOW = 0x1000;
/** Words of the host's log, and answers there is room for. */
export const LOG_WORDS = 0x8000;
export const MAX_ANSWERS = 1024;

/** Of a note of the host, with so many bytes of stack on each side of rsp. */
export const noteWords = (below: number): number => RECORD.window + (2 * below) / WORD_BYTES;

/** What a run is expected to do, and where it may come to. */
export interface NotePlan {
  readonly expected: Trace;
  readonly argMasks: ArrayLike<number> | undefined;
  /** Addresses of subprogs, and of where tail calls enter programs. */
  readonly entries: readonly number[];
}

/** What the host is to note of a run that is to do as expected; null where it cannot. */
export function noteRequest(
  image: Image,
  callees: readonly NativeCallee[],
  stack: Uint8Array,
  { expected, argMasks, entries }: NotePlan,
): NoteRequest | null {
  const first = firstOnStack(image);
  const below = WORD_BYTES * Math.ceil(seenBytes(image.frames ?? []) / WORD_BYTES);
  if (first === null || !fits(below, expected) || !callees.every(isOfOneWord)) return null;
  const args = { count: image.args.native.length, firstOnStack: first };
  const results: U64[] = [];
  const destroyed: number[] = [];
  for (const event of expected.events) {
    if (event.kind !== 'call' || !isModelled(event)) continue;
    const words = wordsDestroyed(event, callees, argMasks?.[results.length], args);
    if (words === undefined || event.result === undefined) return null;
    destroyed.push(words);
    results.push(event.result);
  }
  return results.length > MAX_ANSWERS
    ? null
    : {
        stack,
        below,
        results,
        destroyed,
        clobber: clobberedArg(first + 1),
        named: namedBlocks(image, entries),
      };
}

/**
 * Entries, and where subprogs return to. Not where the run begins, unless something may lead there again: what came there
 * unseen, and then did all that is expected, has done what is expected.
 */
function namedBlocks(image: Image, entries: readonly number[]): NamedBlocks {
  const { callSites = [], entry, subprogEntries } = image;
  const base = toNumber(image.base);
  const returns: number[] = [];
  let isSeen = image.tailCallOffset !== undefined;
  for (const { callee, returnOffset } of callSites) {
    if (callee.kind !== 'bpf') continue;
    returns.push(base + returnOffset);
    isSeen ||= subprogEntries[callee.id] === entry;
  }
  return { entries: isSeen ? entries : entries.filter((address) => address !== base + entry), returns };
}

/** With room for a note more than are expected. */
const fits = (below: number, { events, total }: Trace): boolean =>
  total === events.length && below <= MAX_BELOW && (total + 2) * noteWords(below) <= LOG_WORDS;

/** As are its arguments. */
const isOfOneWord = (callee: NativeCallee): boolean => isOfWords(callee) && callee.returnsTwo !== true;

/** Bytes that show the frame of whoever calls, from rsp upwards, and that of whoever has returned, below rsp. */
export function seenBytes(frames: readonly FrameShape[]): number {
  let most = ABOVE_RSP;
  for (const { bytes, stackDepth, fpDepth = FP_DEPTH } of frames) {
    most = Math.max(most, bytes + ABOVE_RSP, stackDepth + fpDepth + 8);
  }
  return most;
}

/** Index of the first native argument on the stack. Those from it on lie there, one after the other: else null. */
export function firstOnStack({ args: { native } }: Image): number | null {
  let first = native.length;
  for (let i = native.length - 1; i >= 0 && native[i]?.in === 'stack'; i--) first = i;
  for (let i = 0; i < native.length; i++) {
    const place = native[i];
    if (place?.in === 'stack' && (i < first || place.index !== i - first)) return null;
  }
  return first;
}

/** Places of native arguments: how many there are, and the first of them on the stack. */
interface NativeArgs {
  readonly count: number;
  readonly firstOnStack: number;
}

/** Words of stack arguments that each call of a helper or kfunc destroys, in order; null if one is of nobody. */
export function destroyedWords(
  calls: readonly CallEvent[],
  callees: readonly NativeCallee[],
  argMasks: ArrayLike<number> | undefined,
  args: NativeArgs,
): number[] | null {
  const destroyed: number[] = [];
  for (let i = 0; i < calls.length; i++) {
    const words = wordsDestroyed(calls[i] as CallEvent, callees, argMasks?.[i], args);
    if (words === undefined) return null;
    destroyed.push(words);
  }
  return destroyed;
}

/** By one call; undefined if the callee is nobody. */
function wordsDestroyed(
  { callee: { kind, id } }: CallEvent,
  callees: readonly NativeCallee[],
  mask: number | undefined,
  { count, firstOnStack }: NativeArgs,
): number | undefined {
  for (const callee of callees) {
    if (callee.ref.kind === kind && callee.ref.id === id)
      return Math.max(0, Math.min(argCount(callee, mask), count) - firstOnStack);
  }
  return undefined;
}
