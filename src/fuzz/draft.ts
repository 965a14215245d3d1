/** A generated case that knows the simpler ones: what lanes draw, and what is shrunk. */
import type * as fc from 'fast-check';
import type { Subject } from './judge.ts';

export interface Draft {
  readonly subject: Subject;
  /** The greatest steps first; the same ones in the same order each time. */
  simpler(): Iterable<Draft>;
}

class DraftOf<T> implements Draft {
  readonly #value: T;
  readonly #subject: (value: T) => Subject;
  readonly #simpler: (value: T) => Iterable<T>;
  #made: Subject | undefined;

  constructor(value: T, subject: (value: T) => Subject, simpler: (value: T) => Iterable<T>) {
    this.#value = value;
    this.#subject = subject;
    this.#simpler = simpler;
  }

  get subject(): Subject {
    this.#made ??= this.#subject(this.#value);
    return this.#made;
  }

  *simpler(): Iterable<Draft> {
    for (const each of this.#simpler(this.#value)) yield draftOf(each, this.#subject, this.#simpler);
  }
}

/** A draft of a value that a generator drew, of which `simpler` gives the simpler ones. */
export const draftOf = <T>(
  value: T,
  subject: (value: T) => Subject,
  simpler: (value: T) => Iterable<T>,
): Draft => new DraftOf(value, subject, simpler);

/** A draft of what an arbitrary of fast-check drew. */
export const drawDraft = (arbitrary: fc.Arbitrary<Subject>, random: fc.Random): Draft =>
  draftOf(
    arbitrary.generate(random, undefined),
    ({ value }) => value,
    ({ value_, context }) => arbitrary.shrink(value_, context),
  );
