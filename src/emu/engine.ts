/**
 * Engine: runs machine code in a guest address space. Knows nothing of BPF.
 */
import type { U64 } from '../core/u64.ts';

/** GPR numbers as in ModRM with REX: rax rcx rdx rbx rsp rbp rsi rdi r8..r15. Index 16 is rflags. */
export const GPR_COUNT = 16;
export const RFLAGS = 16;
/** Words of a register file: 16 GPRs, rflags. */
export const REG_FILE_WORDS = 17;

export type Perms = 'r' | 'rw' | 'rx' | 'rwx';

/** Part of the guest's memory, in whole pages, with unmapped pages around it. */
export interface Region {
  readonly name: string;
  readonly address: U64;
  readonly size: number;
  readonly perms: Perms;
}

/** What an engine can be trusted with. */
export interface EngineCaps {
  /**
   * rip and rflags of a faulting load, store or division are those of the instruction without `precise`;
   * otherwise rip may be that of its block.
   */
  readonly preciseFaultRip: boolean;
  /** A 32-bit cmpxchg that succeeds leaves the upper half of rax alone, as the CPU does. */
  readonly exactCmpxchg32: boolean;
  /**
   * Fuel is counted in basic blocks. Otherwise it is CPU time, far more than so many blocks need, and a run
   * that used it up may have been stopped at any instruction.
   */
  readonly countsBlocks: boolean;
  /** A stop at a watched address takes longer than a few hundred instructions of the guest: recorder/ avoids them. */
  readonly stopsAreDear: boolean;
  /** It is a CPU, and no emulator: where engines disagree on what code does, it is right. */
  readonly isCpu: boolean;
}

/** How a run of machine code ended. */
export type Stop =
  /** Reached `until`. */
  | { readonly kind: 'end' }
  /**
   * An access to memory that is not there or forbids it. Under `precise`, rip is that of the instruction, for
   * `fetch` of the one that went there; otherwise see `preciseFaultRip`, and for `fetch` it is `address`.
   */
  | {
      readonly kind: 'read' | 'write' | 'fetch';
      readonly address: U64;
      readonly size: number;
      readonly rip: U64;
    }
  /** #DE; rip of the division, see `preciseFaultRip`. */
  | { readonly kind: 'divide'; readonly rip: U64 }
  /** #UD; rip of the instruction. */
  | { readonly kind: 'illegal'; readonly rip: U64 }
  /**
   * `int n`, int3, and exceptions that have no kind of their own; rip as the CPU reports it: after the
   * instruction, but that of the instruction for a fault (core/execution.ts: `isFaultVector`).
   */
  | { readonly kind: 'interrupt'; readonly vector: number; readonly rip: U64 }
  /** hlt, syscall and the like: stopped, but not at `until`. */
  | { readonly kind: 'halt'; readonly rip: U64 }
  /** Fuel used up, or the watcher asked for it; rip of the block (without `countsBlocks`, insn) not yet run. */
  | { readonly kind: 'fuel' | 'stopped'; readonly rip: U64 }
  /** An instruction CPUs have and this engine does not, e.g. `popcnt`. */
  | { readonly kind: 'unsupported'; readonly what: string; readonly rip: U64 }
  /** The engine itself failed. */
  | { readonly kind: 'error'; readonly message: string; readonly rip: U64 };

/** Access to the running guest from within a watcher. */
export interface Cpu {
  /** Reads all GPRs and rflags into `regs` (REG_FILE_WORDS words). */
  readRegs(regs: BigUint64Array): void;
  /** Sets all GPRs and rflags. */
  writeRegs(regs: BigUint64Array): void;
  /** One GPR. */
  reg(gpr: number): U64;
  setReg(gpr: number, value: U64): void;
  /** From now on, until the run ends, blocks at `address` call the watcher too. */
  watch(address: number): void;
  /** Ends the run with `stopped` before this block. */
  stop(): void;
}

/**
 * Called at the start of each basic block whose address is watched, before its first instruction. What it
 * throws ends the run and is thrown by `run`.
 */
