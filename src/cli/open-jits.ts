/**
 * JITs in processes of their own, one of each name in this process, from their first use until `closeJits`. What
 * runs is noted where another process can end it, should this one not come to that.
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
/** JITs one process may have open. */
export const MAX_OPEN_JITS = 16;

/** Told of each child that is started, and of its end: by slot, a process group, or 0 for none. */
export type NoteChild = (slot: number, group: number) => void;

const OPEN = new Map<string, Jit>();
let note: NoteChild = () => undefined;

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
  const slot = OPEN.size % MAX_OPEN_JITS;
  const options: ExecOptions = { onChild: (group) => note(slot, group) };
  const jit = isBundle(name)
    ? openImageBundle(name.slice(IMAGE.length))
    : isDpdk(name)
      ? openDpdk(name, options)
      : openExec(name.slice(EXEC.length), options);
  OPEN.set(name, jit);
  atEnd(closeJits);
  return jit;
}

/** Ends the JITs of this process. */
export function closeJits(): void {
  for (const jit of OPEN.values()) jit.close();
  OPEN.clear();
}

/** From now on this process's children are noted so. */
export function noteChildren(by: NoteChild): void {
  note = by;
}

/** Ends the children of a process that is no more. */
export function endNoted(groups: readonly number[]): void {
  for (const group of groups) if (group !== 0) killGroup(group);
}
