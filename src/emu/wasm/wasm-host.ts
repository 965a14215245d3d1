/**
 * Unicorn in WebAssembly, behind the interface of libunicorn. Handles, callbacks and memory have numbers of our
 * own, so that they outlive the instance they are in: published builds crash on long blocks (CRASH), an instance
 * that did cannot be used again, and the engine goes on with another one.
 */
import { OracleError } from '../../core/errors.ts';
import type { GuestBytes } from '../guest-space.ts';
import {
  type Pointer,
  UC_CTL_TB_REMOVE_CACHE,
  UC_ERR_LOST,
  UC_ERR_OK,
  UC_X86_REG_FILE,
  type UnicornCalls,
} from '../libunicorn.ts';
import { type CallbackKind, type RegisterAccess, type UnicornHost, versionText } from '../unicorn-host.ts';
import type { Instance } from './instance.ts';

/** Where a new instance comes from, and which file they are of. */
export interface InstanceSource {
  readonly path: string;
  /** Throws an `engine` error when none is ready. */
  next(): Instance;
}

/** Signatures of callbacks: i32 but for j, which is i64. */
const SIGNATURES: Readonly<Record<CallbackKind, string>> = {
  insn: 'vijii',
  interrupt: 'viii',
  systemCall: 'vii',
  memory: 'iiijiji',
};

export const CRASH =
  'unicorn.js crashed, as published builds of 2.1.4 do where a block is long: some 70 instructions with every one hooked, 200 stack or atomic ones without (its translator overflows); use unicorn, or shorter blocks';
const GREW = 'the memory of unicorn.js grew while the guest ran, which moved the guest; run it again';
/** Not of Unicorn: what emuStart returns when memory has grown. */
const ERR_GREW = UC_ERR_LOST + 1;

interface Callback {
  readonly kind: CallbackKind;
  readonly run: (...args: never[]) => unknown;
  /** Its function by instance. */
  readonly functions: Map<Instance, number>;
}

interface Handle {
  readonly instance: Instance;
  readonly uc: number;
}

export class WasmHost implements UnicornHost {
  readonly name = 'unicorn-wasm';
  readonly version: string;
  readonly lib: UnicornCalls;
  readonly registers: RegisterAccess;
  readonly dropsQuickly = false;
  readonly hooks = null;
  readonly #source: InstanceSource;
  readonly #handles = new Map<Pointer, Handle>();
  readonly #callbacks = new Map<Pointer, Callback>();
  #instance: Instance;
  #lastId = 0n;

  constructor(source: InstanceSource) {
    this.#source = source;
    this.#instance = source.next();
    const version = this.#instance.module._uc_version(0, 0) >>> 0;
    this.version = `unicorn.js ${versionText(version)} (${source.path})`;
    this.lib = this.#library(version);
    this.registers = this.#registers();
  }

  allocate(size: number): GuestBytes {
    return new WasmBytes(() => this.#live(), size);
  }

  release(memory: GuestBytes): void {
    if (memory instanceof WasmBytes) memory.free();
  }

  callback(kind: CallbackKind, run: (...args: never[]) => unknown): Pointer {
    const id = this.#newId();
    this.#callbacks.set(id, { kind, run, functions: new Map() });
    return id;
  }

  removeCallback(callback: Pointer): void {
    for (const [instance, pointer] of this.#callbacks.get(callback)?.functions ?? []) {
      if (!instance.isLost) instance.module.removeFunction(pointer);
    }
    this.#callbacks.delete(callback);
  }

  /** The instance in use; another one if that has crashed. */
  #live(): Instance {
    if (this.#instance.isLost) this.#instance = this.#source.next();
    return this.#instance;
  }

  #newId(): Pointer {
    this.#lastId++;
    return this.#lastId;
  }

