/** Functions made one by one, put behind each other: what refers to a function gets its distance. */
import type { Insn } from '../bpf/insn.ts';
import { call } from '../bpf/make-insn.ts';

/** An instruction that refers to a function by its index. */
export interface Reference {
  readonly slot: number;
  readonly callee: number;
}

export interface Joined {
  readonly insns: (Insn | undefined)[];
  /** First slot of a function. */
  readonly startOf: (index: number) => number;
}

/** `codes`: each function's instructions by slot, and its references; `refer` makes one that reaches its function. */
export function joinFunctions(
  codes: readonly {
    readonly insns: readonly (Insn | undefined)[];
    readonly references: readonly Reference[];
  }[],
  refer: (insn: Insn | undefined, distance: number) => Insn,
): Joined {
  const starts: number[] = [];
  let length = 0;
  for (const { insns } of codes) {
    starts.push(length);
    length += insns.length;
  }
  const startOf = (index: number): number => starts[index] ?? 0;
  const insns: (Insn | undefined)[] = [];
  for (const code of codes) for (const insn of code.insns) insns.push(insn);
  codes.forEach(({ references }, i) => {
    for (const { slot, callee } of references) {
      const at = startOf(i) + slot;
      insns[at] = refer(insns[at], startOf(callee) - at - 1);
    }
  });
  return { insns, startOf };
}

/** A call of a function at that distance. */
export const localCall = (_: Insn | undefined, distance: number): Insn => call('local', distance);
