/** Judging files, what check and conformance share: a bad file does not keep the others from being judged. */
import type { LoadedFile } from '../bpf/load.ts';
import { Checker } from '../checker.ts';
import { OracleError } from '../core/errors.ts';
import { type CaseResult, skipped } from '../oracle/case.ts';
import type { Explained } from '../oracle/explained.ts';
import { tellBreach } from './breach.ts';
import { checkOptionsFor } from './case-options.ts';
import { switchesIn } from './case-setup.ts';
import type { Outcomes } from './conclude.ts';
import type { Context } from './context.ts';
import type { Explainer, Judge } from './explainer.ts';
import { EXIT, type ExitCode, exitCodeOf, failureText, worst } from './failure.ts';
import { checkerOptionsOf } from './jit-choice.ts';
import { loadFile } from './load-file.ts';
import type { InputOptions, LintChoice, ReadOptions, Setup } from './options.ts';
import { isDirectory } from './read-file.ts';
import type { PartOfFiles } from './shard-option.ts';

export type JudgeOptions = ReadOptions & InputOptions & Setup & LintChoice;

/**
 * Judges each file; errors are told on standard error as they come. A directory named beside files is skipped,
 * so that a shell's `examples/*` may hold some; alone it is bad input.
 */
export function judgeFiles(
  { paths, of }: PartOfFiles,
  options: JudgeOptions,
  explainer: Explainer,
  context: Context,
): Outcomes {
  const checker = new Checker(checkerOptionsOf(options));
  const judge = explainer.over(checker);
  const results: CaseResult[] = [];
  const explained: (Explained | null)[] = [];
  const codes: ExitCode[] = [];
  try {
    for (const path of paths) {
      try {
        const isBeside = of > 1 && isDirectory(path);
        const result = isBeside
          ? skipped(path, { kind: 'file', why: 'a directory' })
          : judgeFile(path, options, judge);
        results.push({ ...result, file: path });
        explained.push(explainer.take());
        codes.push(tellBreach(result, result.name, context.io));
      } catch (error) {
        if (error instanceof OracleError && error.kind === 'usage') throw error;
        const { result, code } = unjudged(path, error, context);
        codes.push(code);
        results.push(result);
        explained.push(null);
        // Without a working engine the rest would fail alike.
        if (error instanceof OracleError && error.kind === 'engine') break;
      }
    }
  } finally {
    checker.close();
  }
  return { results, explained, exitCode: worst(codes) };
}

/** What cannot be judged is told on standard error. */
export function unjudged(
  path: string,
  error: unknown,
  context: Context,
): { readonly result: CaseResult; readonly code: ExitCode } {
  const code = exitCodeOf(error);
  context.io.stderr(failureText(error, context));
  const why = error instanceof Error ? error.message : String(error);
  const kind = code === EXIT.bad ? 'bad-input' : 'failed';
  return { result: { ...skipped(path, { kind, why }), file: path }, code };
}

function judgeFile(path: string, options: JudgeOptions, judge: Judge): CaseResult {
  const loaded = loadToJudge(path, options);
  return 'verdict' in loaded
    ? loaded
    : judge.check(loaded, {
        ...checkOptionsFor(path, options),
        lint: options.lint,
        jit: switchesIn(loaded.oracle ?? new Map(), path),
      });
}

/** The file's program, or why it is not run. Throws as `loadFile`. */
export function loadToJudge(path: string, options: ReadOptions): LoadedFile | CaseResult {
  const loaded = loadFile(path, options);
  const why = loaded.skip ?? expectedErrorSkip(loaded);
  return why === undefined ? loaded : skipped(loaded.name, { kind: 'file', why });
}

/** Messages of other BPF machines: there is nothing to compare them with. */
function expectedErrorSkip({ expectedError }: LoadedFile): string | undefined {
  return expectedError === undefined ? undefined : `it states an error, not a result: "${expectedError}"`;
}
