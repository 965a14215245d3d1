/**
 * `exec:`: a JIT behind a command that speaks the image protocol, one JSON object a line each way. The command
 * lives as long as it answers; when it does not, that costs one case, and the next one finds a new child.
 */
import type { Program } from '../bpf/program.ts';
import { badInput, OracleError } from '../core/errors.ts';
import type { Image } from '../core/image.ts';
import { MAX_IMAGE_BYTES, understand } from './answer.ts';
import { type Answer, Child } from './child.ts';
import type { Jit } from './jit.ts';
import type { Ended } from './posix.ts';
import { type CompileInput, requestOf } from './request.ts';
import { signalName } from './signals.ts';

export interface ExecOptions {
  /** As reports name it. @defaultValue `exec:` and the command */
  readonly name?: string;
  /** Milliseconds for an answer. @defaultValue 5000 */
  readonly deadline?: number;
  /** Milliseconds for the first answer of a child, which has to start. @defaultValue 20,000 */
  readonly startDeadline?: number;
  /** Of the error if it cannot be started at all. @defaultValue `usage` */
  readonly startError?: 'usage' | 'engine';
  /** Told of each child that is started, and of its end: a process group, or 0 for none. */
  readonly onChild?: (group: number) => void;
}

const DEADLINE = 5000;
const START_DEADLINE = 20_000;
/** What a shell ends with if it cannot run a command, or cannot find it: POSIX sh, Exit Status for Commands. */
const CANNOT_RUN: readonly number[] = [126, 127];
/** An image in hex, and room for maps. */
const MAX_ANSWER_BYTES = 4 * MAX_IMAGE_BYTES;

/** A JIT behind a shell command. Nothing is started before the first program. */
export const openExec = (command: string, options: ExecOptions = {}): Jit =>
  openProgram(['/bin/sh', '-c', command], { name: `exec:${command}`, ...options });

/** A JIT behind a program with arguments, which no shell sees. */
export function openProgram(argv: readonly string[], options: ExecOptions & { readonly name: string }): Jit {
  return new ExecJit(argv, options);
}

class ExecJit implements Jit {
  readonly name: string;
  readonly #argv: readonly string[];
  readonly #options: ExecOptions;
  #child: Child | undefined;
  #id = 0;
  #hasAnswered = false;

  constructor(argv: readonly string[], options: ExecOptions & { readonly name: string }) {
    this.name = options.name;
    this.#argv = argv;
    this.#options = options;
  }

  compile(program: Program, input: CompileInput): Image {
    const id = ++this.#id;
    const answer = this.#ask(JSON.stringify(requestOf(id, program, input)));
    if (answer.kind !== 'line') throw this.#failed(complaintOf(answer), this.#errorKind(answer));
    this.#hasAnswered = true;
    const understood = understand(answer.line, { id, jit: this.name, program });
    switch (understood.kind) {
      case 'image':
        return understood.image;
      case 'refused':
        throw badInput(this.name, 'refused', understood.why);
      case 'nonsense':
        // What else it says cannot be trusted either.
        this.close();
        throw this.#failed(`answered nonsense: ${understood.why}`);
    }
  }

  close(): void {
    this.#child?.close();
    this.#forget();
  }

  #ask(line: string): Answer {
    const child = this.#child ?? this.#start();
    const answer = child.ask(line, this.#child === undefined ? this.#startDeadline : this.#deadline);
    if (child.isOver) this.#forget();
    else this.#child = child;
    return answer;
  }

  #start(): Child {
    const child = new Child(this.#argv, MAX_ANSWER_BYTES);
    this.#options.onChild?.(child.pid);
    return child;
  }

  #forget(): void {
    this.#child = undefined;
    this.#options.onChild?.(0);
  }

  get #deadline(): number {
    return this.#options.deadline ?? DEADLINE;
  }

  get #startDeadline(): number {
    return this.#options.startDeadline ?? Math.max(START_DEADLINE, this.#deadline);
  }

  /** One that never ran is a mistake of whoever named it, and no program will find it well. */
  #errorKind(answer: Exclude<Answer, { kind: 'line' }>): 'jit' | 'usage' | 'engine' {
    const { startError = 'usage' } = this.#options;
    if (this.#hasAnswered || answer.kind !== 'died' || answer.ended.kind !== 'exit') return 'jit';
    return CANNOT_RUN.includes(answer.ended.code) ? startError : 'jit';
  }

  #failed(why: string, kind: 'jit' | 'usage' | 'engine' = 'jit'): OracleError {
    const what = kind === 'jit' ? 'compile' : 'start the JIT';
    return new OracleError(kind, { what, where: this.name, why });
  }
}

function complaintOf(answer: Exclude<Answer, { kind: 'line' }>): string {
  switch (answer.kind) {
    case 'died':
      return `${endText(answer.ended)}${answer.stderr === '' ? '' : `; it said: ${lastLine(answer.stderr)}`}`;
    case 'late':
      return `no answer within ${answer.ms / 1000} s`;
    case 'flood':
      return `an answer of more than ${answer.limit} bytes`;
    case 'unasked':
      return `it wrote what nobody asked for: ${JSON.stringify(answer.text)}`;
  }
}

const endText = (ended: Ended): string =>
  ended.kind === 'exit'
    ? `it ended with exit code ${ended.code}`
    : `it was ended by ${signalName(ended.signal)}`;

function lastLine(text: string): string {
  const line = text.split('\n').at(-1) ?? '';
  return line.length > 200 ? `…${line.slice(-200)}` : line;
}
