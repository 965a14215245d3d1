/** What the engine over Unicorn needs of where the library runs: the machine itself, or WebAssembly. */
import type { GuestBytes } from './guest-space.ts';
import type { HostHooks } from './host-code.ts';
import type { Libunicorn, Pointer, UnicornCalls } from './libunicorn.ts';

/** Registers of any handle: a register file (engine.ts) at once, or one word of it. */
export interface RegisterAccess {
  /** Returns rip. */
  read(uc: Pointer, out: BigUint64Array): bigint;
  write(uc: Pointer, regs: BigUint64Array): void;
  readOne(uc: Pointer, index: number): bigint;
  writeOne(uc: Pointer, index: number, value: bigint): void;
}

/** Kinds of callback, with their arguments: uc first, user pointer last. */
export interface CallbackArguments {
  /** UC_HOOK_BLOCK, UC_HOOK_CODE */
  readonly insn: readonly [uc: unknown, address: number | bigint, size: number];
  readonly interrupt: readonly [uc: unknown, vector: number];
  readonly systemCall: readonly [uc: unknown];
  /** Returns whether to try again. */
  readonly memory: readonly [uc: unknown, type: number, address: number | bigint, size: number];
}
export type CallbackKind = keyof CallbackArguments;

export interface UnicornHost {
  /** The engine's name. */
  readonly name: string;
  /** e.g. `libunicorn 2.0.1 (/usr/lib/…/libunicorn.so.2)` */
  readonly version: string;
  readonly lib: UnicornCalls;
  /** Whether a handle drops all its translations in less time than it takes to open another. */
  readonly dropsQuickly: boolean;
  readonly registers: RegisterAccess;
  /** Hooks in machine code, and what they call; null where they are JavaScript. */
  readonly hooks: (HostHooks & { readonly lib: Libunicorn }) | null;
  /** Zeros for a region. */
  allocate(size: number): GuestBytes;
  release(memory: GuestBytes): void;
  /** To give to uc_hook_add. */
  callback<K extends CallbackKind>(kind: K, run: (...args: CallbackArguments[K]) => unknown): Pointer;
  removeCallback(callback: Pointer): void;
}

/** uc_version's word, e.g. 0x020001ff. */
export const versionText = (word: number): string =>
  `${word >>> 24}.${(word >> 16) & 0xff}.${(word >> 8) & 0xff}`;
