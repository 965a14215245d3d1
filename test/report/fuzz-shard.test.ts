/** Parts of a campaign, put together from their documents. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { badInput } from '../../src/core/errors.ts';
import type { Part } from '../../src/core/part.ts';
import { type CampaignState, type Confirmation, runCampaign } from '../../src/fuzz/campaign.ts';
import { CaseDigest } from '../../src/fuzz/digest.ts';
import { caseAt } from '../../src/fuzz/generate.ts';
import { compile } from '../../src/jit/compile.ts';
import { summarise } from '../../src/oracle/case.ts';
import { readDocument } from '../../src/report/documents/read.ts';
import { fuzzJson, type JsonFuzzReport } from '../../src/report/fuzz-json.ts';
import { fuzzText } from '../../src/report/fuzz-text.ts';
import { type MergedReport, merge } from '../../src/report/merge.ts';
import { localPool } from '../fuzz/local-pool.ts';
import { type Compile, mutated } from '../fuzz/mutated.ts';

const SEED = 5;
const RUNS = 250;

interface Campaign {
  readonly part?: Part;
  readonly compile: Compile;
  readonly confirm: (bucket: string) => Confirmation;
}

async function campaign({ part, compile, confirm }: Campaign): Promise<CampaignState> {
  const pool = localPool(2, { seed: SEED, maxShrinkRuns: 20, vacuityEvery: 9, checker: { compile } });
  try {
    return await runCampaign({
      seed: SEED,
      runs: RUNS,
      part,
      pool,
      isStopped: () => false,
      save: ({ bucket, path }) => `${bucket}-${path.index}`,
      confirm: async (file) => confirm(file.replace(/-\d+$/, '')),
    });
  } finally {
    pool.close();
  }
}

const NONE = summarise([]);

function text(state: CampaignState, seconds: number, part?: Part): string {
  const failures = state.failures.map((failure) => ({ failure, result: null }));
  const shard = part === undefined ? {} : { shard: { ...part, settings: {}, trouble: 0 } };
  return fuzzJson({ state, seconds, corpus: [], corpusSummary: NONE, failures, ...shard });
}

function mergeTexts(texts: readonly string[]): Extract<MergedReport, { kind: 'fuzz' }>['fuzz'] {
  const report = merge(
    texts.map((each, i) => ({ where: `${i}.json`, document: readDocument(each, `${i}.json`) })),
  );
  if (report.kind !== 'fuzz') expect.fail('it is no report of fuzz');
  return report.fuzz;
}

const untimed = (document: string): unknown => {
  const { seconds: _s, casesPerSecond: _c, ...rest }: JsonFuzzReport = JSON.parse(document);
  return rest;
};

/** A JIT with a bug that refuses every seventh program. */
function choosy(mutant: string): Compile {
  const compile = mutated(mutant);
  return (program) => {
    if (program.insns.length % 7 === 0)
      throw badInput('compile', program.name, 'its length is divisible by 7');
    return compile(program);
  };
}

describe('merge of the parts of a campaign', () => {
  it.each<[string, Compile, Campaign['confirm'], number]>([
    ['of a sound JIT', (program) => compile(program).image, () => 'diverges', 4],
    ['with failures', mutated('st-dw-writes-32'), () => 'diverges', 4],
    [
      'with failures of which some cannot be confirmed',
      mutated('arsh32-as-64'),
      (bucket) => (bucket.includes('64') ? 'diverges' : 'agrees'),
      3,
    ],
    ['of a JIT that refuses programs', choosy('swap-args-7-8-kfunc'), () => 'diverges', 4],
    ['with failures that nothing confirms', mutated('swap-args-7-8-bpf'), () => 'cannot run', 2],
  ])('is the document of the whole: %s', async (name, compile, confirm, count) => {
    const options = { compile, confirm };
    const whole = await campaign(options);
    const texts: string[] = [];
    for (let index = 1; index <= count; index++) {
      const part = { index, count };
      texts.push(text(await campaign({ ...options, part }), index, part));
    }
    const merged = mergeTexts(texts.toReversed());
    expect(whole.failures.length > 0).toBe(name !== 'of a sound JIT');
    expect(untimed(fuzzJson(merged))).toEqual(untimed(text(whole, 9)));
    expect(merged.seconds).toBe(count);
    const failures = whole.failures.map((failure) => ({ failure, result: null }));
    const single = { state: whole, seconds: count, corpus: [], failures };
    expect(fuzzText(merged, { color: false })).toBe(fuzzText(single, { color: false }));
  });
});

describe('CaseDigest', () => {
  it('is the sum of the digests of any parts, in any order', () => {
    const subjects = Array.from({ length: 24 }, (_, index) => caseAt(SEED, { index, choices: [] }));
    const digestOf = (indices: readonly number[]): string => {
      const digest = new CaseDigest();
      for (const index of indices) digest.add(index, subjects[index] ?? expect.fail('no such case'));
      return digest.toString();
    };
    const whole = digestOf(subjects.map((_, index) => index));
    fc.assert(
      fc.property(fc.array(fc.nat({ max: 4 }), { minLength: 24, maxLength: 24 }), (owners) => {
        const parts = [0, 1, 2, 3, 4].map((owner) =>
          digestOf(owners.flatMap((each, index) => (each === owner ? [index] : []))),
        );
        const sum = new CaseDigest();
        for (const part of fc.sample(fc.shuffledSubarray(parts, { minLength: 5 }), 1)[0] ?? [])
          sum.addText(part);
        expect(sum.toString()).toBe(whole);
      }),
      { seed: 1, numRuns: 200 },
    );
    expect(digestOf([0, 1, 2])).not.toBe(digestOf([0, 1, 3]));
  });
});
