/** What makes the cases of a lane that mutants are judged on. */
import { tailCallProgram } from '../arb/index.ts';
import { caseRandom } from './case-random.ts';
import { caseAt } from './generate.ts';
import type { MakeCase } from './kill-trial.ts';
import { plainCaseAt } from './plain-case.ts';

/** As `fuzz --lane` has it; of the hostile one no verdict comes. */
export type JudgedLane = 'valid' | 'tail-calls';

interface LaneCases {
  readonly cases: MakeCase;
  /** The same, but functions return what r0 holds, where the lane has such cases. */
  readonly plainCases: MakeCase;
}

const TAIL_CALLS = tailCallProgram();

const tailCallCaseAt: MakeCase = (seed, { index }) =>
  TAIL_CALLS.generate(caseRandom(seed, index), undefined).value;

export const LANE_CASES: Readonly<Record<JudgedLane, LaneCases>> = {
  valid: { cases: caseAt, plainCases: plainCaseAt },
  'tail-calls': { cases: tailCallCaseAt, plainCases: tailCallCaseAt },
};
