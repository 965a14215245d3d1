/**
 * The engine over Unicorn, wherever it runs (unicorn-host.ts). Works with Debian's 2.0.1 and with 2.1.x; what each gets wrong is
 * handled here and in the files it uses, each at its place: cmpxchg32.ts, UnicornHandle.restore, recycling.
 */
import { OracleError } from '../core/errors.ts';
import type { U64 } from '../core/u64.ts';
import { Cmpxchg32 } from './cmpxchg32.ts';
import {
  type Cpu,
  type Engine,
  type EngineCaps,
  type Region,
  RFLAGS,
  type RunRequest,
  type Stop,
  type Watcher,
} from './engine.ts';
import { Gate } from './gate.ts';
import { GuestSpace } from './guest-space.ts';
import { KeptHandles } from './kept-handles.ts';
import {
  type AddressRange,
  type Pointer,
  UC_ERR_LOST,
  UC_ERR_OK,
  UC_MEM_KIND,
  type UnicornCalls,
  u64Argument,
  VERSION_FAULT_RIP,
} from './libunicorn.ts';
import { LoadedCode } from './loaded-code.ts';
import { NamedRuns } from './named-runs.ts';
import { nativeHost } from './native-host.ts';
import { type GuestEvents, stopOf } from './stop.ts';
import { unicornCpu } from './unicorn-cpu.ts';
import { type HandleHooks, UnicornHandle } from './unicorn-handle.ts';
import type { RegisterAccess, UnicornHost } from './unicorn-host.ts';

const UNTRANSLATABLE =
  'code in which a branch leads into an instruction, to bytes of a far branch (FF /3, FF /5): libunicorn cannot translate both; --engine silicon can';
/**
 * Translations of code that is gone are never freed (7 kB for 100 instructions). Once this much code has been loaded, all are
 * dropped, and their memory is used again while it is in the caches. Handles keep a little all the same (12 bytes a case), and are
 * replaced from time to time; where dropping is slow, more often.
 */
const DROP_BYTES = 1 << 15;
const RECYCLE_BYTES = { dropped: 1 << 22, kept: 1 << 20 } as const;
/** Blocks of a run above which they are not taken to run a few times each. */
const BRIEF_FUEL = 1 << 18;
/** A load costs at least this much of that, however short. */
const LOAD_BYTES = 64;
const RAX = 0;
const NO_EVENTS: GuestEvents = {};
const END: Stop = { kind: 'end' };

export interface UnicornOptions {
  /** libunicorn.so.2 to load. @defaultValue what findLibunicorn finds */
  readonly library?: string;
  /**
   * Whether blocks are counted by machine code of the host, by JavaScript, or not at all: then runs have neither fuel nor
   * watched blocks, for code that is known to end and to be timed alone.
   * @defaultValue 'native' where there is any (x86-64 Linux), else 'js'
   */
  readonly blockHook?: 'native' | 'js' | 'none';
  /**
   * Whether what nobody needs is left out of libunicorn (lean-libunicorn.ts). Once it is, it is for all of the process.
   * @defaultValue true
   */
  readonly isLean?: boolean;
}

/** Opens an engine over libunicorn. Throws an `engine` error when there is no usable library. */
export function openUnicorn({ library, blockHook = 'native', isLean = true }: UnicornOptions = {}): Engine {
  const isCounted = blockHook !== 'none';
  return new UnicornEngine(nativeHost(library, isCounted ? blockHook : 'js', isLean), isCounted);
}

/** The engine over any Unicorn. */
export class UnicornEngine implements Engine {
  readonly name: string;
  readonly version: string;
  readonly caps: EngineCaps;
  readonly notes: Engine['notes'];
  readonly #host: UnicornHost;
  readonly #lib: UnicornCalls;
  readonly #registers: RegisterAccess;
  readonly #space: GuestSpace;
  readonly #gate: Gate;
  readonly #cmpxchg: Cmpxchg32;
  readonly #callbacks: Pointer[];
  readonly #hooks: HandleHooks;
  readonly #insnHook: Pointer;
  readonly #stepHook: Pointer;
  readonly #cpu: Cpu;
  readonly #loaded = new LoadedCode();
  readonly #kept = new KeptHandles((blocks) => this.#open({ ...this.#hooks, blocks }));
  readonly #named: NamedRuns | null;
  #loadedBytes = 0;
  #undroppedBytes = 0;
  #closed = false;
  /** The run in progress. */
  #active: UnicornHandle | undefined;
  #request: RunRequest | undefined;
  #isExact = false;
  #events = NO_EVENTS;
  /** Block the watcher was last called for. */
  #block = 0;

