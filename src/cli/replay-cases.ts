/** Runs saved cases again: what replay and, for its corpus, fuzz share. */
import { join } from 'node:path';
import { parseDataFile } from '../bpf/data-file.ts';
import { textOf } from '../bpf/format.ts';
import { Checker } from '../checker.ts';
import { badInput, OracleError } from '../core/errors.ts';
import { judgeCase } from '../fuzz/judge.ts';
import type { Mix } from '../fuzz/lanes.ts';
import { mixedCaseAt } from '../fuzz/mix.ts';
import { originOf } from '../fuzz/running-case.ts';
import { type CaseResult, skipped } from '../oracle/case.ts';
import type { Explained } from '../oracle/explained.ts';
import { tellBreach } from './breach.ts';
import { laneOf, setupOf } from './case-setup.ts';
import type { Context } from './context.ts';
import type { Explainer, Judge } from './explainer.ts';
import { EXIT, type ExitCode, exitCodeOf, failureText, worst } from './failure.ts';
import { checkerOptionsOf } from './jit-choice.ts';
import { laneMixOf } from './lane-mix.ts';
import { loadFile } from './load-file.ts';
import type { LintChoice, Setup } from './options.ts';
import { isDirectory, listDirectory, readFile } from './read-file.ts';

export interface Replayed {
  readonly path: string;
  readonly result: CaseResult;
  /** Step by step, if a report asks for it. */
  readonly explained: Explained | null;
}

export interface Replay {
  readonly cases: readonly Replayed[];
  /** Of what could not be read or run; 0 if nothing of the kind. */
  readonly exitCode: ExitCode;
}

/** The case files a path names: itself, or the `.data` files of a folder. Throws an `input` error. */
export function caseFiles(path: string): string[] {
  if (!isDirectory(path)) return [path];
  const names = listDirectory(path).filter((name) => name.endsWith('.data'));
  return names.map((name) => join(path, name));
}

/** Runs each case in an engine of its own. A bad file is told and skipped. */
export function replayCases(
  paths: readonly string[],
  setup: Setup & Partial<LintChoice>,
  explainer: Explainer,
  context: Context,
): Replay {
  const cases: Replayed[] = [];
  const codes: ExitCode[] = [];
  for (const path of paths) {
    try {
      const result = replayCase(path, setup, explainer);
      cases.push({ path, result: { ...result, file: path }, explained: explainer.take() });
      codes.push(tellBreach(result, path, context.io));
    } catch (error) {
      const code = exitCodeOf(error);
      codes.push(code);
      context.io.stderr(failureText(error, context));
      const why = error instanceof Error ? error.message : String(error);
      const kind = code === EXIT.bad ? 'bad-input' : 'failed';
      cases.push({ path, result: { ...skipped(path, { kind, why }), file: path }, explained: null });
      // Without a working engine the rest would fail alike.
      if (error instanceof OracleError && error.kind === 'engine') break;
    }
  }
  return { cases, exitCode: worst(codes) };
}

/** Runs one case; the explainer has its steps. Throws `input` errors for what is not one, `engine` errors. */
export function replayCase(
  path: string,
  otherwise: Setup & Partial<LintChoice>,
  explainer: Explainer,
): CaseResult {
  const data = parseDataFile(textOf(readFile(path), path), path);
  const setup = setupOf(data.oracle, path, otherwise);
  const checker = new Checker(checkerOptionsOf(setup));
  try {
    const hasProgram = data.raw !== undefined || data.asm.trim() !== '';
    const judge = explainer.over(checker);
    return hasProgram
      ? replayProgram(path, judge, otherwise)
      : replayOrigin(path, data.oracle, judge, laneMixOf(setup, laneOf(data.oracle, path)).mix);
  } finally {
    checker.close();
  }
}

function replayProgram(path: string, judge: Judge, { lint = true }: Partial<LintChoice>): CaseResult {
  const loaded = loadFile(path, { format: 'data' });
  if (loaded.skip !== undefined) return skipped(path, { kind: 'file', why: loaded.skip });
  return judge.check(loaded, { vacuity: true, lint });
}

/** A file that names its case by seed and path alone. */
function replayOrigin(
  path: string,
  oracle: ReadonlyMap<string, readonly string[]>,
  judge: Judge,
  mix: Mix,
): CaseResult {
  const origin = originOf(oracle, path, mix);
  if (origin === undefined)
    throw badInput('read case', path, 'it has neither instructions nor `# oracle:` lines with seed and path');
  const result = judgeCase(judge, mixedCaseAt(origin.seed, origin.path, mix), origin.seed, origin.path, {
    vacuity: true,
  });
  return { ...result, name: `${path} (${result.name})` };
}
