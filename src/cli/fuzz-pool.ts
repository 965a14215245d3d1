/**
 * The workers of `fuzz` as processes (fuzz-worker.ts): each has an engine of its own. One that a case brings down
 * costs that case; a fresh one does the rest of its block.
 */
import { readFileSync } from 'node:fs';
import { OracleError } from '../core/errors.ts';
import type { Pool } from '../fuzz/campaign.ts';
import type { Mix } from '../fuzz/lanes.ts';
import { type CasePath, formatPath } from '../fuzz/path.ts';
import { runningPath } from '../fuzz/running-case.ts';
import type { SampleRate } from '../fuzz/sample.ts';
import { type Block, type BlockReport, isOfBlock, type LostCase, type ShrunkHit } from '../fuzz/shard.ts';
import { endNoted, MAX_OPEN_JITS } from './open-jits.ts';
import type { Setup } from './options.ts';
import { SharedWords } from './shared-words.ts';
import { WorkerEnded, WorkerProcess } from './worker-process.ts';

/** What a worker is started with. */
export interface WorkerSetup extends SampleRate {
  readonly seed: number;
  readonly choice: Setup;
  readonly mix: Mix;
  /** Lines for its case files. */
  readonly setup: ReadonlyMap<string, readonly string[]>;
  /** Where it notes what it runs. */
  readonly runningFile: string;
}

/** Words shared with a worker. Other than 0: stop shrinking. */
export const STOP = 0;
/** From here on, the process groups of its JITs; 0: none. */
export const FIRST_JIT = 1;

export type Job =
  | { readonly kind: 'block'; readonly block: Block }
  | { readonly kind: 'shrink'; readonly path: CasePath }
  | { readonly kind: 'end' };

export type Reply =
  | { readonly kind: 'block'; readonly report: BlockReport }
  | { readonly kind: 'shrink'; readonly hit: ShrunkHit }
  | { readonly kind: 'end' };

/** A worker that a case brought down. */
export interface Loss {
  readonly path: CasePath;
  /** e.g. `SIGABRT` */
  readonly by: string;
  /** Where the case is noted. */
  readonly file: string;
}

export interface ProcessPoolOptions extends SampleRate {
  readonly size: number;
  readonly seed: number;
  readonly choice: Setup;
  /** What programs are made for. */
  readonly mix: Mix;
  readonly setup: ReadonlyMap<string, readonly string[]>;
  /** The file in which the worker of that number notes what it runs. */
  readonly runningFile: (worker: number) => string;
  /** Told when a fresh worker takes the place of one. */
  readonly onLoss: (loss: Loss) => void;
}

/** Workers that may be brought down: with more, a JIT or engine is not worth going on with. */
const MAX_LOSSES = 16;

/** One job at a time a worker. */
export class ProcessPool implements Pool {
  readonly size: number;
  readonly #options: ProcessPoolOptions;
  readonly #workers: Worker[];
  #started = 0;
  #losses = 0;
  #isOver = false;
  #isAbandoned = false;
  readonly #killAll = (): void => {
    for (const worker of this.#workers) worker.kill();
  };

