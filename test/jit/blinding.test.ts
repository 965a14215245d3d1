/** Constant blinding, instruction by instruction of bpf_jit_blind_insn(); and what of it the oracle holds the image to. */
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { bpfProgram } from '../../src/arb/index.ts';
import { disassemble } from '../../src/bpf/disasm.ts';
import type { Insn } from '../../src/bpf/insn.ts';
import { blind, blindInsn } from '../../src/jit/blinding.ts';
import { compile } from '../../src/jit/compile.ts';
import type { Entries } from '../../src/jit/entries.ts';
import { REG_AX } from '../../src/jit/regmap.ts';
import { rewrite } from '../../src/jit/rewrite.ts';
import { exposedConstants } from '../../src/oracle/exposed.ts';
import { alu, atomic, exit, jcc, lddw, ldx, link, mayGoto, mov, passArg, store, swap } from '../kit/insns.ts';

const MASK = 0x5555_5555;
const text = (insn: Insn): string => disassemble(insn, { dialect: 'llvm' }).replace(/(?<=[rw])13/g, 'ax');
const blinded = (insn: Insn): string[] | undefined => blindInsn(insn, () => MASK)?.map(text);

describe('blindInsn', () => {
  it.each<[string, Insn, string[]]>([
    ['r1 += 1', alu(64, 'add', 'r1', 1), ['rax = 1431655764', 'rax ^= 1431655765', 'r1 += rax']],
    ['w1 -= -1', alu(32, 'sub', 'r1', -1), ['wax = -1431655766', 'wax ^= 1431655765', 'w1 -= wax']],
    ['r2 s/= 3', alu(64, 'sdiv', 'r2', 3), ['rax = 1431655766', 'rax ^= 1431655765', 'r2 s/= rax']],
    ['w2 s%= 3', alu(32, 'smod', 'r2', 3), ['wax = 1431655766', 'wax ^= 1431655765', 'w2 s%= wax']],
    ['r3 = 7', mov('r3', 7), ['rax = 1431655762', 'rax ^= 1431655765', 'r3 = rax']],
    ['r3 = 0', mov('r3', 0), ['r3 ^= r3']],
    ['w3 = 0', alu(32, 'mov', 'r3', 0), ['r3 ^= r3']],
    [
      '*(u8 *)(r1 + 2) = 9',
      store(1, 'r1', 2, 9),
      ['rax = 1431655772', 'rax ^= 1431655765', '*(u8 *)(r1 + 2) = wax'],
    ],
    [
      '*(u64 *)(r11 - 8) = 9',
      passArg(6, 9),
      ['rax = 1431655772', 'rax ^= 1431655765', '*(u64 *)(r11 - 8) = rax'],
    ],
    [
      'lddw',
      lddw('r4', 0x0000_0001_ffff_fffen),
      [
        'rax = 1431655764',
        'rax ^= 1431655765',
        'rax <<= 32',
        'r4 = rax',
        'wax = -1431655765',
        'wax ^= 1431655765',
        'r4 |= rax',
      ],
    ],
  ])('%s', (_, insn, want) => {
    expect(blinded(insn)).toEqual(want);
  });

  it.each<[string, 32 | 64, string[]]>([
    ['of 64 bits', 64, ['rax = 1431655760', 'rax ^= 1431655765']],
    ['of 32 bits', 32, ['wax = 1431655760', 'wax ^= 1431655765']],
  ])('a jump %s', (_, width, want) => {
    const group = blindInsn(jcc(width, 'jslt', 'r1', 5, 3), () => MASK) ?? [];
    expect(group.slice(0, 2).map(text)).toEqual(want);
    expect(group[2]).toMatchObject({ kind: 'jcc', op: 'jslt', width, source: 'X', dst: 1, src: REG_AX });
  });

  it.each<[string, Insn]>([
    ['a shift count', alu(64, 'lsh', 'r1', 5)],
    ['an operand in a register', alu(64, 'add', 'r1', 'r2')],
    ['neg', alu(64, 'neg', 'r1', 0)],
    ['a byte swap', swap('be', 16, 'r1')],
    ['a jump that compares registers', jcc(64, 'jeq', 'r1', 'r2', 1)],
    ['a load', ldx(8, 'r1', 'r2', 0)],
    ['an atomic', atomic('add', 8, 'r1', 0, 'r2')],
    ['an address that is no constant', lddw('r1', 1n, 2)],
    ['what names AX itself', { ...alu(64, 'add', 'r1', 1), dst: REG_AX } as Insn],
    ['a jump that compares AX', { ...jcc(64, 'jgt', 'r1', 1, 1), dst: REG_AX } as Insn],
  ])('leaves %s', (_, insn) => {
    expect(blinded(insn)).toBeUndefined();
  });
});

