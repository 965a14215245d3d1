/** Whether the engine `silicon` can be had on this machine, and its processes as the system shows them. */
import { readdirSync, readFileSync } from 'node:fs';
import { OracleError } from '../../src/core/errors.ts';
import { openSilicon } from '../../src/emu/silicon/silicon.ts';

/** Why not; undefined if it can. */
export function siliconMissing(): string | undefined {
  try {
    openSilicon().close();
    return undefined;
  } catch (error) {
    if (error instanceof OracleError && error.kind === 'engine') return error.message;
    throw error;
  }
}

/** For the name of a suite: why it is skipped. */
export const skippedBecause = (why: string | undefined): string =>
  why === undefined ? '' : ` (skipped: ${why})`;

/** Process ids of the guests of this process, zombies too. */
export function guestProcesses(): number[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map(Number)
    .filter((pid) => parentOf(pid) === process.pid);
}

/** proc(5): /proc/pid/stat; the name, in parentheses, may hold anything. */
function parentOf(pid: number): number | undefined {
  try {
    const afterName = readFileSync(`/proc/${pid}/stat`, 'latin1').split(') ').at(-1) ?? '';
    return Number(afterName.split(' ')[1]);
  } catch {
    return undefined;
  }
}

/** Open files of this process. */
export const openFiles = (): number => readdirSync('/proc/self/fd').length;
