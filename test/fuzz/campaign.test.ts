import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { bpfProgram } from '../../src/arb/program.ts';
import { OPCODE_FORMS } from '../../src/bpf/opcode-forms.ts';
import { type CampaignState, type Confirmation, runCampaign } from '../../src/fuzz/campaign.ts';
import { campaignRandom } from '../../src/fuzz/case-random.ts';
import { digestOf } from '../../src/fuzz/digest.ts';
import { caseAt } from '../../src/fuzz/generate.ts';
import { localPool } from './local-pool.ts';
import { type Compile, mutated } from './mutated.ts';

interface Options {
  readonly workers: number;
  readonly seed?: number;
  readonly runs?: number;
  readonly compile?: Compile;
  readonly confirmation?: Confirmation;
  readonly maxFailures?: number;
  readonly vacuityEvery?: number;
}

async function campaign(options: Options): Promise<CampaignState> {
  const { workers, seed = 5, runs = 300, compile, confirmation = 'diverges', maxFailures } = options;
  const { vacuityEvery = 0 } = options;
  const pool = localPool(workers, {
    seed,
    maxShrinkRuns: 40,
    vacuityEvery,
    ...(compile === undefined ? {} : { checker: { compile } }),
  });
  try {
    return await runCampaign({
      seed,
      runs,
      pool,
      maxFailures,
      isStopped: () => false,
      save: ({ bucket }) => bucket,
      confirm: async () => confirmation,
    });
  } finally {
    pool.close();
  }
}

const swapped = (): Compile => mutated('swap-args-7-8-kfunc');

const essence = ({ digest, summary, failures, statistics }: CampaignState) => ({
  digest,
  summary,
  insns: statistics.insns(),
  failures: failures.map(({ bucket, count, path, shrinks }) => ({ bucket, count, path, shrinks })),
});

describe('runCampaign', () => {
  it('takes the calls out of a share of the cases that the seed chooses', async () => {
    const all = { workers: 2, runs: 130 };
    const none = (await campaign(all)).vacuous;
    expect(none).toMatchObject({ sampled: 0, calls: 0 });
    const every = (await campaign({ ...all, vacuityEvery: 1 })).vacuous;
    expect(every.noCall).toBe(none.noCall);
    expect(every.sampled + every.noCall).toBe(130);
    expect(every.callsWithoutEffect).toBeGreaterThan(0);
    expect(every.callWithoutEffect / every.sampled).toBeLessThan(0.1);
    // Cases 7 and 72 of seed 7, 3 and 68 of seed 3.
    expect((await campaign({ ...all, seed: 7, vacuityEvery: 64 })).vacuous.sampled).toBe(2);
    expect((await campaign({ ...all, seed: 3, runs: 68, vacuityEvery: 64 })).vacuous.sampled).toBe(1);
    expect((await campaign({ ...all, seed: 3, runs: 69, vacuityEvery: 64 })).vacuous.sampled).toBe(2);
  });

  it('makes the same cases whatever the number of workers', async () => {
    const [one, two, three] = [
      await campaign({ workers: 1 }),
      await campaign({ workers: 2 }),
      await campaign({ workers: 3 }),
    ];
    expect(essence(two)).toEqual(essence(one));
    expect(essence(three)).toEqual(essence(one));
    expect(one.summary).toEqual({ ran: 300, agree: 300, diverge: 0, inconclusive: 0, skipped: 0 });
  });

  it('makes other cases with another seed', async () => {
    const [a, b] = [await campaign({ workers: 1, seed: 1 }), await campaign({ workers: 1, seed: 2 })];
    expect(a.digest).not.toBe(b.digest);
  });

  it('finds the same failures whatever the number of workers, one a bucket', async () => {
    const options = { runs: 200, compile: swapped() };
    const one = await campaign({ ...options, workers: 1 });
    const two = await campaign({ ...options, workers: 2 });
    expect(essence(two)).toEqual(essence(one));
    expect(new Set(one.failures.map(({ bucket }) => bucket)).size).toBe(one.failures.length);
    const hits = one.failures.reduce((sum, { count }) => sum + count, 0);
    expect(hits).toBe(one.summary.diverge);
    expect(hits).toBeGreaterThan(one.failures.length);
  });

  it('stops after so many failures', async () => {
    const state = await campaign({ workers: 1, runs: 2000, compile: swapped(), maxFailures: 1 });
    expect(state.failures.length).toBeGreaterThanOrEqual(1);
    expect(state.summary.ran).toBeLessThan(2000);
  });

  it('says of a failure that a fresh process does not reproduce that it is not confirmed', async () => {
    const state = await campaign({ workers: 1, runs: 64, compile: swapped(), confirmation: 'agrees' });
    expect(state.failures.map(({ confirmed }) => confirmed)).toEqual(state.failures.map(() => 'agrees'));
  });

  it('covers what it ran', async () => {
    const { calls, opcodes } = await campaign({ workers: 1, runs: 600 });
    for (let args = 0; args <= 12; args++) {
      expect(calls.of('bpf', args)).toBeGreaterThan(0);
      expect(calls.of('kfunc', args)).toBeGreaterThan(0);
    }
    expect(calls.of('helper', 6)).toBe(0);
    // Those of the verifier's making are another lane's.
    const missing = opcodes.forms().filter(({ form, count }) => OPCODE_FORMS.includes(form) && count === 0);
    expect(missing).toEqual([]);
  });
});

describe('campaignRandom', () => {
  it('makes fast-check draw the cases of the campaign', () => {
    const seen: string[] = [];
    fc.assert(
      fc.property(bpfProgram(), (generated) => void seen.push(digestOf(generated))),
      { seed: 9, numRuns: 20, randomType: campaignRandom },
    );
    const want = Array.from({ length: 20 }, (_, index) => digestOf(caseAt(9, { index, choices: [] })));
    expect(seen).toEqual(want);
  });

  it('makes fast-check follow the paths of the campaign', () => {
    const seen: string[] = [];
    fc.check(
      fc.property(bpfProgram(), (generated) => {
        seen.push(digestOf(generated));
        return false;
      }),
      { seed: 9, path: '4:1:0:2', endOnFailure: true, randomType: campaignRandom },
    );
    expect(seen[0]).toBe(digestOf(caseAt(9, { index: 4, choices: [1, 0, 2] })));
  });
});
