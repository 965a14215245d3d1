/** Loads and stores of stack arguments. They are few, and in most programs: each is made once. */
import { MAX_ARGS, MAX_REG_ARGS } from '../../bpf/calling.ts';
import type { LdxInsn, StxInsn } from '../../bpf/insn.ts';
import { load, storeReg } from '../../bpf/make-insn.ts';

/** Base register of stack arguments. */
export const R11 = 11;
const WORD = 8;
/** Registers there may be, r0..r10 and more. */
const REGS = 16;

/** Where a caller stores argument 6, 7, …. */
export const outgoingOff = (argument: number): number => -WORD * (argument - MAX_REG_ARGS);

const byArgument = <I>(make: (argument: number, reg: number) => I): readonly I[] =>
  Array.from({ length: (MAX_ARGS + 1) * REGS }, (_, at) => make(Math.trunc(at / REGS), at % REGS));

const STORES = byArgument((argument, src) => storeReg(R11, outgoingOff(argument), src));
const LOADS = byArgument((argument, dst) => load(dst, R11, WORD * (argument - MAX_REG_ARGS)));

/** Stores argument 6..12 for a callee: the same object each time. */
export const storeArg = (argument: number, src: number): StxInsn => STORES[argument * REGS + src] as StxInsn;

/** Loads argument 6..12 of its own: the same object each time. */
export const loadArg = (dst: number, argument: number): LdxInsn => LOADS[argument * REGS + dst] as LdxInsn;
