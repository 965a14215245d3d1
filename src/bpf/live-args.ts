/** Which arguments a function reads: a lower bound of what it is passed. */
import { isStackArgBase, MAX_REG_ARGS, stackArgSlot } from './calling.ts';
import type { CallInsn, Insn, Slots } from './insn.ts';
import { targetOf } from './program.ts';
import { R0, R5, type Reg } from './reg.ts';
import { argRegs, registersRead, registerWritten } from './registers.ts';

/** A function among the slots of a program. */
export interface ArgReadQuery {
  readonly insns: Slots;
  readonly start: number;
  readonly end: number;
  /** Arguments a call takes, where known; else all five registers count as read. */
  readonly argsOfCall: (pc: number, call: CallInsn) => number | undefined;
}

/**
 * The highest n such that some path reads argument n: rn, for n in 1..5, while it still holds what the caller
 * left there, or an incoming stack slot; 0 if there is none. Forward data flow: the state of a slot is the set of registers (bit n) not yet written on
 * some path to it; sets only grow, so it ends after at most 6 visits of each slot.
 */
export function highestArgRead(query: ArgReadQuery): number {
  const { insns, start, end } = query;
  const untouched = new Uint8Array(end - start);
  const pending = [{ pc: start, set: REACHED | ALL_ARGS }];
  let highest = 0;
  for (let step = pending.pop(); step !== undefined; step = pending.pop()) {
    const { pc, set } = step;
    const insn = pc >= start && pc < end ? insns[pc] : undefined;
    const seen = untouched[pc - start] ?? 0;
    if (insn === undefined || (set & ~seen) === 0) continue;
    untouched[pc - start] = seen | set;
    for (const reg of readsOf(query, pc, insn)) if ((set & bit(reg)) !== 0) highest = Math.max(highest, reg);
    highest = Math.max(highest, stackArgRead(insn));
    const after = set & ~(writesOf(insn) & ALL_ARGS);
    for (const next of successorsOf(pc, insn)) pending.push({ pc: next, set: after });
  }
  return highest;
}

/** The number of the stack argument an instruction loads, else 0. */
function stackArgRead(insn: Insn): number {
  if (insn.kind !== 'ldx' || !isStackArgBase(insn.src)) return 0;
  const slot = stackArgSlot(insn.off, 'incoming');
  return slot === undefined ? 0 : MAX_REG_ARGS + 1 + slot;
}

const bit = (reg: Reg): number => 1 << reg;
/** Bit 0 never goes away, so that every slot of every path is looked at. */
const REACHED = 1;
/** r1..r5 */
const ALL_ARGS = ((1 << MAX_REG_ARGS) - 1) << 1;

function successorsOf(pc: number, insn: Insn): number[] {
  const next = insn.kind === 'lddw' ? pc + 2 : pc + 1;
  switch (insn.kind) {
    case 'exit':
      return [];
    case 'ja':
      return [pc + 1 + insn.off];
    case 'jcc':
    case 'may_goto':
      return [next, targetOf(pc, insn) ?? next];
    default:
      return [next];
  }
}

function readsOf(query: ArgReadQuery, pc: number, insn: Insn): readonly Reg[] {
  if (insn.kind === 'call') return argRegs(query.argsOfCall(pc, insn) ?? MAX_REG_ARGS);
  return insn.kind === 'callx' ? [insn.dst, ...argRegs(MAX_REG_ARGS)] : registersRead(insn);
}

/** Registers written, as a set of bits: bit r for r. */
export function writesOf(insn: Insn): number {
  if (insn.kind === 'call' || insn.kind === 'callx') return bit(R5 + 1) - bit(R0);
  const reg = registerWritten(insn);
  return reg === undefined ? 0 : bit(reg);
}
