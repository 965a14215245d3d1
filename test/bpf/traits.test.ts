/** What the passes of the JIT ask of an instruction, as bits. */
import { describe, expect, it } from 'vitest';
import type { Insn } from '../../src/bpf/insn.ts';
import { alu, aluImm, call, EXIT_INSN, ja, lddw, mayGoto } from '../../src/bpf/make-insn.ts';
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
