/**
 * Shrinks a diverging case: takes the first simpler draft that still falls into the same bucket, again and
 * again, until there is none. Each one runs in a fresh engine, so nothing an earlier one left can matter.
 */
import type { CaseResult } from '../oracle/case.ts';
import { bucketOf } from './bucket.ts';
import { digestOf } from './digest.ts';
import { type Judge, judgeCase, type OpenJudge, type Subject } from './judge.ts';
import { type Mix, validMix } from './lanes.ts';
import { draftAt } from './mix.ts';
import type { CasePath } from './path.ts';

export interface MinimiseOptions {
  readonly seed: number;
  readonly path: CasePath;
  readonly open: OpenJudge;
  /** What programs are made for. @defaultValue validMix() */
  readonly mix?: Mix | undefined;
  /** Cases to run at the most. */
  readonly maxRuns: number;
  /** Told before each case is run. */
  readonly before?: (path: CasePath) => void;
  /** Asked between two cases. */
  readonly isStopped?: () => boolean;
}

export interface Minimised {
  readonly path: CasePath;
  readonly subject: Subject;
  readonly result: CaseResult;
  readonly bucket: string;
  /** Simpler values taken. */
  readonly shrinks: number;
  /** Cases run to find them. */
  readonly runs: number;
  /** Every simpler value was tried: this is the smallest there is. */
  readonly isFinished: boolean;
}

/** Shrinks the case at a path. If it does not diverge in a fresh engine, it comes back as it is. */
export function minimise(options: MinimiseOptions): Minimised {
  return new Minimiser(options).run();
}

class Minimiser {
  readonly #options: MinimiseOptions;
  /** Programs known to fall into another bucket, by digest. */
  readonly #dull = new Set<string>();
  #runs = 0;

  constructor(options: MinimiseOptions) {
    this.#options = options;
  }

  run(): Minimised {
    const { seed, path: from, mix = validMix() } = this.#options;
    let path = from;
    let draft = draftAt(seed, path, mix);
    let { subject } = draft;
    let result = this.#judge(subject, path);
    const bucket = bucketOf(result);
    let isFinished = result.verdict !== 'diverge';
    while (!isFinished && !this.#isOver()) {
      const digest = digestOf(subject);
      let choice = 0;
      isFinished = true;
      for (const simpler of draft.simpler()) {
        if (this.#isOver()) {
          isFinished = false;
          break;
        }
        const next: CasePath = { index: path.index, choices: [...path.choices, choice++] };
        const found = this.#try(simpler.subject, next, { bucket, digest, result });
        if (found === undefined) continue;
        [path, draft, subject, result] = [next, simpler, found.subject, found.result];
        isFinished = false;
        break;
      }
    }
    const shrinks = path.choices.length - from.choices.length;
    return { path, subject, result, bucket, shrinks, runs: this.#runs, isFinished };
  }

  /** The simpler case, judged, if it falls into the bucket. One with the same bytes need not run again. */
  #try(
    subject: Subject,
    path: CasePath,
    current: { readonly bucket: string; readonly digest: string; readonly result: CaseResult },
  ): { readonly subject: Subject; readonly result: CaseResult } | undefined {
    const digest = digestOf(subject);
    if (digest === current.digest) return { subject, result: current.result };
    if (this.#dull.has(digest)) return undefined;
    const result = this.#judge(subject, path);
    if (result.verdict === 'diverge' && bucketOf(result) === current.bucket) return { subject, result };
    this.#dull.add(digest);
    return undefined;
  }

  #judge(subject: Subject, path: CasePath): CaseResult {
    const { seed, open, before } = this.#options;
    before?.(path);
    this.#runs++;
    const judge: Judge = open();
    try {
      return judgeCase(judge, subject, seed, path);
    } finally {
      judge.close();
    }
  }

  #isOver(): boolean {
    return this.#runs >= this.#options.maxRuns || this.#options.isStopped?.() === true;
  }
}
