/**
 * Helpers that call functions of the program while they run, as Linux has them; both sides do what the plan of a call
 * says.
 *
 *   bpf_loop               (count, function, context, flags)   function(index, context)
 *   bpf_for_each_map_elem  (map, function, context, flags)     function(map, key, value, context)
 *
 * A function that returns 0 wants to be called again, any other result ends the call; r0 is how often it was called.
 * kernel/bpf/bpf_iter.c bpf_loop(), kernel/bpf/hashtab.c bpf_for_each_hash_elem(). A map is a data section here, and
 * element i its 16 bytes from 16i on: key, then value, as they lie in a `struct htab_elem`.
 */
import type { CalleeRef, Word } from './execution.ts';
import { type U64, u64 } from './u64.ts';

/** BPF_FUNC_loop, BPF_FUNC_for_each_map_elem */
export const LOOP_HELPER = 181;
export const FOR_EACH_HELPER = 164;
/** Times a loop may run: Linux BPF_MAX_LOOPS. */
const MAX_LOOPS = 8n * 1024n * 1024n;
const EINVAL = 22n;
const E2BIG = 7n;

const ELEMENT_BYTES = 16;
const KEY_BYTES = 8n;

/**
 * Bytes of stack between the frame of its caller and the return address of the function: the helper's own return
 * address, and the seven words that its code keeps (emu/callback-stub.ts).
 */
export const CALLBACK_BYTES = 8 * (1 + 7);

/** In a program that takes addresses of functions, whether a callee calls one of them. */
export const callsBack = ({ kind, id }: CalleeRef): boolean =>
  kind === 'helper' && (id === LOOP_HELPER || id === FOR_EACH_HELPER);

/** Positions of the arguments that a helper itself looks at, counted from 0. */
export const LOOKED_AT = [0, 1, 3] as const;

/** Position of the context among the arguments of the helper, and of the function it calls; counted from 1. */
export const CONTEXT_OF_HELPER = 3;
export const contextOf = (id: number): number => (id === LOOP_HELPER ? 2 : 4);

/** What a call of such a helper does. */
export interface CallbackPlan {
  /** Address of the function. */
  readonly callee: U64;
  /** How often it is called at the most. */
  readonly count: number;
  /** What it gets the n-th time, from 0 on. */
  readonly argsAt: (index: number) => readonly Word[];
}

/** A call of a helper that is not over. */
export interface PendingCallback {
  readonly plan: CallbackPlan;
  /** Times the function was called before. */
  readonly index: number;
  /** Slot of the call of the helper. */
  readonly pc: number;
}

interface Section {
  readonly address: U64;
  readonly bytes: Uint8Array;
}

/** The plan of a call; or, where the helper refuses it, its result. */
export function callbackPlan(
  id: number,
  args: readonly Word[],
  data: readonly Section[],
): CallbackPlan | U64 {
  const [first = 0n, callee = 0n, context, flags = 0n] = args;
  if (flags !== 0n) return u64(-EINVAL);
  if (id === LOOP_HELPER) {
    const count = BigInt.asUintN(32, first);
    if (count > MAX_LOOPS) return u64(-E2BIG);
    return { callee, count: Number(count), argsAt: (index) => [BigInt(index), context] };
  }
  const section = data.find(({ address }) => address === first);
  if (section === undefined) return u64(-EINVAL);
  const keyAt = (index: number): U64 => first + BigInt(ELEMENT_BYTES * index);
  return {
    callee,
    count: Math.floor(section.bytes.length / ELEMENT_BYTES),
    argsAt: (index) => [first, keyAt(index), keyAt(index) + KEY_BYTES, context],
  };
}
