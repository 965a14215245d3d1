/** Instructions outside the model, as only a caller without types can make them: never run, never skipped. */
import { describe, expect, it } from 'vitest';
import type { Insn } from '../../src/bpf/insn.ts';
import { alu, atomic, exit, jcc, lddw, mov, swap } from '../kit/insns.ts';
import { end, run } from '../kit/run.ts';

const forged = (insn: Insn, changes: object): Insn => ({ ...insn, ...changes }) as Insn;

describe('an instruction nobody knows', () => {
  it.each<readonly [what: string, insn: Insn]>([
    ['kind', forged(mov('r0', 0), { kind: 'nop' })],
    ['64-bit operation', forged(alu(64, 'add', 'r0', 1), { op: 'nand' })],
    ['32-bit operation', forged(alu(32, 'add', 'r0', 1), { op: 'nand' })],
    ['byte swap', forged(swap('be', 16, 'r0'), { op: 'pdp' })],
    ['atomic operation', forged(atomic('add', 8, 'r10', -8, 'r0'), { op: 'nand' })],
    ['64-bit comparison', forged(jcc(64, 'jeq', 'r0', 1, 0), { op: 'jnever' })],
    ['32-bit comparison', forged(jcc(32, 'jeq', 'r0', 1, 0), { op: 'jnever' })],
  ])('is not run: %s', (_what, insn) => {
    const fill = [mov('r0', 0), atomic('store_release', 8, 'r10', -8, 'r0')];
    expect(() => run([...fill, insn, exit])).toThrow('unreachable: ');
  });

  it('is named by its number: a load of 64 bits that no loader knows', () => {
    expect(end([lddw('r0', 1n, 7), exit])).toBe('unsupported: lddw 7 at 0');
  });

  it('sets no register that there is not', () => {
    expect(end([forged(mov('r0', 0), { dst: 12 }), exit])).toBe('unsupported: write to r12 at 0');
  });
});
