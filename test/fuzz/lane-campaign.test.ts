/** Campaigns of every lane: shares, verdicts, and what becomes of a case that diverges. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { CONVENTION_NAMES } from '../../src/bpf/calling.ts';
import { checkerOptionsOf } from '../../src/cli/jit-choice.ts';
import { laneMixOf } from '../../src/cli/lane-mix.ts';
import type { LaneName } from '../../src/core/lane-names.ts';
import { type CampaignState, runCampaign } from '../../src/fuzz/campaign.ts';
import { LANES, shareOf } from '../../src/fuzz/lanes.ts';
import { laneRows } from '../../src/report/lane-words.ts';
import { cli } from '../cli/cli.ts';
import { localPool } from './local-pool.ts';

let folder = '';
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'lanes-'));
});
afterAll(() => rmSync(folder, { recursive: true }));

const choiceOf = (convention: (typeof CONVENTION_NAMES)[number], jit = 'builtin') =>
  ({ jit, convention }) as const;

async function campaign(
  choice: ReturnType<typeof choiceOf>,
  runs: number,
  lane?: LaneName,
): Promise<CampaignState> {
  const { mix } = laneMixOf(choice, lane);
  const setup = new Map([['jit', [choice.jit]], ...(lane === undefined ? [] : [['lane', [lane]] as const])]);
  const pool = localPool(1, { seed: 1, mix, setup, checker: checkerOptionsOf(choice), maxShrinkRuns: 300 });
  try {
    return await runCampaign({
      seed: 1,
      runs,
      pool,
      isStopped: () => false,
      save: ({ bucket, text }) => {
        const file = join(folder, `${lane ?? 'mix'} ${bucket.replaceAll(/\W/g, ' ')}.data`);
        writeFileSync(file, text);
        return file;
      },
      confirm: async () => 'diverges',
    });
  } finally {
    pool.close();
  }
}

describe('a campaign', { timeout: 120_000 }, () => {
  it('counts each lane by its share', async () => {
    const choice = choiceOf('linux');
    const state = await campaign(choice, 128);
    const { mix, leftOut } = laneMixOf(choice);
    const rows = laneRows({ state, mix: { ...mix, leftOut } });
    expect(rows.map(({ name }) => name)).toEqual(mix.lanes);
    for (const { name, share, agree, diverge } of rows) {
      expect(share).toBe(shareOf(name, mix));
      expect([name, agree, diverge]).toEqual([name, 2 * share, 0]);
    }
  });

  it.each(CONVENTION_NAMES)('agrees in each lane under %s, or says why there is none', async (convention) => {
    for (const { name, refusal } of LANES) {
      const why = refusal?.(convention);
      if (why === undefined) {
        const { summary } = await campaign(choiceOf(convention), 64, name);
        expect([name, summary.agree]).toEqual([name, 64]);
      } else {
        expect(() => laneMixOf(choiceOf(convention), name)).toThrow(why);
        expect(laneMixOf(choiceOf(convention)).leftOut).toContainEqual({ name, why });
      }
    }
  });

  it('shrinks what diverges in a lane to a file that can be replayed and explained', async () => {
    const state = await campaign(choiceOf('linux', 'mutant:tail-call-limit-34'), 640);
    expect(state.lanes.of('tail-calls').diverge).toBeGreaterThan(0);
    expect(state.lanes.of('valid').diverge).toBe(0);
    const [failure] = state.failures;
    expect(failure?.shrinks).toBeGreaterThan(0);
    const file = failure?.file ?? '';
    expect(readFileSync(file, 'utf8')).toContain(', of the lane tail-calls');
    expect((await cli(['replay', file])).code).toBe(1);
    const explained = await cli(['explain', file]);
    expect(explained.stdout).toMatch(/guilty {2}insn \d+ of .*: call 12/);
    expect(explained.stdout).toContain('bpf-oracle fuzz --seed 1 --path');
  });

  it('remembers the lane it was asked for', async () => {
    const state = await campaign(choiceOf('linux', 'mutant:tail-call-limit-34'), 64, 'tail-calls');
    const file = state.failures[0]?.file ?? '';
    expect(readFileSync(file, 'utf8')).toContain('# oracle: lane tail-calls');
    expect((await cli(['explain', file])).stdout).toContain('--lane tail-calls');
    const text = readFileSync(file, 'utf8');
    const head = text.slice(0, text.indexOf('-- asm'));
    writeFileSync(join(folder, 'origin.data'), head);
    expect((await cli(['replay', join(folder, 'origin.data')])).code).toBe(1);
    writeFileSync(
      join(folder, 'none.data'),
      head.replace('oracle: lane tail-calls', 'oracle: lane of nobody'),
    );
    const none = await cli(['replay', join(folder, 'none.data')]);
    expect(none.code).toBe(2);
    expect(none.stderr).toContain('its lane is `of nobody`');
  });

  it('leaves lanes out that the JIT does not take', () => {
    expect(() => laneMixOf(choiceOf('linux', 'exec:false'), 'tail-calls')).toThrow(
      '--lane tail-calls: only the built-in JIT takes its programs',
    );
  });
});
