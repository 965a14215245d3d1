/** The workers of `fuzz` as threads (fuzz-worker.ts): each has an engine of its own. */
import { extname } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Worker } from 'node:worker_threads';
import { type ErrorKind, type ErrorParts, OracleError } from '../core/errors.ts';
import type { Pool } from '../fuzz/campaign.ts';
import type { CasePath } from '../fuzz/path.ts';
import type { Block, BlockReport, ShrunkHit } from '../fuzz/shard.ts';
import type { JitChoice } from './options.ts';

/** What a thread is started with. */
export interface WorkerSetup {
  readonly seed: number;
  readonly jit: JitChoice;
  /** Lines for its case files. */
  readonly setup: ReadonlyMap<string, readonly string[]>;
  readonly runningFile: string;
  /** One word; other than 0: stop shrinking. */
  readonly stop: SharedArrayBuffer;
}

export type Job =
  | { readonly kind: 'block'; readonly block: Block }
  | { readonly kind: 'shrink'; readonly path: CasePath }
  | { readonly kind: 'end' };

export type Reply =
  | { readonly kind: 'block'; readonly report: BlockReport }
  | { readonly kind: 'shrink'; readonly hit: ShrunkHit }
  | { readonly kind: 'end' }
  | { readonly kind: 'failed'; readonly error: SentError };

export type SentError =
  | { readonly kind: ErrorKind; readonly parts: ErrorParts }
  | { readonly kind: 'bug'; readonly message: string; readonly stack: string };

export interface ThreadPoolOptions {
  readonly size: number;
  readonly seed: number;
  readonly jit: JitChoice;
  readonly setup: ReadonlyMap<string, readonly string[]>;
  /** The file in which a worker notes what it runs. */
  readonly runningFile: (worker: number) => string;
}

/** One job at a time a thread. */
export class ThreadPool implements Pool {
  readonly size: number;
  readonly #stop = new SharedArrayBuffer(Int32Array.BYTES_PER_ELEMENT);
  readonly #threads: readonly Thread[];

  constructor({ size, runningFile, ...shared }: ThreadPoolOptions) {
    this.size = size;
    this.#threads = Array.from(
      { length: size },
      (_, worker) => new Thread({ ...shared, runningFile: runningFile(worker), stop: this.#stop }),
    );
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

  /** Ends the threads, which remove their notes. */
  async end(): Promise<void> {
    await Promise.all(this.#threads.map((thread) => thread.ask({ kind: 'end' })));
  }

  /** Ends the threads wherever they are; their notes stay. */
  async abandon(): Promise<void> {
    await Promise.all(this.#threads.map((thread) => thread.terminate()));
  }

  #thread(worker: number): Thread {
    const thread = this.#threads[worker];
    if (thread === undefined) throw new RangeError(`no worker ${worker}`);
    return thread;
  }
}

interface Waiting {
  readonly resolve: (reply: Reply) => void;
  readonly reject: (error: unknown) => void;
}

class Thread {
  readonly #worker: Worker;
  #waiting: Waiting | undefined;
  #dead: Error | undefined;

  constructor(setup: WorkerSetup) {
    // In the source tree this module ends in .ts, built in .js; the worker's beside it does too.
    const file = new URL(`./fuzz-worker${extname(fileURLToPath(import.meta.url))}`, import.meta.url);
    this.#worker = new Worker(file, { workerData: setup });
    this.#worker.on('message', (reply: Reply) => this.#settle(reply));
    this.#worker.on('error', (error: Error) => this.#fail(error));
    this.#worker.on('exit', (code) =>
      this.#fail(new Error(`a fuzz worker ended by itself with code ${code}`)),
    );
  }

  /** Gives it a job. Rejects with what the worker failed with. */
  ask(job: Job): Promise<Reply> {
    if (this.#dead !== undefined) return Promise.reject(this.#dead);
    return new Promise((resolve, reject) => {
      this.#waiting = { resolve, reject };
      this.#worker.postMessage(job);
    });
  }

  async terminate(): Promise<void> {
    await this.#worker.terminate();
  }

  #settle(reply: Reply): void {
    const waiting = this.#waiting;
    this.#waiting = undefined;
    if (reply.kind === 'failed') waiting?.reject(received(reply.error));
    else waiting?.resolve(reply);
  }

  #fail(error: Error): void {
    this.#dead ??= error;
    this.#waiting?.reject(error);
    this.#waiting = undefined;
  }
}

function received(error: SentError): Error {
  if (error.kind !== 'bug') return new OracleError(error.kind, error.parts);
  const bug = new Error(error.message);
  bug.stack = error.stack;
  return bug;
}
