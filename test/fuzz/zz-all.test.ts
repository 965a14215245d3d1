import { it } from 'vitest';
import { load } from '../../src/bpf/load.ts';
import { runCampaign } from '../../src/fuzz/campaign.ts';
import { MUTANTS } from '../../src/mutant/index.ts';
import { localPool } from './local-pool.ts';
import { mutated } from './mutated.ts';

it('all', async () => {
  const rows: string[] = [];
  for (const { name } of MUTANTS) {
    const files = new Map<string, string>();
    const pool = localPool(1, { seed: 1, checker: { compile: mutated(name) } });
    const t = performance.now();
    try {
    const s = await runCampaign({ seed: 1, runs: 2000, maxFailures: 1, pool, isStopped: () => false, save: (f) => { files.set(f.bucket, f.text); return f.bucket; }, confirm: async () => 'diverges' });
    rows.push(`${name}: ran ${s.summary.ran} ${((performance.now() - t) / 1000).toFixed(1)}s ` + s.failures.map((f) => { const p = load(new TextEncoder().encode(files.get(f.file)), { fileName: 'x.data' }).program; return `[${f.bucket} ×${f.count} at ${f.path.index}: ${p.subprogs.length}f ${p.insns.filter((i) => i).length}i${f.isMinimal ? '' : '!'}]`; }).join(' '));
    } catch (e) { rows.push(`${name}: ERROR ${(e as Error).message}`); }
    pool.close();
  }
  (await import('node:fs')).writeFileSync('/tmp/fz/all.txt', rows.join('\n'));
}, 1e9);
