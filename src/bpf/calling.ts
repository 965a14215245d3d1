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

/**
 * Stack arguments in bytecode: `linux 324c3ca6eed6` writes argument n to [r11 - 8(n-5)] and reads its own
 * from [r11 + 8(n-5)]; the seed series used r12.
 */
export interface StackArgForm {
  readonly base: 11 | 12;
}

export type ConventionName = 'linux' | 'zero' | 'reply' | 'v3';

/** Bytecode form of each convention this build can run. */
export const STACK_ARG_FORMS: { readonly linux: StackArgForm } = { linux: { base: 11 } };

/** r11 and r12: never values, only bases of stack-argument loads and stores. */
export const isStackArgBase = (reg: number): boolean => reg === 11 || reg === 12;

/**
 * Index (0 = argument 6) of the slot a stack-argument access names: outgoing at negative offsets, incoming at
 * positive ones. Undefined if `off` names none.
 */
export function stackArgSlot(off: number, direction: 'outgoing' | 'incoming'): number | undefined {
  const distance = direction === 'outgoing' ? -off : off;
  if (distance <= 0 || distance % 8 !== 0 || distance > 8 * MAX_STACK_ARGS) return undefined;
  return distance / 8 - 1;
}
