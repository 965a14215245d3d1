/**
 * One BPF instruction, normalised: what the wire hides in `off` or `imm` (signed division, MOVSX, atomics)
 * is an operation of its own here, so no later code asks "div, but is off 1?". RFC 9669 §3.
 */
import type { AluOp, SwapOp } from './alu.ts';
import type { AtomicOp } from './atomic.ts';
import type { CallKind, JumpOp } from './jump.ts';
import type { Size } from './load-store.ts';
import type { Reg } from './reg.ts';

export type Width = 32 | 64;

/** `dst = dst op source`, where source is `imm` (K, sign-extended) or the register `src` (X). `neg` is K. */
export interface AluInsn {
  readonly kind: 'alu';
  readonly op: AluOp;
  readonly width: Width;
  readonly source: 'K' | 'X';
  readonly dst: Reg;
  /** 0 if source is K. */
  readonly src: Reg;
  /** Signed 32 bit; 0 if source is X. */
  readonly imm: number;
}

/** `dst = (s8|s16|s32)src`; width 32 zeroes the upper half of dst. */
export interface MovsxInsn {
  readonly kind: 'movsx';
  readonly width: Width;
  readonly bits: 8 | 16 | 32;
  readonly dst: Reg;
  readonly src: Reg;
}

/**
 * Linux: an address of another kind. `percpu`: dst = src + where this CPU's data lies (BPF_ADDR_PERCPU);
 * `user`, `kernel`: an address of the arena as user space knows it, or as the program uses it (BPF_ADDR_SPACE_CAST).
 */
export interface CastInsn {
  readonly kind: 'cast';
  readonly to: 'percpu' | 'user' | 'kernel';
  readonly dst: Reg;
  readonly src: Reg;
}

/** Byte order of the low `bits` of dst; the rest becomes zero. */
export interface SwapInsn {
  readonly kind: 'swap';
  readonly op: SwapOp;
  readonly bits: 16 | 32 | 64;
  readonly dst: Reg;
}

/** `dst = imm`, two slots. `src` says what imm means (LDDW_SRC). */
export interface LddwInsn {
  readonly kind: 'lddw';
  readonly dst: Reg;
  readonly src: number;
  /** Unsigned 64 bit: next_imm << 32 | imm. */
  readonly imm: bigint;
}

/**
 * What Linux's verifier has made of an access, and its own dumps hide (include/linux/filter.h): `probe`, a load from
 * an address that may be any (BPF_PROBE_MEM); `arena`, an access to the program's arena, by the low half of an address
 * (BPF_PROBE_MEM32, BPF_PROBE_ATOMIC). Where it faults, a load gives 0 and a store does nothing.
 */
export type Access = 'probe' | 'arena';

/** `dst = *(size *)(src + off)`, sign-extended if `sign`. */
export interface LdxInsn {
  readonly kind: 'ldx';
  readonly size: Size;
  readonly sign: boolean;
  readonly dst: Reg;
  readonly src: Reg;
  readonly off: number;
  readonly access?: Access;
}

/** `*(size *)(dst + off) = src` */
export interface StxInsn {
  readonly kind: 'stx';
  readonly size: Size;
  readonly dst: Reg;
  readonly src: Reg;
  readonly off: number;
  readonly access?: 'arena';
}

/** `*(size *)(dst + off) = imm`, imm sign-extended. */
export interface StInsn {
  readonly kind: 'st';
  readonly size: Size;
  readonly dst: Reg;
  readonly off: number;
  readonly imm: number;
  readonly access?: 'arena';
}

/** Atomic operation on `*(size *)(dst + off)`; load_acquire reads `src + off` into dst. */
export interface AtomicInsn {
  readonly kind: 'atomic';
  readonly op: AtomicOp;
  readonly size: Size;
  readonly dst: Reg;
  readonly src: Reg;
  readonly off: number;
  readonly access?: 'arena';
}

/** Packet access of classic BPF, deprecated by RFC 9669 §5.5; kept so that it can be named and refused. */
export interface LegacyLoadInsn {
  readonly kind: 'ld_abs' | 'ld_ind';
  readonly size: 1 | 2 | 4;
  readonly src: Reg;
  readonly imm: number;
}

/** `goto`: width 16 encodes the distance in `off` (class JMP), 32 in `imm` (class JMP32, gotol). */
export interface JaInsn {
  readonly kind: 'ja';
  readonly width: 16 | 32;
  /** Slots, counted from the next instruction. */
  readonly off: number;
}

/** `if dst op source goto +off` */
export interface JccInsn {
  readonly kind: 'jcc';
  readonly op: JumpOp;
  readonly width: Width;
  readonly source: 'K' | 'X';
  readonly dst: Reg;
  readonly src: Reg;
  readonly imm: number;
  readonly off: number;
}

/** Linux: go on, or goto +off once the loop budget of the frame is used up. */
export interface MayGotoInsn {
  readonly kind: 'may_goto';
  readonly off: number;
}

/** Call of a helper by number, of a subprog by distance in slots, of a kfunc by BTF id. */
export interface CallInsn {
  readonly kind: 'call';
  readonly target: CallKind;
  readonly imm: number;
  /** Index of the module's BTF for kfuncs; else 0. */
  readonly off: number;
}

/** Call of the address in a register; conformance group callx. */
export interface CallxInsn {
  readonly kind: 'callx';
  readonly dst: Reg;
}

export interface ExitInsn {
  readonly kind: 'exit';
}

export type Insn =
  | AluInsn
  | MovsxInsn
  | CastInsn
  | SwapInsn
  | LddwInsn
  | LdxInsn
  | StxInsn
  | StInsn
  | AtomicInsn
  | LegacyLoadInsn
  | JaInsn
  | JccInsn
  | MayGotoInsn
  | CallInsn
  | CallxInsn
  | ExitInsn;

/**
 * Instructions by slot (8 bytes each): index = pc. The second slot of a wide instruction is undefined.
 */
export type Slots = readonly (Insn | undefined)[];

/** What the verifier has made of an access; undefined of all else. */
export function accessOf(insn: Insn): Access | undefined {
  switch (insn.kind) {
    case 'ldx':
    case 'stx':
    case 'st':
    case 'atomic':
      return insn.access;
    default:
      return undefined;
  }
}

/** Registers it names, as its fields have them; undefined where its kind has no such field. */
export const dstOf = (insn: Insn): Reg | undefined => ('dst' in insn ? insn.dst : undefined);
export const srcOf = (insn: Insn): Reg | undefined => ('src' in insn ? insn.src : undefined);

/** Slots it takes. */
export const slotsOf = (insn: Insn): 1 | 2 => (insn.kind === 'lddw' ? 2 : 1);
