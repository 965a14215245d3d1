/** Runs images for `cost`: judged as ever, and each native instruction counted. */

import { OracleError } from '../core/errors.ts';
import type { Image } from '../core/image.ts';
import type { Runs } from '../cost/measure.ts';
import { ImageRunner } from '../emu/run-image.ts';
import { openUnicorn } from '../emu/unicorn.ts';
import { interpret } from '../interp/interpret.ts';
import type { Case, CaseResult } from '../oracle/case.ts';
import { runCase } from '../oracle/run.ts';
import { subjectOf } from '../subject-of.ts';

/** A judged run. */
export interface CountedRun {
  readonly result: CaseResult;
  /** Null if it was not run. */
  readonly runs: Runs | null;
}

/** Runs images one after the other on an engine that it keeps. Close it to free it. */
export class CostRunner {
  readonly #runner = new ImageRunner(openUnicorn());

  count(subject: Case, image: Image): CountedRun {
    let runs: Float64Array | null = null;
    const result = runCase(subject, {
      compile: () => image,
      reference: interpret,
      native: (_, program, env, request) => {
        const counts = new Float64Array(image.code.length);
        runs = counts;
        const onStep = ({ offset }: { readonly offset: number }): boolean => {
          counts[offset] = (counts[offset] as number) + 1;
          return true;
        };
        return this.#runner.run(image, subjectOf(program), env, { ...request, stackBytes: true, onStep });
      },
    });
    return { result, runs };
  }

  /** Of a program that is this tool's own. Throws an `engine` error if it does not do what it should. */
  countOwn(subject: Case, image: Image): Runs {
    const { result, runs } = this.count(subject, image);
    if (runs !== null && result.verdict === 'agree') return runs;
    throw new OracleError('engine', {
      what: 'cost',
      where: subject.name,
      why: `native code and interpreter do not agree on it (${result.verdict}); see bpf-oracle doctor`,
    });
  }

  close(): void {
    this.#runner.close();
  }
}
