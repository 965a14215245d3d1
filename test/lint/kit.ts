/** For tests of the linter: programs as text, findings as lines. */
import { load } from '../../src/bpf/load.ts';
import type { Program } from '../../src/bpf/program.ts';
import type { Finding } from '../../src/lint/finding.ts';
import { lint } from '../../src/lint/lint.ts';
import type { LintOptions } from '../../src/lint/options.ts';
import { findingMessage } from '../../src/report/lint-words.ts';

/** Assembles; what no machine could run is left for the linter. */
export const programOf = (text: string, protos: Readonly<Record<string, number>> = {}): Program =>
  load(new TextEncoder().encode(text), {
    fileName: 'test.s',
    shape: 'as-is',
    protos: new Map(Object.entries(protos)),
  }).program;

export const findingsIn = (text: string, options: LintOptions = {}): readonly Finding[] =>
  lint(programOf(text), options).findings;

/** `4: callee expects 7 args, stack arg1 is not initialized` */
export const linesOf = (findings: readonly Finding[]): string[] =>
  findings.map((finding) => `${finding.pc}: ${findingMessage(finding)}`);
