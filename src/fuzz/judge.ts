/** What a campaign is handed to judge cases with: a checker, of which it wants no more than this. */
import type { Generated } from '../arb/lower.ts';
import type { Program } from '../bpf/program.ts';
import type { JitSwitches } from '../core/jit-switches.ts';
import type { CaseResult } from '../oracle/case.ts';
import { type CasePath, formatPath } from './path.ts';

/** What of a generated case is run. */
export interface Subject extends Pick<Generated, 'program' | 'input'> {
  /** How the JIT is set up for this case, where that is not as for all. */
  readonly jit?: JitSwitches;
}

/** What a generated case is checked with. */
export interface JudgeOptions {
  readonly name: string;
  readonly memory: Uint8Array;
  readonly insnLimit: number;
  /** Generated programs keep the rules: looking again takes time. */
  readonly lint: false;
  /** Whether to take its calls out, too. */
  readonly vacuity?: boolean;
  readonly jit?: JitSwitches | undefined;
}

/** Judges programs on one engine. */
export interface Judge {
  check(program: Program, options: JudgeOptions): CaseResult;
  /** Several at once; `before` is told the index of the one that is worked on next. */
  checkAll(
    subjects: readonly { readonly subject: Program; readonly options: JudgeOptions }[],
    before?: (index: number) => void,
  ): CaseResult[];
  /** Frees the engine. */
  close(): void;
}

/** Opens a judge with an engine in its first state. */
export type OpenJudge = () => Judge;

/** Instructions the reference may run: far above what a generated program can. */
export const INSN_LIMIT = 100_000;

/** Judges a generated case. */
export function judgeCase(
  judge: Pick<Judge, 'check'>,
  subject: Subject,
  seed: number,
  path: CasePath,
  options: Pick<JudgeOptions, 'vacuity'> = {},
): CaseResult {
  return judge.check(subject.program, optionsOf(subject, seed, path, options.vacuity));
}

/** Judges generated cases; `before` is told the path of the one that is worked on next. */
export function judgeCases(
  judge: Pick<Judge, 'checkAll'>,
  cases: readonly (Pick<JudgeOptions, 'vacuity'> & {
    readonly subject: Subject;
    readonly path: CasePath;
  })[],
  seed: number,
  before: (path: CasePath) => void = () => undefined,
): CaseResult[] {
  const subjects = cases.map(({ subject, path, vacuity }) => ({
    subject: subject.program,
    options: optionsOf(subject, seed, path, vacuity),
  }));
  return judge.checkAll(subjects, (index) => before((cases[index] as (typeof cases)[number]).path));
}

const optionsOf = ({ input, jit }: Subject, seed: number, path: CasePath, vacuity = false): JudgeOptions => ({
  name: caseName(seed, path),
  memory: input.memory,
  insnLimit: INSN_LIMIT,
  lint: false,
  vacuity,
  jit,
});

/** e.g. `seed 1 path 12:0:3` */
export const caseName = (seed: number, path: CasePath): string => `seed ${seed} path ${formatPath(path)}`;
