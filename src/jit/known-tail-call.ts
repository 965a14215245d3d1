/**
 * Tail calls whose program is known when they are compiled: what `record_func_key()` of the verifier finds, as far as
 * one basic block shows it. Map and index are constants right before the call, and the index is one of the map's.
 */
import type { Insn } from '../bpf/insn.ts';
import { writesOf } from '../bpf/live-args.ts';
import { type Program, type Subprog, targetOf } from '../bpf/program.ts';
import { R2, type Reg } from '../bpf/reg.ts';
import { isTailCall } from './tail-calls.ts';

/** r3 */
const INDEX = R2 + 1;

/** By slot of such a call: the subprog it goes on in, null where the entry is empty. */
export function knownTailCalls(program: Program, subprog: Subprog): ReadonlyMap<number, number | null> {
  const targets = jumpTargets(program, subprog);
  const known = new Map<number, number | null>();
  const constants = new Map<Reg, bigint>();
  for (let pc = subprog.start; pc < subprog.end; pc++) {
    if (targets.has(pc)) constants.clear();
    const insn = program.insns[pc];
    // The second slot of a wide instruction.
    if (insn === undefined) continue;
    if (insn.kind === 'call' && isTailCall(program, insn)) {
      const entry = entryOf(program, constants);
      if (entry !== undefined) known.set(pc, entry);
    }
    if (JUMPS.has(insn.kind)) constants.clear();
    else note(insn, constants);
  }
  return known;
}

function entryOf({ progArrays }: Program, constants: ReadonlyMap<Reg, bigint>): number | null | undefined {
  const map = constants.get(R2);
  const index = constants.get(INDEX);
  const programs = progArrays?.find(({ address }) => address === map)?.programs;
  return programs === undefined || index === undefined || index >= BigInt(programs.length)
    ? undefined
    : programs[Number(index)];
}

/** What an instruction makes of map and index. */
function note(insn: Insn, constants: Map<Reg, bigint>): void {
  const writes = writesOf(insn);
  for (const reg of [R2, INDEX]) {
    if (((writes >> reg) & 1) === 0) continue;
    const value = constantOf(insn);
    if (value === undefined) constants.delete(reg);
    else constants.set(reg, value);
  }
}

const JUMPS: ReadonlySet<Insn['kind']> = new Set(['ja', 'jcc', 'may_goto', 'exit']);

function constantOf(insn: Insn): bigint | undefined {
  if (insn.kind === 'lddw') return insn.src === 0 ? insn.imm : undefined;
  if (insn.kind !== 'alu' || insn.op !== 'mov' || insn.source !== 'K') return undefined;
  return BigInt.asUintN(insn.width, BigInt(insn.imm));
}

function jumpTargets({ insns }: Program, { start, end }: Subprog): Set<number> {
  const found = new Set<number>();
  for (let pc = start; pc < end; pc++) {
    const insn = insns[pc];
    const to = insn !== undefined && JUMPS.has(insn.kind) ? targetOf(pc, insn) : undefined;
    if (to !== undefined) found.add(to);
  }
  return found;
}
