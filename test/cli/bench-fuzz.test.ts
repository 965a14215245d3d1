import { describe, expect, it } from 'vitest';
import { firstCases } from '../../src/bench/cases.ts';
import { encodeWords } from '../../src/bpf/encode.ts';
import { Checker } from '../../src/checker.ts';
import { type FuzzRun, FuzzRuns, type WantedRun, warmPartOf } from '../../src/cli/bench-fuzz.ts';
import { openUnicorn } from '../../src/emu/unicorn.ts';
import { CaseDigest } from '../../src/fuzz/digest.ts';
import { Shard } from '../../src/fuzz/shard.ts';
import { compile } from '../../src/jit/compile.ts';

const summary = { ran: 3000, agree: 3000, diverge: 0, inconclusive: 0, skipped: 0 };
const pace = [
  { cases: 1024, seconds: 2 },
  { cases: 2048, seconds: 3 },
];

it('a run is warm from the mark on that is nearest to its half', () => {
  const part = warmPartOf({ summary, seconds: 3.952, pace });
  expect(part.warmNs).toBeCloseTo(1e6, 6);
  expect(part.warmFrom).toBe(2048);
  const shorter = warmPartOf({ summary: { ...summary, ran: 2048 }, seconds: 3, pace });
  expect(shorter.warmNs).toBeCloseTo(1e9 / 1024, 6);
  expect(shorter.warmFrom).toBe(1024);
  expect(warmPartOf({ summary, seconds: 3 })).toEqual({ warmNs: 1e6, warmFrom: 0 });
});

describe('whole runs', () => {
  const ran = ({ cases, lane, workers }: WantedRun): FuzzRun => ({
    ...{ cases, agree: cases, digest: `${lane} ${cases}`, megabytes: 10 },
    ...{ ns: 3000 / workers, warmNs: 2000 / workers, warmFrom: cases / 2 },
  });

  it('give each worker the same number of cases', () => {
    const order: string[] = [];
    const runs = new FuzzRuns(['unicorn', 'silicon'], 100, (which) => {
      order.push(`${which.engine} ${which.lane} ${which.workers}`);
      return ran(which);
    });
    runs.round();
    runs.round();
    const engines = ['unicorn', 'silicon'];
    const turn = engines.flatMap((engine) =>
      ['valid', 'mix'].flatMap((lane) => [1, 2].map((n) => `${engine} ${lane} ${n}`)),
    );
    expect(order).toEqual([...turn, ...turn]);
    const figures = runs.figures();
    expect(
      figures.slice(0, 4).map(({ lane, workers, cases, warmFrom }) => [lane, workers, cases, warmFrom]),
    ).toEqual([
      ['valid', 1, 200, 100],
      ['valid', 2, 400, 100],
      ['mix', 1, 100, 50],
      ['mix', 2, 200, 50],
    ]);
    expect(figures[1]).toMatchObject({
      casesPerSecond: 1e9 / 1500,
      warmCasesPerSecond: 1e6,
      digest: 'valid 400',
    });
  });

  it('are none if none are asked for', () => {
    const runs = new FuzzRuns(['unicorn'], 0, ran);
    runs.round();
    expect(runs.figures()).toEqual([]);
  });

  it('of other cases are no figures: neither between engines nor between rounds', () => {
    const engines = new FuzzRuns(['unicorn', 'silicon'], 100, (which) =>
      which.engine === 'silicon' && which.lane === 'mix' ? { ...ran(which), digest: 'other' } : ran(which),
    );
    expect(() => engines.round()).toThrow(
      'bench: fuzz, lanes mix, 100 cases: they are not the same cases: unicorn ran 100 with the digest mix 100, ' +
        'silicon ran 100 with the digest other; no rates of theirs can be compared; report it',
    );
    let round = 0;
    const rounds = new FuzzRuns(['unicorn'], 100, (which) => ({
      ...ran(which),
      digest: `${which.cases} ${round}`,
    }));
    rounds.round();
    round = 1;
    expect(() => rounds.round()).toThrow('unicorn ran 200 with the digest 200 1');
  });

  it('that ended early are no figures', () => {
    const runs = new FuzzRuns(['unicorn'], 100, (which) => ({ ...ran(which), cases: which.cases - 1 }));
    expect(() => runs.round()).toThrow('unicorn ran 199');
  });
});

it('bare Unicorn has the cases of fuzz --lane valid --seed 1', () => {
  const digest = new CaseDigest();
  const checker = new Checker({ engine: () => openUnicorn() });
  firstCases(64).forEach((made, index) => {
    const { program, input } = made;
    digest.add(index, made, encodeWords(program.insns));
    const { image } = checker.check(program, { name: `${index}`, memory: input.memory });
    expect(image?.code).toEqual(compile(program).image.code);
  });
  checker.close();
  const shard = new Shard({ seed: 1, open: () => new Checker({ engine: () => openUnicorn() }) });
  const report = shard.runBlock({ start: 0, count: 64, choices: [] });
  shard.close();
  expect(report.digest).toEqual(digest.lanes());
});
