/** The lane of tail calls: programs of src/arb/tail-calls, judged one after the other; what diverges is shrunk. */
import { tailCallProgram } from '../arb/index.ts';
import type { TailCallProgram } from '../arb/tail-calls/program.ts';
import type { CaseResult, VerdictName } from '../oracle/case.ts';
import { caseRandom } from './case-random.ts';
import { INSN_LIMIT, type Judge } from './judge.ts';

/** A case that diverges, shrunk. */
export interface TailCallFailure {
  /** Which program of the seed. */
  readonly index: number;
  readonly shrinks: number;
  /** Of the simplest program found. */
  readonly result: CaseResult;
}

export interface TailCallReport {
  readonly programs: number;
  readonly verdicts: Readonly<Record<VerdictName, number>>;
  /** The first ones. */
  readonly failures: readonly TailCallFailure[];
}

/** Numbers of one run of the lane. */
export interface TailCallRun {
  readonly seed: number;
  readonly seconds: number;
  /** Options that the cases depend on, as they are typed. */
  readonly options: readonly string[];
  readonly report: TailCallReport;
}

export interface TailCallLane {
  /** Whether functions take stack arguments: only where the convention lets them share a frame. */
  readonly stackArgs: boolean;
  /** Failures to shrink and keep; further ones are counted. */
  readonly maxFailures: number;
  /** The first program. @defaultValue 0 */
  readonly first?: number;
}

/** Programs tried for one failure, so that shrinking ends. */
const MAX_TRIES = 2000;

/** Runs programs of a seed until `isOver`, which is asked before each. */
export async function runTailCalls(
  seed: number,
  judge: Pick<Judge, 'check'>,
  { stackArgs, maxFailures, first = 0 }: TailCallLane,
  isOver: (programs: number) => boolean | Promise<boolean>,
): Promise<TailCallReport> {
  const arbitrary = tailCallProgram({ stackArgs });
  const verdicts: Record<VerdictName, number> = { agree: 0, diverge: 0, inconclusive: 0, skipped: 0 };
  const failures: TailCallFailure[] = [];
  let programs = 0;
  for (; !(await isOver(programs)); programs++) {
    const index = first + programs;
    const check = ({ program, input }: TailCallProgram): CaseResult =>
      judge.check(program, {
        name: `seed ${seed} path ${index}`,
        memory: input.memory,
        insnLimit: INSN_LIMIT,
        lint: false,
      });
    let value = arbitrary.generate(caseRandom(seed, index), undefined);
    let result = check(value.value);
    verdicts[result.verdict]++;
    if (result.verdict !== 'diverge' || failures.length >= maxFailures) continue;
    let shrinks = 0;
    let tries = 0;
    const simplerFailure = (): boolean => {
      for (const simpler of arbitrary.shrink(value.value_, value.context)) {
        if (++tries > MAX_TRIES) return false;
        const judged = check(simpler.value);
        if (judged.verdict !== 'diverge') continue;
        [value, result] = [simpler, judged];
        return true;
      }
      return false;
    };
    while (simplerFailure()) shrinks++;
    failures.push({ index, shrinks, result });
  }
  return { programs, verdicts, failures };
}
