/**
 * The linter: what Linux's verifier would say of a program's stack arguments, and of what a verdict needs besides.
 * Every path is looked at, by a data flow: its cost grows with the length of the program, not with its paths.
 */
import type { Program } from '../bpf/program.ts';
import { chainSuspects } from './chains.ts';
import { functionSuspects, type Suspect } from './check.ts';
import { endSuspects } from './ends.ts';
import type { Finding } from './finding.ts';
import { type Flow, flowOf } from './flow.ts';
import type { LintOptions } from './options.ts';
import { Paths } from './path.ts';
import { prototypeFindings } from './prototypes.ts';
import { ruleOf } from './rules.ts';
import { shapeFindings } from './shape.ts';
import type { ArgumentRead } from './summary.ts';
import { targetSuspects } from './targets.ts';

export interface LintResult {
  /** By slot; at most MAX_FINDINGS. */
  readonly findings: readonly Finding[];
  /** All of them, kept or not. */
  readonly total: number;
}

/** Findings that are kept: looking for the way to each takes as long as a pass over its function. */
export const MAX_FINDINGS = 100;

/** A finding without the way to it. */
export type Breach = Pick<Finding, 'rule' | 'pc' | 'values'>;

/** All rules. */
export function lint(program: Program, options: LintOptions = {}): LintResult {
  return traced(suspectsOf(program, options));
}

/** All rules, by slot, without the ways to what they find; there may be as many as instructions. */
export const breachesOf = (program: Program, options: LintOptions = {}): readonly Breach[] =>
  suspectsOf(program, options).found.map(({ rule, pc, values }) => ({ rule, pc, values }));

/** The first breach of a rule of stack arguments: such a program says nothing about a JIT. */
export function firstContractBreach(program: Program, options: LintOptions = {}): Finding | undefined {
  const { flow, found } = suspectsOf(program, options);
  const first = found.find(({ rule }) => ruleOf(rule).scope === 'contract');
  return first === undefined ? undefined : traced({ flow, found: [first] }).findings[0];
}

interface Suspects {
  readonly flow: Flow;
  readonly found: readonly (Suspect | Finding)[];
}

function suspectsOf(program: Program, options: LintOptions): Suspects {
  const flow = flowOf(program, options.writes ?? 'trusted');
  const told = new Set<ArgumentRead>();
  const found = unique([
    ...shapeFindings(program),
    ...prototypeFindings(program, options),
    ...flow.flatMap((fn) => [...functionSuspects(fn, told), ...endSuspects(fn)]),
    ...chainSuspects(flow, options.convention ?? program.convention),
    ...targetSuspects(flow, options),
  ]);
  return { flow, found };
}

function traced({ flow, found }: Suspects): LintResult {
  const paths = new Paths(flow);
  const findings = found.slice(0, MAX_FINDINGS).map((suspect): Finding => {
    if ('path' in suspect) return suspect;
    const { trace, ...known } = suspect;
    const path = trace === undefined ? [] : paths.to(trace.subprog, trace.pc, trace.fact);
    return { ...known, path };
  });
  return { findings, total: found.length };
}

/** By slot; of what several ways lead to, the first. */
function unique(found: readonly (Suspect | Finding)[]): (Suspect | Finding)[] {
  const byKey = new Map<string, Suspect | Finding>();
  for (const suspect of found) {
    const key = `${suspect.pc} ${suspect.rule} ${suspect.values.join(' ')}`;
    if (!byKey.has(key)) byKey.set(key, suspect);
  }
  return [...byKey.values()].sort((a, b) => a.pc - b.pc);
}
