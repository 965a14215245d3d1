/** From an error to its line on standard error and its exit code. */
import { CommanderError } from 'commander';
import { OracleError } from '../core/errors.ts';
import type { Io } from './io.ts';

/** Exit codes of every command. Where several apply, see `worst`. */
export const EXIT = { ok: 0, diverge: 1, bad: 2, broken: 3, nothing: 4 } as const;
export type ExitCode = (typeof EXIT)[keyof typeof EXIT];

/** A broken engine counts most, then a divergence, then bad input. */
const PRECEDENCE: readonly ExitCode[] = [EXIT.broken, EXIT.diverge, EXIT.bad, EXIT.nothing];

export const worst = (codes: readonly ExitCode[]): ExitCode =>
  PRECEDENCE.find((code) => codes.includes(code)) ?? EXIT.ok;

export function exitCodeOf(error: unknown): ExitCode {
  if (error instanceof CommanderError) return EXIT.bad;
  return error instanceof OracleError && error.kind !== 'engine' ? EXIT.bad : EXIT.broken;
}

/** A folder of cases without cases: nothing runs, which is exit code 4, and says so. */
export function tellNoCases(command: string, where: string, io: Io): void {
  io.stderr(`bpf-oracle: ${command}: ${where}: holds no .data files; name the folder that does\n`);
}

export interface FailureOptions {
  /** Print the stack under the line. */
  readonly debug: boolean;
  /** First word of the command line, for errors of usage. */
  readonly command?: string | undefined;
}

/** `bpf-oracle: <what>: <where>: <why and what to do>`, with a newline. */
export function failureText(error: unknown, { debug, command }: FailureOptions): string {
  const line = `bpf-oracle: ${oneLine(messageOf(error, command))}\n`;
  return debug && error instanceof Error ? `${line}${stackOf(error)}\n` : line;
}

function messageOf(error: unknown, command: string | undefined): string {
  if (error instanceof OracleError) return error.message;
  if (error instanceof CommanderError) return `usage: ${usageMessage(error, command)}`;
  if (isSystemError(error))
    return `system: ${error.syscall}: ${error.message}; make that possible and run again`;
  const told = error instanceof Error ? `${error.name}: ${error.message}` : String(error);
  return `internal error: ${told}: this is a bug of bpf-oracle; run again with --debug and report what it prints`;
}

/** Node's errors of system calls, e.g. a full disk under standard output. */
const isSystemError = (error: unknown): error is Error & { readonly syscall: string } =>
  error instanceof Error && 'syscall' in error && typeof error.syscall === 'string';

/** Commander says `error: unknown option '--x'` and, on a line of its own, `(Did you mean --y?)`. */
function usageMessage(error: CommanderError, command: string | undefined): string {
  if (error.code === 'commander.help') return 'command line: no command; "bpf-oracle --help" lists them';
  const message = error.message.replace(/^error: /, '').replace(/\.$/, '');
  const known =
    command !== undefined && /^[a-z]+$/.test(command) && error.code !== 'commander.unknownCommand';
  return known
    ? `${command}: ${message}; see "bpf-oracle ${command} --help"`
    : `command line: ${message}; see "bpf-oracle --help"`;
}

const oneLine = (text: string): string => text.replace(/\s*[\r\n]+\s*/g, ' ').trim();

function stackOf(error: Error): string {
  const stack = error.stack ?? '';
  return error.cause instanceof Error ? `${stack}\ncaused by: ${error.cause.stack ?? ''}` : stack;
}
