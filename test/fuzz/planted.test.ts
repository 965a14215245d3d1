import { describe, expect, it } from 'vitest';
import { load } from '../../src/bpf/load.ts';
import type { Program } from '../../src/bpf/program.ts';
import { Checker } from '../../src/checker.ts';
import { type CampaignState, runCampaign } from '../../src/fuzz/campaign.ts';
import { localPool } from './local-pool.ts';
import { type Compile, mutated } from './mutated.ts';

const CASES = 2000;

/** Fuzzes a JIT until the first failure; a case counts as confirmed if a new checker sees it diverge too. */
async function fuzz(compile: Compile): Promise<{ state: CampaignState; files: Map<string, string> }> {
  const files = new Map<string, string>();
  const pool = localPool(1, { seed: 1, checker: { compile } });
  const state = await runCampaign({
    seed: 1,
    runs: CASES,
    maxFailures: 1,
    pool,
    isStopped: () => false,
    save: ({ bucket, text }) => {
      files.set(bucket, text);
      return bucket;
    },
    confirm: async (file) => {
      const checker = new Checker({ compile });
      try {
        return checker.check(loaded(files, file)).verdict === 'diverge' ? 'diverges' : 'agrees';
      } finally {
        checker.close();
      }
    },
  });
  pool.close();
  return { state, files };
}

const loaded = (files: ReadonlyMap<string, string>, file: string) =>
  load(new TextEncoder().encode(files.get(file) ?? ''), { fileName: 'shrunk.data' });

const insnCount = (program: Program): number => program.insns.filter((insn) => insn !== undefined).length;

/** Of each kind of bug that stack arguments invite, one. */
const BUGS = [
  'swap-args-7-8-kfunc',
  'arg6-left-in-slot',
  'outgoing-area-8-too-small',
  'outgoing-max-from-last-call',
  'arg6-imm-zero-extended',
  'arg6-imm-falls-through',
  'second-exit-pops-reversed',
  'r13-for-rbp',
  'add32-as-64',
];

describe('fuzz', () => {
  it.each(BUGS)('finds within 2,000 cases and shrinks: %s', async (name) => {
    const { state, files } = await fuzz(mutated(name));
    const smallest = state.failures.map(({ file }) => {
      const { program } = loaded(files, file);
      return { functions: program.subprogs.length, insns: insnCount(program) };
    });
    expect(state.failures).not.toEqual([]);
    expect(state.failures.map(({ confirmed }) => confirmed)).toEqual(smallest.map(() => 'diverges'));
    smallest.sort((a, b) => a.insns - b.insns);
    expect(smallest[0]?.functions).toBeLessThanOrEqual(2);
    expect(smallest[0]?.insns).toBeLessThanOrEqual(12);
  });
});
