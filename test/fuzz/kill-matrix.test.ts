import { describe, expect, it } from 'vitest';
import { OracleError } from '../../src/core/errors.ts';
import type { Execution } from '../../src/core/execution.ts';
import { runControl } from '../../src/fuzz/control.ts';
import { caseAt } from '../../src/fuzz/generate.ts';
import { addControls, median, rowOf, summariseMatrix } from '../../src/fuzz/kill-matrix.ts';
import { CaseStream, type Kill, r0Differs, runTrial, type Trial } from '../../src/fuzz/kill-trial.ts';
import { plainCaseAt } from '../../src/fuzz/plain-case.ts';
import { firstFailure, passes, type StatedTest } from '../../src/fuzz/stated-suite.ts';
import type { CaseResult } from '../../src/oracle/case.ts';
import type { Culprit, Window } from '../../src/oracle/locate.ts';
import type { Machines } from '../../src/oracle/run.ts';
import type { Divergence } from '../../src/oracle/verdict.ts';
import { ENV, execution, exit, faults, image, program } from '../oracle/fakes.ts';

const PROGRAM = program();

const differs = (kind: 'r0' | 'outcome' | 'trace-length'): Divergence => ({
  subject: { kind },
  want: { kind: 'count', value: 1 },
  got: { kind: 'count', value: 2 },
  pc: null,
});

const result = (changes: Partial<CaseResult> = {}): CaseResult => ({
  name: 'case',
  verdict: 'agree',
  reason: null,
  divergences: [],
  divergenceCount: 0,
  culprit: null,
  expected: null,
  program: PROGRAM,
  image: null,
  want: null,
  got: null,
  ...changes,
});

const diverge = (kind: 'r0' | 'outcome' | 'trace-length', culprit: Culprit | null = null): CaseResult =>
  result({ verdict: 'diverge', divergences: [differs(kind)], divergenceCount: 1, culprit });

/** A judge that gives these results, then agrees; its cases are named in `seen`. */
function judge(results: readonly CaseResult[]) {
  const seen: string[] = [];
  const check = (_: unknown, { name }: { readonly name: string }): CaseResult =>
    results[seen.push(name) - 1] ?? result({ name });
  return {
    seen,
    check,
    checkAll: (subjects: readonly { readonly options: { readonly name: string } }[]) =>
      subjects.map(({ options }) => check(undefined, options)),
  };
}

/** Machines whose native side ends the runs so, one after the other, then as the reference does. */
function machines(ends: readonly Execution[] = []): Machines & { runs: number } {
  const made = {
    runs: 0,
    compile: () => image(),
    reference: () => execution(),
    native: () => ends[made.runs++] ?? execution(),
  };
  return made;
}

/** One second later each time it is asked. */
function clock(): () => number {
  let seconds = 0;
  return () => 1000 * seconds++;
}

const GUILTY = { stages: ['insn'], insn: /^r0 = 0$/ } as const;
const AT_MOV: Culprit = { pc: 0, offset: 8, stage: 'insn' };
const AT_EXIT: Culprit = { pc: 1, offset: 13, stage: 'epilogue' };
const AT_START: Culprit = { pc: null, offset: 0, stage: 'prologue' };

function trial(
  results: readonly CaseResult[],
  ends: readonly Execution[] = [],
  { runs = 5, unmapped = null as Culprit | null } = {},
) {
  const full = judge(results);
  const withoutMap = judge([diverge('r0', unmapped)]);
  const r0Only = machines(ends);
  const now = clock();
  const cases = new CaseStream(7, now);
  return {
    full,
    r0Only,
    withoutMap,
    trial: runTrial({
      cases,
      plainCases: new CaseStream(7, now, plainCaseAt),
      runs,
      guilty: GUILTY,
      oracles: { full, withoutMap, r0Only },
      now,
    }),
  };
}

