/**
 * Judging for reports that show cases step by step: what diverges is run once more, and its steps are kept. A run
 * has a bound on them, so that its report stays one that a browser opens at once.
 */

import type { Loaded } from '../bpf/loaded.ts';
import type { Program } from '../bpf/program.ts';
import { type Checker, type CheckOptions, DEFAULT_STEPS } from '../checker.ts';
import type { CaseResult } from '../oracle/case.ts';
import type { Explained } from '../oracle/explained.ts';

interface Bounds {
  /** Cases whose steps are kept. */
  readonly cases: number;
  /** Steps kept of all cases together; of one, the last DEFAULT_STEPS. */
  readonly steps: number;
}

const BOUNDS: Bounds = { cases: 200, steps: 200_000 };
/** Steps kept of each of the cases, however many those before had. */
const MIN_STEPS = 100;

/** What judges one program after the other. */
export interface Judge {
  check(subject: Program | Loaded, options?: CheckOptions): CaseResult;
}

export class Explainer {
  readonly #isWanted: boolean;
  #cases: number;
  #steps: number;
  #last: Explained | null = null;

  /** `isWanted`: whether some report shows steps; if none does, nothing runs twice. */
  constructor(isWanted: boolean, { cases, steps }: Bounds = BOUNDS) {
    this.#isWanted = isWanted;
    this.#cases = cases;
    this.#steps = steps;
  }

  /** Judges as the checker does. */
  over(checker: Checker): Judge {
    return { check: (subject, options = {}) => this.#check(checker, subject, options) };
  }

  /** The steps of the case that was judged last, once; null where there are none. */
  take(): Explained | null {
    const last = this.#last;
    this.#last = null;
    return last;
  }

  #check(checker: Checker, subject: Program | Loaded, options: CheckOptions): CaseResult {
    const result = checker.check(subject, options);
    this.#last = null;
    if (!this.#isWanted || result.verdict !== 'diverge' || this.#cases === 0) return result;
    const steps = Math.max(MIN_STEPS, Math.min(DEFAULT_STEPS, this.#steps));
    const explained = checker.explain(subject, { ...options, steps });
    this.#cases--;
    this.#steps -= explained.trace?.steps.length ?? 0;
    this.#last = explained;
    return result;
  }
}
