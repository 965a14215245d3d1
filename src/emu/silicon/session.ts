/** One run: what it was asked for, and how the code that runs it calls the host back. */
import type { U64 } from '../../core/u64.ts';
import { type Cpu, REG_FILE_WORDS, type RunRequest, type Stop, type Watcher } from '../engine.ts';
import type { Breakpoints } from './breakpoints.ts';
import type { Door } from './door.ts';
import { RIP } from './driver-code.ts';
import { DOOR } from './guest-elf.ts';
import { SIGNAL } from './linux.ts';
import type { GuestEvent, Tracee } from './tracee.ts';

/** How a run came to its end: known, or to be made out from why the guest stopped. */
export type Ending =
  | { readonly kind: 'stop'; readonly stop: Stop }
  | { readonly kind: 'event'; readonly event: GuestEvent; readonly lastInsn?: U64 };

export const stopped = (stop: Stop): Ending => ({ kind: 'stop', stop });

/** The guest's memory, as a run needs it. */
export interface SessionMemory {
  /** Whether there is code at an address. */
  isCode(address: number): boolean;
  /** A view of bytes; fewer where the region ends. */
  bytes(address: U64, size: number): Uint8Array;
}

/** What a run goes by, beside what it was asked for. */
export interface SessionParts {
  readonly breakpoints: Breakpoints;
  readonly memory: SessionMemory;
  readonly door: Door;
}

export class Session {
  readonly guest: Tracee;
  readonly request: RunRequest;
  readonly breakpoints: Breakpoints;
  readonly #memory: SessionMemory;
  readonly #door: Door;
  /** Watched addresses: those of the request, and what watchers added. */
  readonly watched: Set<number>;
  readonly #file: BigUint64Array;
  readonly #cpu: Cpu;
  #isStopped = false;

  constructor(guest: Tracee, request: RunRequest, { breakpoints, memory, door }: SessionParts) {
    this.guest = guest;
    this.request = request;
    this.breakpoints = breakpoints;
    this.#memory = memory;
    this.#door = door;
    this.watched = new Set(request.watch);
    this.#file = guest.regs.subarray(0, REG_FILE_WORDS);
    this.#cpu = this.#makeCpu();
  }

  /** Where the guest is. */
  get rip(): U64 {
    return this.guest.regs[RIP] ?? 0n;
  }

  isCode(address: number): boolean {
    return this.#memory.isCode(address);
  }

  memory(address: U64, size: number): Uint8Array {
    return this.#memory.bytes(address, size);
  }

  /** Calls a watcher; true if it wants the run to end. */
  call(watcher: Watcher, address: number): boolean {
    watcher(address, this.#cpu);
    return this.#isStopped;
  }

  /** Whether the guest goes on after what stopped it: a fault that somebody answers for. */
  goesOnAfter(event: GuestEvent): boolean {
    const { onFault } = this.request;
    if (onFault === undefined || event.kind !== 'signal') return false;
    if (event.signal !== SIGNAL.segv && event.signal !== SIGNAL.bus) return false;
    const at = onFault(this.rip, this.#cpu);
    if (at === undefined) return false;
    this.guest.regs[RIP] = at;
    return true;
  }

  /** Whether it is over since the guest came out by the door; then its registers are those it came with. */
  isOut(event: GuestEvent): boolean {
    if (this.request.until !== DOOR || !this.guest.cameOut(event, this.#door)) return false;
    this.#file.set(this.#door.regs);
    return true;
  }

  #makeCpu(): Cpu {
    const file = this.#file;
    return {
      readRegs: (regs) => regs.set(file),
      writeRegs: (regs) => file.set(regs),
      reg: (gpr) => file[gpr] ?? 0n,
      setReg: (gpr, value) => {
        file[gpr] = value;
      },
      watch: (address) => {
        this.watched.add(address);
        if (this.breakpoints.isArmed) this.breakpoints.place(address);
      },
      stop: () => {
        this.#isStopped = true;
      },
    };
  }
}
