/** Forms of instructions: each is told from all others by its wire bytes, those of the verifier's making too. */
import { describe, expect, it } from 'vitest';
import type { Insn } from '../../src/bpf/insn.ts';
import { ALL_OPCODE_FORMS, formOf, OPCODE_EXAMPLES, OPCODE_FORMS } from '../../src/bpf/opcode-forms.ts';

const name = (insn: Insn): string | undefined => formOf(insn)?.name;
const LDX = { kind: 'ldx', size: 4, sign: false, dst: 1, src: 2, off: -8 } as const;
const ATOMIC = { kind: 'atomic', op: 'fetch_add', size: 8, dst: 1, src: 2, off: 0 } as const;

describe('formOf', () => {
  it.each<[Insn, string]>([
    [LDX, 'ldx w'],
    [{ ...LDX, access: 'probe' }, 'probe ldx w'],
    [{ ...LDX, access: 'arena' }, 'arena ldx w'],
    [{ ...LDX, sign: true, access: 'probe' }, 'probe ldxs w'],
    [{ kind: 'st', size: 1, dst: 1, off: 0, imm: 7, access: 'arena' }, 'arena st b'],
    [ATOMIC, 'atomic fetch_add dw'],
    [{ ...ATOMIC, access: 'arena' }, 'arena fetch_add dw'],
    [{ kind: 'cast', to: 'percpu', dst: 3, src: 4 }, 'cast percpu'],
    [{ kind: 'cast', to: 'kernel', dst: 3, src: 4 }, 'cast kernel'],
    [{ kind: 'cast', to: 'user', dst: 3, src: 4 }, 'cast user'],
    [{ kind: 'movsx', width: 64, bits: 8, dst: 3, src: 4 }, 'movsx8 64 X'],
    [{ kind: 'alu', op: 'mov', width: 64, source: 'X', dst: 3, src: 4, imm: 0 }, 'mov 64 X'],
  ])('%j is %s', (insn, want) => {
    expect(name(insn)).toBe(want);
  });

  it('finds each example by its own form', () => {
    expect(OPCODE_EXAMPLES.filter(({ form, insn }) => name(insn) !== form.name)).toEqual([]);
  });
});

describe('ALL_OPCODE_FORMS', () => {
  it('begins with the forms of programs as they are loaded, and has no name twice', () => {
    expect(ALL_OPCODE_FORMS.slice(0, OPCODE_FORMS.length)).toEqual(OPCODE_FORMS);
    expect(ALL_OPCODE_FORMS.length).toBeGreaterThan(OPCODE_FORMS.length);
    expect(new Set(ALL_OPCODE_FORMS.map((form) => form.name)).size).toBe(ALL_OPCODE_FORMS.length);
  });
});
