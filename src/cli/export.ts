/** Runs the command `export`. */
import { toCase } from '../checker.ts';
import { badInput } from '../core/errors.ts';
import { interpret } from '../interp/interpret.ts';
import { EXPORTERS, type ExportForm } from '../report/export/forms.ts';
import type { ExportSubject } from '../report/export/subject.ts';
import { setupLines } from './case-setup.ts';
import type { Context } from './context.ts';
import { compilerOf } from './jit-choice.ts';
import { type CaseOptions, type OpenedCase, openCase } from './open-case.ts';
import { writeFile } from './write-file.ts';

export interface ExportOptions extends CaseOptions {
  readonly to: ExportForm;
  readonly output?: string;
}

/** Throws `usage` and `input` errors for what cannot be read, or not be said in that form. */
export function exportCase(path: string, options: ExportOptions, { io }: Context): void {
  const opened = openCase(path, options);
  if (opened.skip !== undefined) throw badInput('export', path, `${opened.skip}; there is nothing to export`);
  const text = EXPORTERS[options.to](subjectOf(opened));
  if (options.output === undefined) io.stdout(text);
  else writeFile(options.output, text);
}

function subjectOf({ subject, options, setup, source, oracle }: OpenedCase): ExportSubject {
  const { name, program, env, expected } = toCase(subject, options);
  return {
    name,
    program,
    convention: setup.convention ?? program.convention,
    env,
    expected,
    oracle: new Map([...oracle, ...setupLines(setup)]),
    replay: source.replay,
    interpret,
    image: () => compilerOf(setup)(program, env.input.memory.length).image,
  };
}
