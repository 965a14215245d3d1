/**
 * The gate every basic block passes: it counts fuel and calls the watcher at watched addresses. Most blocks
 * are neither; a filter of one byte for each value of an address's low 16 bits tells them at once.
 */
import koffi from 'koffi';
import type { U64 } from '../core/u64.ts';
import { GATE, MARK, NOWHERE } from './block-hook.ts';
import { BlockNotes } from './block-notes.ts';
import type { NoteRequest } from './engine.ts';
import { type Pointer, u64Argument } from './libunicorn.ts';
import type { UnicornHost } from './unicorn-host.ts';

const FILTER_SIZE = 0x1_0000;
const FILTER_MASK = FILTER_SIZE - 1;
const NO_ENTRIES: readonly number[] = [];
/** Of the halves of words, the one that is negative when fuel is used up. */
const FUEL_SIGN = 2 * GATE.fuel + 1;

/** Where the gate leads: both are called before the block's first instruction. */
export interface GateKeeper {
  onFuelUsed(address: number): void;
  onWatched(address: number): void;
}

/** Blocks a run may have, and those that are watched. */
export interface GateSetting {
  readonly fuel: number;
  readonly watch: ReadonlySet<number>;
  readonly noted?: NoteRequest | undefined;
}

export class Gate {
  readonly #keeper: GateKeeper;
  readonly #host: UnicornHost;
  readonly #state = new BigUint64Array(new ArrayBuffer(8 * GATE.words));
  readonly #halves = new Int32Array(this.#state.buffer);
  readonly #filter = new Uint8Array(new ArrayBuffer(FILTER_SIZE));
  #watch: ReadonlySet<number> = new Set();
  /** Watched beside these: those a run names, and those that are told while it lasts. */
  #entries = NO_ENTRIES;
  readonly #added = new Set<number>();
  readonly #callbacks: Pointer[] = [];
  #fuel = 0;
  #lastInsn: number | bigint = 0;
  /** To give to uc_hook_add. */
  readonly block: Pointer;
  readonly insn: Pointer;
  readonly user: Pointer;
  /** Where watched blocks can be noted. */
  readonly notes: BlockNotes | undefined;
  #isNoted = false;

  /** Where the host has no hooks of machine code, blocks enter JavaScript one by one. */
  constructor(keeper: GateKeeper, host: UnicornHost) {
    this.#keeper = keeper;
    this.#host = host;
    const { hooks } = host;
    if (hooks !== null) {
      this.user = koffi.address(this.#state);
      const slowPath = this.#register((_uc, address) => this.#slowPath(Number(address)));
      this.#state[GATE.filter] = koffi.address(this.#filter);
      this.#state[GATE.slowPath] = slowPath;
      this.notes = new BlockNotes(this.#state, this.#filter, hooks.lib);
      this.block = hooks.block;
      this.insn = hooks.insn;
    } else {
      this.user = 0n;
      this.block = this.#register((_uc, address) => this.#everyBlock(Number(address)));
      this.insn = this.#register((_uc, address) => {
        this.#lastInsn = address;
      });
    }
  }

  /**
   * Sets fuel and watched addresses for a run; `watch` stays as it is until `disarm`. The first block at `skip` that is
   * watched is passed over.
   */
  arm({ fuel, watch, noted }: GateSetting, skip: U64 = NOWHERE): void {
    this.#fuel = fuel;
    this.#state[GATE.fuel] = BigInt(fuel);
    this.#state[GATE.skip] = skip;
    this.#watch = watch;
    for (const address of watch) this.#mark(address, MARK.watched);
    this.#isNoted = noted !== undefined;
    this.#entries = noted?.named?.entries ?? NO_ENTRIES;
    for (let i = 0; i < this.#entries.length; i++) this.#mark(this.#entries[i] as number, MARK.watched);
    if (noted !== undefined) this.notes?.arm(noted);
  }

  /** One more watched address, until `disarm`. */
  watch(address: number): void {
    this.#added.add(address);
    this.#mark(address, MARK.watched);
  }

  disarm(): void {
    this.notes?.disarm();
    for (const address of this.#watch) this.#mark(address, 0);
    for (let i = 0; i < this.#entries.length; i++) this.#mark(this.#entries[i] as number, 0);
    if (this.#added.size === 0) return;
    for (const address of this.#added) this.#mark(address, 0);
    this.#added.clear();
  }

  /** Address of the last instruction that started, if `insn` is hooked. */
  get lastInsn(): U64 {
    return this.#host.hooks === null ? u64Argument(this.#lastInsn) : (this.#state[GATE.lastInsn] ?? 0n);
  }

  close(): void {
    for (const callback of this.#callbacks) this.#host.removeCallback(callback);
    this.#callbacks.length = 0;
  }

  #register(onBlock: (uc: unknown, address: number | bigint) => void): Pointer {
    const callback = this.#host.callback('insn', onBlock);
    this.#callbacks.push(callback);
    return callback;
  }

  #everyBlock(address: number): void {
    if (--this.#fuel < 0) this.#keeper.onFuelUsed(address);
    else if (this.#filter[address & FILTER_MASK] !== 0 && this.#isWatched(address)) {
      if (BigInt(address) === this.#state[GATE.skip]) this.#state[GATE.skip] = NOWHERE;
      else this.#keeper.onWatched(address);
    }
  }

  #slowPath(address: number): void {
    if ((this.#halves[FUEL_SIGN] as number) < 0) this.#keeper.onFuelUsed(address);
    else if (this.#isNoted || this.#isWatched(address)) this.#keeper.onWatched(address);
  }

  #mark(address: number, mark: number): void {
    this.#filter[address & FILTER_MASK] = mark;
  }

  #isWatched(address: number): boolean {
    return this.#watch.has(address) || this.#added.has(address);
  }
}
