/** What building a program finds in its instructions. */
import { describe, expect, it } from 'vitest';
import type { Insn } from '../../src/bpf/insn.ts';
import {
  alu,
  aluImm,
  call,
  EXIT_INSN,
  ja,
  jcc,
  lddw,
  load,
  mayGoto,
  storeImm,
} from '../../src/bpf/make-insn.ts';
import { markedSlots, marksOf } from '../../src/bpf/marked-slots.ts';
import { buildProgram } from '../../src/bpf/program.ts';
import { BY_VERIFIER, CALLS, EXITS, INSN, JUMPS, MAY_BE_REWRITTEN } from '../../src/bpf/traits.ts';
import { traitsOf } from '../../src/bpf/uniform.ts';

describe('traits', () => {
  it.each<[string, Insn, number]>([
    ['registers', alu('add', 64, 'X', 3, 9, 0), (1 << 3) | (1 << 9)],
    ['a division', aluImm('smod', 3, 7), 1 | (1 << 3) | MAY_BE_REWRITTEN],
    ['a jump', ja(0), 1 | JUMPS],
    ['may_goto', mayGoto(0), 1 | JUMPS | MAY_BE_REWRITTEN],
    ['a call', call('helper', 1), 1 | CALLS],
    ['exit', EXIT_INSN, 1 | EXITS],
    ['a wide constant', lddw(2, 1n), 1 | (1 << 2)],
    ['a code address', lddw(2, 1n, 4), (1 << 4) | (1 << 2)],
    ['a cast', { kind: 'cast', to: 'user', dst: 1, src: 2 }, (1 << 1) | (1 << 2) | BY_VERIFIER],
  ])('%s', (_what, insn, want) => {
    expect(traitsOf(insn)).toBe(INSN | want);
    expect(traitsOf({ ...insn })).toBe(INSN | want);
  });

  it('of a kind there is not', () => {
    expect(traitsOf({ kind: 'nothing' } as unknown as Insn)).toBe(INSN);
  });
});

describe('marked slots', () => {
  const insns = [
    lddw(1, 7n),
    undefined,
    jcc('jeq', 64, 'K', 1, 0, 0, 1),
    aluImm('div', 1, 3),
    storeImm(11, -8, 5),
    call('kfunc', 1),
    lddw(1, 2n ** 32n - 7n, 4),
    undefined,
    EXIT_INSN,
  ];

  it('lists them, and traits by slot', () => {
    const marked = markedSlots(insns);
    expect(marked).toMatchObject({ special: [2, 3], stackArgs: [4], naming: [5, 6], areUniform: true });
    expect(marked.traits).toEqual(insns.map((insn) => (insn === undefined ? 0 : traitsOf(insn))));
    expect(marked.all).toBe(marked.traits.reduce((all, bits) => all | bits, 0));
  });

  it('finds the same in instructions of any shape', () => {
    const plain = insns.map((insn) => insn && { ...insn });
    const { insns: _, ...found } = markedSlots(plain);
    const { insns: __, ...want } = markedSlots(insns);
    expect(found).toEqual({ ...want, areUniform: false });
  });

  it('are those of a program, and no others where its instructions were exchanged', () => {
    const program = buildProgram(insns);
    expect(marksOf(program)).toBe(program.marked);
    const other = [load(0, 10, -8), EXIT_INSN];
    expect(marksOf({ ...program, insns: other })).toEqual(markedSlots(other));
  });
});
