/**
 * A program before it is one: functions, statements and choices, with none of the rules of bytecode in them.
 * Any value of these types lowers to a valid program (lower.ts), so shrinking may cut wherever it likes.
 */
import type { AluOp } from '../bpf/alu.ts';
import type { AtomicOp } from '../bpf/atomic.ts';
import type { JumpOp } from '../bpf/jump.ts';
import type { Size } from '../bpf/load-store.ts';
import type { U64 } from '../core/u64.ts';

/** r0..r9. */
export type AnyReg = number;
/** r0..r10: a register that is only read. */
export type ReadReg = number;

/** Memory that all functions share; what is missing or not writable is replaced by `data`. */
export type MemoryRegion = 'ctx' | 'data' | 'rodata';

/** Where memory is. Offsets are folded into the region when lowered. */
export interface Place {
  readonly region: MemoryRegion | 'stack';
  readonly off: number;
  /** Register to hold the address; undefined: r10 itself, for the stack. */
  readonly via: AnyReg | undefined;
}

/** A source operand: a register, or an immediate. */
export type Source =
  | { readonly from: 'reg'; readonly reg: AnyReg }
  | { readonly from: 'fp' }
  | { readonly from: 'imm'; readonly imm: number };

/** An argument of a call, before it is put in its place. */
export type ArgSource =
  /** As it was before the call's arguments were put in place; a fresh constant where that is lost. */
  | { readonly from: 'reg'; readonly reg: AnyReg }
  /** The same as another register argument (1..5), if that is in place by then. */
  | { readonly from: 'argument'; readonly argument: number }
  | { readonly from: 'imm'; readonly imm: number }
  | { readonly from: 'word'; readonly word: U64 }
  /** A pointer to 8 bytes, into the caller's stack or into memory that all share. */
  | { readonly from: 'pointer'; readonly region: 'stack' | 'ctx' | 'data'; readonly off: number };

export type Stmt =
  | {
      readonly kind: 'alu';
      readonly op: AluOp;
      readonly width: 32 | 64;
      readonly dst: AnyReg;
      readonly source: Source;
    }
  | {
      readonly kind: 'movsx';
      readonly width: 32 | 64;
      readonly bits: 8 | 16 | 32;
      readonly dst: AnyReg;
      readonly src: ReadReg;
    }
  | {
      readonly kind: 'swap';
      readonly op: 'le' | 'be' | 'bswap';
      readonly bits: 16 | 32 | 64;
      readonly dst: AnyReg;
    }
  | { readonly kind: 'const'; readonly dst: AnyReg; readonly word: U64 }
  | {
      readonly kind: 'load';
      readonly size: Size;
      readonly sign: boolean;
      readonly dst: AnyReg;
      readonly place: Place;
    }
  | { readonly kind: 'store'; readonly size: Size; readonly source: Source; readonly place: Place }
  | {
      readonly kind: 'atomic';
      readonly op: AtomicOp;
      readonly size: Size;
      /** Operand and result; r10 only where there is no result. */
      readonly reg: ReadReg;
      readonly place: Place;
      /** cmpxchg: r0 first gets what memory holds, sign-extended, so that the exchange takes place. */
      readonly matches: boolean;
    }
  | {
      readonly kind: 'branch';
      /** `may_goto` always falls through within its budget. */
      readonly op: JumpOp | 'may_goto';
      readonly width: 32 | 64;
      readonly dst: ReadReg;
      readonly source: Source;
      readonly then: readonly Stmt[];
      readonly otherwise: readonly Stmt[];
      /** goto with a 32-bit distance (gotol) over `otherwise`. */
      readonly long: boolean;
    }
  | {
      readonly kind: 'loop';
      /** Times the body runs. */
      readonly count: number;
      /** Test at the end, or at the start with a jump out that spans the jump back. */
      readonly test: 'end' | 'start';
      readonly counter: AnyReg;
      readonly body: readonly Stmt[];
    }
  /** Fillers of a native length, so that jumps over them have distances near the limit of a short jump. */
  | { readonly kind: 'pad'; readonly bytes: number; readonly reg: AnyReg }
  | {
      readonly kind: 'call';
      readonly callee: CalleeChoice;
      /** As many as the callee took when they were drawn; further ones are their own number. */
      readonly args: readonly ArgSource[];
      /** Order in which arguments are put in place: argument numbers, sorted by these keys; absent ones are 0. */
      readonly order: readonly number[];
      /** Register that carries stack arguments that need one. */
      readonly scratch: AnyReg;
    }
  | { readonly kind: 'exit'; readonly mix: number };

/** Who is called. */
export interface CalleeChoice {
  readonly kind: 'bpf' | 'native';
  /** `bpf`: of the functions behind the caller, the nearest is 0. Folded, as is `native`, onto those there are. */
  readonly index: number;
}

/**
 * What a function takes an argument for. `read`, `write` and `update` make it a pointer to 8 initialised
 * bytes: whoever calls the function passes one; in main they are `u64`. The narrow types drop the upper bits,
 * whatever they hold.
 */
export type ArgType = 'u64' | 'u8' | 'u16' | 'u32' | 's8' | 's16' | 's32' | 'read' | 'write' | 'update';

/** What becomes of an argument at the head of its function. */
export interface Incoming {
  /** 1..12. A register argument that an earlier one's `dst` has overwritten is left out. */
  readonly argument: number;
  readonly as: ArgType;
  readonly dst: AnyReg;
  /** Also kept on the stack. */
  readonly spill: boolean;
}

export interface FunctionSpec {
  /** Arguments, 0..12. Main has 2: r1 and r2. */
  readonly args: number;
  /** Bytes of stack its statements use, 0..512; counters of loops lie below them, and take from them at the end. */
  readonly stack: number;
  /** Uses of arguments, loads of stack arguments among them, in this order, at the head. */
  readonly incoming: readonly Incoming[];
  /** Runs its head again so many times, by a jump to its first instruction. */
  readonly restarts: number;
  readonly body: readonly Stmt[];
  /** Registers that its result mixes: bit r. */
  readonly mix: number;
}

/** A helper or a kfunc. */
export interface NativeSpec {
  readonly kind: 'helper' | 'kfunc';
  readonly args: number;
}

export interface ProgramSpec {
  /** [0] is main; a function calls only those behind it. */
  readonly functions: readonly FunctionSpec[];
  readonly natives: readonly NativeSpec[];
  /** Bytes of context, .data and .rodata. */
  readonly ctx: number;
  readonly data: number;
  readonly rodata: number;
  /** Contents of memory, and values of what the program reads without having written it. */
  readonly seed: number;
}
