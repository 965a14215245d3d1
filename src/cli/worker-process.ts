/**
 * A process that does one job at a time: the side that asks (the other one: worker-serve.ts). A process, since what a
 * guest brings down ends with it alone, and since V8 takes what its collector is to do from a command line only.
 */
import { type ChildProcess, fork } from 'node:child_process';
import { availableParallelism } from 'node:os';
import { extname } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type ErrorKind, type ErrorParts, OracleError } from '../core/errors.ts';
import type { SharedWords } from './shared-words.ts';

export type SentError =
  | { readonly kind: ErrorKind; readonly parts: ErrorParts }
  | { readonly kind: 'bug'; readonly message: string; readonly stack: string };

export type Envelope<Answer> =
  | { readonly kind: 'answer'; readonly answer: Answer }
  | { readonly kind: 'failed'; readonly error: SentError };

interface Waiting<Answer> {
  readonly resolve: (answer: Answer) => void;
  readonly reject: (error: unknown) => void;
}

/** The descriptor of a worker's words; 3 is what it is asked and answers by. */
export const WORDS_FD = 4;

/** MiB of each half of what is short-lived: cases made together mostly end before they are looked through. */
const SEMI_SPACE_MB = 32;

/**
 * Options of Node and V8 for each of so many workers. With one for every CPU, threads of the collector's own only
 * take turns with workers. Huge pages for Node's own code, where the system has them; it says nothing if not.
 */
export const workerFlags = (workers: number): readonly string[] => [
  `--max-semi-space-size=${SEMI_SPACE_MB}`,
  '--use-largepages=silent',
  ...(workers >= availableParallelism() ? ['--single-threaded-gc'] : []),
];

export interface WorkerOptions {
  /** The worker's file beside this one is `<command>-worker`. */
  readonly command: 'fuzz' | 'mutants' | 'bench';
  /** Workers there are, this one among them. */
  readonly workers: number;
  /** Its WORDS_FD. */
  readonly words?: SharedWords;
}

/** A worker that ended by itself, or was ended: the case it ran, or the system, brought it down. */
export class WorkerEnded extends OracleError {
  /** e.g. `SIGABRT` or `exit code 1` */
  readonly by: string;

  constructor(command: string, by: string) {
    const why = `${by} ended it; run again, and report it if that happens again`;
    super('engine', { what: command, where: 'a worker', why });
    this.by = by;
  }
}

/** The side that asks. `Job` and `Answer` are plain data. */
export class WorkerProcess<Job, Answer> {
  readonly #child: ChildProcess;
  readonly #ended: Promise<void>;
  /** Jobs are answered in the order in which they are given. */
  #waiting: Waiting<Answer>[] = [];
  #dead: Error | undefined;

  /** `setup`: plain data, the first it is told. */
  constructor(setup: unknown, { command, workers, words }: WorkerOptions) {
    // In the source tree this module ends in .ts, built and bundled in .js; the worker's beside it does too.
    const file = new URL(`./${command}-worker${extname(fileURLToPath(import.meta.url))}`, import.meta.url);
    this.#child = fork(file, {
      execArgv: [...workerFlags(workers)],
      serialization: 'advanced',
      // What a library prints is not part of a report.
      stdio: ['ignore', 2, 2, 'ipc', ...(words === undefined ? [] : [words.fd])],
      // In a session of its own: Ctrl-C in a terminal is the asking side's to deal with, from the first moment on.
      detached: true,
    });
    this.#child.on('message', (reply) => this.#settle(reply as Envelope<Answer>));
    this.#ended = new Promise((resolve) => {
      this.#child.on('exit', (code, signal) => {
        this.#fail(new WorkerEnded(command, signal ?? `exit code ${code}`));
        if (this.#child.connected) this.#child.disconnect();
        resolve();
      });
      this.#child.on('error', (error) => {
        this.#fail(error);
        if (this.#child.pid === undefined) resolve();
      });
    });
    this.#tell(setup);
  }

  /** Gives it a job. Rejects with what the worker failed with, or a WorkerEnded. */
  ask(job: Job): Promise<Answer> {
    if (this.#dead !== undefined) return Promise.reject(this.#dead);
    return new Promise((resolve, reject) => {
      this.#waiting.push({ resolve, reject });
      this.#tell(job);
    });
  }

  /** Lets it end when it has nothing to do, and waits for that. */
  async close(): Promise<void> {
    if (this.#child.connected) this.#child.disconnect();
    await this.#ended;
  }

  /** Ends it wherever it is. */
  async terminate(): Promise<void> {
    this.kill();
    await this.#ended;
  }

  /** As terminate, without waiting. */
  kill(): void {
    this.#child.kill('SIGKILL');
  }

  /** What cannot be told any more is no news: it has ended, and that is told by itself. */
  #tell(message: unknown): void {
    this.#child.send(message as object, () => undefined);
  }

  #settle(reply: Envelope<Answer>): void {
    const waiting = this.#waiting.shift();
    if (reply.kind === 'failed') waiting?.reject(received(reply.error));
    else waiting?.resolve(reply.answer);
  }

  #fail(error: Error): void {
    this.#dead ??= error;
    for (const { reject } of this.#waiting) reject(error);
    this.#waiting = [];
  }
}

function received(error: SentError): Error {
  if (error.kind !== 'bug') return new OracleError(error.kind, error.parts);
  const bug = new Error(error.message);
  bug.stack = error.stack;
  return bug;
}
