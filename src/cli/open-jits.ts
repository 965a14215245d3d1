/**
 * JITs in processes of their own, one of each name in this thread, from their first use until `closeJits`. What
 * runs is noted where another thread can end it, should this one not come to that.
 */

import { isDpdk } from '../jits/dpdk/names.ts';
import { openDpdk } from '../jits/dpdk/open.ts';
import { type ExecOptions, openExec } from '../jits/exec.ts';
import { openImageBundle } from '../jits/image/open.ts';
import type { Jit } from '../jits/jit.ts';
import { killGroup } from '../jits/posix.ts';
import { atEnd } from './at-end.ts';

const EXEC = 'exec:';
const IMAGE = 'image:';
/** JITs one thread may have open. */
const MAX_OPEN = 16;

/** Process groups of the children of one thread; 0: none. */
export type ChildNotes = SharedArrayBuffer;

const OPEN = new Map<string, Jit>();
let notes: Int32Array = new Int32Array(MAX_OPEN);

/** Whether a JIT of that name is not of this project: a process, or an image of a kernel. */
export const isForeign = (jit: string): boolean => isDpdk(jit) || isCommand(jit) || isBundle(jit);

/** Whether the name holds a command of the user's. */
export const isCommand = (jit: string): boolean => jit.startsWith(EXEC) && jit.length > EXEC.length;

/** Whether the name holds the path of a bundle. */
export const isBundle = (jit: string): boolean => jit.startsWith(IMAGE) && jit.length > IMAGE.length;

/** The JIT of that name. Throws an `engine` error if it is not installed, an `input` error for a bad bundle. */
export function foreignJit(name: string): Jit {
  const known = OPEN.get(name);
  if (known !== undefined) return known;
  const slot = OPEN.size % MAX_OPEN;
  const options: ExecOptions = { onChild: (group) => Atomics.store(notes, slot, group) };
  const jit = isBundle(name)
    ? openImageBundle(name.slice(IMAGE.length))
    : isDpdk(name)
      ? openDpdk(name, options)
      : openExec(name.slice(EXEC.length), options);
  OPEN.set(name, jit);
  atEnd(closeJits);
  return jit;
}

/** Ends the JITs of this thread. */
export function closeJits(): void {
  for (const jit of OPEN.values()) jit.close();
  OPEN.clear();
}

export const childNotes = (): ChildNotes => new SharedArrayBuffer(MAX_OPEN * Int32Array.BYTES_PER_ELEMENT);

/** From now on this thread's children are noted there. */
export function noteChildrenIn(buffer: ChildNotes): void {
  notes = new Int32Array(buffer);
}

/** Ends the children of a thread that is no more. */
export function endNoted(buffer: ChildNotes): void {
  for (const group of new Int32Array(buffer)) if (group !== 0) killGroup(group);
}
