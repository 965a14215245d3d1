/** Instructions this JIT does not know, or does not lower where it is asked to: never left out in silence. */
import { describe, expect, it } from 'vitest';
import type { Insn } from '../../src/bpf/insn.ts';
import { compile } from '../../src/jit/compile.ts';
import { LINUX } from '../../src/jit/convention/linux.ts';
import { Entries } from '../../src/jit/entries.ts';
import { layOut } from '../../src/jit/frame.ts';
import type { LowerContext } from '../../src/jit/lower/context.ts';
import { lowerInsn } from '../../src/jit/lower/insn.ts';
import { Assembler } from '../../src/x86/assembler.ts';
import { add, exit, helper, link, mayGoto, mov } from '../kit/insns.ts';

const forged = (insn: Insn, changes: object): Insn => ({ ...insn, ...changes }) as Insn;

describe('compile', () => {
  it.each<readonly [what: string, insn: Insn]>([
    ['kind', forged(mov('r0', 0), { kind: 'nop' })],
    ['operation', forged(add('r0', 1), { op: 'nand' })],
  ])('does not pass over an unknown %s', (_what, insn) => {
    expect(() => compile(link([[insn, exit]]))).toThrow('unreachable: ');
  });
});

describe('lowerInsn', () => {
  it.each([
    ['may_goto', mayGoto(0)],
    ['call', helper(1)],
    ['exit', exit],
  ] as const)('has no lowering of %s, which needs more than the instruction', (kind, insn) => {
    const context: LowerContext = {
      programName: 'program',
      base: 0n,
      asm: new Assembler(),
      frame: layOut(new Entries(), 0, 0),
      bmi2: true,
      endbr: false,
      tailCall: 'none',
      calls: [],
      hardening: {},
      refs: [],
      faults: [],
      jump: undefined,
    };
    expect(() => lowerInsn(context, LINUX, insn, 0)).toThrow(`${kind} is not lowered here`);
  });
});
