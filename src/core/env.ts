/**
 * What surrounds a program: its input, and models of the helpers and kfuncs it calls. Both sides get the same.
 */
import type { Choices } from './choices.ts';
import type { CalleeRef, Word } from './execution.ts';
import { fmix64 } from './fmix.ts';
import type { JitSwitches } from './jit-switches.ts';
import type { NativeCall } from './native.ts';
import { fromNumber, type U64, u64 } from './u64.ts';

/** Guest memory as a callee model may use it. Reads and writes that miss return undefined and false. */
export interface GuestMemory {
  read(address: U64, size: 1 | 2 | 4 | 8): U64 | undefined;
  write(address: U64, size: 1 | 2 | 4 | 8, value: U64): boolean;
}

/** One call of a helper or a kfunc: its arguments by position, as many as it takes. */
export interface CalleeCall {
  readonly callee: CalleeRef;
  readonly args: readonly Word[];
  readonly memory: GuestMemory;
}

/** Computes the result (r0). Must be a function of the call alone: it is run once for each side. */
export type CalleeModel = (call: CalleeCall) => U64;

/** Input of a run. */
export interface Input {
  /** Bytes at r1; r2 is their number. Empty: r1 = r2 = 0. */
  readonly memory: Uint8Array;
  /** Where native code calls the program through a trampoline: `memory` lies there, and r2 is poison. */
  readonly native?: NativeInput;
}

/** A call by native code, and where its trampoline puts the arguments for the program. */
export interface NativeInput {
  readonly call: NativeCall;
  /** rsp when it has called: where its return address is. */
  readonly rsp: U64;
  /** Of the first byte of `memory`. */
  readonly address: U64;
  /** r1 */
  readonly pointer: U64;
}

/** Everything a run needs beside the program. */
export interface Env {
  readonly input: Input;
  /** Models by `calleeKey`; a callee without one gets `defaultModel`. */
  readonly models: ReadonlyMap<string, CalleeModel>;
  /** BPF instructions the reference may run. */
  readonly insnLimit: number;
  /** The judged JIT's. @defaultValue none: all as RFC 9669 says */
  readonly choices?: Choices;
  /** How the JIT is set up for this program, where that is not as the judge has it for all. */
  readonly jit?: JitSwitches;
}

/** `helper:5`, `kfunc:12`, `bpf:1`: also the key of `callees` in the image protocol. */
export function calleeKey({ kind, id }: CalleeRef): string {
  if (!isKept(id)) return `${kind}:${id}`;
  const { keys } = keptOf(kind);
  keys[id] ??= `${kind}:${id}`;
  return keys[id];
}

/** The callee of this number. */
export function calleeOf(kind: CalleeRef['kind'], id: number): CalleeRef {
  if (!isKept(id)) return { kind, id };
  const { refs } = keptOf(kind);
  refs[id] ??= { kind, id };
  return refs[id];
}

/** Of small numbers, made once: a string that is made anew is hashed anew wherever it is looked up. */
interface Kept {
  readonly keys: string[];
  readonly refs: CalleeRef[];
}

const HELPERS: Kept = { keys: [], refs: [] };
const KFUNCS: Kept = { keys: [], refs: [] };
const SUBPROGS: Kept = { keys: [], refs: [] };
const MAX_KEPT = 1024;

const keptOf = (kind: CalleeRef['kind']): Kept =>
  kind === 'kfunc' ? KFUNCS : kind === 'helper' ? HELPERS : SUBPROGS;
/** Looked up in a list only where it has a place: far outside, a look costs more than a new one. */
const isKept = (id: number): boolean => id >= 0 && id < MAX_KEPT;

const GOLDEN = 0x9e37_79b9_7f4a_7c15n;

/** What tells callees from each other: kfuncs come after all helpers. */
const modelNumber = ({ kind, id }: CalleeRef): number => id + (kind === 'kfunc' ? 0x10000 : 1);

/** What the default model of a callee begins with. */
export const modelStart = (callee: CalleeRef): U64 => u64(GOLDEN * fromNumber(modelNumber(callee)));

/** What it adds to an argument, by its position: 1 for the first. */
export const modelKey = (position: number): U64 => u64(GOLDEN * BigInt(position));

/** By position, of those that arguments can have. */
const MODEL_KEYS: readonly U64[] = Array.from({ length: 13 }, (_, position) => modelKey(position));

/** What a model has mixed so far. In memory: between two steps V8 would make a bigint of it, and need not here. */
const HASH = new BigUint64Array(1);

/**
 * The default model: a mix in which every argument counts by its position, so that swapped arguments give
 * another result. Poisoned arguments count as absent.
 */
export const defaultModel: CalleeModel = ({ callee, args }) => {
  HASH[0] = modelStart(callee);
  for (let i = 0; i < args.length; i++) {
    const arg = args[i];
    if (arg === undefined) continue;
    HASH[0] = fmix64(u64((HASH[0] as U64) ^ u64(arg + (MODEL_KEYS[i + 1] ?? modelKey(i + 1)))));
  }
  return HASH[0] as U64;
};

/** The second word of a result of two, which every model has in common: it follows from the first. */
export const secondWord = (result: U64): U64 => fmix64(u64(result ^ modelKey(1)));

/**
 * Where BPF frames lie. Frame pointers are visible values (r10), so the reference puts its frames where the
 * image puts them: a callee's fp is its caller's minus `frameBytes` of the caller, 8 for the return address, and
 * its own `fpDepth`.
 */
export interface FramePlacement {
  readonly mainFp: U64;
  /** Bytes between fp and rsp of a subprog right before it calls another, by their indices. */
  readonly frameBytes: (caller: number, callee: number) => number;
  /** Bytes from a subprog's return address down to its fp. @defaultValue FP_DEPTH of core/image.ts for each */
  readonly fpDepth?: (subprog: number) => number;
  /** Bytes that a helper puts between the frame of its caller and a function it calls. @defaultValue CALLBACK_BYTES of core/callback.ts */
  readonly callbackBytes?: number;
  /** Address of a subprog, as `lddw` of it gives. @defaultValue one after the other from CODE_BASE on */
  readonly entryOf?: (subprog: number) => U64;
  /** r10 of subprogs whose BPF stack is not in their frame. @defaultValue none is */
  readonly privateFp?: (subprog: number) => U64 | undefined;
}