describe('blind', () => {
  const program = link([
    [mayGoto(2), alu(64, 'add', 'r1', 7), jcc(64, 'jne', 'r1', 9, -3), mov('r0', 0), exit],
  ]);
  const [main] = program.subprogs;
  if (main === undefined) throw new Error('no main');
  const made = (seed: number): Entries => {
    const { entries } = rewrite(program.insns, main, 0);
    blind(entries, seed);
    return entries;
  };
  const entries = made(1).list();

  it('sends jumps to the first instruction of what their target becomes', () => {
    const back = entries.find(({ insn, pc }) => insn.kind === 'jcc' && pc === 2);
    expect(entries[back?.target ?? -1]?.insn.kind).toBe('ldx');
    const out = entries.find(({ insn, pc }) => insn.kind === 'jcc' && pc === 0);
    expect(entries[out?.target ?? -1]).toMatchObject({ pc: 3, insn: { kind: 'alu', op: 'xor', dst: 0 } });
  });

  it('keeps the setup of may_goto apart, and names what it has made', () => {
    const setup = entries.slice(0, made(1).setup);
    expect(setup.map(({ insn }) => insn.kind)).toEqual(['alu', 'alu', 'stx']);
    expect(entries.filter(({ pass }) => pass === 'blinding').length).toBe(3 + 3 + 1);
  });

  it('masks by seed alone', () => {
    expect(made(1).list()).toEqual(entries);
    expect(made(2).list()).not.toEqual(entries);
  });
});

describe('exposed constants', () => {
  const insns = [
    lddw('r1', 0x1234_5678_0000_0007n),
    alu(64, 'add', 'r1', 0x7bcd_ef01),
    store(8, 'r10', -8, -0x7654_3210),
    store(2, 'r10', -16, 0x7abc_def0),
    jcc(64, 'jeq', 'r1', 0x0fed_cba9, 0),
    alu(64, 'or', 'r1', 100),
    mov('r0', 0),
    exit,
  ];
  const program = link([insns]);

  it('are all there are in plain code that says it is blinded', () => {
    const { image } = compile(program);
    const found = exposedConstants(program, { ...image, isBlinded: true });
    expect(found.map(({ pc, subject }) => [pc, subject])).toEqual([
      [0, { kind: 'constant', value: 0x1234_5678 }],
      [2, { kind: 'constant', value: 0x7bcd_ef01 }],
      [3, { kind: 'constant', value: -0x7654_3210 }],
      [5, { kind: 'constant', value: 0x0fed_cba9 }],
    ]);
    expect(found[1]?.culprit).toMatchObject({ pc: 2, stage: 'insn' });
  });

  it('are not looked for in code that promises nothing, or does not say where its instructions are', () => {
    const { image } = compile(program);
    expect(exposedConstants(program, image)).toEqual([]);
    const { pcMap: _, ...unmapped } = image;
    expect(exposedConstants(program, { ...unmapped, isBlinded: true })).toEqual([]);
  });

  it('are none in blinded code, whatever the program', () => {
    const cases = fc.sample(bpfProgram(), { seed: 11, numRuns: 300 });
    for (const [seed, each] of cases.entries()) {
      const { image } = compile(each.program, { blinding: seed });
      expect(exposedConstants(each.program, image)).toEqual([]);
    }
  });
});