export type Watcher = (address: number, cpu: Cpu) => void;

export interface RunRequest {
  readonly start: U64;
  /** Reaching this address ends the run; nothing need be mapped there. */
  readonly until: U64;
  /** Initial GPRs and rflags, REG_FILE_WORDS words. */
  readonly regs: BigUint64Array;
  /** Basic blocks the guest may run; see `EngineCaps.countsBlocks`. */
  readonly fuel: number;
  /** Block addresses that call `watcher`; those a jump, call or return can reach. */
  readonly watch: ReadonlySet<number>;
  readonly watcher: Watcher;
  /** The watcher need not see that the run begins at `start`, only that it comes there again. @defaultValue false */
  readonly isStartKnown?: boolean;
  /**
   * Asked where a load or store faults, with the address of its instruction, if that is known (`preciseFaultRip`, or
   * `precise`): where to go on; undefined ends the run.
   */
  readonly onFault?: (rip: U64, cpu: Cpu) => U64 | undefined;
  /** Only for engines that have `notes`. */
  readonly noted?: NoteRequest | undefined;
  /** Exact rip and rflags where the run ends, whatever it costs. @defaultValue false */
  readonly precise?: boolean;
  /** Called before every instruction, whatever it costs; implies `precise`. */
  readonly onInsn?: Watcher;
}

/**
 * Watched blocks, callees and where watched blocks return to are noted; callees are answered for. The watcher is called
 * only where that cannot be.
 */
export interface NoteRequest {
  /** The guest's stack (STACK_BASE): its bytes. */
  readonly stack: Uint8Array;
  /** Bytes of it in a note, on each side of rsp: a multiple of 8. */
  readonly below: number;
  /** What callees return, in order, and how many words above their return address they destroy. */
  readonly results: readonly U64[];
  readonly destroyed: readonly number[];
  /** What the first of these words becomes; each further one is one more. */
  readonly clobber: U64;
  /**
   * If no other blocks need be seen, not even counted: then fuel may be time, far more than so many blocks need. What faults may then go
   * on to the end of its block, and says no more than that it faulted.
   */
  readonly named?: NamedBlocks | undefined;
}

/** Blocks beside callees. */
export interface NamedBlocks {
  /** Watched, beside those of `RunRequest.watch`. */
  readonly entries: readonly number[];
  /** Where watched blocks return to. */
  readonly returns: readonly number[];
}

/** What has been noted of a run (recorder/layout.ts): all records, as halves of words and as bytes. */
export interface Records {
  readonly halves: Uint32Array;
  readonly bytes: Uint8Array;
  /** Words from one to the next. */
  readonly stride: number;
}

/** The notes of a run: of each, its address stands in the place of an id. */
export interface NoteLog extends Records {
  /** Bytes of the window below rsp. */
  readonly below: number;
  readonly count: number;
}

/** One guest. Not shared between threads; `run` does not nest. */
export interface Engine {
  readonly name: string;
  /** e.g. `libunicorn 2.0.1 (/usr/lib/…/libunicorn.so.2)` */
  readonly version: string;
  readonly caps: EngineCaps;
  /** Where a run may return to, as its `until`, at less cost than anywhere else; absent where it costs the same. */
  readonly door?: U64;
  /** What the last run that was to be noted left; absent where an engine cannot note. */
  readonly notes?: (() => NoteLog) | undefined;
  /** Maps memory, zero-filled. Returns an accessor of its bytes: call it again after each `run`. */
  map(region: Region): () => Uint8Array;
  unmap(region: Region): void;
  /**
   * Puts code at an address inside a mapped executable region and drops stale translations. Where a longer
   * load was at this address before, the rest of it becomes int3. `entries`: offsets at which it may be entered
   * beside its start and the targets of its direct branches.
   */
  load(address: U64, code: Uint8Array, entries?: readonly number[]): void;
  /** Runs from a clean CPU state (flags, exception state), then leaves the final registers in `out`. */
  run(request: RunRequest, out: BigUint64Array): Stop;
  close(): void;
}
