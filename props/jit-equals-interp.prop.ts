/** The compiled program does what the interpreter does: registers, memory, calls and frames. */
import fc from 'fast-check';
import { afterAll, describe, expect, it } from 'vitest';
import { ALU_ROWS } from '../src/bpf/alu.ts';
import { ATOMIC_ROWS } from '../src/bpf/atomic.ts';
import type { Insn, Width } from '../src/bpf/insn.ts';
import { JUMP_ROWS } from '../src/bpf/jump.ts';
import type { Size } from '../src/bpf/load-store.ts';
import { CTX_BASE } from '../src/core/layout.ts';
import { Machines } from '../test/jit/machines.ts';
import {
  alu,
  atomic,
  envOf,
  exit,
  jcc,
  kfunc,
  lddw,
  ldx,
  ldxs,
  link,
  mayGoto,
  mov,
  movsx,
  passArg,
  type RegName,
  store,
  sub,
  swap,
  takeArg,
} from '../test/kit/insns.ts';

const machines = new Machines();
afterAll(() => machines.close());

const MEMORY_BYTES = 256;
const KFUNC = { kind: 'kfunc', id: 1, name: 'k', args: 9 } as const;

/** r9 keeps the address of the middle of the context, r10 is the frame's; all others are values. */
const reg = fc.constantFrom<RegName>('r0', 'r1', 'r2', 'r3', 'r4', 'r5', 'r6', 'r7', 'r8');
const any = fc.oneof(
  { weight: 9, arbitrary: reg },
  { weight: 1, arbitrary: fc.constantFrom<RegName>('r9', 'r10') },
);
const width = fc.constantFrom<Width>(32, 64);
const size = fc.constantFrom<Size>(1, 2, 4, 8);
const imm = fc.oneof(
  fc.constantFrom(0, 1, -1, 2, 31, 32, 63, 64, 127, 128, -128, -129, 0x7fff_ffff, -0x8000_0000),
  fc.integer({ min: -0x8000_0000, max: 0x7fff_ffff }),
);
const word = fc.oneof(
  fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }),
  fc.constantFrom(0n, 1n, 2n ** 63n, 2n ** 64n - 1n, 0xffff_ffffn),
);
const operand = fc.oneof(any, imm);
/** Within the context around r9, or within the 64 bytes of stack that `start` writes. */
const place = fc.oneof(
  fc.integer({ min: -128, max: 120 }).map((off): [RegName, number] => ['r9', off]),
  fc.integer({ min: -64, max: -8 }).map((off): [RegName, number] => ['r10', off]),
);

type Piece = readonly Insn[];

const shiftImm = (op: string, value: RegName | number): RegName | number =>
  typeof value === 'number' && /sh$/.test(op) ? value & 63 : value;

const arithmetic = fc
  .tuple(width, fc.constantFrom(...ALU_ROWS), reg, operand)
  .map(
    ([w, { name, source }, d, v]): Piece => [
      alu(w, name, d, (source as string) === 'K' ? 0 : shiftImm(name, v)),
    ],
  );

const move = fc.oneof(
  fc.tuple(reg, word).map(([d, v]): Piece => [lddw(d, v)]),
  fc
    .tuple(width, fc.constantFrom<8 | 16>(8, 16), reg, any)
    .map(([w, bits, d, s]): Piece => [movsx(w, bits, d, s)]),
  fc.tuple(reg, any).map(([d, s]): Piece => [movsx(64, 32, d, s)]),
  fc
    .tuple(
      fc.constantFrom('le' as const, 'be' as const, 'bswap' as const),
      fc.constantFrom<16 | 32 | 64>(16, 32, 64),
      reg,
    )
    .map(([op, bits, d]): Piece => [swap(op, bits, d)]),
);

const memory = fc.oneof(
  fc.tuple(size, reg, place).map(([n, d, [b, o]]): Piece => [ldx(n, d, b, o)]),
  fc.tuple(fc.constantFrom<Size>(1, 2, 4), reg, place).map(([n, d, [b, o]]): Piece => [ldxs(n, d, b, o)]),
  fc.tuple(size, place, operand).map(([n, [b, o], v]): Piece => [store(n, b, o, v)]),
  fc
    .tuple(fc.constantFrom(...ATOMIC_ROWS), size, place, reg)
    .map(([{ name, sizes }, n, [b, o], s]): Piece => {
      const bytes = (sizes as readonly Size[]).includes(n) ? n : 8;
      const [dst, src] = name === 'load_acquire' ? [s, b] : [b, s];
      return [atomic(name, bytes, dst, o & -bytes, src)];
    }),
);

