/** Which frame a subprog gets, and the code that makes and leaves it. */
import { describe, expect, it } from 'vitest';
import type { Insn } from '../../src/bpf/insn.ts';
import { traitsOf } from '../../src/bpf/uniform.ts';
import { Entries } from '../../src/jit/entries.ts';
import { type Frame, layOut } from '../../src/jit/frame.ts';
import type { LowerContext } from '../../src/jit/lower/context.ts';
import { epilogue, prologue } from '../../src/jit/lower/frame.ts';
import { gprOf } from '../../src/jit/regmap.ts';
import { Assembler } from '../../src/x86/assembler.ts';
import { alu, atomic, exit, helper, jcc, lddw, ldx, mov, movsx, store, swap } from '../kit/insns.ts';

function entriesOf(insns: readonly Insn[]): Entries {
  const entries = new Entries();
  entries.reset(insns);
  for (const [pc, insn] of insns.entries()) entries.add(traitsOf(insn), pc, -1);
  return entries;
}

describe('callee-saved registers', () => {
  const saved = (...insns: Insn[]): string =>
    layOut(entriesOf(insns), 0, 0)
      .saved.map((gpr) => `r${[6, 7, 8, 9].find((reg) => gprOf(reg) === gpr)}`)
      .join(' ');

  // biome-ignore format: a table
  it.each<readonly [what: string, insn: Insn, want: string]>([
    ['arithmetic by a register',    alu(64, 'add', 'r6', 'r7'),             'r6 r7'],
    ['arithmetic by a number',      alu(32, 'add', 'r8', 7),                'r8'],
    ['a negation',                  alu(64, 'neg', 'r9', 0),                'r9'],
    ['a jump by a register',        jcc(64, 'jeq', 'r7', 'r9', 0),          'r7 r9'],
    ['a jump by a number',          jcc(64, 'jeq', 'r7', 6, 0),             'r7'],
    ['a sign extension',            movsx(64, 8, 'r6', 'r8'),               'r6 r8'],
    ['a byte swap',                 swap('be', 16, 'r7'),                   'r7'],
    ['a wide load',                 lddw('r8', 1n),                         'r8'],
    ['a load',                      ldx(8, 'r9', 'r6', 0),                  'r6 r9'],
    ['a store of a register',       store(8, 'r6', 0, 'r9'),                'r6 r9'],
    ['a store of a number',         store(8, 'r9', 0, 6),                   'r9'],
    ['an atomic',                   atomic('add', 8, 'r7', 0, 'r8'),        'r7 r8'],
    ['a call of an address',        { kind: 'callx', dst: 6 },              'r6'],
    ['a call by number',            helper(6),                              ''],
    ['registers that are not kept', alu(64, 'add', 'r0', 'r5'),             ''],
    ['the frame pointer',           mov('r1', 'r10'),                       ''],
  ])('count as used by %s', (_what, insn, want) => {
    expect(saved(insn, exit)).toBe(want);
  });

  it('are those of all instructions, once each, in the order they are pushed', () => {
    expect(saved(mov('r9', 'r7'), mov('r6', 'r9'), mov('r7', 'r6'), exit)).toBe('r6 r7 r9');
  });
});

describe('a frame', () => {
  const entries = entriesOf([mov('r6', 'r7'), exit]);

  // biome-ignore format: a table
  it.each([
    [0,  0, { outgoing: 0,  outgoingBase: -16, bytes: 16 }],
    [24, 0, { outgoing: 0,  outgoingBase: -40, bytes: 40 }],
    [24, 1, { outgoing: 0,  outgoingBase: -40, bytes: 40 }],
    [24, 2, { outgoing: 8,  outgoingBase: -40, bytes: 48 }],
    [8,  7, { outgoing: 48, outgoingBase: -24, bytes: 72 }],
  ])('with %d bytes of stack and %d stack arguments has room for all but argument 6', (depth, args, want) => {
    expect(layOut(entries, depth, args)).toMatchObject({ stackDepth: depth, ...want });
  });
});

describe('the code of a frame', () => {
  const HEAD = '0f 1f 44 00 00 0f 1f 00 55 48 89 e5';
  const bytesOf = (emit: (context: LowerContext) => void, frame: Partial<Frame>, endbr = false): string => {
    const asm = new Assembler();
    const empty = layOut(new Entries(), 0, 0);
    emit({
      programName: 'program',
      base: 0n,
      asm,
      frame: { ...empty, ...frame },
      bmi2: true,
      endbr,
      tailCall: 'none',
      calls: [],
      hardening: {},
      refs: [],
      faults: [],
      jump: undefined,
    });
    return (Buffer.from(asm.bytes()).toString('hex').match(/../g) ?? []).join(' ');
  };

  it('is no more than a saved rbp if there is nothing in it', () => {
    expect(bytesOf(prologue, {})).toBe(HEAD);
    expect(bytesOf(epilogue, {})).toBe('c9 c3');
  });

  it('takes BPF stack with a 32-bit immediate, leave gives it back', () => {
    expect(bytesOf(prologue, { stackDepth: 8 })).toBe(`${HEAD} 48 81 ec 08 00 00 00`);
    expect(bytesOf(epilogue, { stackDepth: 8 })).toBe('c9 c3');
  });

  it('pops what it pushed, the other way round', () => {
    const saved = [6, 7, 9].map(gprOf);
    expect(bytesOf(prologue, { saved })).toBe(`${HEAD} 53 41 55 41 57`);
    expect(bytesOf(epilogue, { saved })).toBe('41 5f 41 5d 5b c9 c3');
  });

  it.each([
    [8, '83', '08'],
    [120, '83', '78'],
    [128, '81', '80 00 00 00'],
  ])('takes and gives back %d bytes of outgoing arguments', (outgoing, opcode, imm) => {
    expect(bytesOf(prologue, { outgoing })).toBe(`${HEAD} 48 ${opcode} ec ${imm}`);
    expect(bytesOf(epilogue, { outgoing })).toBe(`48 ${opcode} c4 ${imm} c9 c3`);
  });

  it('marks its two ends of an indirect jump with endbr64', () => {
    expect(bytesOf(prologue, {}, true)).toBe(`f3 0f 1e fa ${HEAD} f3 0f 1e fa`);
    expect(bytesOf(epilogue, {}, true)).toBe('c9 c3');
  });
});
