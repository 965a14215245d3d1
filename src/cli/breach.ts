/** Telling of a program that is refused for breaking a rule of stack arguments: it is bad input. */
import type { CaseResult } from '../oracle/case.ts';
import { reasonText } from '../report/words.ts';
import { EXIT, type ExitCode } from './failure.ts';
import type { Io } from './io.ts';

/** One line on standard error, if it is; the exit code that goes with it. */
export function tellBreach(result: CaseResult, where: string, io: Io): ExitCode {
  if (result.reason?.kind !== 'contract') return EXIT.ok;
  const why = reasonText(result.reason, result);
  io.stderr(
    `bpf-oracle: lint: ${where}: ${why}; see \`bpf-oracle lint\` for how it gets there, --no-lint runs it\n`,
  );
  return EXIT.bad;
}
