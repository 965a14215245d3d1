/**
 * Native code that calls a BPF program through a trampoline, as data: its prototype, what it passes, and what is seen
 * of it. linux arch/x86/net/bpf_jit_comp.c, `arch_prepare_bpf_trampoline()`.
 */
import type { U64 } from './u64.ts';

/**
 * How a trampoline comes to run. `fentry`: a call patched into the entry of a traced function, which goes on behind it.
 * `fexit`: the same, but the trampoline calls the traced function itself and returns past it. `fexit-jmp`: so, entered
 * by a patched jump. `struct_ops`: called by pointer, in the place of a function.
 */
export const ATTACH_KINDS = ['fentry', 'fexit', 'fexit-jmp', 'struct_ops'] as const;
export type AttachKind = (typeof ATTACH_KINDS)[number];

/** A C type of class INTEGER, of at most 16 bytes. */
export interface NativeType {
  /** `u64`, `s32`, `ptr`, `struct12`, `u128` */
  readonly text: string;
  readonly bytes: number;
  /** Only __int128 is of 16 on the stack: psABI §3.2.3. */
  readonly align: 8 | 16;
}

/** What native code believes to call. */
export interface NativeProto {
  readonly attach: AttachKind;
  readonly args: readonly NativeType[];
  /** Absent: void. */
  readonly result?: NativeType;
}

/** Types of a kfunc whose arguments or result are not all of one word. */
export interface Signature {
  readonly args: readonly NativeType[];
  /** Absent: one word, or void. */
  readonly result?: NativeType;
}

/** Eight-byte words of a type. */
export const wordsIn = ({ bytes }: Pick<NativeType, 'bytes'>): number => Math.ceil(bytes / 8);

/** One call by native code, as its caller makes it. */
export interface NativeCall {
  /** Registers that hold arguments: GPR number and value. */
  readonly regs: readonly (readonly [gpr: number, value: U64])[];
  /** Words from [rsp + 8] on, when the function starts. */
  readonly stack: readonly U64[];
  /** What the traced function leaves in rax and rdx. */
  readonly result: readonly [rax: U64, rdx: U64];
}

/** Functions of the kernel that a trampoline calls, the traced function, the program, and the return to the caller. */
export const NATIVE_PLACES = [
  'tramp-enter',
  'prog-enter',
  'program',
  'prog-exit',
  'original',
  'tramp-exit',
  'return',
] as const;
export type NativePlace = (typeof NATIVE_PLACES)[number];

/** What was seen at one of them: see `nativeWordName` for what each word is. */
export interface NativeEvent {
  readonly at: NativePlace;
  readonly words: readonly (U64 | undefined)[];
  /** Low bytes of each word that are promised. @defaultValue all 8 of each */
  readonly bytes?: readonly number[];
}

/** rdi, rsi, rdx, rcx, r8, r9: what `original` shows before the words of the stack. */
const REG_NAMES = ['rdi', 'rsi', 'rdx', 'rcx', 'r8', 'r9'];

/** Name of a word of an event, by its index. */
export function nativeWordName(at: NativePlace, index: number): string {
  switch (at) {
    case 'program':
      return index === 0 ? 'number of words' : `word ${index}`;
    case 'original':
      return REG_NAMES[index] ?? `[rsp+${8 * (index - REG_NAMES.length + 1)}]`;
    case 'return':
      return ['rax', 'rdx'][index] ?? `word ${index}`;
    default:
      return REG_NAMES[index] ?? `word ${index}`;
  }
}

/** Stands for the address of the program's struct bpf_prog, and of the trampoline's struct bpf_tramp_image. */
export const PROG_POINTER = 0xffff_c900_0123_4000n;
export const TRAMP_POINTER = 0xffff_8881_0567_8900n;
/** What __bpf_prog_enter() returns: a time, not 0. */
export const START_TIME = 0x0000_0123_4567_89abn;

/** A trampoline in an image. Offsets count from the image's first byte. */
export interface Trampoline {
  readonly proto: NativeProto;
  /** The first byte that is not of the program's own image. */
  readonly start: number;
  /** The trampoline itself; `Image.entry` is what native code calls. */
  readonly offset: number;
  readonly end: number;
  /** Bytes from rsp when native code has called, where its return address is, down to the array of arguments. */
  readonly arrayDepth: number;
  /** Down to rsp right before the program is called. */
  readonly callDepth: number;
  /** Functions of the kernel that it calls, and the body of the traced one: each a `ret` of which the host knows. */
  readonly stubs: ReadonlyMap<NativePlace, number>;
  /** Where the code of each step begins, ascending. */
  readonly steps: readonly TrampolineStep[];
}

/** What a stretch of a trampoline's code is for. */
export interface TrampolineStep {
  readonly offset: number;
  readonly what: 'entry' | 'count' | 'save' | 'call' | 'restore' | 'restack' | 'result' | 'leave';
  /** Of `save` and `restore`: which word of the array, from 0 on; of `restack`: which word of the stack. */
  readonly index?: number;
  /** Of `call`. */
  readonly callee?: NativePlace;
}
