/** The workers of `fuzz` as threads (fuzz-worker.ts): each has an engine of its own. */
import type { Pool } from '../fuzz/campaign.ts';
import type { Mix } from '../fuzz/lanes.ts';
import type { CasePath } from '../fuzz/path.ts';
import type { Block, BlockReport, ShrunkHit } from '../fuzz/shard.ts';
import { type ChildNotes, childNotes, endNoted } from './open-jits.ts';
import type { Setup } from './options.ts';
import { WorkerThread } from './worker-thread.ts';

/** What a thread is started with. */
export interface WorkerSetup {
  readonly seed: number;
  readonly choice: Setup;
  readonly mix: Mix;
  /** Of every so many cases one has its calls taken out; 0: none. */
  readonly vacuityEvery: number;
  /** Lines for its case files. */
  readonly setup: ReadonlyMap<string, readonly string[]>;
  readonly runningFile: string;
  /** One word; other than 0: stop shrinking. */
  readonly stop: SharedArrayBuffer;
  /** Where it notes the processes it starts. */
  readonly children: ChildNotes;
}

export type Job =
  | { readonly kind: 'block'; readonly block: Block }
  | { readonly kind: 'shrink'; readonly path: CasePath }
  | { readonly kind: 'end' };

export type Reply =
  | { readonly kind: 'block'; readonly report: BlockReport }
  | { readonly kind: 'shrink'; readonly hit: ShrunkHit }
  | { readonly kind: 'end' };

export interface ThreadPoolOptions {
  readonly size: number;
  readonly seed: number;
  readonly choice: Setup;
  /** What programs are made for. */
  readonly mix: Mix;
  readonly vacuityEvery: number;
  readonly setup: ReadonlyMap<string, readonly string[]>;
  /** The file in which a worker notes what it runs. */
  readonly runningFile: (worker: number) => string;
}

/** One job at a time a thread. */
export class ThreadPool implements Pool {
  readonly size: number;
  readonly #stop = new SharedArrayBuffer(Int32Array.BYTES_PER_ELEMENT);
  readonly #threads: readonly WorkerThread<Job, Reply>[];
  readonly #children: readonly ChildNotes[];
  readonly #endChildren = (): void => {
    for (const notes of this.#children) endNoted(notes);
  };

  constructor({ size, runningFile, ...shared }: ThreadPoolOptions) {
    this.size = size;
    this.#children = Array.from({ length: size }, childNotes);
    process.once('exit', this.#endChildren);
    this.#threads = this.#children.map((children, worker) => {
      const setup: WorkerSetup = { ...shared, runningFile: runningFile(worker), stop: this.#stop, children };
      return new WorkerThread<Job, Reply>('fuzz-worker', setup);
    });
  }

  async runBlock(worker: number, block: Block): Promise<BlockReport> {
    const reply = await this.#thread(worker).ask({ kind: 'block', block });
    if (reply.kind !== 'block') throw new Error(`a worker answered a block with ${reply.kind}`);
    return reply.report;
  }

  async shrink(worker: number, path: CasePath): Promise<ShrunkHit> {
    const reply = await this.#thread(worker).ask({ kind: 'shrink', path });
    if (reply.kind !== 'shrink') throw new Error(`a worker answered a shrink with ${reply.kind}`);
    return reply.hit;
  }

  /** Makes shrinking end at the next case. */
  stop(): void {
    Atomics.store(new Int32Array(this.#stop), 0, 1);
  }

  /** Ends the threads, which remove their notes; those that fail at that are ended too, and why is thrown. */
  async end(): Promise<void> {
    try {
      await Promise.all(this.#threads.map((thread) => thread.ask({ kind: 'end' })));
    } finally {
      await this.abandon();
    }
  }

  /** Ends the threads wherever they are; their notes stay. */
  async abandon(): Promise<void> {
    await Promise.all(this.#threads.map((thread) => thread.terminate()));
    this.#endChildren();
    process.off('exit', this.#endChildren);
  }

  #thread(worker: number): WorkerThread<Job, Reply> {
    const thread = this.#threads[worker];
    if (thread === undefined) throw new RangeError(`no worker ${worker}`);
    return thread;
  }
}
