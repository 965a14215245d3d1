/** The JSON document of `lint`: schema `bpf-oracle/lint@1`. */
import type { Program } from '../bpf/program.ts';
import type { Finding, Stretch } from '../lint/finding.ts';
import { type RuleId, type RuleScope, ruleOf } from '../lint/rules.ts';
import { insnText } from './insn-text.ts';
import { jsonText } from './json-text.ts';
import { isLinted, type LintedProgram, type LintSummary, summariseLint } from './lint-report.ts';
import { findingMessage, nameOf } from './lint-words.ts';

export interface JsonLintReport {
  readonly schema: 'bpf-oracle/lint@1';
  readonly summary: LintSummary;
  readonly programs: readonly JsonLinted[];
}

export interface JsonLinted {
  readonly name: string;
  readonly file: string;
  /** Why it was not linted; null where it was. */
  readonly skipped: string | null;
  /** All findings; `findings` holds the first hundred. */
  readonly total: number;
  readonly findings: readonly JsonLintFinding[];
}

export interface JsonLintFinding {
  readonly rule: RuleId;
  readonly scope: RuleScope;
  readonly message: string;
  readonly source: string;
  readonly pc: number;
  /** null where it could not be decoded. */
  readonly insn: string | null;
  /** From the innermost function outwards. */
  readonly path: readonly JsonStretch[];
}

export interface JsonStretch {
  readonly function: string;
  /** Instruction since which it is so; null: since the function's start. */
  readonly from: number | null;
  readonly branches: readonly { readonly pc: number; readonly insn: string; readonly taken: boolean }[];
  readonly to: number;
}

/** The document as text, with a newline at its end. */
export function lintJson(programs: readonly LintedProgram[]): string {
  const report: JsonLintReport = {
    schema: 'bpf-oracle/lint@1',
    summary: summariseLint(programs),
    programs: programs.map(jsonLinted),
  };
  return jsonText(report);
}

function jsonLinted(linted: LintedProgram): JsonLinted {
  const { name, file } = linted;
  if (!isLinted(linted)) return { name, file, skipped: linted.why, total: 0, findings: [] };
  const { program, findings, total } = linted;
  return {
    name,
    file,
    skipped: null,
    total,
    findings: findings.map((finding) => jsonFinding(finding, program)),
  };
}

/** @internal */
export function jsonFinding(finding: Finding, program: Program | null): JsonLintFinding {
  const { id, scope, source } = ruleOf(finding.rule);
  return {
    rule: id,
    scope,
    message: findingMessage(finding),
    source,
    pc: finding.pc,
    insn: program === null ? null : insnText(program, finding.pc),
    path: program === null ? [] : finding.path.map((stretch) => jsonStretch(stretch, program)),
  };
}

function jsonStretch({ subprog, from, branches, to }: Stretch, program: Program): JsonStretch {
  return {
    function: nameOf(subprog, program),
    from,
    branches: branches.map(({ pc, taken }) => ({ pc, insn: insnText(program, pc), taken })),
    to,
  };
}
