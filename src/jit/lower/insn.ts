/** One BPF instruction to native code: the dispatch over the families of this folder. */
import { isStackArgBase } from '../../bpf/calling.ts';
import type { AluInsn, Insn } from '../../bpf/insn.ts';
import { assertNever, badInput } from '../../core/errors.ts';
import type { Convention } from '../convention/convention.ts';
import { ARITHMETIC, lowerArithmetic, lowerMul, lowerNeg } from './alu.ts';
import { isLoop, lowerArena } from './arena.ts';
import { lowerAtomic } from './atomic.ts';
import { lowerCast } from './cast.ts';
import type { LowerContext } from './context.ts';
import { lowerDivision } from './division.ts';
import { GOTO, lowerJcc } from './jump.ts';
import { lowerLdx, lowerSt, lowerStx } from './memory.ts';
import { lowerFunctionAddress, lowerLddw, lowerMov, lowerMovsx } from './move.ts';
import { lowerProbe } from './probe.ts';
import { lowerShift, SHIFTS } from './shift.ts';
import { lowerSwap } from './swap.ts';

/** Emits everything but exits and calls, which need more than their own instruction (compile.ts). */
export function lowerInsn(context: LowerContext, convention: Convention, insn: Insn, pc: number): void {
  switch (insn.kind) {
    case 'alu':
      lowerAlu(context, insn);
      return;
    case 'lddw':
      if (insn.src === 4) lowerFunctionAddress(context, insn, pc);
      else if (insn.src !== 0) refuse(context, pc, `lddw with src ${insn.src}`);
      else lowerLddw(context, insn);
      return;
    case 'stx':
      if (insn.access !== undefined) lowerArena(context, insn);
      else if (isStackArgBase(insn.dst)) convention.storeArg(context, insn);
      else lowerStx(context, insn);
      return;
    case 'st':
      if (insn.access !== undefined) lowerArena(context, insn);
      else if (isStackArgBase(insn.dst)) convention.storeArgImm(context, insn);
      else lowerSt(context, insn);
      return;
    case 'ldx':
      if (insn.access === 'probe') lowerProbe(context, insn);
      else if (insn.access === 'arena') lowerArena(context, insn);
      else if (isStackArgBase(insn.src)) convention.loadArg(context, insn);
      else lowerLdx(context, insn);
      return;
    case 'jcc':
      lowerJcc(context, insn);
      return;
    case 'atomic':
      if (insn.access !== undefined && isLoop(insn)) refuse(context, pc, `${insn.op} in an arena`);
      else if (insn.access !== undefined) lowerArena(context, insn);
      else lowerAtomic(context, insn);
      return;
    case 'movsx':
      lowerMovsx(context, insn);
      return;
    case 'cast':
      lowerCast(context, insn);
      return;
    case 'swap':
      lowerSwap(context, insn);
      return;
    case 'ja':
      context.jump = GOTO;
      return;
    case 'ld_abs':
    case 'ld_ind':
    case 'callx':
      return refuse(context, pc, insn.kind);
    case 'may_goto':
    case 'call':
    case 'exit':
      throw new Error(`${insn.kind} is not lowered here`);
    default:
      assertNever(insn);
  }
}

function lowerAlu(context: LowerContext, insn: AluInsn): void {
  switch (insn.op) {
    case 'mov':
      lowerMov(context, insn);
      return;
    case 'add':
      lowerArithmetic(context, ARITHMETIC.add, insn);
      return;
    case 'sub':
      lowerArithmetic(context, ARITHMETIC.sub, insn);
      return;
    case 'and':
      lowerArithmetic(context, ARITHMETIC.and, insn);
      return;
    case 'or':
      lowerArithmetic(context, ARITHMETIC.or, insn);
      return;
    case 'xor':
      lowerArithmetic(context, ARITHMETIC.xor, insn);
      return;
    case 'mul':
      lowerMul(context, insn);
      return;
    case 'neg':
      lowerNeg(context, insn);
      return;
    case 'lsh':
      lowerShift(context, SHIFTS.lsh, insn);
      return;
    case 'rsh':
      lowerShift(context, SHIFTS.rsh, insn);
      return;
    case 'arsh':
      lowerShift(context, SHIFTS.arsh, insn);
      return;
    case 'div':
    case 'mod':
    case 'sdiv':
    case 'smod':
      lowerDivision(context, insn);
      return;
    default:
      assertNever(insn.op);
  }
}

function refuse({ programName }: LowerContext, pc: number, what: string): never {
  throw badInput('jit', `${programName}: insn ${pc}`, `${what} is not supported by the builtin JIT`);
}
