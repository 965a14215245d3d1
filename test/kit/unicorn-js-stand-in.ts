/**
 * A module with the exports of unicorn.js, made of libunicorn: what tests the adapter where the package itself
 * cannot be had. It keeps to what WebAssembly does: one memory with addresses of 32 bits, i64 as signed bigints,
 * other types refused, variable arguments behind a pointer.
 */
import koffi, { type TypeObject } from 'koffi';
import { findLibunicorn } from '../../src/emu/find-libunicorn.ts';
import {
  BLOCK_PROTO,
  INTR_PROTO,
  type Libunicorn,
  loadLibunicorn,
  MEM_PROTO,
  SYSCALL_PROTO,
  UC_CTL_TB_REMOVE_CACHE,
} from '../../src/emu/libunicorn.ts';
import type { UnicornModule } from '../../src/emu/wasm/unicorn-js.ts';

export interface StandInOptions {
  /** Whether it exports uc_ctl. @defaultValue true */
  readonly ctl?: boolean;
  /** Bits of sizes: 64 from 2.1.2 on. @defaultValue 64 */
  readonly sizeBits?: 32 | 64;
  /** Bytes of memory. @defaultValue 32 MiB */
  readonly heap?: number;
  /** Called when a run starts; may throw, as a crash does, or have memory grow. */
  readonly onStart?: (standIn: StandIn) => void;
}

export interface StandIn extends UnicornModule {
  HEAPU8: Uint8Array;
  /** Gives memory another buffer, as growing does. */
  grow(): void;
  /** Handles that are open, blocks that are allocated. */
  readonly open: () => { readonly handles: number; readonly blocks: number };
}

const PROTOS: Readonly<Record<string, TypeObject>> = {
  vijii: BLOCK_PROTO,
  viii: INTR_PROTO,
  vii: SYSCALL_PROTO,
  iiijiji: MEM_PROTO,
};

