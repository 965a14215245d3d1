/** What the linter promises of programs, whether it passes them or not. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { bpfProgram, HOSTILE_RULES, hostileProgram, lowerHostile, programSpec } from '../src/arb/index.ts';
import { decode } from '../src/bpf/decode.ts';
import { type Flaw, flawOf } from '../src/bpf/decode-wire.ts';
import { encode } from '../src/bpf/encode.ts';
import type { Program } from '../src/bpf/program.ts';
import { flawFinding } from '../src/lint/flaw.ts';
import { breachesOf } from '../src/lint/lint.ts';
import type { LintOptions } from '../src/lint/options.ts';
import type { RuleId } from '../src/lint/rules.ts';
import { openJudge, verdictOf } from '../test/kit/judging.ts';
import { editedProgram } from '../test/kit/random-edits.ts';

const judge = openJudge();

/** Helpers and kfuncs write nothing here. */
const OPTIONS = { writes: 'doubted' } as const;

const valid = bpfProgram().map(({ program }) => program);
/** With structures by value, callbacks. */
const hostile = (rule: (typeof HOSTILE_RULES)[number]): fc.Arbitrary<Program> =>
  hostileProgram({ rules: [rule] }).map(({ program }) => program);
/** Kfuncs whose structures by value are like this. */
const taking = (how: { readonly bytes: number; readonly isScalar: boolean }): fc.Arbitrary<Program> =>
  hostile('big-argument').map((program) => {
    const callees = [...program.callees].map(([key, callee]) => {
      const byValue = callee.declared?.byValue?.map((value) => ({ ...value, ...how }));
      return [key, byValue === undefined ? callee : { ...callee, declared: { byValue } }] as const;
    });
    return { ...program, callees: new Map(callees) };
  });

/** Rules that only hold where it is asked for. */
const ASKED_FOR: readonly (readonly [RuleId, LintOptions, fc.Arbitrary<Program>])[] = [
  ['private-stack', { privateStack: true }, valid],
  ['no-jit', { noJit: true }, valid],
  ['no-jit-kfunc', { noJit: true }, valid],
  ['no-jit-callback', { noJit: true }, hostile('callback-tail-call')],
  ['value-size', { aggregates: true }, taking({ bytes: 24, isScalar: true })],
  ['value-members', { aggregates: true }, taking({ bytes: 16, isScalar: false })],
];

const SLOT_BYTES = 8;
/** Slots with one of these opcodes. */
const slotsWith = (bytes: Uint8Array, is: (opcode: number) => boolean): number[] =>
  Array.from({ length: bytes.length / SLOT_BYTES }, (_, k) => k * SLOT_BYTES).filter(
    (at) => is(bytes[at] as number) && bytes[at - SLOT_BYTES] !== LDDW,
  );
const LDDW = 0x18;
const EXIT = 0x95;
const NO_OPCODE = 0x8f;

/** Changes a byte; false: there is no place for it. */
type Spoil = (bytes: Uint8Array, at: number, pick: number) => boolean;
const spoil =
  (is: (opcode: number) => boolean, change: (bytes: Uint8Array, at: number, pick: number) => void): Spoil =>
  (bytes, at, pick) => {
    const slots = slotsWith(bytes, is);
    const slot = slots[at % slots.length];
    if (slot !== undefined) change(bytes, slot, pick);
    return slot !== undefined;
  };

const BYTES: readonly (readonly [RuleId, Spoil])[] = [
  [
    'opcode',
    spoil(
      () => true,
      (bytes, at) => bytes.fill(NO_OPCODE, at, at + 1),
    ),
  ],
  [
    'reserved-field',
    spoil(
      (opcode) => opcode === EXIT,
      (bytes, at, pick) => bytes.fill(pick || 1, at + 4, at + 5),
    ),
  ],
  [
    'ld-imm64',
    spoil(
      (opcode) => opcode === LDDW,
      (bytes, at, pick) => bytes.fill(pick || 1, at + 8, at + 9),
    ),
  ],
];

