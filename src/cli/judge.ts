/** Judging files, what check and conformance share: a bad file does not keep the others from being judged. */
import type { LoadedFile } from '../bpf/load.ts';
import { Checker } from '../checker.ts';
import { OracleError } from '../core/errors.ts';
import { type CaseResult, skipped } from '../oracle/case.ts';
import { tellBreach } from './breach.ts';
import { checkOptionsFor } from './case-options.ts';
import type { Outcomes } from './conclude.ts';
import type { Context } from './context.ts';
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
export function judgeFiles({ paths, of }: PartOfFiles, options: JudgeOptions, context: Context): Outcomes {
  const checker = new Checker(checkerOptionsOf(options));
  const results: CaseResult[] = [];
  const codes: ExitCode[] = [];
  try {
    for (const path of paths) {
      try {
        const isBeside = of > 1 && isDirectory(path);
        const result = isBeside
          ? skipped(path, { kind: 'file', why: 'a directory' })
          : judgeFile(path, options, checker);
        results.push({ ...result, file: path });
        codes.push(tellBreach(result, result.name, context.io));
      } catch (error) {
        if (error instanceof OracleError && error.kind === 'usage') throw error;
        const code = exitCodeOf(error);
        codes.push(code);
        context.io.stderr(failureText(error, context));
        const why = error instanceof Error ? error.message : String(error);
        const kind = code === EXIT.bad ? 'bad-input' : 'failed';
        results.push({ ...skipped(path, { kind, why }), file: path });
        // Without a working engine the rest would fail alike.
        if (error instanceof OracleError && error.kind === 'engine') break;
      }
    }
  } finally {
    checker.close();
  }
  return { results, exitCode: worst(codes) };
}

function judgeFile(path: string, options: JudgeOptions, checker: Checker): CaseResult {
  const loaded = loadFile(path, options);
  const why = loaded.skip ?? expectedErrorSkip(loaded);
  if (why !== undefined) return skipped(loaded.name, { kind: 'file', why });
  return checker.check(loaded, { ...checkOptionsFor(path, options), lint: options.lint });
}

/** Messages of other BPF machines: there is nothing to compare them with. */
function expectedErrorSkip({ expectedError }: LoadedFile): string | undefined {
  return expectedError === undefined ? undefined : `it states an error, not a result: "${expectedError}"`;
}
