/** What Linux adds to code against speculation and JIT spraying: it changes lengths and constants, never results. */

export interface Hardening {
  /** The jump of a tail call goes through a retpoline. CONFIG_MITIGATION_RETPOLINE. @defaultValue false */
  readonly retpoline?: boolean;
  /** Exits jump to a return thunk. CONFIG_MITIGATION_RETHUNK. @defaultValue false */
  readonly returnThunk?: boolean;
  /** Calls are counted before they are made. CONFIG_MITIGATION_CALL_DEPTH_TRACKING. @defaultValue false */
  readonly callDepth?: boolean;
  /**
   * An lfence after each store to the BPF stack, as of unprivileged programs (Spectre v4), and before the jump of a
   * tail call (spectre_v2=retpoline,lfence), in the place of `retpoline`. @defaultValue false
   */
  readonly lfence?: boolean;
  /** Constants are blinded (net.core.bpf_jit_harden), with masks that follow from this number. @defaultValue none */
  readonly blinding?: number;
}

/** What code refers to outside its subprogs, by a displacement of 32 bits. */
export type Outside = 'return-thunk' | 'indirect-thunk-rcx' | 'call-depth';

/** A function of the program, by its first slot: its address itself, of so many bytes, is filled in. */
export interface FunctionAddress {
  readonly slot: number;
  readonly bytes: 4 | 8;
}

/** A place in a subprog, `offset` bytes behind its first one: the displacement to it is filled in. */
export interface SubprogPlace {
  readonly subprog: number;
  readonly offset: number;
}

/** A displacement that is filled in when all addresses are known. */
export interface PendingRef {
  /** Offset in the assembler's buffer of the byte after the displacement or address. */
  readonly end: number;
  /** Bytes of the instruction after it: displacements count from its end. */
  readonly after: number;
  readonly to: Outside | FunctionAddress | SubprogPlace;
}
