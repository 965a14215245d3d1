/**
 * The BPF side of calls: how many arguments there can be, and by which instructions arguments 6..12 travel.
 * One record per convention; nothing else in the project knows these numbers.
 */

/** Linux MAX_BPF_FUNC_ARGS and MAX_BPF_FUNC_REG_ARGS. */
export const MAX_ARGS = 12;
export const MAX_REG_ARGS = 5;
export const MAX_STACK_ARGS = MAX_ARGS - MAX_REG_ARGS;

/** Frames of one run, main's included: Linux MAX_CALL_FRAMES; RFC 9669 leaves it to the runtime. */
export const MAX_CALL_FRAMES = 8;
/** Bytes of BPF stack a subprog may use: Linux MAX_BPF_STACK. */
export const MAX_STACK_BYTES = 512;
/** Times a frame may pass its may_gotos before they jump: Linux BPF_MAX_LOOPS. */
export const MAX_LOOPS = 8 * 1024 * 1024;

/** The helper that goes on in another program: Linux BPF_FUNC_tail_call. */
export const TAIL_CALL_HELPER = 12;
/** How often a run may do so: Linux MAX_TAIL_CALL_CNT. */
export const MAX_TAIL_CALLS = 33;

export type ConventionName = 'linux' | 'zero' | 'reply' | 'v3';

/**
 * Stack arguments as a file writes them. In memory a program has them as Linux does, whatever its file had
 * (stack-arg-form.ts): argument n is stored to [base - 8(n-5)] and loaded from [base + 8(n-5)].
 */
export interface StackArgForm {
  readonly base: 11 | 12;
  /**
   * `split`: outgoing arguments at negative offsets, incoming ones at positive. `shared`: both at negative ones,
   * a function's outgoing arguments below all of its incoming ones.
   */
  readonly offsets: 'split' | 'shared';
}

/** linux: 324c3ca6eed6; the others: the seed series, its review, and the author's reply to it. */
export const STACK_ARG_FORMS: Readonly<Record<ConventionName, StackArgForm>> = {
  linux: { base: 11, offsets: 'split' },
  zero: { base: 12, offsets: 'split' },
  reply: { base: 12, offsets: 'shared' },
  v3: { base: 12, offsets: 'shared' },
};

export const CONVENTION_NAMES = Object.keys(STACK_ARG_FORMS) as readonly ConventionName[];

export const isConvention = (name: string): name is ConventionName => Object.hasOwn(STACK_ARG_FORMS, name);

/** r11 and r12: never values, only bases of stack-argument loads and stores. As bits, and of one number. */
export const STACK_ARG_BASES = (1 << 11) | (1 << 12);
export const isStackArgBase = (reg: number): boolean => reg === 11 || reg === 12;

/**
 * Index (0 = argument 6) of the slot a stack-argument access names: outgoing at negative offsets, incoming at
 * positive ones. Undefined if `off` names none.
 */
export function stackArgSlot(off: number, direction: 'outgoing' | 'incoming'): number | undefined {
  const distance = direction === 'outgoing' ? -off : off;
  if (distance <= 0 || (distance & 7) !== 0 || distance > 8 * MAX_STACK_ARGS) return undefined;
  return (distance >> 3) - 1;
}