function flawIn(bytes: Uint8Array): Flaw | undefined {
  try {
    decode(bytes);
    return undefined;
  } catch (error) {
    return flawOf(error);
  }
}

describe('the linter', () => {
  it('passes generated programs', () => {
    const property = fc.property(bpfProgram(), ({ program }) => {
      expect(breachesOf(program, OPTIONS)).toEqual([]);
    });
    fc.assert(property, { seed: 81, numRuns: 5000 });
  });

  it('passes no program in which the reference reads poison, and the machines agree on what it passes', () => {
    const seen = { refused: 0, passed: 0 };
    const property = fc.property(editedProgram(), ({ program, input }) => {
      if (program === undefined) return;
      const isPassed = breachesOf(program, OPTIONS).length === 0;
      seen[isPassed ? 'passed' : 'refused']++;
      if (!isPassed) return;
      const result = judge({ program, input });
      // An edit may make a loop longer, or an address one that is not mapped.
      if (result.verdict === 'inconclusive') expect(['insn-limit', 'mapped']).toContain(result.reason?.kind);
      else expect(verdictOf(result)).toBe('agree');
    });
    fc.assert(property, { seed: 82, numRuns: 4000 });
    expect(seen.passed).toBeGreaterThan(500);
    expect(seen.refused).toBeGreaterThan(500);
  });

  it('passes no program of the hostile lane in which the machines disagree', () => {
    const edits = fc.array(
      fc.record({ rule: fc.constantFrom(...HOSTILE_RULES), at: fc.nat(0xfff), pick: fc.nat(0xfff) }),
      { minLength: 1, maxLength: 2 },
    );
    let passed = 0;
    const property = fc.property(programSpec(), edits, (base, tried) => {
      const { program, input, breaches, isLoadable } = lowerHostile({ base, edits: tried });
      if (breaches.length > 0) return;
      // What no machine would take is no program.
      expect(isLoadable).toBe(true);
      passed++;
      const result = judge({ program, input });
      if (result.verdict === 'inconclusive') expect(['insn-limit', 'mapped']).toContain(result.reason?.kind);
      else expect(verdictOf(result)).toBe('agree');
    });
    fc.assert(property, { seed: 84, numRuns: 1500 });
    expect(passed).toBeGreaterThan(100);
  });

  it.each([...HOSTILE_RULES])('refuses 200 programs that break %s, by that rule', (rule) => {
    const found = fc
      .sample(hostileProgram({ rules: [rule] }), { seed: 83, numRuns: 270 })
      .filter(({ breaches }) => breaches.some((breach) => breach.rule === rule));
    expect(found.length).toBeGreaterThanOrEqual(200);
  });

  it.each(ASKED_FOR)(
    'refuses 200 programs that break %s, where that is asked for',
    (rule, options, source) => {
      const found = fc.sample(source, { seed: 85, numRuns: 800 }).filter((program) => {
        const breaks = (asked: LintOptions): boolean =>
          breachesOf(program, asked).some((b) => b.rule === rule);
        if (breaks(OPTIONS)) expect.fail(`${rule} is told unasked`);
        return breaks({ ...OPTIONS, ...options });
      });
      expect(found.length).toBeGreaterThanOrEqual(200);
    },
  );

  it.each(BYTES)('refuses 200 programs with a byte of %s, by that rule', (rule, spoil) => {
    let told = 0;
    const property = fc.property(bpfProgram(), fc.nat(), fc.nat(255), ({ program }, at, pick) => {
      const bytes = encode(program.insns);
      if (!spoil(bytes, at, pick)) return;
      const flaw = flawIn(bytes);
      if (flaw === undefined) return;
      expect(flawFinding(flaw)?.rule).toBe(rule);
      told++;
    });
    fc.assert(property, { seed: 86, numRuns: 600 });
    expect(told).toBeGreaterThanOrEqual(200);
  });
});
