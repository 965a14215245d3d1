/** Of each JIT with a bug, the text names the guilty instruction in its first five lines. */
import { describe, expect, it } from 'vitest';
import { Checker } from '../../../src/checker.ts';
import { mutantCompile } from '../../../src/cli/mutant-oracles.ts';
import { laneOf } from '../../../src/cli/mutants-work.ts';
import type { LaneName } from '../../../src/core/lane-names.ts';
import { judgeCase, type Subject } from '../../../src/fuzz/judge.ts';
import { laneCases } from '../../../src/fuzz/kill-lanes.ts';
import { CaseStream } from '../../../src/fuzz/kill-trial.ts';
import { validMix } from '../../../src/fuzz/lanes.ts';
import { minimise } from '../../../src/fuzz/minimise.ts';
import type { CasePath } from '../../../src/fuzz/path.ts';
import { ALL_MUTANTS, type Mutant } from '../../../src/mutant/index.ts';
import type { Explained } from '../../../src/oracle/explained.ts';
import { explanation } from '../../../src/report/explain/explanation.ts';
import { explainText } from '../../../src/report/explain/text.ts';
import { insnText } from '../../../src/report/insn-text.ts';

const STREAMS = new Map<LaneName, CaseStream[]>();
function streamsOf(lane: LaneName): CaseStream[] {
  const streams = STREAMS.get(lane) ?? [1, 2].map((seed) => new CaseStream(seed, () => 0, laneCases(lane)));
  STREAMS.set(lane, streams);
  return streams;
}
const CASES = 3000;
/** Enough for a program that is small; the smallest would take longer. */
const SHRINKS = 60;

interface Find {
  readonly seed: number;
  readonly path: CasePath;
  readonly subject: Subject;
}

function firstKill(checker: Checker, mutant: Mutant): Find | undefined {
  for (const cases of streamsOf(laneOf(mutant))) {
    for (let index = 0; index < CASES; index++) {
      const path = { index, choices: [] };
      const { subject } = cases.at(index);
      const { verdict } = judgeCase(checker, subject, cases.seed, path);
      if (verdict === 'diverge') return { seed: cases.seed, path, subject };
    }
  }
  return undefined;
}

/** A case that shows the bug, shrunk, and explained. */
function explainBug(mutant: Mutant): Explained {
  const compile = mutantCompile(mutant);
  const checker = new Checker({ compile });
  try {
    const found = firstKill(checker, mutant);
    if (found === undefined) expect.fail('no case shows it');
    const open = () => new Checker({ compile });
    const mix = { ...validMix(), lanes: [laneOf(mutant)] };
    const { subject } = minimise({ ...found, mix, open, maxRuns: SHRINKS });
    const { program, input, jit = {} } = subject;
    return checker.explain(program, { memory: input.memory, steps: 2, jit });
  } finally {
    checker.close();
  }
}

const head = (text: string): string => text.split('\n').slice(0, 5).join('\n');
const lost: string[] = [];

describe('explain names what is broken:', () => {
  it.each(ALL_MUTANTS.map((mutant) => [mutant.name, mutant] as const))('%s', (name, mutant) => {
    const explained = explainBug(mutant);
    const { program, culprit } = explained.result;
    const data = explanation(explained, { replay: 'again', reshrink: null, origin: null });
    const text = explainText(data, { color: false, columns: 100, syntax: 'att' });
    expect(text.trimEnd().split('\n').length).toBeLessThanOrEqual(40);
    for (const line of text.split('\n')) expect(line.length).toBeLessThanOrEqual(100);
    const insn = culprit?.pc == null || program === null ? '' : insnText(program, culprit.pc);
    const { stages, insn: guilty = /^/ } = mutant.guilty;
    if (culprit === null || !stages.includes(culprit.stage) || !guilty.test(insn)) {
      lost.push(name);
      return;
    }
    expect(head(text)).toContain(`(stage: ${culprit.stage})`);
    if (culprit.stage === 'prologue') expect(head(text)).toContain('prologue of ');
    else expect(head(text)).toContain(`insn ${culprit.pc} of ${data.culprit?.subprogName}: ${insn}`);
    const bytes = data.culprit?.native.map((row) => row.bytes).join('') ?? '';
    const [shown] = /^native {2}(?:[0-9a-f]{2} )+/m.exec(head(text)) ?? [];
    if (bytes === '') expect(head(text)).toContain('it became no code');
    else expect(bytes).toContain(shown?.replace('native', '').replaceAll(' ', ''));
    expect(head(text)).toMatch(/^what {4}\S/m);
  });

  it('all but a few are localised', () => {
    expect(lost.length, `not localised: ${lost.join(', ')}`).toBeLessThanOrEqual(3);
  });
});
