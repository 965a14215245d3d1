/**
 * What `explain` prints of saved cases, as it stands in golden/: to be read cold, as somebody does whose JIT has just
 * failed. After a change of words or layout: `npx vitest run test/report/explain -u`, and read them again.
 */
import { readdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { Checker } from '../../../src/checker.ts';
import { checkerOptionsOf } from '../../../src/cli/jit-choice.ts';
import { openCase } from '../../../src/cli/open-case.ts';
import { explanation } from '../../../src/report/explain/explanation.ts';
import { explainText } from '../../../src/report/explain/text.ts';

const folder = fileURLToPath(new URL('cases/', import.meta.url));

/** As `bpf-oracle explain <name>` prints it in the folder of the case. */
function explain(name: string): string {
  const { subject, options, setup, source } = openCase(folder + name, {
    jit: 'builtin',
    bmi2: true,
    endbr: false,
  });
  const checker = new Checker(checkerOptionsOf(setup));
  try {
    const explained = checker.explain(subject, { ...options, name });
    const replay = source.replay.replace(folder, '');
    return explainText(explanation(explained, { ...source, replay }), {
      color: false,
      columns: 100,
      syntax: 'att',
    });
  } finally {
    checker.close();
  }
}

describe('explain, of a case that', () => {
  it.each(readdirSync(folder))('%s diverges on', async (name) => {
    const text = explain(name);
    expect(text.split('\n').length).toBeLessThanOrEqual(41);
    await expect(text).toMatchFileSnapshot(`golden/${name.replace('.data', '.txt')}`);
  });
});
