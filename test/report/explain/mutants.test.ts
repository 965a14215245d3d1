/** Of each JIT with a bug, the text names the guilty instruction in its first five lines. */
import { describe, expect, it } from 'vitest';
import type { ConventionName } from '../../../src/bpf/calling.ts';
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
import type { CaseResult } from '../../../src/oracle/case.ts';
import type { Explained } from '../../../src/oracle/explained.ts';
import { trampolineStepText } from '../../../src/oracle/native/locate.ts';
import { explanation } from '../../../src/report/explain/explanation.ts';
import { explainText } from '../../../src/report/explain/text.ts';
import { insnText } from '../../../src/report/insn-text.ts';

/** By lane and convention. */
const STREAMS = new Map<string, CaseStream[]>();
function streamsOf(lane: LaneName, convention: ConventionName): CaseStream[] {
  const key = `${lane} ${convention}`;
  const make = laneCases(lane, convention);
  const streams = STREAMS.get(key) ?? [1, 2].map((seed) => new CaseStream(seed, () => 0, make));
  STREAMS.set(key, streams);
  return streams;
}
const CASES = 3000;
/** Enough for a program that is small; the smallest would take longer. */
const SHRINKS = 60;

interface Find {
  readonly seed: number;
  readonly path: CasePath;
  readonly subject: Subject;
  readonly result: CaseResult;
}

/** The first case of a seed that shows the bug, as in the kill matrix. */
function firstKill(checker: Checker, cases: CaseStream): Find | undefined {
  for (let index = 0; index < CASES; index++) {
    const path = { index, choices: [] };
    const { subject } = cases.at(index);
    const result = judgeCase(checker, subject, cases.seed, path);
    if (result.verdict === 'diverge') return { seed: cases.seed, path, subject, result };
  }
  return undefined;
}

/** Whether localisation points where it should: what the kill matrix calls localised. */
function isLocalised(result: CaseResult, { stages, insn = /^/ }: Mutant['guilty']): boolean {
  const { culprit } = result;
  return culprit !== null && stages.includes(culprit.stage) && insn.test(guiltyInsn(result));
}

/** What `explain` says of each program that shows the bug and is localised: as it was drawn, and shrunk. */
function* explained(mutant: Mutant): Generator<Explained> {
  const compile = mutantCompile(mutant);
  const checker = new Checker({ compile });
  const explain = ({ program, input, jit = {} }: Subject): Explained =>
    checker.explain(program, { memory: input.memory, steps: 2, jit, lint: false });
  const { convention = 'linux' } = mutant;
  const mix = { ...validMix(), convention, lanes: [laneOf(mutant)] };
  try {
    const finds = streamsOf(laneOf(mutant), convention).flatMap((cases) => firstKill(checker, cases) ?? []);
    expect(finds.length, 'no case shows it').toBeGreaterThan(0);
    for (const { result, subject, ...found } of finds) {
      if (!isLocalised(result, mutant.guilty)) continue;
      yield explain(subject);
      const open = () => new Checker({ compile });
      yield explain(minimise({ ...found, mix, open, maxRuns: SHRINKS }).subject);
    }
  } finally {
    checker.close();
  }
}

/** LLVM text of the BPF instruction, or the trampoline's step. */
function guiltyInsn({ culprit, program, image }: CaseResult): string {
  if (culprit?.stage === 'trampoline') return trampolineStepText(image, culprit.offset);
  return culprit?.pc == null || program === null ? '' : insnText(program, culprit.pc);
}

const head = (text: string): string => text.split('\n').slice(0, 5).join('\n');
/** Of a saved case: both commands stand below. */
const SOURCE = { replay: 'again', reshrink: 'shrink', origin: { seed: 1, path: '2:3', shrinks: 1 } };

/** Its first five lines name the guilty instruction, and all of it can be read on a terminal. */
function expectNamed(told: Explained, mutant: Mutant): void {
  const { program, culprit } = told.result;
  if (program === null || culprit === null || !isLocalised(told.result, mutant.guilty))
    expect.fail(`points at ${culprit?.stage} of insn ${culprit?.pc}`);
  const data = explanation(told, SOURCE);
  const text = explainText(data, { color: false, columns: 100, syntax: 'att' });
  expect(text.trimEnd().split('\n').length).toBeLessThanOrEqual(40);
  for (const line of text.split('\n')) expect(line.length).toBeLessThanOrEqual(100);
  expect(head(text)).toContain(`(stage: ${culprit.stage})`);
  const insn = guiltyInsn(told.result);
  if (culprit.stage === 'trampoline') expect(head(text)).toContain(`trampoline: ${insn}`);
  else if (culprit.stage === 'prologue') expect(head(text)).toContain('prologue of ');
  else {
    expect(head(text)).toContain(`insn ${culprit.pc} of ${data.culprit?.subprogName}: ${insn}`);
  }
  const bytes = data.culprit?.native.map((row) => row.bytes).join('') ?? '';
  const [shown] = /^native {2}(?:[0-9a-f]{2} )+/m.exec(head(text)) ?? [];
  if (bytes === '') expect(head(text)).toContain('it became no code');
  else expect(bytes).toContain(shown?.replace('native', '').replaceAll(' ', ''));
  expect(head(text)).toMatch(/^what {4}\S/m);
}

const lost: string[] = [];

describe('explain names what is broken:', () => {
  it.each(ALL_MUTANTS.map((mutant) => [mutant.name, mutant] as const))('%s', (name, mutant) => {
    let count = 0;
    for (const told of explained(mutant)) {
      expectNamed(told, mutant);
      count++;
    }
    if (count === 0) lost.push(name);
  });

  it('all but a few are localised', () => {
    expect(lost.length, `not localised: ${lost.join(', ')}`).toBeLessThanOrEqual(3);
  });
});
