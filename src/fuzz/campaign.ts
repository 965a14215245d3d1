/**
 * A campaign: hands blocks of cases to workers, takes their reports in the order of the cases, and has the first
 * case of each bucket shrunk and confirmed. Because reports are taken in order, what a campaign finds and
 * counts does not depend on how many workers it has.
 */
import { type Part, WHOLE } from '../core/part.ts';
import type { Summary } from '../oracle/case.ts';
import { addVacuity, NO_VACUITY, type VacuityCounts } from '../oracle/vacuity-count.ts';
import { CallCoverage } from './call-coverage.ts';
import { CaseDigest } from './digest.ts';
import { LaneCounts } from './lane-counts.ts';
import { OpcodeCoverage } from './opcode-coverage.ts';
import type { CasePath } from './path.ts';
import type { Block, BlockReport, Hit, ShrunkHit, Unjudged } from './shard.ts';
import { Statistics } from './statistics.ts';

/** Workers by number, each with a shard of its own; one job at a time each. */
export interface Pool {
  readonly size: number;
  runBlock(worker: number, block: Block): Promise<BlockReport>;
  shrink(worker: number, path: CasePath): Promise<ShrunkHit>;
}

/** What a fresh process said of a case file. */
export type Confirmation = 'diverges' | 'agrees' | 'cannot run';

export interface CampaignOptions {
  readonly seed: number;
  /** Cases to run; undefined: until stopped. */
  readonly runs?: number | undefined;
  /** One case instead. */
  readonly path?: CasePath | undefined;
  /** Of the cases, only every so many-th. @defaultValue all */
  readonly part?: Part | undefined;
  readonly pool: Pool;
  /** Ends the campaign after so many failures. */
  readonly maxFailures?: number | undefined;
  /** Asked between blocks: whether there are to be no more. */
  readonly isOver?: () => boolean;
  /** Asked between blocks: whether to leave failures as they are, too. */
  readonly isStopped: () => boolean;
  /** Keeps a case file and says where; a shrunk case takes the place of the one with its seed, index and bucket. */
  readonly save: (file: CaseFile) => string;
  /** Runs a saved case in a fresh process. */
  readonly confirm: (file: string) => Promise<Confirmation>;
  /** Told after each block, and after each failure. */
  readonly onProgress?: (campaign: CampaignState) => void;
}

export interface CaseFile {
  readonly seed: number;
  readonly path: CasePath;
  readonly bucket: string;
  readonly text: string;
}

/** One bucket. */
export interface Failure {
  readonly bucket: string;
  /** Cases that fell into it. */
  readonly count: number;
  readonly path: CasePath;
  readonly shrinks: number;
  /** Every simpler case was tried. */
  readonly isMinimal: boolean;
  readonly file: string;
  /**
   * Whether it is reproduced by a fresh engine in a fresh process. If not, it depended on what ran before it:
   * the tool's doing, not a bug of the JIT. Null: not tried, the campaign was stopped before.
   */
  readonly confirmed: Confirmation | null;
}

/** What a campaign has come to so far. */
export interface CampaignState {
  readonly seed: number;
  readonly digest: string;
  readonly statistics: Statistics;
  readonly calls: CallCoverage;
  readonly opcodes: OpcodeCoverage;
  readonly lanes: LaneCounts;
  readonly vacuous: VacuityCounts;
  readonly failures: readonly Failure[];
  /** Cases that proved nothing; the first ones. */
  readonly unjudged: readonly Unjudged[];
  readonly summary: Summary;
}

/**
 * Cases of a block: few at first, so that the first failure is soon told; then more, for each is a message there and
 * back. By the number of the case alone: what `maxFailures` ends must not depend on how fast workers are.
 */
const BLOCK_CASES = { first: 64, later: 256 } as const;
const FIRST_CASES = 8192;
/** Cases that proved nothing, of which a report tells; the first ones. */
export const MAX_UNJUDGED = 16;

/** Runs a campaign to its end. Rejects with what a worker failed with. */
export async function runCampaign(options: CampaignOptions): Promise<CampaignState> {
  return new Campaign(options).run();
}

class Campaign {
  readonly #options: CampaignOptions;
  readonly #digest = new CaseDigest();
  readonly #statistics = new Statistics();
  readonly #calls = new CallCoverage();
  readonly #opcodes = new OpcodeCoverage();
  readonly #lanes = new LaneCounts();
  #vacuous = NO_VACUITY;
  readonly #buckets = new Map<string, Failure>();
  readonly #unjudged: Unjudged[] = [];
  /** Reports that wait for those before them, by first case. */
  readonly #waiting = new Map<number, BlockReport>();
  readonly #unshrunk: string[] = [];
  readonly #step: number;
  #next: number;
  #retired: number;
  #isFull = false;

