/**
 * The hostile lane: programs that break the bytecode contract on purpose. What the native code then does is
 * reported rule by rule, and never called a bug of the JIT: the program gave it no promise to keep.
 */
import { hostileProgram } from '../arb/index.ts';
import type { Program } from '../bpf/program.ts';
import type { Execution } from '../core/execution.ts';
import type { RuleId } from '../lint/rules.ts';
import type { CaseResult } from '../oracle/case.ts';
import { caseRandom } from './case-random.ts';
import { INSN_LIMIT, type Judge } from './judge.ts';

/** How a program that breaks a rule went. */
export const HOSTILE_ENDS = ['unnoticed', 'exits', 'faults', 'runs on', 'observed', 'not run'] as const;

/**
 * - `unnoticed`: both machines agree; what was undefined had no effect.
 * - `exits`, `faults`, `runs on`: the reference stops at an undefined value; native code goes on like this.
 * - `observed`: both ran to an end and differ.
 * - `not run`: the JIT or a machine declines it.
 */
export type HostileEnd = (typeof HOSTILE_ENDS)[number];

/** Counts by rule and end, and one difference of each rule that had some. */
export interface HostileReport {
  readonly programs: number;
  /** A program counts for each rule it breaks. */
  readonly rules: ReadonlyMap<RuleId, ReadonlyMap<HostileEnd, number>>;
  /** Programs whose edits left every rule unbroken. */
  readonly valid: number;
  readonly observed: ReadonlyMap<RuleId, CaseResult>;
}

/** Judges programs, and runs native code alone. */
export interface HostileJudge extends Pick<Judge, 'check'> {
  runNative(
    program: Program,
    options: { readonly memory: Uint8Array; readonly insnLimit: number },
  ): Execution;
}

const PROGRAMS = hostileProgram();

/** Runs programs `first`, `first` + 1, … of a seed until `isOver`, which is asked before each. */
export async function runHostile(
  seed: number,
  judge: HostileJudge,
  isOver: (programs: number) => boolean | Promise<boolean>,
  first = 0,
): Promise<HostileReport> {
  const rules = new Map<RuleId, Map<HostileEnd, number>>();
  const observed = new Map<RuleId, CaseResult>();
  let programs = 0;
  let valid = 0;
  for (; !(await isOver(programs)); programs++) {
    const { program, input, breaches } = PROGRAMS.generate(
      caseRandom(seed, first + programs),
      undefined,
    ).value;
    const options = {
      name: `seed ${seed} path ${first + programs}`,
      memory: input.memory,
      insnLimit: INSN_LIMIT,
      lint: false,
    } as const;
    const result = judge.check(program, options);
    const end = endOf(result, () => judge.runNative(program, options));
    const broken = new Set(breaches.map(({ rule }) => rule));
    if (broken.size === 0) valid++;
    for (const rule of broken) {
      const ends = rules.get(rule) ?? new Map<HostileEnd, number>();
      rules.set(rule, ends.set(end, (ends.get(end) ?? 0) + 1));
      if (end === 'observed' && !observed.has(rule)) observed.set(rule, result);
    }
  }
  return { programs, rules, valid, observed };
}

function endOf({ verdict, reason }: CaseResult, runNative: () => Execution): HostileEnd {
  if (verdict === 'agree') return 'unnoticed';
  if (verdict === 'diverge') return 'observed';
  if (verdict === 'skipped' || reason?.kind !== 'poison') return 'not run';
  const { kind } = runNative().outcome;
  if (kind === 'exit') return 'exits';
  return kind === 'budget' ? 'runs on' : 'faults';
}
