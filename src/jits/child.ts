/**
 * A child that answers one line for each line it is asked, spoken to synchronously. Whatever it does (dies,
 * stays silent, floods its pipes, closes them) comes back as a value; then it is over and has been reaped.
 */
import { readSync } from 'node:fs';
import {
  closeAll,
  type Ended,
  isCode,
  killGroup,
  openPipe,
  reap,
  spawnGroup,
  unblock,
  waitReady,
  writeSome,
} from './posix.ts';

/** What a question comes to. All but `line` end the child. */
export type Answer =
  | { readonly kind: 'line'; readonly line: string }
  | { readonly kind: 'died'; readonly ended: Ended; readonly stderr: string }
  | { readonly kind: 'late'; readonly ms: number }
  /** A line longer than `limit` bytes, or so many lines that nobody asked for. */
  | { readonly kind: 'flood'; readonly limit: number }
  /** It said something before it was asked. */
  | { readonly kind: 'unasked'; readonly text: string };

const NEWLINE = 0x0a;
const READ_BYTES = 0x1_0000;
/** How much of its standard error is kept: the end. */
const STDERR_BYTES = 2048;
/** Milliseconds for a child whose output has ended to end too. */
const LAST_BREATH = 500;

export class Child {
  readonly #pid: number;
  readonly #stdin: number;
  readonly #stdout: number;
  readonly #stderr: number;
  readonly #limit: number;
  readonly #buffer = Buffer.alloc(READ_BYTES);
  #stderrTail = Buffer.alloc(0);
  #pending: Buffer[] = [];
  #pendingBytes = 0;
  #isStderrOpen = true;
  #isOver = false;

  /** Starts the program; `limit`: bytes of an answer. Throws a `usage` error if it cannot be started. */
  constructor(argv: readonly string[], limit: number) {
    this.#limit = limit;
    const [input, output, errors] = [openPipe(), openPipe(), openPipe()];
    try {
      this.#pid = spawnGroup(argv, [input.read, output.write, errors.write]);
    } catch (error) {
      closeAll([input.write, output.read, errors.read]);
      throw error;
    } finally {
      closeAll([input.read, output.write, errors.write]);
    }
    this.#stdin = input.write;
    this.#stdout = output.read;
    this.#stderr = errors.read;
    for (const fd of [this.#stdin, this.#stdout, this.#stderr]) unblock(fd);
  }

  /** Its process group. */
  get pid(): number {
    return this.#pid;
  }

  get isOver(): boolean {
    return this.#isOver;
  }

  /** Asks, with so many milliseconds for the answer; `line` without a newline. Not to be called when it is over. */
  ask(line: string, ms: number): Answer {
    const until = performance.now() + ms;
    const stray = this.#unasked();
    if (stray !== undefined) return stray;
    const question = Buffer.from(`${line}\n`);
    let sent = 0;
    for (;;) {
      const answer = this.#take();
      if (answer !== undefined) return answer;
      const left = until - performance.now();
      if (left <= 0) return this.#end({ kind: 'late', ms });
      const isSending = sent < question.length;
      const [out, err, room] = this.#wait(isSending, Math.ceil(left));
      if (room === true) {
        const written = writeSome(this.#stdin, question.subarray(sent));
        if (written === false) return this.#died();
        sent += written;
      }
      if (err === true) this.#readErrors();
      if (out === true && !this.#readMore()) return this.#died();
    }
  }

  /** Ends it and frees what it held. */
  close(): void {
    if (this.#isOver) return;
    this.#isOver = true;
    killGroup(this.#pid);
    reap(this.#pid, 'wait');
    closeAll([this.#stdin, this.#stdout, this.#stderr]);
    this.#pending = [];
  }

  /** Output is read before a question, so that an old line is not taken for an answer. */
  #unasked(): Answer | undefined {
    const [out] = waitReady([{ fd: this.#stdout, for: 'read' }], 0);
    if (out === true && !this.#readMore()) return this.#died();
    if (this.#pendingBytes === 0) return undefined;
    const text = Buffer.concat(this.#pending).toString('latin1', 0, 80);
    return this.#end({ kind: 'unasked', text });
  }

  #wait(isSending: boolean, ms: number): (boolean | undefined)[] {
    const interests = [
      { fd: this.#stdout, for: 'read' },
      // A descriptor below 0 is not waited for.
      { fd: this.#isStderrOpen ? this.#stderr : -1, for: 'read' },
      ...(isSending ? [{ fd: this.#stdin, for: 'write' } as const] : []),
    ] as const;
    return waitReady(interests, ms);
  }

  /** The answer, once there is a whole line. */
  #take(): Answer | undefined {
    if (this.#pendingBytes > this.#limit) return this.#end({ kind: 'flood', limit: this.#limit });
    const last = this.#pending.at(-1);
    const at = last?.indexOf(NEWLINE) ?? -1;
    if (last === undefined || at < 0) return undefined;
    if (at !== last.length - 1) {
      const text = last.toString('latin1', at + 1, at + 81);
      return this.#end({ kind: 'unasked', text });
    }
    const line = Buffer.concat(this.#pending).toString('utf8').trimEnd();
    this.#pending = [];
    this.#pendingBytes = 0;
    return { kind: 'line', line };
  }

  /** False at the end of its output. */
  #readMore(): boolean {
    const bytes = this.#read(this.#stdout);
    if (bytes === undefined) return false;
    if (bytes.length > 0) this.#pending.push(Buffer.from(bytes));
    this.#pendingBytes += bytes.length;
    return true;
  }

  #readErrors(): void {
    const bytes = this.#read(this.#stderr);
    if (bytes === undefined) this.#isStderrOpen = false;
    else this.#stderrTail = Buffer.concat([this.#stderrTail, bytes]).subarray(-STDERR_BYTES);
  }

  /** What is there, in a buffer that the next read uses again; undefined at the end. */
  #read(fd: number): Buffer | undefined {
    try {
      const length = readSync(fd, this.#buffer);
      return length === 0 ? undefined : this.#buffer.subarray(0, length);
    } catch (error) {
      if (isCode(error, 'EAGAIN')) return this.#buffer.subarray(0, 0);
      throw error;
    }
  }

  /** Its output or input has ended: how did it end itself? */
  #died(): Answer {
    const until = performance.now() + LAST_BREATH;
    let ended = reap(this.#pid, 'look');
    while (ended === undefined && performance.now() < until) {
      const [err] = waitReady([{ fd: this.#isStderrOpen ? this.#stderr : -1, for: 'read' }], 1);
      if (err === true) this.#readErrors();
      ended = reap(this.#pid, 'look');
    }
    if (this.#isStderrOpen) this.#readErrors();
    if (ended === undefined) {
      killGroup(this.#pid);
      ended = reap(this.#pid, 'wait') ?? { kind: 'signal', signal: 9 };
    }
    // What it started may still run.
    killGroup(this.#pid);
    this.#isOver = true;
    closeAll([this.#stdin, this.#stdout, this.#stderr]);
    const stderr = this.#stderrTail.toString('utf8').trimEnd();
    return { kind: 'died', ended, stderr };
  }

  #end(answer: Answer): Answer {
    this.close();
    return answer;
  }
}
