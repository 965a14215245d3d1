import { describe, expect, it } from 'vitest';
import type { Insn, Slots } from '../../src/bpf/insn.ts';
import { highestArgRead } from '../../src/bpf/live-args.ts';

const mov = (dst: number, src: number): Insn => ({
  kind: 'alu',
  op: 'mov',
  width: 64,
  source: 'X',
  dst,
  src,
  imm: 0,
});
const movK = (dst: number, imm: number): Insn => ({
  kind: 'alu',
  op: 'mov',
  width: 64,
  source: 'K',
  dst,
  src: 0,
  imm,
});
const add = (dst: number, src: number): Insn => ({
  kind: 'alu',
  op: 'add',
  width: 64,
  source: 'X',
  dst,
  src,
  imm: 0,
});
const jeq = (dst: number, off: number): Insn => ({
  kind: 'jcc',
  op: 'jeq',
  width: 64,
  source: 'K',
  dst,
  src: 0,
  imm: 0,
  off,
});
const ja = (off: number): Insn => ({ kind: 'ja', width: 16, off });
const call: Insn = { kind: 'call', target: 'local', imm: 0, off: 0 };
const xchg: Insn = { kind: 'atomic', op: 'xchg', size: 8, dst: 10, src: 3, off: -8 };
const cmpxchg: Insn = { kind: 'atomic', op: 'cmpxchg', size: 8, dst: 10, src: 4, off: -8 };
const stx: Insn = { kind: 'stx', size: 8, dst: 10, src: 5, off: -8 };
const lddw: Insn = { kind: 'lddw', dst: 2, src: 0, imm: 1n };
const incoming = (n: number): Insn => ({
  kind: 'ldx',
  size: 8,
  sign: false,
  dst: 0,
  src: 11,
  off: 8 * (n - 5),
});
const exit: Insn = { kind: 'exit' };

describe('highestArgRead', () => {
  it.each<[string, Slots, number]>([
    ['nothing read', [movK(0, 1), exit], 0],
    ['a register read', [mov(0, 2), exit], 2],
    ['an operand that is also the result', [add(3, 1), mov(0, 3), exit], 3],
    ['a register written before it is read', [movK(2, 7), add(0, 2), mov(0, 1), exit], 1],
    ['a register written on one path only', [jeq(1, 1), movK(2, 7), mov(0, 2), exit], 2],
    ['a register written on both paths', [jeq(1, 2), movK(2, 7), ja(1), movK(2, 8), mov(0, 2), exit], 1],
    ['a read in dead code', [ja(1), mov(0, 5), exit], 0],
    ['a read in a loop, after the write', [jeq(1, 2), movK(3, 1), ja(-3), mov(0, 3), exit], 3],
    ['a wide instruction that writes', [lddw, undefined, mov(0, 2), exit], 0],
    ['a store', [stx, exit], 5],
    ['an atomic that reads its source', [xchg, exit], 3],
    ['a compare and exchange', [cmpxchg, exit], 4],
    ['arguments handed on to a call of two', [call, exit], 2],
    ['registers a call destroys', [call, mov(0, 5), exit], 2],
    ['stack arguments', [incoming(6), incoming(9), exit], 9],
    [
      'a stack argument after the registers are overwritten',
      [...[1, 2, 3, 4, 5].map((r) => movK(r, 0)), incoming(7), exit],
      7,
    ],
    ['r6 to r9', [mov(6, 1), mov(0, 6), exit], 1],
  ])('%s', (_, insns, want) => {
    expect(highestArgRead({ insns, start: 0, end: insns.length, argsOfCall: () => 2 })).toBe(want);
  });

  it('takes all five for a call of an unknown number', () => {
    expect(highestArgRead({ insns: [call, exit], start: 0, end: 2, argsOfCall: () => undefined })).toBe(5);
  });

  it('stays within its function', () => {
    const insns = [exit, movK(1, 0), exit, mov(0, 4), exit];
    expect(highestArgRead({ insns, start: 1, end: 3, argsOfCall: () => undefined })).toBe(0);
  });
});