/** Makes one. */
export function standIn(options: StandInOptions = {}): StandIn {
  const { ctl = true, sizeBits = 64, heap = 32 << 20, onStart } = options;
  const lib = loadLibunicorn(findLibunicorn());
  const memory = new Uint8Array(new ArrayBuffer(heap));
  const base = koffi.address(memory);
  const blocks = new Map<number, number>();
  const free: number[][] = [];
  const handles = new Map<number, bigint>();
  const functions: { readonly run: (...args: never[]) => unknown; readonly signature: string }[] = [];
  const callbacks = new Map<number, bigint>();
  let top = 64;
  let ids = 0x1000;

  const view = (): DataView => new DataView(memory.buffer);
  const handle = (id: number): bigint => handles.get(id) ?? 0n;
  /** Hooks by their handle, which closes them. */
  const hooks = new Map<number, number[]>();
  const keep = (at: number, pointer: bigint | null): number => {
    ids += 16;
    handles.set(ids, pointer ?? 0n);
    view().setUint32(at, ids, true);
    return ids;
  };
  const size = (value: number | bigint): number => {
    if (typeof value !== (sizeBits === 64 ? 'bigint' : 'number')) throw new TypeError('Cannot convert');
    return Number(value);
  };
  const i64 = (value: bigint): bigint => {
    if (typeof value !== 'bigint') throw new TypeError('Cannot convert to a BigInt');
    return BigInt.asUintN(64, value);
  };
  const values = (at: number, count: number): bigint[] =>
    Array.from({ length: count }, (_, i) => base + BigInt(view().getUint32(at + 4 * i, true)));

  const module: StandIn = {
    HEAPU8: memory,
    grow() {
      module.HEAPU8 = new Uint8Array(koffi.view(base, heap));
    },
    open: () => ({ handles: handles.size, blocks: blocks.size }),
    _malloc: (bytes) => {
      const wanted = Math.ceil(bytes / 16) * 16;
      const again = free.findIndex(([, length]) => length === wanted);
      const [at = top] = again < 0 ? [] : (free.splice(again, 1)[0] ?? []);
      if (again < 0) {
        if (top + wanted > heap) return 0;
        top += wanted;
      }
      blocks.set(at, wanted);
      memory.fill(0xa5, at, at + wanted);
      return at;
    },
    _free: (at) => {
      const length = blocks.get(at);
      if (length === undefined) throw new Error(`free of ${at}, which malloc did not give`);
      blocks.delete(at);
      free.push([at, length]);
    },
    addFunction: (run, signature) => functions.push({ run, signature }) - 1,
    removeFunction: (index) => {
      const callback = callbacks.get(index);
      if (callback !== undefined) koffi.unregister(callback);
      callbacks.delete(index);
    },
    _uc_version: () => lib.version,
    _uc_open: (arch, mode, at) => {
      const out: [bigint | null] = [null];
      const err = lib.open(arch, mode, out);
      keep(at, out[0]);
      return err;
    },
    _uc_close: (uc) => {
      const err = lib.close(handle(uc));
      for (const id of [uc, ...(hooks.get(uc) ?? [])]) handles.delete(id);
      hooks.delete(uc);
      return err;
    },
    ...(ctl ? { _uc_ctl: (uc, word, args) => control(lib, handle(uc), word, view(), args) } : {}),
    _uc_mem_map_ptr: (uc, address, bytes, perms, at) =>
      lib.memMapPtr(handle(uc), i64(address), size(bytes), perms, memory.subarray(at)),
    _uc_mem_unmap: (uc, address, bytes) => {
      // 2.0.1 keeps translations of what is unmapped; WebAssembly has 2.1.
      lib.ctlRange(handle(uc), UC_CTL_TB_REMOVE_CACHE, i64(address), i64(address) + BigInt(size(bytes)));
      return lib.memUnmap(handle(uc), i64(address), size(bytes));
    },
    _uc_reg_read_batch: (uc, ids, at, count) => {
      values(at, count).forEach((value, i) => {
        lib.regRead(handle(uc), view().getInt32(ids + 4 * i, true), value);
      });
      return 0;
    },
    _uc_reg_write_batch: (uc, ids, at, count) => {
      values(at, count).forEach((value, i) => {
        lib.regWrite(handle(uc), view().getInt32(ids + 4 * i, true), value);
      });
      return 0;
    },
    _uc_hook_add: (uc, at, type, callback, _user, begin, end, args) => {
      const out: [bigint | null] = [null];
      const insn = view().getInt32(args, true);
      const native = callbacks.get(callback) ?? registered(functions[callback], uc);
      callbacks.set(callback, native);
      const err = lib.hookAdd(handle(uc), out, type, native, 0n, i64(begin), i64(end), insn);
      hooks.set(uc, [...(hooks.get(uc) ?? []), keep(at, out[0])]);
      return err;
    },
    _uc_hook_del: (uc, hook) => {
      const err = lib.hookDel(handle(uc), handle(hook));
      handles.delete(hook);
      return err;
    },
    _uc_emu_start: (uc, begin, until, timeout, count) => {
      onStart?.(module);
      return lib.emuStart(handle(uc), i64(begin), i64(until), Number(i64(timeout)), count);
    },
    _uc_emu_stop: (uc) => lib.emuStop(handle(uc)),
    _uc_context_alloc: (uc, at) => {
      const out: [bigint | null] = [null];
      const err = lib.contextAlloc(handle(uc), out);
      keep(at, out[0]);
      return err;
    },
    _uc_context_save: (uc, context) => lib.contextSave(handle(uc), handle(context)),
    _uc_context_restore: (uc, context) => lib.contextRestore(handle(uc), handle(context)),
    _uc_context_free: (context) => {
      const err = lib.contextFree(handle(context));
      handles.delete(context);
      return err;
    },
  };
  return module;
}

function control(lib: Libunicorn, uc: bigint, word: number, view: DataView, args: number): number {
  if (word !== UC_CTL_TB_REMOVE_CACHE) return lib.ctlInt(uc, word, view.getInt32(args, true));
  return lib.ctlRange(uc, word, view.getBigUint64(args, true), view.getBigUint64(args + 8, true));
}

/** As WebAssembly calls it: handles by number, i64 as a signed bigint, a number for bool. */
function registered(
  target: { readonly run: (...args: never[]) => unknown; readonly signature: string } | undefined,
  uc: number,
): bigint {
  const proto = PROTOS[target?.signature ?? ''];
  if (target === undefined || proto === undefined) throw new Error(`no such signature: ${target?.signature}`);
  const run = target.run as (...args: readonly (number | bigint)[]) => unknown;
  const types = target.signature.slice(1);
  const callback = (...args: readonly (number | bigint)[]): unknown => {
    const passed = args.slice(1, -1).map((arg, i) => {
      return types[i + 1] === 'j' ? BigInt.asIntN(64, BigInt(arg)) : Number(arg);
    });
    const result = run(uc, ...passed, 0);
    return target.signature.startsWith('i') ? Boolean(result) : undefined;
  };
  return koffi.register(callback, koffi.pointer(proto));
}
