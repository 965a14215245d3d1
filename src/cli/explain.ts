/** Runs the command `explain`. */
import { Checker } from '../checker.ts';
import { skipped, type VerdictName } from '../oracle/case.ts';
import type { Explained } from '../oracle/explained.ts';
import { type Explanation, explanation } from '../report/explain/explanation.ts';
import { explainText } from '../report/explain/text.ts';
import { explainHtml } from '../report/html/html.ts';
import type { Syntax } from '../x86/disasm.ts';
import { tellBreach } from './breach.ts';
import type { Context } from './context.ts';
import { EXIT, type ExitCode } from './failure.ts';
import { wantsColor } from './io.ts';
import { checkerOptionsOf } from './jit-choice.ts';
import { type CaseOptions, type OpenedCase, openCase } from './open-case.ts';
import type { LintChoice } from './options.ts';
import { pageAssets } from './page-assets.ts';
import { packageVersion } from './version.ts';
import { writeFile } from './write-file.ts';

export interface ExplainOptions extends CaseOptions, LintChoice {
  readonly syntax: Syntax;
  readonly reporter: 'text' | 'json' | 'html';
  readonly output?: string;
  readonly steps: number;
}

/** The text needs no more than what is right after the culprit. */
const TEXT_STEPS = 2;
/** Of what is no terminal. */
const COLUMNS = 100;
const MIN_COLUMNS = 40;

const EXIT_CODES: Readonly<Record<VerdictName, ExitCode>> = {
  agree: EXIT.ok,
  diverge: EXIT.diverge,
  inconclusive: EXIT.nothing,
  skipped: EXIT.nothing,
};

/** Throws `usage` and `input` errors for what cannot be read, `engine` errors. */
export function explain(path: string, options: ExplainOptions, context: Context): void {
  const { io } = context;
  const opened = openCase(path, options);
  // What is missing is told before the case runs.
  const page = options.reporter === 'html' ? pageAssets() : undefined;
  const explained = run(opened, options);
  const breach = tellBreach(explained.result, path, io);
  const text =
    page === undefined
      ? rendered(explanation(explained, opened.source), options, context)
      : explainHtml(explained, opened.source, { version: packageVersion(), page });
  if (options.output === undefined) io.stdout(text);
  else writeFile(options.output, text);
  context.exitCode = breach === EXIT.ok ? EXIT_CODES[explained.result.verdict] : breach;
}

function run(
  { subject, options, setup, skip }: OpenedCase,
  { reporter, steps, lint }: Pick<ExplainOptions, 'reporter' | 'steps' | 'lint'>,
): Explained {
  if (skip !== undefined) {
    const result = skipped(subject.name, { kind: 'file', why: skip });
    return { result, localisation: null, trace: null };
  }
  const checker = new Checker(checkerOptionsOf(setup));
  try {
    return checker.explain(subject, { ...options, lint, steps: reporter === 'text' ? TEXT_STEPS : steps });
  } finally {
    checker.close();
  }
}

function rendered(
  explained: Explanation,
  { reporter, syntax, output }: ExplainOptions,
  { io }: Context,
): string {
  if (reporter === 'json') return `${JSON.stringify(explained, null, 2)}\n`;
  const columns = Math.max(io.columns ?? COLUMNS, MIN_COLUMNS);
  return explainText(explained, { syntax, columns, color: output === undefined && wantsColor(io) });
}
