/** Arguments 6..12 from every register and immediate, to kfuncs and to subprogs, read into every register. */
import { afterAll, describe, expect, it } from 'vitest';
import { CONVENTION_NAMES } from '../../src/bpf/calling.ts';
import type { Insn } from '../../src/bpf/insn.ts';
import type { Callee, Program } from '../../src/bpf/program.ts';
import {
  envOf,
  exit,
  kfunc,
  lddw,
  link,
  mov,
  passArg,
  type RegName,
  store,
  sub,
  takeArg,
} from '../kit/insns.ts';
import { Machines } from './machines.ts';

const machines = new Machines();
afterAll(() => machines.close());

const KFUNC: Callee = { kind: 'kfunc', id: 7, name: 'record', args: 12 };
const ARGS = [6, 7, 8, 9, 10, 11, 12];
const SOURCES: readonly RegName[] = ['r0', 'r1', 'r2', 'r3', 'r4', 'r5', 'r6', 'r7', 'r8', 'r9', 'r10'];
const IMMS = [0, 1, -1, 127, 128, -128, -129, 0x7fff_ffff, -0x8000_0000];

const value = (n: number): bigint => 0x8123_4567_89ab_cdefn + BigInt(n) * 0x0101_0101_0101_0101n;
const fill = (...regs: readonly number[]): Insn[] => regs.map((n) => lddw(`r${n}`, value(n)));
const ALL = [0, 1, 2, 3, 4, 5, 6, 7, 8, 9];

function expectAgreement(program: Program): void {
  const conventions = CONVENTION_NAMES.map((convention) => ({ convention }));
  for (const options of [...conventions, { endbr: true, bmi2: false }]) {
    const { want, verdict } = machines.run(program, envOf(), options);
    expect(want.outcome.kind).toBe('exit');
    expect(verdict).toEqual({ kind: 'agree' });
  }
}

const SUMMARY: Insn[] = [mov('r0', 0), exit];

describe('a kfunc sees', () => {
  it.each(ARGS.flatMap((n) => SOURCES.map((src) => [n, src] as const)))('argument %i from %s', (n, src) => {
    const others = ARGS.filter((k) => k !== n).map((k) => passArg(k, -k));
    expectAgreement(
      link([[...fill(...ALL), ...others, passArg(n, src), kfunc(7), ...SUMMARY]], { callees: [KFUNC] }),
    );
  });

  it.each(ARGS.flatMap((n) => IMMS.map((imm) => [n, imm] as const)))('argument %i of %i', (n, imm) => {
    const others = ARGS.filter((k) => k !== n).map((k) => passArg(k, -k));
    expectAgreement(
      link([[...fill(...ALL), ...others, passArg(n, imm), kfunc(7), ...SUMMARY]], { callees: [KFUNC] }),
    );
  });

  it('arguments of frames of every shape', () => {
    for (let saved = 0; saved < 16; saved++) {
      for (const depth of [0, 8, 112, 120, 512]) {
        for (const count of [5, 6, 7, 8, 12]) {
          const used = [6, 7, 8, 9].filter((_, k) => (saved & (1 << k)) !== 0);
          const regs = [1, 2, 3, 4, 5, ...used];
          const stack = depth === 0 ? [] : [store(8, 'r10', -depth, depth)];
          const args = ARGS.filter((n) => n <= count).map((n) => passArg(n, n * 11));
          const callee: Callee = { ...KFUNC, args: count };
          // Two exits: the second leaves through the first one's epilogue.
          const body = [...fill(...regs), ...stack, ...args, kfunc(7)];
          const ends: Insn[] = [
            { kind: 'jcc', op: 'jeq', width: 64, source: 'K', dst: 0, src: 0, imm: 1, off: 1 },
            { kind: 'ja', width: 16, off: 1 },
            exit,
            mov('r0', 1),
            exit,
          ];
          expectAgreement(link([[...body, ...ends]], { callees: [callee] }));
        }
      }
    }
  });
});

describe('a subprog sees', () => {
  it.each(ARGS.flatMap((n) => SOURCES.slice(0, 10).map((dst) => [n, dst] as const)))(
    'argument %i in %s',
    (n, dst) => {
      const args = ARGS.map((k) => passArg(k, `r${k - 3}` as RegName));
      expectAgreement(
        link([
          [...fill(...ALL), ...args, sub(1), exit],
          [takeArg(dst, n), mov('r0', dst), exit],
        ]),
      );
    },
  );

  it('arguments through three frames with different outgoing areas', () => {
    const pass = (count: number, from: number): Insn[] =>
      ARGS.filter((n) => n <= count).map((n) => passArg(n, from + n));
    expectAgreement(
      link(
        [
          [...fill(...ALL), ...pass(12, 100), sub(1), ...fill(1, 2, 3, 4, 5), ...pass(7, 200), sub(2), exit],
          [
            takeArg('r6', 6),
            takeArg('r7', 12),
            takeArg('r8', 9),
            ...pass(8, 300),
            passArg(7, 'r7'),
            ...fill(1, 2, 3, 4, 5),
            sub(2),
            { kind: 'alu', op: 'add', width: 64, source: 'X', dst: 0, src: 6, imm: 0 },
            { kind: 'alu', op: 'mul', width: 64, source: 'X', dst: 0, src: 8, imm: 0 },
            exit,
          ],
          [
            takeArg('r3', 7),
            takeArg('r4', 6),
            passArg(6, 'r3'),
            passArg(8, 'r4'),
            passArg(7, 9),
            mov('r5', 'r4'),
            kfunc(7),
            exit,
          ],
        ],
        { callees: [{ ...KFUNC, args: 8 }] },
      ),
    );
  });
});
