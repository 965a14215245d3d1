/** What the JIT finds in a program before its passes. */
import { describe, expect, it } from 'vitest';
import { aluImm, call, EXIT_INSN, jcc, lddw, storeImm } from '../../src/bpf/make-insn.ts';
import { traitsOf } from '../../src/bpf/uniform.ts';
import { indexFrom, Marks } from '../../src/jit/marks.ts';

const INSNS = [
  lddw(1, 7n),
  undefined,
  jcc('jeq', 64, 'K', 1, 0, 0, 1),
  aluImm('div', 1, 3),
  storeImm(11, -8, 5),
  call('kfunc', 1),
  EXIT_INSN,
];
const WANT = INSNS.map((insn) => (insn === undefined ? 0 : traitsOf(insn)));

const found = (marks: Marks, length: number) => ({
  traits: [...marks.traits.subarray(0, length)],
  all: marks.all,
  special: [...marks.special.subarray(0, marks.specials)],
});

describe('marks', () => {
  it('are traits by slot, those of any, and slots of what jumps or may be rewritten', () => {
    const all = WANT.reduce((bits, each) => bits | each, 0);
    expect(found(new Marks().read(INSNS), INSNS.length)).toEqual({ traits: WANT, all, special: [2, 3] });
  });

  it('are the same of instructions of any shape', () => {
    const plain = INSNS.map((insn) => insn && { ...insn });
    const { length } = INSNS;
    expect(found(new Marks().read(plain), length)).toEqual(found(new Marks().read(INSNS), length));
  });

  it('are those of the program that was read last, of whatever length', () => {
    const marks = new Marks().read([...Array.from({ length: 3000 }, () => EXIT_INSN), ...INSNS]);
    expect([...marks.special.subarray(0, marks.specials)]).toEqual([3002, 3003]);
    expect(marks.traits[2999]).toBe(traitsOf(EXIT_INSN));
    expect(found(marks.read(INSNS), INSNS.length)).toEqual(found(new Marks().read(INSNS), INSNS.length));
  });
});

it.each([
  [0, 0],
  [3, 1],
  [4, 2],
  [9, 3],
])('the first of 2, 3, 5 that is not before %i is at %i', (slot, want) => {
  expect(indexFrom(Int32Array.of(2, 3, 5), slot, 0, 3)).toBe(want);
});
