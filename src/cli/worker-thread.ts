/** A thread that does one job at a time: the side that asks, and the side that answers. Errors cross as data. */
import { extname } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parentPort, Worker } from 'node:worker_threads';
import { type ErrorKind, type ErrorParts, OracleError } from '../core/errors.ts';

type SentError =
  | { readonly kind: ErrorKind; readonly parts: ErrorParts }
  | { readonly kind: 'bug'; readonly message: string; readonly stack: string };

type Envelope<Answer> =
  | { readonly kind: 'answer'; readonly answer: Answer }
  | { readonly kind: 'failed'; readonly error: SentError };

interface Waiting<Answer> {
  readonly resolve: (answer: Answer) => void;
  readonly reject: (error: unknown) => void;
}

/** Room for what is short-lived: cases made together mostly end before they are looked through. */
const YOUNG_MB = 96;

/** The side that asks. `Job` and `Answer` are plain data. */
export class WorkerThread<Job, Answer> {
  readonly #worker: Worker;
  #waiting: Waiting<Answer> | undefined;
  #dead: Error | undefined;

  /** `module`: the worker's file beside this one, without extension; `setup`: its `workerData`. */
  constructor(module: string, setup: unknown) {
    // In the source tree this module ends in .ts, built in .js; the worker's beside it does too.
    const file = new URL(`./${module}${extname(fileURLToPath(import.meta.url))}`, import.meta.url);
    this.#worker = new Worker(file, {
      workerData: setup,
      // Pipes of JITs are opened by the C library: Node would warn of each it sees closed.
      trackUnmanagedFds: false,
      resourceLimits: { maxYoungGenerationSizeMb: YOUNG_MB },
    });
    this.#worker.on('message', (reply: Envelope<Answer>) => this.#settle(reply));
    this.#worker.on('error', (error: Error) => this.#fail(error));
    this.#worker.on('exit', (code) => this.#fail(new Error(`a worker ended by itself with code ${code}`)));
  }

  /** Gives it a job. Rejects with what the worker failed with. */
  ask(job: Job): Promise<Answer> {
    if (this.#dead !== undefined) return Promise.reject(this.#dead);
    return new Promise((resolve, reject) => {
      this.#waiting = { resolve, reject };
      this.#worker.postMessage(job);
    });
  }

  /** Ends it wherever it is. */
  async terminate(): Promise<void> {
    await this.#worker.terminate();
  }

  #settle(reply: Envelope<Answer>): void {
    const waiting = this.#waiting;
    this.#waiting = undefined;
    if (reply.kind === 'failed') waiting?.reject(received(reply.error));
    else waiting?.resolve(reply.answer);
  }

  #fail(error: Error): void {
    this.#dead ??= error;
    this.#waiting?.reject(error);
    this.#waiting = undefined;
  }
}

/** The side that answers: takes jobs until its thread is ended. */
export function serve<Job, Answer>(answer: (job: Job) => Answer): void {
  parentPort?.on('message', (job: Job) => {
    let reply: Envelope<Answer>;
    try {
      reply = { kind: 'answer', answer: answer(job) };
    } catch (error) {
      reply = { kind: 'failed', error: sent(error) };
    }
    parentPort?.postMessage(reply);
  });
}

function sent(error: unknown): SentError {
  if (error instanceof OracleError) return { kind: error.kind, parts: error.parts };
  const told = error instanceof Error ? error : new Error(String(error));
  return { kind: 'bug', message: told.message, stack: told.stack ?? '' };
}

function received(error: SentError): Error {
  if (error.kind !== 'bug') return new OracleError(error.kind, error.parts);
  const bug = new Error(error.message);
  bug.stack = error.stack;
  return bug;
}
