/** What `lint` found in all programs it was given. */
import type { Program } from '../bpf/program.ts';
import type { Finding } from '../lint/finding.ts';

/** A program, linted or not. */
export type LintedProgram = LintedCode | UnlintedCode;

export interface LintedCode {
  /** e.g. `prog.s`, `prog.o:entry`. */
  readonly name: string;
  readonly file: string;
  /** null where an instruction could not be decoded: there is one finding then. */
  readonly program: Program | null;
  readonly findings: readonly Finding[];
  /** All of them, kept or not. */
  readonly total: number;
}

export interface UnlintedCode {
  readonly name: string;
  readonly file: string;
  /** Why it was not linted. */
  readonly why: string;
  /** `error`: told when it was met. */
  readonly kind: 'skipped' | 'error';
}

export const isLinted = (linted: LintedProgram): linted is LintedCode => 'findings' in linted;

export interface LintSummary {
  readonly linted: number;
  readonly clean: number;
  readonly findings: number;
  readonly skipped: number;
}

export function summariseLint(programs: readonly LintedProgram[]): LintSummary {
  const linted = programs.filter(isLinted);
  return {
    linted: linted.length,
    clean: linted.filter(({ total }) => total === 0).length,
    findings: linted.reduce((sum, { total }) => sum + total, 0),
    skipped: programs.length - linted.length,
  };
}

/** `3 programs linted: 2 clean, 4 findings; 1 skipped` */
export function lintSummaryLine({ linted, clean, findings, skipped }: LintSummary): string {
  const programs = `${linted} ${linted === 1 ? 'program' : 'programs'} linted`;
  return `${programs}: ${clean} clean, ${findings} ${findings === 1 ? 'finding' : 'findings'}; ${skipped} skipped`;
}