describe('runTrial', () => {
  it('stops the full oracle at its first kill and counts from one', () => {
    const { trial: got, full } = trial([result(), diverge('r0', AT_MOV), diverge('r0', AT_MOV)]);
    expect(full.seen).toEqual(['seed 7 path 0', 'seed 7 path 1']);
    expect(got).toMatchObject({ seed: 7, r0Cases: 2, kill: { cases: 2 } });
  });

  it('counts the time of making each case and of judging it', () => {
    const { kill } = trial([result(), diverge('r0', AT_MOV)]).trial;
    expect(kill?.seconds).toBe(4);
  });

  it.each([
    ['the guilty instruction', AT_MOV, { stage: 'insn', pc: 0, insn: 'r0 = 0' }, true],
    ['another part of the code', AT_EXIT, { stage: 'epilogue', pc: 1, insn: 'exit' }, false],
    ['no instruction', AT_START, { stage: 'prologue', pc: null, insn: '' }, false],
    ['nothing', null, null, false],
  ] as const)('tells where it points: %s', (_, culprit, pointer, localised) => {
    expect(trial([diverge('r0', culprit)]).trial.kill).toMatchObject({ pointer, localised });
  });

  it('goes on with r0 alone after a kill that r0 does not show', () => {
    const { trial: got, r0Only } = trial(
      [result(), diverge('trace-length')],
      [execution(), execution({ outcome: exit(1n) })],
    );
    expect(got).toMatchObject({ kill: { cases: 2 }, r0Cases: 4, plainR0Cases: null });
    // Two cases of these, and all five where functions return what r0 holds.
    expect(r0Only.runs).toBe(7);
  });

  it('gives r0 alone no more cases than the full oracle', () => {
    const { trial: got, r0Only } = trial([diverge('trace-length')], [], { runs: 5 });
    expect(got.r0Cases).toBeNull();
    expect(r0Only.runs).toBe(4 + 5);
  });

  it('counts the cases until r0 shows it where functions return what r0 holds', () => {
    const { trial: got } = trial(
      [diverge('r0', AT_MOV)],
      [execution(), execution(), execution({ outcome: exit(1n) })],
    );
    expect(got).toMatchObject({ r0Cases: 1, plainR0Cases: 3 });
  });

  const window = (changes: Partial<Window>): Window => ({
    precision: 'state',
    prologue: null,
    from: 1,
    to: 1,
    pcs: [1],
    insns: 4,
    offsets: { from: 0, to: 8 },
    ...changes,
  });
  it.each<[string, Partial<Window>, boolean]>([
    ['the guilty one among them', { pcs: [1, 0] }, true],
    ['others alone', { pcs: [1] }, false],
    ['a prologue that is not to blame', { prologue: 0 }, false],
  ])('judges the kill without a pc map, too: %s', (_, changes, contains) => {
    const unmapped = { ...AT_EXIT, window: window(changes) };
    const { trial: got, withoutMap } = trial([result(), diverge('r0', AT_MOV)], [], { unmapped });
    expect(withoutMap.seen).toEqual(['seed 7 path 1']);
    expect(got.kill?.window).toEqual({ contains, precision: 'state', insns: 4 });
  });

  it('says nothing of a window that is not there', () => {
    expect(trial([diverge('r0', AT_MOV)]).trial.kill?.window).toBeNull();
  });

  it('lets live what nothing shows, and does not take inconclusive cases for kills', () => {
    const reason = { kind: 'insn-limit', limit: 1 } as const;
    const { trial: got, full } = trial([result({ verdict: 'inconclusive', reason })]);
    expect(got).toEqual({ seed: 7, kill: null, r0Cases: null, plainR0Cases: null });
    expect(full.seen).toHaveLength(5);
  });
});

describe('CaseStream', () => {
  it('makes each case once, the one a campaign makes', () => {
    const cases = new CaseStream(3, clock());
    const second = cases.at(1);
    expect(cases.at(1)).toBe(second);
    expect(cases.at(0).subject.program).toEqual(new CaseStream(3, clock()).at(0).subject.program);
  });
});

describe('r0Differs', () => {
  it.each([
    ['r0', true],
    ['outcome', true],
    ['trace-length', false],
  ] as const)('%s: %s', (kind, want) => {
    expect(r0Differs(diverge(kind))).toBe(want);
  });
});