  /** Passes a call on to the instance of a handle; one that is lost does nothing any more. */
  #on(uc: Pointer, call: (handle: Handle) => number): number {
    const handle = this.#handles.get(uc);
    return handle === undefined || handle.instance.isLost ? UC_ERR_LOST : call(handle);
  }

  #library(version: number): UnicornCalls {
    return {
      path: this.#source.path,
      version,
      open: (arch, mode, out) => this.#open(arch, mode, out),
      close: (uc) => this.#close(uc),
      strerror: (err) => (err === UC_ERR_LOST ? CRASH : err === ERR_GREW ? GREW : 'unicorn.js failed'),
      ctlInt: (uc, word, value) => this.#ctl(uc, word, [BigInt(value)]),
      ctlRange: (uc, word, address, end) => this.#ctl(uc, word, [address, end]),
      memMapPtr: (uc, address, size, perms, host) =>
        this.#on(uc, (h) => h.instance.map(h.uc, address, size, perms, host.byteOffset)),
      memUnmap: (uc, address, size) => this.#on(uc, (h) => h.instance.unmap(h.uc, address, size)),
      hookAdd: (uc, hook, type, callback, _user, begin, end, insn) =>
        this.#on(uc, (h) => this.#hookAdd(h, hook, { type, callback, begin, end, insn })),
      hookDel: (uc, hook) => this.#on(uc, (h) => h.instance.module._uc_hook_del(h.uc, Number(hook))),
      emuStart: (uc, begin, until) => this.#on(uc, (h) => start(h, begin, until)),
      emuStop: (uc) => this.#on(uc, (h) => h.instance.module._uc_emu_stop(h.uc)),
      contextAlloc: (uc, out) =>
        this.#on(uc, ({ instance, uc: handle }) => {
          const err = instance.module._uc_context_alloc(handle, instance.scratch);
          out[0] = this.#newId();
          this.#handles.set(out[0], { instance, uc: instance.view().getUint32(instance.scratch, true) });
          return err;
        }),
      contextSave: (uc, context) => this.#withContext(uc, context, '_uc_context_save'),
      contextRestore: (uc, context) => this.#withContext(uc, context, '_uc_context_restore'),
      contextFree: (context) => {
        const err = this.#on(context, (h) => h.instance.module._uc_context_free(h.uc));
        this.#handles.delete(context);
        return err;
      },
    };
  }

  #open(arch: number, mode: number, out: [Pointer | null]): number {
    const instance = this.#live();
    const { module, scratch } = instance;
    const err = module._uc_open(arch, mode, scratch);
    out[0] = this.#newId();
    this.#handles.set(out[0], { instance, uc: instance.view().getUint32(scratch, true) });
    return err;
  }

  #close(uc: Pointer): number {
    const err = this.#on(uc, (h) => {
      h.instance.forget(h.uc);
      return h.instance.module._uc_close(h.uc);
    });
    this.#handles.delete(uc);
    return err;
  }

  /** Builds without uc_ctl have one CPU model, and drop translations when code is mapped anew. */
  #ctl(uc: Pointer, word: number, args: readonly bigint[]): number {
    return this.#on(uc, ({ instance, uc: handle }) => {
      const { module, scratch } = instance;
      if (module._uc_ctl === undefined) {
        return word === UC_CTL_TB_REMOVE_CACHE ? instance.remap(handle, args[0] ?? 0n) : UC_ERR_OK;
      }
      args.forEach((arg, i) => {
        instance.view().setBigUint64(scratch + 8 * i, arg, true);
      });
      return module._uc_ctl(handle, word, scratch);
    });
  }

  #hookAdd({ instance, uc }: Handle, out: [Pointer | null], hook: HookRequest): number {
    const { module, scratch } = instance;
    const callback = this.#functionOf(hook.callback, instance);
    const args = scratch + 8;
    instance.view().setInt32(args, hook.insn, true);
    const err = module._uc_hook_add(uc, scratch, hook.type, callback, 0, hook.begin, hook.end, args);
    out[0] = BigInt(instance.view().getUint32(scratch, true));
    return err;
  }

  #functionOf(id: Pointer, instance: Instance): number {
    const callback = this.#callbacks.get(id);
    if (callback === undefined) return 0;
    const known = callback.functions.get(instance);
    if (known !== undefined) return known;
    const pointer = instance.module.addFunction(callback.run, SIGNATURES[callback.kind]);
    callback.functions.set(instance, pointer);
    return pointer;
  }

  #withContext(uc: Pointer, context: Pointer, call: '_uc_context_save' | '_uc_context_restore'): number {
    const saved = this.#handles.get(context)?.uc ?? 0;
    return this.#on(uc, (h) => h.instance.module[call](h.uc, saved));
  }

  #registers(): RegisterAccess {
    const rip = UC_X86_REG_FILE.length;
    const words = (uc: Pointer, use: (regs: BigUint64Array, handle: Handle) => void): void => {
      this.#on(uc, (handle) => {
        use(handle.instance.regs(), handle);
        return UC_ERR_OK;
      });
    };
    const readOne = (uc: Pointer, index: number): bigint => {
      let value = 0n;
      words(uc, (regs, { instance, uc: handle }) => {
        instance.readRegs(handle);
        value = regs[index] ?? 0n;
      });
      return value;
    };
    return {
      read: (uc, out) => {
        let at = 0n;
        words(uc, (regs, { instance, uc: handle }) => {
          instance.readRegs(handle);
          out.set(regs.subarray(0, rip));
          at = regs[rip] ?? 0n;
        });
        return at;
      },
      write: (uc, file) =>
        words(uc, (regs, { instance, uc: handle }) => {
          regs.set(file);
          instance.writeRegs(handle);
        }),
      readOne,
      writeOne: (uc, index, value) =>
        words(uc, (regs, { instance, uc: handle }) => {
          regs[index] = value;
          instance.writeReg(handle, index);
        }),
    };
  }
}

interface HookRequest {
  readonly type: number;
  readonly callback: Pointer;
  readonly begin: bigint;
  readonly end: bigint;
  readonly insn: number;
}

/** What it throws is a crash: hooks catch what watchers throw. There is no timeout, which would want a thread. */
function start({ instance, uc }: Handle, begin: bigint, until: bigint): number {
  const { buffer } = instance.module.HEAPU8;
  try {
    const err = instance.module._uc_emu_start(uc, begin, until, 0n, 0);
    return instance.module.HEAPU8.buffer === buffer ? err : ERR_GREW;
  } catch {
    instance.lose();
    return UC_ERR_LOST;
  }
}

/** Memory of a region: in the instance in use, and taken along when that is another one. */
class WasmBytes implements GuestBytes {
  readonly #live: () => Instance;
  readonly #size: number;
  #instance: Instance;
  #at: number;

  constructor(live: () => Instance, size: number) {
    this.#live = live;
    this.#size = size;
    this.#instance = live();
    this.#at = room(this.#instance, size);
  }

  get bytes(): Uint8Array {
    if (this.#instance.isLost) {
      const old = this.#instance.bytes(this.#at, this.#size);
      this.#instance = this.#live();
      this.#at = room(this.#instance, this.#size);
      this.#instance.bytes(this.#at, this.#size).set(old);
    }
    return this.#instance.bytes(this.#at, this.#size);
  }

  free(): void {
    if (!this.#instance.isLost) this.#instance.free(this.#at);
  }
}

function room(instance: Instance, size: number): number {
  const at = instance.allocate(size);
  if (at !== 0) return at;
  const why = `no room for ${size} bytes: its memory is full; use smaller inputs, or unicorn`;
  throw new OracleError('engine', { what: 'engine unicorn-wasm', where: 'map', why });
}
