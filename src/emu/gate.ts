/**
 * The gate every basic block passes: it counts fuel and calls the watcher at watched addresses. Most blocks
 * are neither; a filter of one byte for each value of an address's low 16 bits tells them at once.
 */
import koffi from 'koffi';
import type { U64 } from '../core/u64.ts';
import {
  GATE_FILTER,
  GATE_FUEL,
  GATE_LAST_INSN,
  GATE_SLOW_PATH,
  GATE_WORDS,
  type HostHooks,
} from './host-code.ts';
import { BLOCK_PROTO, type Pointer, u64Argument } from './libunicorn.ts';

const FILTER_SIZE = 0x1_0000;
const FILTER_MASK = FILTER_SIZE - 1;

/** Where the gate leads: both are called before the block's first instruction. */
export interface GateKeeper {
  onFuelUsed(address: number): void;
  onWatched(address: number): void;
}

export class Gate {
  readonly #keeper: GateKeeper;
  readonly #native: HostHooks | null;
  readonly #state = new BigUint64Array(new ArrayBuffer(8 * GATE_WORDS));
  readonly #filter = new Uint8Array(new ArrayBuffer(FILTER_SIZE));
  readonly #watched = new Set<number>();
  readonly #callbacks: Pointer[] = [];
  #fuel = 0;
  #lastInsn: number | bigint = 0;
  /** To give to uc_hook_add. */
  readonly block: Pointer;
  readonly insn: Pointer;
  readonly user: Pointer;

  /** Without `native`, blocks enter JavaScript one by one. */
  constructor(keeper: GateKeeper, native: HostHooks | null) {
    this.#keeper = keeper;
    this.#native = native;
    this.user = koffi.address(this.#state);
    if (native !== null) {
      const slowPath = this.#register((_uc, address) => this.#slowPath(Number(address)));
      this.#state[GATE_FILTER] = koffi.address(this.#filter);
      this.#state[GATE_SLOW_PATH] = slowPath;
      this.block = native.block;
      this.insn = native.insn;
    } else {
      this.block = this.#register((_uc, address) => this.#everyBlock(Number(address)));
      this.insn = this.#register((_uc, address) => {
        this.#lastInsn = address;
      });
    }
  }

  /** Sets fuel and watched addresses for a run. */
  arm(fuel: number, watch: ReadonlySet<number>): void {
    this.#fuel = fuel;
    this.#state[GATE_FUEL] = BigInt(fuel);
    for (const address of watch) this.watch(address);
  }

  /** One more watched address, until `disarm`. */
  watch(address: number): void {
    this.#watched.add(address);
    this.#filter[address & FILTER_MASK] = 1;
  }

  disarm(): void {
    for (const address of this.#watched) this.#filter[address & FILTER_MASK] = 0;
    this.#watched.clear();
  }

  /** Address of the last instruction that started, if `insn` is hooked. */
  get lastInsn(): U64 {
    return this.#native === null ? u64Argument(this.#lastInsn) : (this.#state[GATE_LAST_INSN] ?? 0n);
  }

  close(): void {
    for (const callback of this.#callbacks) koffi.unregister(callback);
    this.#callbacks.length = 0;
  }

  #register(onBlock: (uc: unknown, address: number | bigint) => void): Pointer {
    const callback = koffi.register(onBlock, koffi.pointer(BLOCK_PROTO));
    this.#callbacks.push(callback);
    return callback;
  }

  #everyBlock(address: number): void {
    if (--this.#fuel < 0) this.#keeper.onFuelUsed(address);
    else if (this.#filter[address & FILTER_MASK] !== 0 && this.#watched.has(address)) {
      this.#keeper.onWatched(address);
    }
  }

  #slowPath(address: number): void {
    if ((this.#state[GATE_FUEL] ?? 0n) >> 63n !== 0n) this.#keeper.onFuelUsed(address);
    else if (this.#watched.has(address)) this.#keeper.onWatched(address);
  }
}
