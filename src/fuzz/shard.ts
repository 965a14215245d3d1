/**
 * The part of a campaign that one worker does: blocks of cases, generated, run and counted, and the shrinking of
 * a case that diverges. Reports are plain data, so that they can be sent to another process.
 */
import { Encoder } from '../bpf/encode.ts';
import type { Execution } from '../core/execution.ts';
import { LANE_NAMES, type LaneName } from '../core/lane-names.ts';
import { type CaseResult, skipped } from '../oracle/case.ts';
import { addVacuity, countVacuity, NO_VACUITY, type VacuityCounts } from '../oracle/vacuity-count.ts';
import type { Reason, Vacuity } from '../oracle/verdict.ts';
import { bucketOf } from './bucket.ts';
import { CallCoverage } from './call-coverage.ts';
import { caseText } from './case-file.ts';
import { CaseDigest } from './digest.ts';
import { caseName, type Judge, judgeCases, type OpenJudge, type Subject } from './judge.ts';
import { LaneCounts, type LaneVerdictsByName } from './lane-counts.ts';
import { laneAt, type Mix, validMix } from './lanes.ts';
import { type Minimised, minimise } from './minimise.ts';
import { mixedCaseAt } from './mix.ts';
import { type OpcodeCounts, OpcodeCoverage } from './opcode-coverage.ts';
import type { CasePath } from './path.ts';
import { isSampled, type SampleRate } from './sample.ts';
import { Statistics, type StatisticsCounts } from './statistics.ts';

/** Cases start, start + step, … of a campaign; or the one a path leads to. */
export interface Block {
  readonly start: number;
  readonly count: number;
  /** @defaultValue 1 */
  readonly step?: number;
  /** The shrinks to take from case `start`; only for a block of one case. */
  readonly choices: readonly number[];
  /** Of them, those that are not to run. @defaultValue none */
  readonly lost?: readonly LostCase[];
}

/** A case that brought down a worker: it is counted as inconclusive. */
export interface LostCase {
  readonly index: number;
  readonly why: string;
}

/** A diverging case. */
export interface Hit {
  readonly path: CasePath;
  readonly bucket: string;
  /** As a case file, of the first of its bucket in this block. */
  readonly file: string | null;
}

/** A case that proved nothing, or was not run. */
export interface Unjudged {
  readonly path: CasePath;
  readonly verdict: 'inconclusive' | 'skipped';
  readonly reason: Reason | null;
}

/** Everything a block came to. */
export interface BlockReport {
  readonly block: Block;
  readonly digest: readonly [number, number];
  readonly statistics: StatisticsCounts;
  readonly calls: Float64Array;
  readonly opcodes: OpcodeCounts;
  readonly vacuous: VacuityCounts;
  readonly lanes: LaneVerdictsByName;
  readonly hits: readonly Hit[];
  readonly unjudged: readonly Unjudged[];
}

/** What became of a hit. */
export interface ShrunkHit {
  readonly path: CasePath;
  readonly bucket: string;
  readonly shrinks: number;
  readonly runs: number;
  readonly isFinished: boolean;
  /** Whether it diverged again in a fresh engine. */
  readonly diverged: boolean;
  readonly file: string;
}

export interface ShardOptions extends Partial<SampleRate> {
  readonly seed: number;
  readonly open: OpenJudge;
  /** What programs are made for. @defaultValue validMix() */
  readonly mix?: Mix | undefined;
  /** Lines for the case files: how this campaign's JIT was set up. */
  readonly setup?: ReadonlyMap<string, readonly string[]>;
  /** Told which case is worked on next, so that it can be saved. */
  readonly before?: (path: CasePath) => void;
  /** Asked while shrinking. */
  readonly isStopped?: () => boolean;
  /** Cases one hit may take to shrink. @defaultValue 5000 */
  readonly maxShrinkRuns?: number;
}

const MAX_SHRINK_RUNS = 5000;
/** Cases made and judged together: what is gained grows little from here on. */
const BATCH = 32;

/** A case of a batch. */
interface Made {
  readonly path: CasePath;
  readonly lane: LaneName;
  /** Where its lane stands among all. */
  readonly rank: number;
  readonly subject: Subject;
  readonly vacuity: boolean;
  /** What came of it, as soon as that is known. */
  result: CaseResult | null;
}

export class Shard {
  readonly #options: ShardOptions;
  readonly #mix: Mix;
  readonly #rate: SampleRate;
  readonly #encoder = new Encoder();
  #judge: Judge | undefined;

  constructor(options: ShardOptions) {
    this.#options = options;
    this.#mix = options.mix ?? validMix();
    const { vacuityEvery = 0, vacuityLater = vacuityEvery } = options;
    this.#rate = { vacuityEvery, vacuityLater };
  }

  /** Runs a block. Throws `engine` errors, and bugs. */
  runBlock(block: Block): BlockReport {
    const { start, count, step = 1, choices, lost = [] } = block;
    const paths = Array.from({ length: count }, (_, k) => ({ index: start + k * step, choices }));
    return this.#run(paths, lost).report(block);
  }

