import { describe, expect, it } from 'vitest';
import type { Insn } from '../../src/bpf/insn.ts';
import { buildProgram } from '../../src/bpf/program.ts';
import { bucketOf } from '../../src/fuzz/bucket.ts';
import { skipped } from '../../src/oracle/case.ts';
import type { Culprit, Stage } from '../../src/oracle/locate.ts';
import type { Divergence, Place, Subject } from '../../src/oracle/verdict.ts';

const INSNS: Insn[] = [
  { kind: 'alu', op: 'add', width: 32, source: 'K', dst: 1, src: 0, imm: 1 },
  { kind: 'st', size: 8, dst: 11, off: -8, imm: 1 },
  { kind: 'stx', size: 8, dst: 11, src: 1, off: -24 },
  { kind: 'call', target: 'kfunc', imm: 1, off: 0 },
  { kind: 'exit' },
];
const program = buildProgram(INSNS);
const CALL: Place = { kind: 'call', call: 3, callee: { kind: 'kfunc', id: 1 } };
const RETURN: Place = { kind: 'return', call: 2, callee: { kind: 'bpf', id: 1 } };

const divergence = (subject: Subject): Divergence => ({
  subject,
  want: { kind: 'word', value: 1n },
  got: { kind: 'word', value: 2n },
  pc: null,
});

const bucket = (subjects: readonly Subject[], culprit: Culprit | null): string =>
  bucketOf({
    ...skipped('x', { kind: 'file', why: '' }, { program }),
    verdict: 'diverge',
    divergences: subjects.map(divergence),
    culprit,
  });

const culprit = (pc: number | null, stage: Stage): Culprit => ({ pc, offset: 0, stage });
const r0: Subject = { kind: 'r0' };
const arg = (position: number): Subject => ({ kind: 'arg', place: CALL, position });

describe('bucketOf', () => {
  it.each<[string, readonly Subject[], Culprit | null]>([
    ['add 32 K', [r0], culprit(0, 'insn')],
    ['add 32 K, another register', [r0], { ...culprit(0, 'insn'), wrong: 'bystander' }],
    ['add 32 K, goes elsewhere', [r0], { ...culprit(0, 'insn'), wrong: 'way' }],
    ['st dw of arg 6', [arg(6)], culprit(1, 'insn')],
    ['stx dw of arg 7+', [arg(8)], culprit(2, 'insn')],
    ['prologue', [arg(8)], culprit(null, 'prologue')],
    ['epilogue', [r0], culprit(4, 'epilogue')],
    ['arg 7+ of kfunc', [r0, arg(12)], culprit(3, 'call')],
    ['call kfunc', [r0], culprit(3, 'call')],
    ['arg in a register', [{ kind: 'memory', offset: 3 }, arg(2)], null],
    ['arg 6 of kfunc', [arg(6)], null],
    ['return value', [{ kind: 'result', place: RETURN }], null],
    ['return value', [r0], null],
    ['callee-saved register at return', [{ kind: 'reg', place: RETURN, reg: 7 }], null],
    ['r6-r9 at call', [{ kind: 'reg', place: CALL, reg: 7 }], null],
    ['r10 at call', [{ kind: 'reg', place: CALL, reg: 10 }], null],
    ['memory', [{ kind: 'data', section: 0, offset: 4 }], null],
    ['abi direction-flag', [{ kind: 'abi', rule: 'direction-flag', what: 'DF', place: CALL }], null],
  ])('is %s', (want, subjects, where) => {
    expect(bucket(subjects, where)).toBe(want);
  });
});