const kill = (changes: Partial<Kill> = {}): Kill => ({
  cases: 10,
  seconds: 0.5,
  pointer: { stage: 'insn', pc: 0, insn: 'r0 = 0' },
  localised: true,
  window: { contains: true, precision: 'state', insns: 3 },
  ...changes,
});
const tried = (seed: number, changes: Partial<Trial> = {}): Trial => ({
  seed,
  kill: kill(),
  r0Cases: null,
  plainR0Cases: null,
  ...changes,
});
const SUSPECT = { name: 'swap', breaks: 'a', source: 'b' };
const NO_SUITES = { selftestSums: null };
const WRONG = kill({ localised: false, pointer: { stage: 'call', pc: 3, insn: 'call 1' } });

describe('rowOf', () => {
  it('takes medians over the seeds', () => {
    const kills = [
      kill({ cases: 9, seconds: 3 }),
      kill({ cases: 1, seconds: 1 }),
      kill({ cases: 4, seconds: 2 }),
    ];
    const row = rowOf(
      SUSPECT,
      kills.map((each, i) => tried(i, { kill: each, r0Cases: 10 - i })),
      NO_SUITES,
    );
    expect(row).toMatchObject({
      ...SUSPECT,
      killed: true,
      cases: 4,
      seconds: 2,
      r0Cases: 9,
      localised: true,
    });
  });

  it.each([
    ['all seeds', [kill(), kill(), kill()], true],
    ['all but one', [kill(), kill(), null], false],
    ['none', [null], false],
    ['no seeds at all', [], false],
  ] as const)('counts as killed by: %s', (_, kills, want) => {
    const trials = kills.map((each, seed) => tried(seed, { kill: each }));
    const { killed, killedBy } = rowOf(SUSPECT, trials, NO_SUITES);
    expect([killed, killedBy.full]).toEqual([want, want]);
  });

  it.each([
    ['most', [kill(), WRONG, kill()], true, 'insn'],
    ['half', [kill(), WRONG], false, 'call'],
    ['one of three, one alive', [kill(), WRONG, null], false, 'call'],
    ['none', [WRONG], false, 'call'],
  ] as const)('is localised by most seeds: %s', (_, kills, localised, stage) => {
    const trials = kills.map((each, seed) => tried(seed, { kill: each }));
    expect(rowOf(SUSPECT, trials, NO_SUITES)).toMatchObject({ localised, pointer: { stage } });
  });

  it.each([
    ['on no seed', [null, null], false, false, false],
    ['later, on one seed', [null, 200], false, false, true],
    ['in ten times the cases, on one seed', [null, 100], false, true, true],
    ['in the cases the full oracle took', [10, null], true, true, true],
  ] as const)('is kind to r0 alone: it differs %s', (_, r0Cases, r0Only, r0Tenfold, r0AllCases) => {
    const trials = r0Cases.map((cases, seed) => tried(seed, { r0Cases: cases }));
    expect(rowOf(SUSPECT, trials, NO_SUITES).killedBy).toMatchObject({ r0Only, r0Tenfold, r0AllCases });
  });

  it.each([
    [[null, null], false],
    [[null, 5], true],
  ])('and to plain r0: %j', (plain, plainR0) => {
    const trials = plain.map((plainR0Cases, seed) => tried(seed, { plainR0Cases }));
    expect(rowOf(SUSPECT, trials, NO_SUITES).killedBy).toMatchObject({ plainR0 });
  });

  it('takes the windows of most seeds', () => {
    const outside = kill({ window: { contains: false, precision: 'call', insns: 40 } });
    const row = (kills: readonly (Kill | null)[]) =>
      rowOf(
        SUSPECT,
        kills.map((each, seed) => tried(seed, { kill: each })),
        NO_SUITES,
      );
    expect(row([kill(), outside, kill()])).toMatchObject({ localisedWithoutMap: true, windowInsns: 3 });
    expect(row([kill(), outside])).toMatchObject({ localisedWithoutMap: false, windowInsns: 3 });
    expect(row([kill({ window: null })])).toMatchObject({ localisedWithoutMap: false, windowInsns: null });
    expect(row([null])).toMatchObject({ localisedWithoutMap: false, windowInsns: null });
  });

  it('says of suites only what was run', () => {
    const of = (suites: Parameters<typeof rowOf>[2]) => rowOf(SUSPECT, [tried(1)], suites).killedBy;
    expect(of({ selftestSums: 'mix' })).toEqual({
      full: true,
      r0Only: false,
      r0Tenfold: false,
      r0AllCases: false,
      plainR0: false,
      selftestSums: true,
    });
    expect(of({ selftestSums: null, conformance: 'add.data' })).toMatchObject({ conformance: true });
    expect(of({ selftestSums: null, conformance: null })).toMatchObject({ conformance: false });
  });
});