  constructor(host: UnicornHost, isCounted = true) {
    const { lib } = host;
    this.#host = host;
    this.#lib = lib;
    this.name = host.name;
    this.version = host.version;
    const preciseFaultRip = lib.version >= VERSION_FAULT_RIP;
    this.caps = {
      preciseFaultRip,
      exactCmpxchg32: true,
      countsBlocks: isCounted,
      stopsAreDear: false,
      isCpu: false,
    };
    this.#registers = host.registers;
    this.#space = new GuestSpace((size) => host.allocate(size));
    this.#cmpxchg = new Cmpxchg32({
      bytes: (address, size) => this.#space.bytes(address, size),
      rax: () => this.#cpu.reg(RAX),
      setRax: (value) => this.#cpu.setReg(RAX, value),
      rflags: () => this.#cpu.reg(RFLAGS),
    });
    this.#gate = new Gate(
      {
        onFuelUsed: (address) => this.#end({ halt: { kind: 'fuel', rip: BigInt(address) } }),
        onWatched: (address) => this.#visit(address, this.#request?.watcher),
      },
      host,
    );
    const { notes } = this.#gate;
    this.notes = notes && (() => notes.log());
    this.#named = host.hooks === null ? null : new NamedRuns(host.hooks.lib);
    this.#cpu = unicornCpu(host.registers, {
      uc: () => this.#active?.uc,
      watch: (address) => this.#gate.watch(address),
      stop: () => this.#end({ halt: { kind: 'stopped', rip: BigInt(this.#block) } }),
    });
    const interrupt = host.callback('interrupt', (_uc, vector) => this.#end({ vector }));
    const invalid = host.callback('memory', (_uc, type, address, size) =>
      this.#onInvalidMemory(type, address, size),
    );
    this.#insnHook = host.callback('insn', (_uc, address, size) =>
      this.#visit(Number(address), () => this.#cmpxchg.onInsn(Number(address), size)),
    );
    this.#stepHook = host.callback('insn', (_uc, address) =>
      this.#visit(Number(address), this.#request?.onInsn),
    );
    const systemCall = host.callback('systemCall', () => this.#end({ systemCall: true }));
    this.#callbacks = [interrupt, invalid, systemCall, this.#insnHook, this.#stepHook];
    this.#hooks = {
      interrupt: { callback: interrupt, user: 0n },
      invalidMemory: { callback: invalid, user: 0n },
      systemCall: { callback: systemCall, user: 0n },
      ...(isCounted ? { block: { callback: this.#gate.block, user: this.#gate.user } } : {}),
    };
  }

  map(region: Region): () => Uint8Array {
    this.#checkIdle('map');
    const mapped = this.#space.add(region);
    this.#kept.map(mapped);
    return () => mapped.bytes;
  }

  unmap(region: Region): void {
    this.#checkIdle('unmap');
    const { region: mapped, memory } = this.#space.remove(region);
    this.#loaded.forget((address) => this.#space.at(address) !== undefined);
    // 2.0.1 keeps translations of unmapped code and runs them when something is mapped there again.
    if (mapped.perms.includes('x')) this.#closeHandles();
    else this.#kept.unmap(mapped);
    this.#host.release(memory);
  }

  load(address: U64, code: Uint8Array, entries: readonly number[] = []): void {
    this.#checkIdle('load');
    const { code: safe, isHooked, ranges } = this.#loaded.load(address, code, entries);
    const stale = this.#space.load(address, safe);
    this.#recycle(code.length + LOAD_BYTES);
    if (stale.size === 0) return;
    if (isHooked) this.#hookCmpxchg(this.#kept, address, ranges);
    this.#kept.markStale(stale);
  }

  run(request: RunRequest, out: BigUint64Array): Stop {
    this.#checkIdle('run');
    if (!this.#loaded.isFaithful) return { kind: 'unsupported', what: UNTRANSLATABLE, rip: request.start };
    this.#isExact = request.precise === true || request.onInsn !== undefined;
    const isUnusual = this.#isExact || this.#loaded.isUnusualStart(request.start);
    if (!isUnusual && request.fuel <= BRIEF_FUEL) {
      const named = this.#named?.handleFor(request, this.#space, this.#kept);
      const stop = this.#runOn(named ?? this.#kept.all, request, out);
      if (named !== undefined && this.#named?.wasStopped === true) this.#closeHandles();
      return stop;
    }
    // Translations with other hooks must not mix: a handle of its own.
    const insn = { callback: this.#gate.insn, user: this.#gate.user };
    const step = request.onInsn === undefined ? {} : { step: { callback: this.#stepHook, user: 0n } };
    const hooks = this.#isExact ? { ...this.#hooks, insn, ...step } : this.#hooks;
    const handle = this.#open(hooks, isUnusual);
    try {
      return this.#runOn(handle, request, out);
    } finally {
      handle.close();
    }
  }

  close(): void {
    if (this.#closed) return;
    this.#checkIdle('close');
    this.#closed = true;
    this.#closeHandles();
    this.#gate.close();
    for (const callback of this.#callbacks) this.#host.removeCallback(callback);
    for (const { memory } of this.#space.mapped) this.#host.release(memory);
  }

  #runOn(handle: UnicornHandle, request: RunRequest, out: BigUint64Array): Stop {
    this.#active = handle;
    this.#request = request;
    this.#events = NO_EVENTS;
    handle.restore();
    this.#registers.write(handle.uc, request.regs);
    this.#gate.arm(request, request.isStartKnown === true ? request.start : undefined);
    const { start, until } = request;
    try {
      for (let at: U64 | undefined = start; ; ) {
        const stop = this.#goOn(handle, at, until, out);
        at = this.#resumeAfter(stop);
        if (at === undefined) return stop;
      }
    } finally {
      this.#gate.disarm();
      this.#active = undefined;
      this.#request = undefined;
    }
  }

  /** Until the guest stops, with these registers in `out`. */
  #goOn(handle: UnicornHandle, at: U64, until: U64, out: BigUint64Array): Stop {
    const named = handle.named === null ? null : this.#named;
    named?.begin(handle.uc, this.#space);
    let err: number;
    let wasStopped = false;
    try {
      err = this.#lib.emuStart(handle.uc, at, until, 0, 0);
    } finally {
      wasStopped = named?.end() === true;
    }
    if (err === UC_ERR_LOST) this.#closeHandles();
    const rip = this.#registers.read(handle.uc, out);
    if (wasStopped) this.#events = { ...this.#events, halt: { kind: 'fuel', rip } };
    if (this.#cmpxchg.settle(Number(rip))) this.#registers.read(handle.uc, out);
    if (err === UC_ERR_OK && this.#events === NO_EVENTS && rip === until) return END;
    const lastInsn = this.#isExact ? { lastInsn: this.#gate.lastInsn } : {};
    const bytes = (address: U64, size: number): Uint8Array => this.#space.bytes(address, size);
    return stopOf({ ...this.#events, ...lastInsn, err, errText: this.#lib.strerror, rip, until, bytes });
  }

  /** Where the guest goes on after a fault that somebody answers for. */
  #resumeAfter(stop: Stop): U64 | undefined {
    if (stop.kind !== 'read' && stop.kind !== 'write') return undefined;
    if (!this.#isExact && !this.caps.preciseFaultRip) return undefined;
    const at = this.#request?.onFault?.(stop.rip, this.#cpu);
    if (at === undefined) return undefined;
    this.#cmpxchg.forget();
    this.#events = NO_EVENTS;
    return at;
  }

  #open(hooks: HandleHooks, isUnusual = false): UnicornHandle {
    const open = (): UnicornHandle => new UnicornHandle(this.#lib, this.#space.mapped, hooks);
    const handle = this.#named?.opening(open) ?? open();
    const bytesAt = (address: U64, size: number): Uint8Array => this.#space.bytes(address, size);
    const spared = isUnusual ? this.#loaded.spared(bytesAt) : [];
    for (const [address, ranges] of [...this.#loaded.hooked, ...spared])
      this.#hookCmpxchg(handle, address, ranges);
    return handle;
  }

  #hookCmpxchg(
    handle: Pick<UnicornHandle, 'hookRanges'>,
    address: U64,
    ranges: readonly AddressRange[],
  ): void {
    handle.hookRanges(`${address}`, { callback: this.#insnHook, user: 0n }, ranges);
  }

  /** Ends the growth of translations. */
  #recycle(size: number): void {
    const { dropsQuickly } = this.#host;
    this.#loadedBytes += size;
    this.#undroppedBytes += size;
    if (this.#loadedBytes > RECYCLE_BYTES[dropsQuickly ? 'dropped' : 'kept']) this.#closeHandles();
    else if (dropsQuickly && this.#undroppedBytes > DROP_BYTES) {
      this.#kept.markAllStale();
      this.#undroppedBytes = 0;
    }
  }

  /** The next run opens another, with the same memory. */
  #closeHandles(): void {
    this.#kept.close();
    this.#loadedBytes = 0;
    this.#undroppedBytes = 0;
  }

  /**
   * A block or an instruction that somebody is to see before it runs. A hook that throws would let the guest run on: keep
   * the error, stop, and throw it from `run`.
   */
  #visit(address: number, watcher: Watcher | undefined): void {
    this.#block = address;
    if (this.#events.error !== undefined) return;
    try {
      this.#cmpxchg.settle(address);
      watcher?.(address, this.#cpu);
    } catch (error) {
      this.#end({ error: { thrown: error } });
    }
  }

  #onInvalidMemory(type: number, address: number | bigint, size: number): boolean {
    const kind = UC_MEM_KIND[type] ?? 'read';
    this.#events = { ...this.#events, access: { kind, address: u64Argument(address), size } };
    return false;
  }

  #end(event: GuestEvents): void {
    this.#events = { ...this.#events, ...event };
    if (this.#active !== undefined) this.#lib.emuStop(this.#active.uc);
  }

  #checkIdle(what: string): void {
    const why = this.#closed ? 'it is closed' : 'it is running; watchers may only use the Cpu they are given';
    if (this.#closed || this.#active !== undefined) {
      throw new OracleError('usage', { what, where: `engine ${this.name}`, why });
    }
  }
}
