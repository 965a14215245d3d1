/** Cases that workers left when they ended: what brought one process down is not run in this one. */
import { spawnSync } from 'node:child_process';
import { OracleError } from '../core/errors.ts';
import { skipped } from '../oracle/case.ts';
import type { CorpusCase } from '../report/fuzz-report.ts';
import type { Context } from './context.ts';
import { failureText } from './failure.ts';
import { PATIENCE_MS, replayCommand } from './fuzz-confirm.ts';
import { Corpus } from './fuzz-corpus.ts';

export interface Leftovers {
  /** Those that end a process; told as errors. */
  readonly deadly: readonly CorpusCase[];
  readonly others: readonly string[];
}

/** Runs those of the files that workers left in a process each, to see whether it lives. */
export function sortLeftovers(paths: readonly string[], jit: string, context: Context): Leftovers {
  const deadly: CorpusCase[] = [];
  const others: string[] = [];
  for (const path of paths) {
    const why = Corpus.isLeftover(path) ? whyDeadly(path, jit) : undefined;
    if (why === undefined) others.push(path);
    else {
      const error = new OracleError('engine', {
        what: 'fuzz',
        where: path,
        why: `${why}; remove it to go on without`,
      });
      context.io.stderr(failureText(error, context));
      const result = skipped(path, { kind: 'failed', why });
      deadly.push({ path, result: { ...result, verdict: 'inconclusive', file: path } });
    }
  }
  return { deadly, others };
}

function whyDeadly(file: string, jit: string): string | undefined {
  const { signal, error } = spawnSync(process.execPath, replayCommand(file, jit), {
    stdio: 'ignore',
    timeout: PATIENCE_MS,
    killSignal: 'SIGKILL',
  });
  if (error !== undefined) return `a process that runs it does not end within ${PATIENCE_MS / 1000} s`;
  // Ctrl-C is for this process, too.
  return signal === null || signal === 'SIGINT' ? undefined : `${signal} ends a process that runs it`;
}
