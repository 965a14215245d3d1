/**
 * Errors of the caller: bad usage, bad input, a broken installation. What a guest program does is never
 * one of these: it is an Outcome (execution.ts).
 */

/**
 * `usage` and `input` end the command with exit code 2, `engine` with 3. `jit`: the JIT under judgement died, was
 * late or answered nonsense; a case for which that happens is inconclusive.
 */
export type ErrorKind = 'usage' | 'input' | 'engine' | 'jit';

/** The parts of the one line the user gets: `<what>: <where>: <why and what to do>`. */
export interface ErrorParts {
  /** What failed, e.g. `decode`, `read ELF`, `load libunicorn`. */
  readonly what: string;
  /** File, section, instruction or option it happened at. */
  readonly where: string;
  /** Why, with the offending field and value, and what to do about it. */
  readonly why: string;
}

/** Malformed input, a misused API or a missing engine; the message is one line. */
export class OracleError extends Error {
  override readonly name = 'OracleError';
  readonly kind: ErrorKind;
  readonly parts: ErrorParts;

  constructor(kind: ErrorKind, parts: ErrorParts, options?: ErrorOptions) {
    super(`${parts.what}: ${parts.where}: ${parts.why}`, options);
    this.kind = kind;
    this.parts = parts;
  }
}

/** Shorthand for the commonest kind: the input is wrong. */
export function badInput(what: string, where: string, why: string, options?: ErrorOptions): OracleError {
  return new OracleError('input', { what, where, why }, options);
}

/** Marks a branch the type system proves unreachable; reaching it is a bug of ours. */
export function assertNever(value: never): never {
  throw new Error(`unreachable: ${JSON.stringify(value)}`);
}
