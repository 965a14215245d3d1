/**
 * Tail calls whose program is known when they are compiled: what `record_func_map()` and `record_func_key()` of the
 * verifier find. Map and index are the same constants on all ways to the call, and the index is one of the map's.
 */
import type { Insn } from '../bpf/insn.ts';
import type { Program, Subprog } from '../bpf/program.ts';
import { R2 } from '../bpf/reg.ts';
import { eachWithConstants, type Merge } from './constants.ts';
import { isTailCall } from './tail-calls.ts';

/** r3 */
const INDEX = R2 + 1;

/** By slot of such a call: the subprog it goes on in, null where the entry is empty. */
export function knownTailCalls(
  program: Program,
  subprog: Subprog,
  merge?: Merge,
): ReadonlyMap<number, number | null> {
  const known = new Map<number, number | null>();
  const makes = (insn: Insn | undefined): boolean => insn?.kind === 'call' && isTailCall(program, insn);
  if (!program.insns.slice(subprog.start, subprog.end).some(makes)) return known;
  eachWithConstants(
    program.insns,
    subprog,
    (pc, insn, constants) => {
      if (!makes(insn)) return;
      const entry = entryOf(program, constants);
      if (entry === undefined) known.delete(pc);
      else known.set(pc, entry);
    },
    merge,
  );
  return known;
}

function entryOf({ progArrays }: Program, constants: ReadonlyMap<number, bigint>): number | null | undefined {
  const map = constants.get(R2);
  const index = constants.get(INDEX);
  const programs = progArrays?.find(({ address }) => address === map)?.programs;
  return programs === undefined || index === undefined || index >= BigInt(programs.length)
    ? undefined
    : programs[Number(index)];
}