  constructor(options: CampaignOptions) {
    this.#options = options;
    const { path, part = WHOLE } = options;
    this.#step = part.count;
    this.#next = path?.index ?? part.index - 1;
    this.#retired = this.#next;
  }

  async run(): Promise<CampaignState> {
    const { pool } = this.#options;
    await Promise.all(Array.from({ length: pool.size }, (_, worker) => this.#work(worker)));
    return this.#state();
  }

  async #work(worker: number): Promise<void> {
    for (;;) {
      const bucket = this.#options.isStopped() ? undefined : this.#unshrunk.shift();
      if (bucket !== undefined) {
        await this.#shrink(worker, bucket);
        continue;
      }
      const block = this.#nextBlock();
      if (block === undefined) return;
      const report = await this.#options.pool.runBlock(worker, block);
      this.#waiting.set(block.start, report);
      this.#retire();
    }
  }

  #nextBlock(): Block | undefined {
    const { runs = Number.POSITIVE_INFINITY, path, isStopped, isOver } = this.#options;
    if (this.#isFull || isStopped() || isOver?.() === true) return undefined;
    const start = this.#next;
    const end = path === undefined ? runs : path.index + 1;
    if (start >= end) return undefined;
    const most = start < FIRST_CASES * this.#step ? BLOCK_CASES.first : BLOCK_CASES.later;
    const count = Math.min(most, Math.ceil((end - start) / this.#step));
    this.#next += count * this.#step;
    return { start, count, step: this.#step, choices: path?.choices ?? [] };
  }

  /** Takes the reports whose turn it is. */
  #retire(): void {
    for (;;) {
      const report = this.#waiting.get(this.#retired);
      if (report === undefined || this.#isFull) return;
      this.#waiting.delete(this.#retired);
      this.#retired += report.block.count * this.#step;
      this.#add(report);
      this.#options.onProgress?.(this.#state());
    }
  }

  #add(report: BlockReport): void {
    this.#digest.addLanes(report.digest);
    this.#statistics.merge(report.statistics);
    this.#calls.merge(report.calls);
    this.#opcodes.merge(report.opcodes);
    this.#lanes.merge(report.lanes);
    this.#vacuous = addVacuity(this.#vacuous, report.vacuous);
    for (const hit of report.hits) this.#addHit(hit);
    this.#unjudged.push(...report.unjudged.slice(0, MAX_UNJUDGED - this.#unjudged.length));
    this.#isFull = this.#buckets.size >= (this.#options.maxFailures ?? Number.POSITIVE_INFINITY);
  }

  #addHit({ bucket, path, file }: Hit): void {
    const { seed, save } = this.#options;
    const known = this.#buckets.get(bucket);
    if (known !== undefined) {
      this.#buckets.set(bucket, { ...known, count: known.count + 1 });
      return;
    }
    const saved = save({ seed, path, bucket, text: file ?? '' });
    this.#buckets.set(bucket, {
      bucket,
      count: 1,
      path,
      shrinks: 0,
      isMinimal: false,
      file: saved,
      confirmed: null,
    });
    this.#unshrunk.push(bucket);
  }

  async #shrink(worker: number, bucket: string): Promise<void> {
    const { pool, seed, save, confirm, onProgress } = this.#options;
    const before = this.#failure(bucket);
    const { path, shrinks, isFinished, diverged, file: text } = await pool.shrink(worker, before.path);
    const file = diverged ? save({ seed, path, bucket, text }) : before.file;
    const confirmed = await confirm(file);
    const { count } = this.#failure(bucket);
    const isMinimal = isFinished && diverged;
    this.#buckets.set(bucket, { bucket, count, path, shrinks, isMinimal, file, confirmed });
    onProgress?.(this.#state());
  }

  #failure(bucket: string): Failure {
    const failure = this.#buckets.get(bucket);
    if (failure === undefined) throw new Error(`no such bucket: ${bucket}`);
    return failure;
  }

  #state(): CampaignState {
    return {
      seed: this.#options.seed,
      digest: this.#digest.toString(),
      statistics: this.#statistics,
      calls: this.#calls,
      opcodes: this.#opcodes,
      lanes: this.#lanes,
      vacuous: this.#vacuous,
      failures: [...this.#buckets.values()],
      unjudged: this.#unjudged,
      summary: this.#statistics.summary(),
    };
  }
}
