/** Gathers divergences: keeps the first ones, counts all. */
import type { CalleeRef, Word } from '../core/execution.ts';
import type { Divergence, Observed, Place, Subject } from './verdict.ts';

/** Bytes of memory in one divergence; a longer difference becomes several. */
const RUN_BYTES = 16;

export class Collector {
  readonly kept: Divergence[] = [];
  total = 0;
  readonly #max: number;

  constructor(max: number) {
    this.#max = max;
  }

  add(subject: Subject, want: Observed, got: Observed, pc: number | null): void {
    this.total++;
    if (this.kept.length < this.#max) this.kept.push({ subject, want, got, pc });
  }

  /** Words are compared only where both sides have one: poison is nobody's promise. */
  addWord(subject: () => Subject, want: Word, got: Word, pc: number | null): void {
    if (want === undefined || got === undefined || want === got) return;
    this.add(subject(), { kind: 'word', value: want }, { kind: 'word', value: got }, pc);
  }

  /** One divergence for each run of differing bytes; those poisoned on the reference side do not count. */
  addBytes(
    subject: (offset: number) => Subject,
    want: Uint8Array,
    got: Uint8Array,
    options: { readonly poison?: Uint8Array | undefined; readonly pc?: number | null } = {},
  ): void {
    const { poison, pc = null } = options;
    const length = Math.max(want.length, got.length);
    const differs = (i: number): boolean => i < length && want[i] !== got[i] && poison?.[i] !== 1;
    for (let start = 0; start < length; start++) {
      if (!differs(start)) continue;
      let end = start + 1;
      while (differs(end) && end - start < RUN_BYTES) end++;
      const bytesOf = (side: Uint8Array): Observed => ({ kind: 'bytes', bytes: side.slice(start, end) });
      this.add(subject(start), bytesOf(want), bytesOf(got), pc);
      start = end - 1;
    }
  }
}

/** Follows calls and returns, to say of each event which call it belongs to. */
export class Places {
  #calls = 0;
  readonly #open: { readonly call: number; readonly callee: CalleeRef }[] = [];

  /** The place of a call to `callee`, which is entered if it is a subprog. */
  enter(callee: CalleeRef): Place {
    const call = ++this.#calls;
    if (callee.kind === 'bpf') this.#open.push({ call, callee });
    return { kind: 'call', call, callee };
  }

  /** The place of the return from the innermost open call, or from main. */
  leave(): Place {
    const { call, callee } = this.#open.pop() ?? { call: 0, callee: null };
    return { kind: 'return', call, callee };
  }
}