/** Over a piece, or back over it until the frame's loop budget or a counter in memory stops it. */
const branch = (inner: fc.Arbitrary<Piece>): fc.Arbitrary<Piece> => {
  const over = fc
    .tuple(width, fc.constantFrom(...JUMP_ROWS), any, operand, inner)
    .map(([w, { name }, d, v, body]): Piece => [jcc(w, name, d, v, slots(body)), ...body]);
  const loop = fc.tuple(inner, fc.integer({ min: 1, max: 5 })).map(([body, turns]): Piece => {
    const count: Piece = [ldx(8, 'r8', 'r10', -72), alu(64, 'add', 'r8', -1), store(8, 'r10', -72, 'r8')];
    const back = slots(body) + slots(count) + 1;
    return [store(8, 'r10', -72, turns), ...body, ...count, jcc(64, 'jsgt', 'r8', 0, -back)];
  });
  const budget = inner.map((body): Piece => [mayGoto(slots(body)), ...body]);
  return fc.oneof(
    { weight: 4, arbitrary: over },
    { weight: 1, arbitrary: loop },
    { weight: 1, arbitrary: budget },
  );
};

const slots = (insns: Piece): number => insns.reduce((n, { kind }) => n + (kind === 'lddw' ? 2 : 1), 0);

const REFILL: Piece = [mov('r1', 'r6'), mov('r2', 'r7'), mov('r3', 'r8'), mov('r4', 'r0'), mov('r5', -5)];

const call = (callees: readonly Insn[]): fc.Arbitrary<Piece> =>
  fc
    .tuple(fc.constantFrom(...callees), operand, operand, operand, operand)
    .map(
      ([to, a, b, c, d]): Piece => [
        passArg(8, c),
        passArg(6, a),
        passArg(9, d),
        passArg(7, b),
        to,
        ...REFILL,
      ],
    );

function bodyOf(callees: readonly Insn[]): fc.Arbitrary<Piece> {
  const simple = fc.oneof(
    { weight: 5, arbitrary: arithmetic },
    { weight: 2, arbitrary: move },
    { weight: 3, arbitrary: memory },
  );
  const few = fc.array(simple, { minLength: 1, maxLength: 4 }).map((pieces) => pieces.flat());
  const piece = fc.oneof(
    { weight: 6, arbitrary: simple },
    { weight: 3, arbitrary: branch(few) },
    { weight: 2, arbitrary: call(callees) },
  );
  return fc.array(piece, { minLength: 1, maxLength: 16 }).map((pieces) => pieces.flat());
}

/** Every register and 64 bytes of stack get a value; r9 points into the context. */
const start = (words: readonly bigint[], args: Piece): Piece => [
  ...args,
  ...[0, 6, 7, 8].map((n, k) => lddw(`r${n}` as RegName, words[k] as bigint)),
  ...[8, 16, 24, 32, 40, 48, 56, 64].map((off) => store(8, 'r10', -off, 'r7')),
  lddw('r9', CTX_BASE + BigInt(MEMORY_BYTES / 2)),
];

const MAIN_ARGS: Piece = [
  lddw('r1', 0x8000_0000_0000_0001n),
  mov('r2', -2),
  mov('r3', 3),
  mov('r4', 0),
  mov('r5', 5),
];
/** Before any store of an outgoing argument: linux's rule. */
const SUB_ARGS: Piece = [takeArg('r5', 9), takeArg('r4', 6), takeArg('r3', 7), takeArg('r2', 8)];

const words = fc.array(word, { minLength: 4, maxLength: 4 });

const program = fc
  .tuple(
    words,
    bodyOf([kfunc(1), sub(1), sub(2)]),
    words,
    bodyOf([kfunc(1), sub(2)]),
    words,
    bodyOf([kfunc(1)]),
  )
  .map(([w0, main, w1, first, w2, second]) =>
    link(
      [
        [...start(w0, MAIN_ARGS), ...main, exit],
        [...start(w1, SUB_ARGS), ...first, exit],
        [...start(w2, SUB_ARGS), ...second, exit],
      ],
      { callees: [KFUNC] },
    ),
  );

describe('compile', () => {
  it.each([
    ['as it is', 31, {}],
    ['without BMI2, with endbr64', 32, { bmi2: false, endbr: true }],
  ] as const)('makes code that does what the program says, %s', (_name, seed, options) => {
    const memoryOf = fc.uint8Array({ minLength: MEMORY_BYTES, maxLength: MEMORY_BYTES });
    let agreed = 0;
    fc.assert(
      fc.property(program, memoryOf, (each, memory) => {
        const { want, verdict } = machines.run(each, envOf({ memory, insnLimit: 200_000 }), options);
        if (verdict.kind === 'inconclusive') return;
        expect(verdict).toEqual({ kind: 'agree' });
        if (want.outcome.kind === 'exit') agreed++;
      }),
      { seed, numRuns: 1_500 },
    );
    // Nearly all end with exit: the rest would show nothing.
    expect(agreed).toBeGreaterThan(1_400);
  });
});
