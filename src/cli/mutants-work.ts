/** The jobs `mutants` consists of, and who does them: this process or one of its workers. */
import type { ConventionName } from '../bpf/calling.ts';
import type { LaneName } from '../core/lane-names.ts';
import { runControl } from '../fuzz/control.ts';
import { laneCases, plainLaneCases } from '../fuzz/kill-lanes.ts';
import type { ControlCount, SuiteKills } from '../fuzz/kill-matrix.ts';
import { CaseStream, runTrial, type Trial } from '../fuzz/kill-trial.ts';
import { firstFailure } from '../fuzz/stated-suite.ts';
import { type Mutant, mutantNamed } from '../mutant/index.ts';
import { type Compile, JitOracles, mutantCompile, soundCompile } from './mutant-oracles.ts';
import { loadSuites, type Suites } from './mutant-suites.ts';

export interface WorkSetup {
  /** Cases a mutant may live through. */
  readonly runs: number;
  /** Folder of bpf_conformance's tests. */
  readonly conformance: string | undefined;
}

export type Job =
  | { readonly kind: 'trial'; readonly mutant: string; readonly seed: number }
  | { readonly kind: 'suites'; readonly mutant: string }
  | {
      readonly kind: 'control';
      readonly lane: LaneName;
      readonly seed: number;
      readonly start: number;
      readonly count: number;
      readonly bmi2: boolean;
    };

/** Plain data, so that it can be sent to another process. */
export type Answer =
  | { readonly kind: 'trial'; readonly mutant: string; readonly trial: Trial }
  | { readonly kind: 'suites'; readonly mutant: string; readonly kills: SuiteKills }
  | { readonly kind: 'control'; readonly count: ControlCount };

const now = (): number => performance.now();

const streamsOf = (lane: LaneName, convention: ConventionName | undefined, seed: number) => ({
  lane,
  convention,
  cases: new CaseStream(seed, now, laneCases(lane, convention)),
  plainCases: new CaseStream(seed, now, plainLaneCases(lane, convention)),
});

/** Does jobs one after the other; each in an engine of its own. Keeps the cases of the last seed. */
export class MutantWork {
  readonly #setup: WorkSetup;
  #streams: ReturnType<typeof streamsOf> | undefined;
  #suites: Suites | undefined;

  constructor(setup: WorkSetup) {
    this.#setup = setup;
  }

  /** Throws `engine` errors, and bugs. */
  do(job: Job): Answer {
    switch (job.kind) {
      case 'trial':
        return { kind: 'trial', mutant: job.mutant, trial: this.#trial(job) };
      case 'suites':
        return { kind: 'suites', mutant: job.mutant, kills: this.#suiteKills(job.mutant) };
      case 'control':
        return { kind: 'control', count: controlOf(job) };
    }
  }

  #trial({ mutant: name, seed }: Job & { kind: 'trial' }): Trial {
    const mutant = known(name);
    const { cases, plainCases } = this.#streamsOf(mutant, seed);
    const { runs } = this.#setup;
    return withOracles(mutantCompile(mutant), (oracles) =>
      runTrial({ cases, plainCases, runs, guilty: mutant.guilty, oracles, now }),
    );
  }

  #streamsOf(mutant: Mutant, seed: number): ReturnType<typeof streamsOf> {
    const lane = laneOf(mutant);
    // Of other lanes the cases are the same, whatever the convention.
    const convention = lane === 'tail-calls' ? mutant.convention : undefined;
    const last = this.#streams;
    if (last?.cases.seed !== seed || last.lane !== lane || last.convention !== convention)
      this.#streams = streamsOf(lane, convention, seed);
    return this.#streams as ReturnType<typeof streamsOf>;
  }

  #suiteKills(name: string): SuiteKills {
    this.#suites ??= loadSuites(this.#setup.conformance);
    const { selftestSums, conformance } = this.#suites;
    return withOracles(mutantCompile(known(name)), ({ r0Only }) => ({
      selftestSums: firstFailure(selftestSums, r0Only),
      ...(conformance === undefined ? {} : { conformance: firstFailure(conformance, r0Only) }),
    }));
  }
}

function controlOf({ lane, seed, start, count, bmi2 }: Job & { kind: 'control' }): ControlCount {
  const block = { start, count, choices: [] };
  const counted = withOracles(soundCompile({ bmi2 }), ({ full }) =>
    runControl(full, laneCases(lane), seed, block),
  );
  if (lane === 'valid') return counted;
  return { ...counted, diverging: counted.diverging.map((name) => `${name} of --lane ${lane}`) };
}

function withOracles<T>(compile: Compile, use: (oracles: JitOracles) => T): T {
  const oracles = new JitOracles(compile);
  try {
    return use(oracles);
  } finally {
    oracles.close();
  }
}

/** The lane whose cases show a mutant. */
export const laneOf = ({ lane = 'valid' }: Mutant): LaneName => lane;

function known(name: string): Mutant {
  const found = mutantNamed(name);
  if (found === undefined) throw new RangeError(`no mutant ${name}`);
  return found;
}
