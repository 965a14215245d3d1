/**
 * Programs for tests, without an assembler: a function for each kind of instruction, destination first. A
 * source operand is a register (`'r3'`) or an immediate (a number).
 */
import type { AluOp, SwapOp } from '../../src/bpf/alu.ts';
import type { AtomicOp } from '../../src/bpf/atomic.ts';
import type { Insn, Width } from '../../src/bpf/insn.ts';
import type { JumpOp } from '../../src/bpf/jump.ts';
import type { Size } from '../../src/bpf/load-store.ts';
import { buildProgram, type Program, type ProgramParts } from '../../src/bpf/program.ts';
import type { Env } from '../../src/core/env.ts';

export type RegName = `r${number}`;
type Operand = RegName | number;

const num = (reg: RegName): number => Number(reg.slice(1));

function operand(value: Operand): { source: 'K' | 'X'; src: number; imm: number } {
  return typeof value === 'number'
    ? { source: 'K', src: 0, imm: value }
    : { source: 'X', src: num(value), imm: 0 };
}

export function alu(width: Width, op: AluOp, dst: RegName, value: Operand): Insn {
  return { kind: 'alu', op, width, dst: num(dst), ...operand(value) };
}
export const mov = (dst: RegName, value: Operand): Insn => alu(64, 'mov', dst, value);
export const add = (dst: RegName, value: Operand): Insn => alu(64, 'add', dst, value);

export function movsx(width: Width, bits: 8 | 16 | 32, dst: RegName, src: RegName): Insn {
  return { kind: 'movsx', width, bits, dst: num(dst), src: num(src) };
}

export function swap(op: SwapOp, bits: 16 | 32 | 64, dst: RegName): Insn {
  return { kind: 'swap', op, bits, dst: num(dst) };
}

/** `dst = imm ll`; `imm` may be negative. */
export function lddw(dst: RegName, imm: bigint, src = 0): Insn {
  return { kind: 'lddw', dst: num(dst), src, imm: BigInt.asUintN(64, imm) };
}

/** `dst = *(size *)(base + off)` */
export function ldx(size: Size, dst: RegName, base: RegName, off: number): Insn {
  return { kind: 'ldx', size, sign: false, dst: num(dst), src: num(base), off };
}
export function ldxs(size: Size, dst: RegName, base: RegName, off: number): Insn {
  return { kind: 'ldx', size, sign: true, dst: num(dst), src: num(base), off };
}

/** `*(size *)(base + off) = value` */
export function store(size: Size, base: RegName, off: number, value: Operand): Insn {
  return typeof value === 'number'
    ? { kind: 'st', size, dst: num(base), off, imm: value }
    : { kind: 'stx', size, dst: num(base), src: num(value), off };
}

export function atomic(op: AtomicOp, size: Size, dst: RegName, off: number, src: RegName): Insn {
  return { kind: 'atomic', op, size, dst: num(dst), src: num(src), off };
}

export const ja = (off: number): Insn => ({ kind: 'ja', width: 16, off });
export const mayGoto = (off: number): Insn => ({ kind: 'may_goto', off });
export const exit: Insn = { kind: 'exit' };

/** `if dst op value goto +off` */
export function jcc(width: Width, op: JumpOp, dst: RegName, value: Operand, off: number): Insn {
  return { kind: 'jcc', op, width, dst: num(dst), off, ...operand(value) };
}

export const helper = (id: number): Insn => ({ kind: 'call', target: 'helper', imm: id, off: 0 });
export const kfunc = (id: number): Insn => ({ kind: 'call', target: 'kfunc', imm: id, off: 0 });
/** A call of a subprog by its index; `link` makes it a distance. */
export const sub = (index: number): Insn => ({ kind: 'call', target: 'local', imm: index, off: 0 });

/** Stores argument n (6..12) of the next call, and loads argument n of this function. */
export const passArg = (n: number, value: Operand): Insn => store(8, 'r11', -8 * (n - 5), value);
export const takeArg = (dst: RegName, n: number): Insn => ldx(8, dst, 'r11', 8 * (n - 5));

const expand = (insns: readonly Insn[]): (Insn | undefined)[] =>
  insns.flatMap((insn): (Insn | undefined)[] => (insn.kind === 'lddw' ? [insn, undefined] : [insn]));

/** Subprogs one after the other, main first, with their calls of each other resolved. */
export function link(subprogs: readonly (readonly Insn[])[], parts: ProgramParts = {}): Program {
  const expanded = subprogs.map(expand);
  let end = 0;
  const starts = expanded.map((slots) => {
    end += slots.length;
    return end - slots.length;
  });
  const insns = expanded.flat().map((insn, pc) => {
    if (insn?.kind !== 'call' || insn.target !== 'local') return insn;
    return { ...insn, imm: (starts[insn.imm] ?? Number.NaN) - pc - 1 };
  });
  const functionNames = new Map(starts.map((start, i) => [start, i === 0 ? 'main' : `sub${i}`]));
  return buildProgram(insns, { functionNames, ...parts });
}

export type EnvParts = Partial<Pick<Env, 'models' | 'insnLimit'>> & { readonly memory?: Uint8Array };

export function envOf({
  memory = new Uint8Array(),
  models = new Map(),
  insnLimit = 1_000_000,
}: EnvParts = {}): Env {
  return { input: { memory }, models, insnLimit };
}
