/**
 * The bytecode contract of stack arguments, and what else Linux's verifier wants of what a function reads.
 * Static: says where a program may break a rule, on whatever way. What a pointer that went through memory or
 * arithmetic points to is not followed.
 */
import { isStackArgBase, MAX_REG_ARGS, stackArgSlot } from '../../bpf/calling.ts';
import type { CallInsn, Insn } from '../../bpf/insn.ts';
import { type Program, type Subprog, subprogAt } from '../../bpf/program.ts';
import { R0 } from '../../bpf/reg.ts';
import { calleeKey } from '../../core/env.ts';
import { ARG_REGISTERS, argRegisters, statesOf } from './flow.ts';
import { type ContractState, NO_OFFSET } from './state.ts';

/** Rules with the verifier's message for each (linux 324c3ca6eed6 and its series). */
export const CONTRACT_RULES = {
  'late-load': 'r11 load must be before any r11 store or call insn',
  'excess-load': 'invalid read from stack arg off %d depth %d',
  'missing-argument': 'callee expects %d args, stack arg%d is not initialized',
  'unneeded-store': 'func#%d writes %u stack arg slots, but calls only require %u',
  'unset-register': 'R%d !read_ok',
  'unset-stack': 'invalid read from stack off %d+%d size %d',
} as const;

export type ContractRule = keyof typeof CONTRACT_RULES;

/** A place where a program breaks a rule. */
export interface ContractBreach {
  readonly rule: ContractRule;
  /** Slot of the instruction. */
  readonly pc: number;
  /** What it reads, misses or stores, e.g. `r3`, `argument 7`, `r10 - 16`. */
  readonly what: string;
}

/** All breaches, by slot; empty for a program that keeps the contract. */
export function contractBreaches(program: Program): ContractBreach[] {
  return program.subprogs.flatMap((subprog) => breachesIn(program, subprog));
}

function breachesIn(program: Program, subprog: Subprog): ContractBreach[] {
  const found: ContractBreach[] = [];
  const needed = neededSlots(program, subprog);
  statesOf(program, subprog).forEach((state, k) => {
    const pc = subprog.start + k;
    const insn = program.insns[pc];
    if (state === undefined || insn === undefined) return;
    const add = (rule: ContractRule, what: string): void => {
      found.push({ rule, pc, what });
    };
    const unset = registersRead(program, pc, insn) & ~state.registers;
    for (let reg = R0; unset >> reg !== 0; reg++) if ((unset >> reg) & 1) add('unset-register', `r${reg}`);
    checkStackRead(state, insn, add);
    checkStackArg(state, insn, { args: subprog.args, needed }, add);
    if (insn.kind === 'call') checkCall(state, argsOf(program, pc, insn), add);
  });
  return found;
}

type Add = (rule: ContractRule, what: string) => void;

/** Arguments a call takes. */
export function argsOf(program: Program, pc: number, insn: CallInsn): number {
  if (insn.target === 'local') return subprogAt(program, pc + 1 + insn.imm).args;
  return program.callees.get(calleeKey({ kind: insn.target, id: insn.imm }))?.args ?? MAX_REG_ARGS;
}

/** Outgoing slots that the calls of a function need: those of its call with most arguments. */
export function neededSlots(program: Program, { start, end }: Subprog): number {
  let needed = 0;
  for (let pc = start; pc < end; pc++) {
    const insn = program.insns[pc];
    if (insn?.kind === 'call') needed = Math.max(needed, argsOf(program, pc, insn) - MAX_REG_ARGS);
  }
  return needed;
}

/** Bits of the registers an instruction reads. */
function registersRead(program: Program, pc: number, insn: Insn): number {
  switch (insn.kind) {
    case 'alu': {
      const src = insn.source === 'X' ? bit(insn.src) : 0;
      return insn.op === 'mov' ? src : src | bit(insn.dst);
    }
    case 'jcc':
      return bit(insn.dst) | (insn.source === 'X' ? bit(insn.src) : 0);
    case 'movsx':
    case 'ldx':
    case 'ld_ind':
      return bit(insn.src);
    case 'swap':
    case 'st':
      return bit(insn.dst);
    case 'stx':
      return bit(insn.dst) | bit(insn.src);
    case 'atomic':
      if (insn.op === 'load_acquire') return bit(insn.src);
      return bit(insn.dst) | bit(insn.src) | (insn.op === 'cmpxchg' ? bit(R0) : 0);
    case 'call':
      return argRegisters(argsOf(program, pc, insn));
    case 'callx':
      return bit(insn.dst) | ARG_REGISTERS;
    case 'exit':
      return bit(R0);
    default:
      return 0;
  }
}

/** The base of stack arguments is no register. */
const bit = (reg: number): number => (isStackArgBase(reg) ? 0 : 1 << reg);

function checkStackRead(state: ContractState, insn: Insn, add: Add): void {
  if (insn.kind !== 'ldx' && insn.kind !== 'atomic') return;
  const isLoad = insn.kind === 'ldx' || insn.op === 'load_acquire';
  if (!isLoad && insn.op === 'store_release') return;
  const base = isLoad ? insn.src : insn.dst;
  const offset = isStackArgBase(base) ? NO_OFFSET : (state.offsets[base] as number);
  if (offset === NO_OFFSET) return;
  const at = offset + insn.off;
  if (!state.isWritten(at, insn.size)) add('unset-stack', `r10 - ${-at}`);
}

function checkStackArg(
  state: ContractState,
  insn: Insn,
  { args, needed }: { readonly args: number; readonly needed: number },
  add: Add,
): void {
  if (insn.kind === 'ldx' && isStackArgBase(insn.src)) {
    const argument = MAX_REG_ARGS + 1 + (stackArgSlot(insn.off, 'incoming') ?? 0);
    if (state.late) add('late-load', `argument ${argument}`);
    if (argument > args) add('excess-load', `argument ${argument}`);
  } else if ((insn.kind === 'st' || insn.kind === 'stx') && isStackArgBase(insn.dst)) {
    const slot = stackArgSlot(insn.off, 'outgoing') ?? 0;
    if (slot >= needed) add('unneeded-store', `argument ${MAX_REG_ARGS + 1 + slot}`);
  }
}

function checkCall(state: ContractState, args: number, add: Add): void {
  for (let slot = 0; slot < args - MAX_REG_ARGS; slot++) {
    if ((state.slots & (1 << slot)) === 0) add('missing-argument', `argument ${MAX_REG_ARGS + 1 + slot}`);
  }
}
