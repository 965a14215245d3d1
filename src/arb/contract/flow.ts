/** The state before each instruction of a function: a forward data flow, repeated until nothing changes. */
import { isStackArgBase, MAX_REG_ARGS, stackArgSlot } from '../../bpf/calling.ts';
import type { AluInsn, AtomicInsn, Insn } from '../../bpf/insn.ts';
import { type Program, type Subprog, targetOf } from '../../bpf/program.ts';
import { R0 } from '../../bpf/reg.ts';
import { ContractState, NO_OFFSET } from './state.ts';

/** By slot, counted from the function's first one; undefined where no way leads. */
export type States = readonly (ContractState | undefined)[];

/** Bits r1..r5. */
export const ARG_REGISTERS = ((1 << MAX_REG_ARGS) - 1) << 1;

/** Bits r1..rn, for the register arguments among `args`. */
export const argRegisters = (args: number): number => (1 << (Math.min(args, MAX_REG_ARGS) + 1)) - 2;

export function statesOf(program: Program, { start, end, args }: Subprog): States {
  const states: (ContractState | undefined)[] = new Array(end - start);
  states[0] = new ContractState(argRegisters(args));
  const work = [start];
  for (let pc = work.pop(); pc !== undefined; pc = work.pop()) {
    const insn = program.insns[pc] as Insn;
    const after = (states[pc - start] as ContractState).copy();
    step(after, insn);
    const ways = successors(pc, insn);
    for (const next of ways) {
      const known = states[next - start];
      if (known === undefined) states[next - start] = ways.length === 1 ? after : after.copy();
      else if (!known.meet(after)) continue;
      work.push(next);
    }
  }
  return states;
}

function successors(pc: number, insn: Insn): readonly number[] {
  const next = insn.kind === 'lddw' ? pc + 2 : pc + 1;
  switch (insn.kind) {
    case 'exit':
      return [];
    case 'ja':
      return [targetOf(pc, insn) as number];
    case 'jcc':
    case 'may_goto':
      return [next, targetOf(pc, insn) as number];
    default:
      return [next];
  }
}

function step(state: ContractState, insn: Insn): void {
  switch (insn.kind) {
    case 'alu':
      return set(state, insn.dst, pointerAfter(state, insn));
    case 'movsx':
    case 'swap':
    case 'lddw':
      return set(state, insn.dst);
    case 'ldx':
      return set(state, insn.dst);
    case 'ld_abs':
    case 'ld_ind':
      return set(state, R0);
    case 'st':
    case 'stx':
      return stepStore(state, insn);
    case 'atomic':
      return stepAtomic(state, insn);
    case 'call':
    case 'callx':
      return stepCall(state);
  }
}

function set(state: ContractState, reg: number, offset = NO_OFFSET): void {
  state.registers |= 1 << reg;
  state.offsets[reg] = offset;
}

/** Offset from r10 of the result, or NO_OFFSET. */
function pointerAfter(state: ContractState, { op, width, source, dst, src, imm }: AluInsn): number {
  const from = state.offsets[op === 'mov' ? src : dst] as number;
  if (width === 32 || from === NO_OFFSET) return NO_OFFSET;
  if (op === 'mov') return source === 'X' ? from : NO_OFFSET;
  if (source === 'X' || (op !== 'add' && op !== 'sub')) return NO_OFFSET;
  const to = op === 'add' ? from + imm : from - imm;
  return to <= 0 && to >= -0x8000 ? to : NO_OFFSET;
}

function stepStore(state: ContractState, { dst, off, size }: Insn & { kind: 'st' | 'stx' }): void {
  if (isStackArgBase(dst)) {
    const slot = stackArgSlot(off, 'outgoing');
    if (slot !== undefined) state.slots |= 1 << slot;
    state.late = true;
    return;
  }
  const base = state.offsets[dst] as number;
  if (base !== NO_OFFSET) state.write(base + off, size);
}

function stepAtomic(state: ContractState, { op, dst, src, off, size }: AtomicInsn): void {
  if (op === 'load_acquire') return set(state, dst);
  const base = state.offsets[dst] as number;
  if (op === 'store_release' && base !== NO_OFFSET) state.write(base + off, size);
  if (op === 'cmpxchg') set(state, R0);
  else if (op === 'xchg' || op.startsWith('fetch_')) set(state, src);
}

function stepCall(state: ContractState): void {
  state.registers &= ~ARG_REGISTERS;
  for (let reg = 1; reg <= MAX_REG_ARGS; reg++) state.offsets[reg] = NO_OFFSET;
  set(state, R0);
  state.slots = 0;
  state.late = true;
}
