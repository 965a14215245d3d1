/** The stack depths the JIT reserves are never less than what a program uses. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Insn } from '../src/bpf/insn.ts';
import { MAIN_FP } from '../src/core/layout.ts';
import { interpret } from '../src/interp/interpret.ts';
import { stackDepths } from '../src/jit/stack-depth.ts';
import {
  add,
  alu,
  atomic,
  envOf,
  exit,
  jcc,
  ldx,
  link,
  mov,
  passArg,
  type RegName,
  store,
  sub,
  takeArg,
} from '../test/kit/insns.ts';

const SUBPROGS = 3;
/** So that a pointer that leaves one frame does not come into another. */
const FAR_APART = { mainFp: MAIN_FP, frameBytes: () => 4096 };

/**
 * Pointers a piece of code works on. A subprog keeps those into its own frame (r6, r9, r10) apart from those it
 * was given (r1, r2, r7), and never hands out its own: one that outlives its frame would name the next frame
 * there, which no analysis follows and Linux refuses. Main's frame outlives all, so main mixes.
 */
interface Pointers {
  readonly regs: readonly RegName[];
  readonly bases: readonly RegName[];
}
const MIXED: Pointers = {
  regs: ['r1', 'r2', 'r6', 'r7', 'r9'],
  bases: ['r1', 'r2', 'r6', 'r7', 'r9', 'r10', 'r10'],
};
const OWN: Pointers = { regs: ['r6', 'r9'], bases: ['r6', 'r9', 'r10'] };
const GIVEN: Pointers = { regs: ['r1', 'r2', 'r7'], bases: ['r1', 'r2', 'r7'] };

const number = fc.constantFrom<RegName>('r3', 'r8');
const off = fc.constantFrom(-8, -16, -24, -32, -12, -8, -16);
const step = fc.constantFrom(-64, -40, -16, -8, -4, 8, 16);
const size = fc.constantFrom<1 | 4 | 8>(8, 8, 8, 4, 1);
const atomicOp = fc.constantFrom('add' as const, 'xchg' as const, 'cmpxchg' as const, 'fetch_add' as const);

type Piece = readonly Insn[];
const one = (insn: fc.Arbitrary<Insn>): fc.Arbitrary<Piece> => insn.map((each) => [each]);

function pointerPiece({ regs, bases }: Pointers): fc.Arbitrary<Piece> {
  const reg = fc.constantFrom(...regs);
  const base = fc.constantFrom(...bases);
  const value = fc.oneof({ weight: 4, arbitrary: base }, { weight: 1, arbitrary: number });
  return fc.oneof(
    { weight: 4, arbitrary: fc.tuple(reg, base, step).map(([d, s, n]): Piece => [mov(d, s), add(d, n)]) },
    { weight: 3, arbitrary: one(fc.tuple(reg, step).map(([d, n]) => add(d, n))) },
    { weight: 1, arbitrary: one(fc.tuple(reg, number).map(([d, s]) => alu(64, 'add', d, s))) },
    { weight: 1, arbitrary: one(reg.map((d) => alu(64, 'and', d, -8))) },
    { weight: 5, arbitrary: one(fc.tuple(size, base, off, value).map(([n, b, o, s]) => store(n, b, o, s))) },
    { weight: 2, arbitrary: one(fc.tuple(size, base, off).map(([n, b, o]) => store(n, b, o, 24))) },
    { weight: 4, arbitrary: one(fc.tuple(size, reg, base, off).map(([n, d, b, o]) => ldx(n, d, b, o))) },
    {
      weight: 2,
      arbitrary: one(fc.tuple(atomicOp, base, off, reg).map(([op, b, o, s]) => atomic(op, 8, b, o, s))),
    },
    // Over the single instruction behind it.
    {
      weight: 2,
      arbitrary: fc.tuple(reg, reg, step).map(([c, d, n]): Piece => [jcc(64, 'jset', c, 8, 1), add(d, n)]),
    },
  );
}

function piece(index: number): fc.Arbitrary<Piece> {
  const pieces: fc.WeightedArbitrary<Piece>[] =
    index === 0
      ? [{ weight: 8, arbitrary: pointerPiece(MIXED) }]
      : [
          { weight: 4, arbitrary: pointerPiece(OWN) },
          { weight: 4, arbitrary: pointerPiece(GIVEN) },
          {
            weight: 1,
            arbitrary: one(
              fc.tuple(fc.constantFrom(...GIVEN.regs), fc.constantFrom(6, 7)).map(([d, n]) => takeArg(d, n)),
            ),
          },
        ];
  pieces.push({
    weight: 1,
    arbitrary: one(fc.tuple(number, fc.constantFrom(0, -8, 24)).map(([d, n]) => mov(d, n))),
  });
  if (index + 1 < SUBPROGS) pieces.push({ weight: 1, arbitrary: callPiece(index) });
  return fc.oneof(...pieces);
}

function callPiece(index: number): fc.Arbitrary<Piece> {
  const given = fc.constantFrom(...(index === 0 ? MIXED : GIVEN).regs);
  const callee = fc.integer({ min: index + 1, max: SUBPROGS - 1 });
  const again = index === 0 ? 'r6' : 'r7';
  return fc
    .tuple(callee, given, given)
    .map(([to, a, b]) => [
      passArg(6, a),
      passArg(7, b),
      sub(to),
      mov('r1', again),
      mov('r2', 'r7'),
      mov('r3', 'r0'),
    ]);
}

/** Registers a subprog must not read before it writes them, and the stores that make its frame readable. */
const start = (index: number): readonly Insn[] => [
  mov('r0', 0),
  ...(index === 0 ? [mov('r1', 'r10'), add('r1', -40), mov('r2', 'r10'), mov('r3', 16)] : []),
  mov('r6', 'r10'),
  mov('r7', 'r1'),
  mov('r8', 8),
  mov('r9', 'r10'),
  store(8, 'r10', -8, 0),
  store(8, 'r10', -16, 'r10'),
];

const body = (index: number): fc.Arbitrary<readonly Insn[]> =>
  fc
    .array(piece(index), { minLength: 2, maxLength: 14 })
    .map((pieces) => [...start(index), ...pieces.flat(), mov('r0', 0), exit]);

const program = fc
  .tuple(...Array.from({ length: SUBPROGS }, (_, index) => body(index)))
  .map((bodies) => link(bodies));

describe('stack depths', () => {
  it('cover every byte a program writes', () => {
    let exits = 0;
    let frames = 0;
    fc.assert(
      fc.property(program, (each) => {
        const depths = stackDepths(each);
        const { outcome, trace } = interpret(each, envOf({ memory: new Uint8Array(64) }), {
          placement: FAR_APART,
        });
        if (outcome.kind === 'exit') exits++;
        for (const event of trace.events) {
          if (event.kind !== 'return' || event.stack === null) continue;
          frames++;
          expect(depths[event.subprog]).toBeGreaterThanOrEqual(event.stack.bytes.length);
        }
      }),
      { seed: 7, numRuns: 20_000 },
    );
    // Enough of them run far enough to say something.
    expect(exits).toBeGreaterThan(2_000);
    expect(frames).toBeGreaterThan(5_000);
  });
});
