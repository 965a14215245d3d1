/** A judged case, and, of a divergence that lock-step finds the place of, what happened up to there. */
import type { CaseResult } from './case.ts';
import type { Localisation } from './lockstep.ts';
import type { StepTrace } from './step-trace.ts';

export interface Explained {
  readonly result: CaseResult;
  readonly localisation: Localisation | null;
  readonly trace: StepTrace | null;
}
