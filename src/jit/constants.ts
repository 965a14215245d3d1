/**
 * What is constant at each point of a subprog, on all ways that lead there: registers, and words of BPF stack that
 * hold one. A forward data flow. A value that is known can only become unknown, so that each block is walked once,
 * and once more for each value that falls: the work is linear in the length of the code.
 */
import type { AluOp } from '../bpf/alu.ts';
import type { AluInsn, Insn, JccInsn, Slots } from '../bpf/insn.ts';
import { slotsOf } from '../bpf/insn.ts';
import { writesOf } from '../bpf/live-args.ts';
import { type Subprog, targetOf } from '../bpf/program.ts';
import { R10 } from '../bpf/reg.ts';
import { takesFp } from './stack/direct.ts';

/** By place: n is rn; negative ones are words of BPF stack (`wordAt`). */
export type Constants = Map<number, bigint>;

/** The word at r10 + off. */
const wordAt = (off: number): number => off - 0x10000;

/** What two ways that meet leave known: `into` becomes that. Returns whether it changed. */
export type Merge = (into: Constants, from: ReadonlyMap<number, bigint>) => boolean;

/** Only what both know, and is the same. */
export const sameOnBoth: Merge = (into, from) => {
  const { size } = into;
  for (const [place, value] of into) if (from.get(place) !== value) into.delete(place);
  return into.size < size;
};

const WORD = 8;

/** Calls `see` before each instruction that some way leads to; what it is told last of one holds on all ways. */
export function eachWithConstants(
  insns: Slots,
  subprog: Subprog,
  see: (pc: number, insn: Insn, constants: ReadonlyMap<number, bigint>) => void,
  merge: Merge = sameOnBoth,
): void {
  const states = statesAtTargets(insns, subprog);
  const pending = [{ pc: subprog.start, constants: new Map() as Constants }];
  const step = stackIsPlain(insns, subprog) ? note : noteRegisters;
  for (let way = pending.pop(); way !== undefined; way = pending.pop()) {
    const { constants } = way;
    for (let pc = way.pc; pc < subprog.end; ) {
      if (!comesTo(states, pc, constants, merge)) break;
      const insn = insns[pc] as Insn;
      see(pc, insn, constants);
      step(insn, constants);
      const to = JUMPS.has(insn.kind) ? targetOf(pc, insn) : undefined;
      if (to !== undefined) pending.push({ pc: to, constants: withTaken(insn, constants) });
      if (insn.kind === 'exit' || insn.kind === 'ja') break;
      if (insn.kind === 'jcc') learn(insn, 'jne', constants);
      pc += slotsOf(insn);
    }
  }
}

/** By slot that jumps lead to: what is known there, undefined as long as no way has come. */
type States = Map<number, Constants | undefined>;

/** Whether there is anything new to be seen from here on; `constants` becomes what is known on all ways. */
function comesTo(states: States, pc: number, constants: Constants, merge: Merge): boolean {
  if (!states.has(pc)) return true;
  const before = states.get(pc);
  if (before === undefined) states.set(pc, new Map(constants));
  else {
    if (!merge(before, constants)) return false;
    constants.clear();
    for (const [place, value] of before) constants.set(place, value);
  }
  return true;
}

const JUMPS: ReadonlySet<Insn['kind']> = new Set(['ja', 'jcc', 'may_goto']);

function statesAtTargets(insns: Slots, { start, end }: Subprog): States {
  const states: States = new Map();
  for (let pc = start; pc < end; pc++) {
    const insn = insns[pc];
    const to = insn !== undefined && JUMPS.has(insn.kind) ? targetOf(pc, insn) : undefined;
    if (to !== undefined) states.set(to, undefined);
  }
  return states;
}

/** Whether r10 is the base of accesses and nothing else: then nobody else can write to this stack. */
function stackIsPlain(insns: Slots, { start, end }: Subprog): boolean {
  for (let pc = start; pc < end; pc++) {
    const insn = insns[pc];
    if (insn !== undefined && takesFp(insn)) return false;
  }
  return true;
}

function withTaken(insn: Insn, constants: ReadonlyMap<number, bigint>): Constants {
  const taken: Constants = new Map(constants);
  if (insn.kind === 'jcc') learn(insn, 'jeq', taken);
  return taken;
}

/** On the way on which both sides of a comparison are equal, where they are compared as 64 bits. */
function learn({ op, width, source, dst, imm }: JccInsn, equal: 'jeq' | 'jne', constants: Constants): void {
  if (op === equal && width === 64 && source === 'K') constants.set(dst, BigInt.asUintN(64, BigInt(imm)));
}

/** What an instruction leaves known in registers. */
function noteRegisters(insn: Insn, constants: Constants): void {
  const value = resultOf(insn, constants);
  const writes = writesOf(insn);
  for (let reg = 0; writes >> reg !== 0; reg++) if (((writes >> reg) & 1) === 1) constants.delete(reg);
  if (value !== undefined) constants.set(value.dst, value.is);
}

/** And in words of the stack. */
function note(insn: Insn, constants: Constants): void {
  noteRegisters(insn, constants);
  if ((insn.kind !== 'st' && insn.kind !== 'stx') || insn.dst !== R10) return;
  // All that the bytes are part of.
  for (let off = insn.off - WORD + 1; off < insn.off + insn.size; off++) constants.delete(wordAt(off));
  const value = insn.kind === 'st' ? BigInt.asUintN(64, BigInt(insn.imm)) : constants.get(insn.src);
  if (insn.size === WORD && value !== undefined) constants.set(wordAt(insn.off), value);
}

/** The constant that an instruction puts into a register. */
function resultOf(
  insn: Insn,
  constants: ReadonlyMap<number, bigint>,
): { readonly dst: number; readonly is: bigint } | undefined {
  const is = givenBy(insn, constants);
  return is === undefined ? undefined : { dst: (insn as AluInsn).dst, is };
}

function givenBy(insn: Insn, constants: ReadonlyMap<number, bigint>): bigint | undefined {
  switch (insn.kind) {
    case 'lddw':
      return insn.src === 0 ? insn.imm : undefined;
    case 'ldx':
      return insn.src === R10 && insn.size === WORD ? constants.get(wordAt(insn.off)) : undefined;
    case 'alu':
      return computed(insn, constants);
    default:
      return undefined;
  }
}

/** The arithmetic that indexes are made with. */
const COMPUTED: Readonly<Partial<Record<AluOp, (dst: bigint, src: bigint) => bigint>>> = {
  mov: (_, src) => src,
  add: (dst, src) => dst + src,
  sub: (dst, src) => dst - src,
  mul: (dst, src) => dst * src,
  and: (dst, src) => dst & src,
  or: (dst, src) => dst | src,
  xor: (dst, src) => dst ^ src,
};

function computed({ op, width, source, dst, src, imm }: AluInsn, constants: ReadonlyMap<number, bigint>) {
  const compute = COMPUTED[op];
  const a = op === 'mov' ? 0n : constants.get(dst);
  const b = source === 'K' ? BigInt(imm) : constants.get(src);
  return compute === undefined || a === undefined || b === undefined
    ? undefined
    : BigInt.asUintN(width, compute(a, b));
}
