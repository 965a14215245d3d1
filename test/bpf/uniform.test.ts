import { describe, expect, it } from 'vitest';
import { encode } from '../../src/bpf/encode.ts';
import { accessOf, dstOf, type Insn, srcOf } from '../../src/bpf/insn.ts';
import { aluImm, EXIT_INSN, jccImm, load, movReg } from '../../src/bpf/make-insn.ts';
import { buildProgram } from '../../src/bpf/program.ts';
import { uniformSlots } from '../../src/bpf/uniform.ts';

/** One of each kind, and of each width, source and access. */
const INSNS: readonly Insn[] = [
  { kind: 'alu', op: 'add', width: 32, source: 'K', dst: 1, src: 0, imm: -7 },
  { kind: 'alu', op: 'xor', width: 64, source: 'X', dst: 1, src: 2, imm: 0 },
  { kind: 'movsx', width: 32, bits: 16, dst: 3, src: 4 },
  { kind: 'cast', to: 'user', dst: 3, src: 4 },
  { kind: 'swap', op: 'bswap', bits: 32, dst: 5 },
  { kind: 'ldx', size: 4, sign: true, dst: 1, src: 10, off: -8 },
  { kind: 'ldx', size: 8, sign: false, dst: 1, src: 2, off: 8, access: 'probe' },
  { kind: 'stx', size: 2, dst: 10, src: 3, off: -2, access: 'arena' },
  { kind: 'st', size: 1, dst: 10, off: -1, imm: 99 },
  { kind: 'atomic', op: 'fetch_add', size: 8, dst: 10, src: 4, off: -16 },
  { kind: 'ld_abs', size: 4, src: 0, imm: 14 },
  { kind: 'ld_ind', size: 2, src: 6, imm: 3 },
  { kind: 'ja', width: 32, off: 0 },
  { kind: 'jcc', op: 'jeq', width: 64, source: 'K', dst: 1, src: 0, imm: 5, off: 0 },
  { kind: 'may_goto', off: 0 },
  { kind: 'call', target: 'kfunc', imm: 77, off: 2 },
  { kind: 'callx', dst: 7 },
  EXIT_INSN,
];

describe('instructions of one shape', () => {
  it.each(INSNS)('$kind says the same', (insn) => {
    const [made] = uniformSlots([insn]);
    expect(made).toEqual(insn);
    expect(encode([made])).toEqual(encode([insn]));
    for (const of of [dstOf, srcOf, accessOf]) expect(of(made as Insn)).toBe(of(insn));
  });

  it('take wide ones, and leaves their second halves', () => {
    const wide: Insn = { kind: 'lddw', dst: 2, src: 0, imm: 0x1234_5678_9abc_def0n };
    expect(uniformSlots([wide, undefined, EXIT_INSN])).toEqual([wide, undefined, EXIT_INSN]);
    expect(uniformSlots([{ ...wide, imm: -2n }])).toEqual([{ ...wide, imm: 0xffff_ffff_ffff_fffen }]);
  });

  it('have all keys in one order, whatever the kind', () => {
    const keys = new Set(uniformSlots(INSNS).map((insn) => Object.keys(insn as Insn).join()));
    expect(keys.size).toBe(1);
  });

  it('are what factories make: a program of them is not copied', () => {
    const made = [
      movReg(1, 2),
      aluImm('mul', 3, -7, 32),
      load(1, 10, -8),
      jccImm('jne', 1, 5, -2),
      EXIT_INSN,
    ];
    expect(uniformSlots(made)).toBe(made);
    expect(buildProgram(made).insns).toBe(made);
    expect(new Set(made.map((insn) => Object.keys(insn).join())).size).toBe(1);
  });

  it('are not copied twice', () => {
    const once = uniformSlots(INSNS);
    expect(uniformSlots(once).every((insn, i) => insn === once[i])).toBe(true);
  });
});
