/** Programs whose accesses and addresses are of the verifier's making, before they are programs. */
import type { AtomicOp } from '../../bpf/atomic.ts';
import type { Size } from '../../bpf/load-store.ts';

/** An address: in memory of the program, or one of those where nothing is. */
export type Whereabouts = { readonly hit: number } | { readonly miss: number };

export type AccessStep =
  | { readonly kind: 'set'; readonly reg: number; readonly value: bigint }
  | { readonly kind: 'mix'; readonly op: 'add' | 'xor' | 'mul'; readonly dst: number; readonly src: number }
  | {
      readonly kind: 'load';
      readonly access: 'probe' | 'arena';
      readonly size: Size;
      readonly sign: boolean;
      readonly dst: number;
      readonly base: number;
      readonly at: Whereabouts;
      readonly off: number;
    }
  | {
      readonly kind: 'store';
      readonly size: Size;
      /** A register, or an immediate. */
      readonly value: { readonly reg: number } | { readonly imm: number };
      readonly base: number;
      readonly at: Whereabouts;
      readonly off: number;
    }
  | {
      readonly kind: 'atomic';
      readonly op: Exclude<AtomicOp, 'fetch_and' | 'fetch_or' | 'fetch_xor'>;
      /** 4 or 8, of `load_acquire` and `store_release` any. */
      readonly size: Size;
      readonly value: number;
      readonly base: number;
      readonly at: Whereabouts;
      readonly off: number;
    }
  | { readonly kind: 'cast'; readonly to: 'user' | 'kernel'; readonly dst: number; readonly src: number }
  /** A word of this CPU's data is read or written. */
  | {
      readonly kind: 'percpu';
      readonly dst: number;
      readonly src: number;
      readonly word: number;
      readonly stores: boolean;
    }
  | { readonly kind: 'call'; readonly callee: 'helper' | 'function' };

export interface AccessSpec {
  readonly seed: number;
  readonly steps: readonly AccessStep[];
}
