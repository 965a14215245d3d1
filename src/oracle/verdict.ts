/**
 * What the oracle says, as data; src/report makes the words. A verdict has three ends: both sides agree, they
 * diverge, or the run proves nothing and says why. A case that was not run is `skipped`, also with a reason.
 */
import type { ChoiceName } from '../core/choices.ts';
import type { AbiBreach, CalleeRef, Fault, Outcome, TraceEvent } from '../core/execution.ts';
import type { NativePlace } from '../core/native.ts';
import type { U64 } from '../core/u64.ts';
import type { Finding } from '../lint/finding.ts';

/** The stack discipline of calls gives each event a place: call n, or the return from call n; 0 is main. */
export interface Place {
  readonly kind: 'call' | 'return';
  /** Calls counted from 1, in the order they are made. */
  readonly call: number;
  /** Who is called or returned from; null for main. */
  readonly callee: CalleeRef | null;
}

/** What differs. */
export type Subject =
  | { readonly kind: 'outcome' }
  | { readonly kind: 'r0' }
  /** A side's r0 against the one the input states. */
  | { readonly kind: 'stated'; readonly side: 'reference' | 'native' }
  /** Context memory from `offset` on. */
  | { readonly kind: 'memory'; readonly offset: number }
  /** Data section by its index in the program, from `offset` on. */
  | { readonly kind: 'data'; readonly section: number; readonly offset: number }
  /** Another event than the reference's: the sides went different ways. */
  | { readonly kind: 'event'; readonly place: Place }
  | { readonly kind: 'arg'; readonly place: Place; readonly position: number }
  | { readonly kind: 'result'; readonly place: Place }
  /** r6..r10 of the frame that calls, or that is returned to. */
  | { readonly kind: 'reg'; readonly place: Place; readonly reg: number }
  /** Bytes of the BPF frame, from `offset` (negative) to r10. */
  | { readonly kind: 'stack'; readonly place: Place; readonly offset: number }
  /** A word that native code or the program gets through a trampoline; null: it is not where it should be. */
  | { readonly kind: 'native'; readonly at: NativePlace; readonly word: number | null }
  /** Number of calls and returns. */
  | { readonly kind: 'trace-length' }
  /** A constant of the program stands in code that is to have none (exposed.ts). */
  | { readonly kind: 'constant'; readonly value: number }
  /** A broken promise of the native ABI; `place` is null where the trace does not hold the event. */
  | {
      readonly kind: 'abi';
      readonly rule: AbiBreach['rule'];
      readonly what: string;
      readonly place: Place | null;
    }
  /**
   * Another engine than the one that counts shows `what` differently: on the same code, so the JIT is not to
   * blame. `want` is as on the engine that counts, `got` as on the other.
   */
  | {
      readonly kind: 'engine';
      readonly engine: string;
      readonly counts: string;
      readonly what: Subject;
    };

/** What a side shows. */
export type Observed =
  | { readonly kind: 'word'; readonly value: U64 }
  | { readonly kind: 'bytes'; readonly bytes: Uint8Array }
  | { readonly kind: 'count'; readonly value: number }
  /** `limit`: instructions (reference) or basic blocks (native) the side was given. */
  | { readonly kind: 'outcome'; readonly outcome: Outcome; readonly limit: number }
  /** null: the trace has ended. */
  | { readonly kind: 'event'; readonly event: TraceEvent | null }
  /** null: nothing more happened. */
  | { readonly kind: 'native'; readonly at: NativePlace | null };

/** One difference. `want` is the reference's (or the stated value), `got` the judged side's. */
export interface Divergence {
  readonly subject: Subject;
  readonly want: Observed;
  readonly got: Observed;
  /** BPF slot it shows at: the call's, or the faulting instruction's; null where none is known. */
  readonly pc: number | null;
}

/** Why a case proves nothing. */
export type Reason =
  /** The reference used up its instructions. */
  | { readonly kind: 'insn-limit'; readonly limit: number }
  /** The program relies on a value nobody may rely on. */
  | { readonly kind: 'poison'; readonly what: string; readonly pc: number | null }
  /** More frames than BPF allows; native code has no such bound. */
  | { readonly kind: 'frames'; readonly pc: number | null }
  /** The reference refuses an access that mapped pages let native code make. */
  | {
      readonly kind: 'mapped';
      readonly fault: Fault & { kind: 'read' | 'write' | 'fetch' };
      readonly pc: number | null;
    }
  /** An instruction or callee one side has no meaning for. */
  | {
      readonly kind: 'unsupported';
      readonly side: 'reference' | 'native';
      readonly what: string;
      readonly pc: number | null;
    }
  /** Where it goes depends on where frames lie, and the image does not say where that is. */
  | { readonly kind: 'placement' }
  /** The file states what RFC 9669 says, and the JIT goes another way by choice. */
  | { readonly kind: 'choice'; readonly choice: ChoiceName }
  /** The JIT died, was late or answered nonsense. */
  | { readonly kind: 'jit'; readonly why: string }
  /** The JIT declined the program; its own words. */
  | { readonly kind: 'refused'; readonly why: string }
  /** The file is not a test, or not one this build runs; the reader's words. */
  | { readonly kind: 'file'; readonly why: string }
  /** It breaks a rule of stack arguments: whatever it did would say nothing of the JIT. */
  | { readonly kind: 'contract'; readonly finding: Finding }
  /** Not read: bad input, told when it was met. */
  | { readonly kind: 'bad-input'; readonly why: string }
  /** The engine or the tool failed on it, told when it happened. */
  | { readonly kind: 'failed'; readonly why: string };

export type Verdict =
  | { readonly kind: 'agree' }
  | {
      readonly kind: 'diverge';
      /** The first `Policy.maxDivergences`. */
      readonly divergences: readonly Divergence[];
      /** All of them. */
      readonly total: number;
    }
  | { readonly kind: 'inconclusive'; readonly reason: Reason };

/** What taking calls out of a case came to. Calls are named by their slots. */
export interface Vacuity {
  /** Call instructions in the program. */
  readonly calls: number;
  /** Those that ran. */
  readonly reached: readonly number[];
  /** Those without which nothing observed changes. */
  readonly withoutEffect: readonly number[];
  /** How many of `reached` were not taken out, since running again would take too long. */
  readonly untried: number;
}
