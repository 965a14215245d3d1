/** What an image tells by BPF slot: where the code of each begins, and which rewrites made it. */
import type { PcMap } from '../core/pc-map.ts';
import type { Entries, RewritePass } from './entries.ts';

/** One rewrite that happened before the JIT: `pass` at slot `pc` gave so many instructions. */
export interface RewriteNote {
  readonly pass: RewritePass;
  readonly pc: number;
  readonly insns: number;
}

/** First native byte of each slot, of a subprog at `offset`; the instructions a rewrite added belong to the slot they stem from. */
export function addToMap(map: PcMap, entries: Entries, addrs: Int32Array, offset: number): void {
  const { pcs, setup, count } = entries;
  map.addFirsts(pcs, addrs, setup, count, offset);
}

/** One for all that a rewrite made of one instruction. */
export function addNotes(notes: RewriteNote[], entries: Entries): void {
  let last: { pass: RewritePass; pc: number; insns: number } | undefined;
  for (let i = 0; i < entries.count; i++) {
    const pass = entries.passOf(i);
    const pc = entries.pcs[i] as number;
    if (pass === undefined) continue;
    if (last?.pc === pc && last.pass === pass) last.insns++;
    else {
      last = { pass, pc, insns: 1 };
      notes.push(last);
    }
  }
}
