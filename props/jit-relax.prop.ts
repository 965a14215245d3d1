/** Jump lengths settle, and every jump lands where it should. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Insn } from '../src/bpf/insn.ts';
import type { CompiledSubprog } from '../src/jit/compile.ts';
import { COND_JUMP, EXIT_JUMP, GOTO_JUMP, NO_JUMP, type Unsettled } from '../src/jit/relax.ts';
import { compile, misplaced, nativeEntries } from '../test/jit/entries.ts';
import { kernel, type Line, settle, slacks, unsettled } from '../test/jit/passes.ts';
import { add, alu, exit, ja, jcc, lddw, link, mov } from '../test/kit/insns.ts';

const OPTIONS = { seed: 20, numRuns: 2_000 };

/** Distances near the limits of rel8, both ways: 7 lines of 17 bytes are 119, 8 of 16 are 128. */
const line: fc.Arbitrary<Line> = fc.record({
  fixed: fc.constantFrom(0, 2, 3, 4, 5, 7, 10, 16, 17, 23),
  jump: fc.constantFrom(NO_JUMP, NO_JUMP, NO_JUMP, COND_JUMP, COND_JUMP, GOTO_JUMP, EXIT_JUMP),
  distance: fc.integer({ min: -14, max: 16 }),
  slots: fc.constantFrom<1 | 2>(1, 1, 1, 2),
});
const code: fc.Arbitrary<Unsettled> = fc
  .tuple(fc.array(line, { minLength: 1, maxLength: 120 }), fc.integer({ min: 12, max: 60 }))
  .map(([lines, prologue]) =>
    unsettled([{ fixed: 2, jump: NO_JUMP, distance: 0, slots: 1 }, ...lines], prologue),
  );

describe('settle', () => {
  it('ends at addresses that agree with the lengths they imply', () => {
    fc.assert(
      fc.property(code, (each) => {
        const settled = settle(each);
        expect(settled.addrs[0]).toBe(each.starts[0]);
        const slack = slacks(each, settled);
        expect(slack.every((bytes) => bytes >= 0)).toBe(true);
        // Before pass 15 nothing is padded.
        if (settled.passes <= 15) expect(slack.every((bytes) => bytes === 0)).toBe(true);
        expect(slack.every((bytes, i) => bytes === 0 || each.jump[i] !== NO_JUMP)).toBe(true);
        expect(settled.passes).toBeLessThanOrEqual(20);
      }),
      OPTIONS,
    );
  });

  it('gives the addresses Linux gives, where Linux does not give up', () => {
    let compared = 0;
    fc.assert(
      fc.property(code, (each) => {
        const want = kernel(each);
        if (want === undefined) return;
        compared++;
        expect([...settle(each).addrs]).toEqual(want.addrs);
      }),
      OPTIONS,
    );
    expect(compared).toBeGreaterThan(1_900);
  });

  it.each([1_000, 10_000, 200_000])('takes no more passes for %i entries', (count) => {
    const random = fc
      .sample(fc.array(line, { minLength: 500, maxLength: 500 }), { seed: 5, numRuns: 8 })
      .flat();
    const each = unsettled(
      Array.from({ length: count }, (_, i) => random[(i * 7) % random.length] as Line),
      12,
    );
    expect(settle(each).passes).toBeLessThanOrEqual(20);
  });
});

/** Filler of so many bytes: 10, 5, 4, 3, 2. */
function filler(bytes: number): Insn[] {
  const insns: Insn[] = [];
  let left = bytes;
  for (; left >= 12; left -= 10) insns.push(lddw('r1', 0x1234_5678_9abc_def0n));
  if (left >= 7) {
    insns.push(mov('r1', 1));
    left -= 5;
  }
  if (left === 6) insns.push(mov('r1', 'r2'), mov('r2', 'r1'));
  if (left === 5) insns.push(mov('r1', 1));
  if (left === 4) insns.push(add('r1', 1));
  if (left === 3) insns.push(mov('r1', 'r2'));
  if (left === 2) insns.push(alu(32, 'mov', 'r1', 0));
  return insns;
}

interface Segment {
  readonly bytes: number;
  readonly kind: 'jcc' | 'ja' | 'exit';
  /** Segments to go, from this one. */
  readonly to: number;
}

/** Segments of filler, each with a jump at its end: to a near segment's start, or two away. */
const segment: fc.Arbitrary<Segment> = fc.record({
  bytes: fc.oneof(
    fc.integer({ min: 50, max: 66 }),
    fc.integer({ min: 112, max: 134 }),
    fc.integer({ min: 2, max: 20 }),
  ),
  kind: fc.constantFrom('jcc' as const, 'jcc' as const, 'ja' as const, 'exit' as const),
  to: fc.integer({ min: -3, max: 4 }),
});

function programOf(segments: readonly Segment[]): readonly Insn[] {
  const bodies = segments.map(({ bytes }) => filler(bytes));
  const slots = (insns: readonly Insn[]): number =>
    insns.reduce((n, { kind }) => n + (kind === 'lddw' ? 2 : 1), 0);
  const starts = [0];
  for (const body of bodies) starts.push((starts.at(-1) as number) + slots(body) + 1);
  return [
    ...bodies.flatMap((body, i): Insn[] => {
      const { kind, to } = segments[i] as Segment;
      const target = Math.max(0, Math.min(segments.length, i + 1 + to));
      const off = (starts[target] as number) - (starts[i + 1] as number);
      if (kind === 'exit') return [...body, exit];
      return [...body, kind === 'ja' ? ja(off) : jcc(64, 'jeq', 'r1', 'r2', off)];
    }),
    exit,
  ];
}

describe('compile', () => {
  it('makes every jump land on the entry it goes to', () => {
    const near = { [-128]: 0, 123: 0 };
    fc.assert(
      fc.property(fc.array(segment, { minLength: 2, maxLength: 24 }), (segments) => {
        const { image, subprogs } = compile(link([programOf(segments)]));
        const [main] = subprogs as [CompiledSubprog];
        const entries = nativeEntries(main);
        expect(misplaced(entries, image.code)).toEqual([]);
        for (const { entry, offset, length } of entries) {
          const d = (entries[entry.target]?.offset ?? 0) - offset - length;
          if (d === -128 || d === 123) near[d]++;
        }
      }),
      { seed: 21, numRuns: 3_000 },
    );
    // The limits themselves were met.
    expect(Math.min(near[-128], near[123])).toBeGreaterThan(5);
  });
});