  constructor(options: ProcessPoolOptions) {
    this.size = options.size;
    this.#options = options;
    process.once('exit', this.#killAll);
    this.#workers = Array.from({ length: options.size }, () => this.#start());
  }

  /** Workers brought down so far. */
  get losses(): number {
    return this.#losses;
  }

  async runBlock(worker: number, block: Block): Promise<BlockReport> {
    const lost: LostCase[] = [];
    for (;;) {
      try {
        const reply = await this.#worker(worker).process.ask({ kind: 'block', block: { ...block, lost } });
        if (reply.kind !== 'block') throw new Error(`a worker answered a block with ${reply.kind}`);
        return reply.report;
      } catch (error) {
        const { path, by } = this.#replace(worker, error);
        // It may not have come to this block's cases.
        if (isOfBlock(path, block))
          lost.push({ index: path.index, why: `${by} ended the worker that ran it` });
      }
    }
  }

  async shrink(worker: number, path: CasePath): Promise<ShrunkHit> {
    try {
      const reply = await this.#worker(worker).process.ask({ kind: 'shrink', path });
      if (reply.kind !== 'shrink') throw new Error(`a worker answered a shrink with ${reply.kind}`);
      return reply.hit;
    } catch (error) {
      this.#replace(worker, error);
      // It stays as it was found.
      return { path, bucket: '', shrinks: 0, runs: 0, isFinished: false, diverged: false, file: '' };
    }
  }

  /** Makes shrinking end at the next case. */
  stop(): void {
    if (this.#isOver) return;
    for (const { words } of this.#workers) words.set(STOP, 1);
  }

  /** Ends the workers, which remove their notes; those that fail at that are ended too, and why is thrown. */
  async end(): Promise<void> {
    this.stop();
    this.#isOver = true;
    const ends = await Promise.allSettled(this.#workers.map((worker) => worker.end()));
    await this.abandon();
    for (const end of ends) if (end.status === 'rejected') throw end.reason;
  }

  /** Ends the workers wherever they are; their notes stay. */
  async abandon(): Promise<void> {
    this.#isOver = true;
    if (this.#isAbandoned) return;
    this.#isAbandoned = true;
    await Promise.all(this.#workers.map((worker) => worker.terminate()));
    process.off('exit', this.#killAll);
  }

  #start(): Worker {
    const { size, runningFile, seed, choice, mix, vacuityEvery, vacuityLater, setup } = this.#options;
    // A file of its own: that of one that was brought down is kept.
    const file = runningFile(this.#started++);
    return new Worker({ seed, choice, mix, vacuityEvery, vacuityLater, setup, runningFile: file }, size);
  }

  /** Starts a fresh worker in the place of one that was brought down. Throws what happened if that is no way on. */
  #replace(worker: number, error: unknown): Loss {
    if (!(error instanceof WorkerEnded) || this.#isOver) throw error;
    const dead = this.#worker(worker);
    dead.kill();
    const path = dead.noted();
    if (path === undefined) throw error;
    const loss: Loss = { path, by: error.by, file: dead.file };
    if (this.#losses === MAX_LOSSES) throw tooMany(loss);
    this.#losses++;
    this.#workers[worker] = this.#start();
    dead.close();
    this.#options.onLoss(loss);
    return loss;
  }

  #worker(worker: number): Worker {
    const found = this.#workers[worker];
    if (found === undefined) throw new RangeError(`no worker ${worker}`);
    return found;
  }
}

function tooMany({ path, by, file }: Loss): OracleError {
  const why = `${by} ended its worker, as ${MAX_LOSSES} were before; replay what is kept in ${file}`;
  return new OracleError('engine', { what: 'fuzz', where: `case ${formatPath(path)}`, why });
}

/** A process, and what is known of it from outside. */
class Worker {
  readonly process: WorkerProcess<Job, Reply>;
  readonly words = SharedWords.make(FIRST_JIT + MAX_OPEN_JITS);
  readonly file: string;
  #isClosed = false;

  constructor(setup: WorkerSetup, workers: number) {
    this.file = setup.runningFile;
    this.process = new WorkerProcess(setup, { command: 'fuzz', workers, words: this.words });
  }

  /** The case it ran last, if it came to one. */
  noted(): CasePath | undefined {
    try {
      return runningPath(readFileSync(this.file, 'utf8'), this.file);
    } catch {
      return undefined;
    }
  }

  /** Has it end well. */
  async end(): Promise<void> {
    await this.process.ask({ kind: 'end' });
    await this.process.close();
  }

  async terminate(): Promise<void> {
    await this.process.terminate();
    this.#endJits();
    this.close();
  }

  /** Nothing is known of it any more. */
  close(): void {
    this.#isClosed = true;
    this.words.close();
  }

  /** Ends it and its JITs, without waiting. */
  kill(): void {
    if (this.#isClosed) return;
    this.process.kill();
    this.#endJits();
  }

  #endJits(): void {
    endNoted(Array.from({ length: MAX_OPEN_JITS }, (_, slot) => this.words.get(FIRST_JIT + slot)));
  }
}