describe('summariseMatrix', () => {
  it('counts, and counts misses among the killed alone', () => {
    const rows = [
      rowOf(SUSPECT, [tried(1, { r0Cases: 10 })], { selftestSums: 'mix', conformance: null }),
      rowOf(SUSPECT, [tried(1, { kill: { ...WRONG, cases: 30, seconds: 3 } })], {
        selftestSums: null,
        conformance: null,
      }),
      rowOf(SUSPECT, [tried(1, { kill: null })], { selftestSums: null, conformance: null }),
    ];
    expect(summariseMatrix(rows)).toEqual({
      total: 3,
      killed: 2,
      localised: 1,
      medianCases: 10,
      medianSeconds: 0.5,
      localisedWithoutMap: 2,
      medianWindow: 3,
      missedBy: {
        r0Only: 1,
        r0Tenfold: 1,
        r0AllCases: 1,
        plainR0: 2,
        selftestSums: 1,
        conformance: 2,
      },
    });
  });

  it('leaves out what was not run', () => {
    const { missedBy, medianCases } = summariseMatrix([rowOf(SUSPECT, [], NO_SUITES)]);
    expect(missedBy).not.toHaveProperty('conformance');
    expect(medianCases).toBeNull();
  });
});

describe('median', () => {
  it.each([
    [[], null],
    [[3], 3],
    [[4, 1], 1],
    [[9, 1, 10], 9],
  ] as const)('of %j is %s', (values, want) => {
    expect(median(values)).toBe(want);
  });
});

describe('stated suites', () => {
  const test: StatedTest = { name: 'zero', program: PROGRAM, env: ENV, expected: 0n };
  const refusing: Machines = {
    ...machines(),
    compile: () => {
      throw new OracleError('input', { what: 'compile', where: 'here', why: 'no' });
    },
  };

  it.each([
    ['the stated r0', machines(), true],
    ['another r0', machines([execution({ outcome: exit(1n) })]), false],
    ['a fault', machines([execution({ outcome: faults({ kind: 'illegal' }) })]), false],
    [
      'an engine that cannot tell',
      machines([execution({ outcome: { kind: 'unsupported', what: 'x', pc: null } })]),
      null,
    ],
    ['a JIT that declines', refusing, null],
    // Everything but the native side's r0 may be wrong.
    ['more calls', machines([execution({ trace: { events: [], total: 3 } })]), true],
  ] as const)('judge by r0 alone: %s', (_, made, want) => {
    expect(passes(test, made)).toBe(want);
  });

  it('name the first test that fails', () => {
    const suite = ['a', 'b', 'c'].map((name) => ({ ...test, name }));
    const wrong = execution({ outcome: exit(9n) });
    expect(firstFailure(suite, machines([execution(), wrong, wrong]))).toBe('b');
    expect(firstFailure(suite, machines())).toBeNull();
  });
});

describe('the control', () => {
  it('counts what agrees and names what diverges', () => {
    const made = judge([result(), result({ verdict: 'diverge', name: 'seed 2 path 6' })]);
    const got = runControl(made, caseAt, 2, { start: 5, count: 3, choices: [] });
    expect(made.seen).toEqual(['seed 2 path 5', 'seed 2 path 6', 'seed 2 path 7']);
    expect(got).toEqual({ cases: 3, agree: 2, diverging: ['seed 2 path 6'] });
    expect(addControls([got, got])).toEqual({
      cases: 6,
      agree: 4,
      diverging: ['seed 2 path 6', 'seed 2 path 6'],
    });
  });
});
