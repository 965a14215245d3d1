/** What a walk over the code of a function is given. */
import type { Program } from '../bpf/program.ts';
import type { Summary } from './summary.ts';

/** Where a walk is, and what it may ask and tell. */
export interface WalkContext {
  readonly program: Program;
  /** By index of the function. */
  readonly summaries: readonly Summary[];
  /** Of the function that is walked. */
  readonly summary: Summary;
  /** LintOptions.writes */
  readonly isTrusting: boolean;
  /** What callers know of `summary` has changed. */
  readonly onChange: (summary: Summary) => void;
  /** `callee` is entered in a new way, or for the first time. */
  readonly onEnter: (callee: Summary) => void;
}