  /** Runs cases picked by their number, and counts them as those of a block are. Throws as `runBlock` does. */
  runPicked(indexes: readonly number[]): LaneVerdictsByName {
    return this.#run(
      indexes.map((index) => ({ index, choices: [] })),
      [],
    ).lanes.counts();
  }

  #run(paths: readonly CasePath[], lost: readonly LostCase[]): Tally {
    const tally = new Tally();
    for (let done = 0; done < paths.length; done += BATCH) {
      const cases: Made[] = [];
      for (let k = done; k < Math.min(done + BATCH, paths.length); k++) {
        const made = this.#make(paths[k] as CasePath, lost);
        this.#countProgram(made, tally);
        cases.push(made);
      }
      this.#judgeAll(cases);
      for (const made of cases) this.#countResult(made, tally);
    }
    return tally;
  }

  #make(path: CasePath, lost: readonly LostCase[]): Made {
    const lane = laneAt(path.index, this.#mix);
    const subject = mixedCaseAt(this.#options.seed, path, this.#mix);
    return {
      path,
      lane,
      rank: LANE_NAMES.indexOf(lane),
      subject,
      vacuity: isSampled(path.index, this.#options.seed, this.#rate),
      result: lostResult(path, this.#options.seed, lost),
    };
  }

  #judgeAll(cases: readonly Made[]): void {
    const { seed, open, before } = this.#options;
    this.#judge ??= open();
    // Cases of one lane map the same memory, and what is mapped already costs nothing.
    const sorted = cases.filter(({ result }) => result === null).sort((a, b) => a.rank - b.rank);
    const results = judgeCases(this.#judge, sorted, seed, before);
    for (let k = 0; k < sorted.length; k++) (sorted[k] as Made).result = results[k] as CaseResult;
  }

  /** Right after it was made, while caches hold it: by the end of a batch they do not. */
  #countProgram({ path, subject }: Made, tally: Tally): void {
    const code = this.#encoder.encode(subject.program.insns);
    tally.digest.add(path.index, subject, code);
    tally.opcodes.add(code);
  }

  #countResult(made: Made, tally: Tally): void {
    const { path, lane, subject } = made;
    const result = made.result as CaseResult;
    const { seed, setup } = this.#options;
    tally.statistics.add(result);
    tally.lanes.add(lane, result.verdict);
    if (result.want !== null) {
      tally.calls.add(subject.program, result.want.trace);
      tally.addVacuity(result.want, result.vacuity);
    }
    if (result.verdict === 'diverge') {
      const bucket = bucketOf(result);
      const isFirst = tally.hits.every((hit) => hit.bucket !== bucket);
      const text = isFirst ? caseText(subject, result, { seed, path, bucket, mix: this.#mix, setup }) : null;
      tally.hits.push({ path, bucket, file: text });
    } else if (result.verdict !== 'agree') tally.addUnjudged(path, result);
  }

  /** Shrinks a hit, every step in a fresh engine. */
  shrink(path: CasePath): ShrunkHit {
    const { seed, open, before, isStopped, maxShrinkRuns = MAX_SHRINK_RUNS } = this.#options;
    const found = minimise({
      seed,
      path,
      mix: this.#mix,
      open,
      maxRuns: maxShrinkRuns,
      ...(before === undefined ? {} : { before }),
      ...(isStopped === undefined ? {} : { isStopped }),
    });
    return shrunkHit(found, { ...this.#options, mix: this.#mix });
  }

  /** Frees the engine. */
  close(): void {
    this.#judge?.close();
    this.#judge = undefined;
  }
}

/** Whether it is a case of the block. */
export function isOfBlock(path: CasePath, { start, count, step = 1, choices }: Block): boolean {
  const nth = (path.index - start) / step;
  const isShrunkSo = path.choices.length === choices.length && path.choices.every((c, k) => c === choices[k]);
  return Number.isInteger(nth) && nth >= 0 && nth < count && isShrunkSo;
}

/** What a case comes to that is not to run; null of others. */
function lostResult(path: CasePath, seed: number, lost: readonly LostCase[]): CaseResult | null {
  const why = lost.find(({ index }) => index === path.index)?.why;
  if (why === undefined) return null;
  return { ...skipped(caseName(seed, path), { kind: 'failed', why }), verdict: 'inconclusive' };
}

function shrunkHit(found: Minimised, { seed, mix, setup }: ShardOptions): ShrunkHit {
  const { path, bucket, shrinks, runs, isFinished, subject, result } = found;
  return {
    path,
    bucket,
    shrinks,
    runs,
    isFinished,
    diverged: result.verdict === 'diverge',
    file: caseText(subject, result, { seed, path, bucket, mix, setup }),
  };
}

/** Counts of one block. */
class Tally {
  readonly digest = new CaseDigest();
  readonly statistics = new Statistics();
  readonly calls = new CallCoverage();
  readonly opcodes = new OpcodeCoverage();
  readonly lanes = new LaneCounts();
  readonly hits: Hit[] = [];
  readonly #unjudged: Unjudged[] = [];
  #vacuous = NO_VACUITY;

  addUnjudged(path: CasePath, { verdict, reason }: CaseResult): void {
    if (verdict === 'inconclusive' || verdict === 'skipped') this.#unjudged.push({ path, verdict, reason });
  }

  addVacuity({ trace }: Execution, vacuity: Vacuity | undefined): void {
    const reachesCall = trace.events.some(({ kind }) => kind === 'call');
    if (reachesCall && vacuity === undefined) return;
    this.#vacuous = addVacuity(this.#vacuous, countVacuity(reachesCall, vacuity));
  }

  report(block: Block): BlockReport {
    return {
      block,
      digest: this.digest.lanes(),
      statistics: this.statistics.counts(),
      calls: this.calls.counts(),
      opcodes: this.opcodes.counts(),
      lanes: this.lanes.counts(),
      vacuous: this.#vacuous,
      hits: this.hits,
      unjudged: this.#unjudged,
    };
  }
}
