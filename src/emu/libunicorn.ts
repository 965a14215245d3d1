/**
 * libunicorn's C interface through koffi: the calls, register ids, hook types and error codes this project
 * uses. Authority: unicorn/unicorn.h and unicorn/x86.h; the ids are the same in 2.0.1 and 2.1.4.
 *
 * uc_ctl and uc_hook_add are variadic in C; on x86-64 and arm64 Linux fixed prototypes reach them the same way.
 */
import koffi, { type LibraryHandle } from 'koffi';
import { OracleError } from '../core/errors.ts';

/** Pointers are bigints; a typed array passed as a pointer is its first byte. */
export type Pointer = bigint;
export type PointerOut = [Pointer | null];
/** First and last address. */
export type AddressRange = readonly [first: bigint, last: bigint];

export const UC_ARCH_X86 = 4;
export const UC_MODE_64 = 8;
export const UC_PROT = { r: 1, rw: 3, rx: 5, rwx: 7 } as const;

/** uc_ctl words: type | argument count << 26 | direction (1 = write) << 30. */
export const UC_CTL_CPU_MODEL_WRITE = 0x4400_0007;
export const UC_CTL_TLB_TYPE_WRITE = 0x4400_000c;
export const UC_CTL_TB_REMOVE_CACHE = 0x4800_0009;
/** Without arguments. */
export const UC_CTL_TB_FLUSH = 0x4000_000a;
/** Without it 2.1.x cuts data addresses to 52 bits, so that a wild pointer may hit something. */
export const UC_TLB_VIRTUAL = 1;
/** The smallest model with BMI2 (shlx), as the JITs under test want. */
export const UC_CPU_X86_HASWELL = 19;

export const UC_HOOK_INTR = 1;
export const UC_HOOK_INSN = 2;
export const UC_HOOK_CODE = 4;
export const UC_HOOK_BLOCK = 8;
export const UC_HOOK_MEM_INVALID = 0x3f0;

export const UC_ERR_OK = 0;
export const UC_ERR_FETCH_UNMAPPED = 8;
export const UC_ERR_INSN_INVALID = 10;
/** Not of Unicorn, and above all of its: the host has lost the handle; another one must be opened. */
export const UC_ERR_LOST = 0x1000;

/** uc_mem_type of invalid accesses: unmapped read, write, fetch; protected write, read, fetch. */
export const UC_MEM_KIND: Readonly<Record<number, 'read' | 'write' | 'fetch'>> = {
  19: 'read',
  20: 'write',
  21: 'fetch',
  22: 'write',
  23: 'read',
  24: 'fetch',
};

/** Instructions UC_HOOK_INSN takes. */
export const UC_X86_INS_SYSCALL = 699;
export const UC_X86_INS_SYSENTER = 700;

export const UC_X86_REG_RIP = 41;
/** UC_X86_REG_* of rax rcx rdx rbx rsp rbp rsi rdi r8..r15, rflags: the order of a register file. */
// biome-ignore format: the order of the encoding
export const UC_X86_REG_FILE = [
  35, 38, 40, 37, 44, 36, 43, 39,
  106, 107, 108, 109, 110, 111, 112, 113,
  253,
] as const;

/** Callback prototypes; the last argument is the user pointer. */
export const BLOCK_PROTO = koffi.proto('void(void *uc, uint64_t address, uint32_t size, void *user)');
export const INTR_PROTO = koffi.proto('void(void *uc, uint32_t vector, void *user)');
export const SYSCALL_PROTO = koffi.proto('void(void *uc, void *user)');
export const MEM_PROTO = koffi.proto(
  'bool(void *uc, int type, uint64_t address, int size, int64_t value, void *user)',
);

/** The functions of one loaded library. Those that return a number return a uc_err. */
export interface Libunicorn extends UnicornCalls {
  readonly regRead: (uc: Pointer, id: number, value: Pointer) => number;
  readonly regWrite: (uc: Pointer, id: number, value: Pointer) => number;
  readonly regReadBatch: (uc: Pointer, ids: Pointer, values: Pointer, count: number) => number;
  readonly regWriteBatch: (uc: Pointer, ids: Pointer, values: Pointer, count: number) => number;
  /** Of these: where machine code calls them. */
  readonly regReadBatchAt: Pointer;
  readonly regWriteBatchAt: Pointer;
  readonly emuStopAt: Pointer;
  /** Where one of its other functions is; null where it has none of that name. */
  readonly symbol: (name: string) => Pointer | null;
}

/** Those that are called alike wherever the library runs. */
export interface UnicornCalls {
  readonly path: string;
  /** major << 24 | minor << 16 | patch << 8 | extra */
  readonly version: number;
  readonly open: (arch: number, mode: number, uc: PointerOut) => number;
  readonly close: (uc: Pointer) => number;
  readonly strerror: (err: number) => string;
  readonly ctlInt: (uc: Pointer, word: number, value: number) => number;
  readonly ctlRange: (uc: Pointer, word: number, address: bigint, end: bigint) => number;
  readonly memMapPtr: (uc: Pointer, address: bigint, size: number, perms: number, host: Uint8Array) => number;
  readonly memUnmap: (uc: Pointer, address: bigint, size: number) => number;
  readonly hookAdd: (
    uc: Pointer,
    hook: PointerOut,
    type: number,
    callback: Pointer,
    user: Pointer,
    begin: bigint,
    end: bigint,
    insn: number,
  ) => number;
  readonly hookDel: (uc: Pointer, hook: Pointer) => number;
  readonly emuStart: (uc: Pointer, begin: bigint, until: bigint, timeout: number, count: number) => number;
  readonly emuStop: (uc: Pointer) => number;
  readonly contextAlloc: (uc: Pointer, context: PointerOut) => number;
  readonly contextSave: (uc: Pointer, context: Pointer) => number;
  readonly contextRestore: (uc: Pointer, context: Pointer) => number;
  readonly contextFree: (context: Pointer) => number;
}

/** First version of 2.1: it has TLB types. */
export const VERSION_2_1 = 0x0201_0000;
/** Rip and flags of a faulting access are right from here on; 2.1.1, which Debian 13 has, takes them from where the block began. */
export const VERSION_FAULT_RIP = 0x0201_0400;

const loaded = new Map<string, Libunicorn>();

/** Loads the library at `path` (once a process). Throws an `engine` error when it cannot be used. */
export function loadLibunicorn(path: string): Libunicorn {
  const known = loaded.get(path);
  if (known !== undefined) return known;
  try {
    const library = declare(path);
    loaded.set(path, library);
    return library;
  } catch (cause) {
    const why = cause instanceof Error ? cause.message.split('\n')[0] : String(cause);
    throw new OracleError('engine', { what: 'load libunicorn', where: path, why: `${why}` }, { cause });
  }
}

function declare(path: string): Libunicorn {
  const lib = koffi.load(path);
  const version = lib.func('unsigned int uc_version(void *major, void *minor)');
  return {
    path,
    version: version(null, null),
    open: lib.func('int uc_open(int arch, int mode, _Out_ void **uc)'),
    close: lib.func('int uc_close(void *uc)'),
    strerror: lib.func('const char *uc_strerror(int err)'),
    ctlInt: lib.func('uc_ctl', 'int', ['void *', 'int', 'int']),
    ctlRange: lib.func('uc_ctl', 'int', ['void *', 'int', 'uint64_t', 'uint64_t']),
    memMapPtr: lib.func(
      'int uc_mem_map_ptr(void *uc, uint64_t address, size_t size, uint32_t perms, void *host)',
    ),
    memUnmap: lib.func('int uc_mem_unmap(void *uc, uint64_t address, size_t size)'),
    regRead: lib.func('int uc_reg_read(void *uc, int id, void *value)'),
    regWrite: lib.func('int uc_reg_write(void *uc, int id, void *value)'),
    regReadBatch: lib.func('int uc_reg_read_batch(void *uc, void *ids, void *values, int count)'),
    regWriteBatch: lib.func('int uc_reg_write_batch(void *uc, void *ids, void *values, int count)'),
    regReadBatchAt: lib.symbol('uc_reg_read_batch'),
    regWriteBatchAt: lib.symbol('uc_reg_write_batch'),
    emuStopAt: lib.symbol('uc_emu_stop'),
    symbol: (name) => symbolOf(lib, name),
    hookAdd: lib.func(
      'int uc_hook_add(void *uc, _Out_ void **hook, int type, void *callback, void *user, uint64_t begin, uint64_t end, int insn)',
    ),
    hookDel: lib.func('int uc_hook_del(void *uc, void *hook)'),
    emuStart: lib.func(
      'int uc_emu_start(void *uc, uint64_t begin, uint64_t until, uint64_t timeout, size_t count)',
    ),
    emuStop: lib.func('int uc_emu_stop(void *uc)'),
    contextAlloc: lib.func('int uc_context_alloc(void *uc, _Out_ void **context)'),
    contextSave: lib.func('int uc_context_save(void *uc, void *context)'),
    contextRestore: lib.func('int uc_context_restore(void *uc, void *context)'),
    contextFree: lib.func('int uc_context_free(void *context)'),
  };
}

function symbolOf(lib: LibraryHandle, name: string): Pointer | null {
  try {
    return lib.symbol(name);
  } catch {
    return null;
  }
}

/** Throws an `engine` error unless a call succeeded. */
export function check(lib: Pick<UnicornCalls, 'strerror'>, call: string, err: number): void {
  if (err === UC_ERR_OK) return;
  throw new OracleError('engine', {
    what: 'libunicorn',
    where: call,
    why: `${lib.strerror(err)} (uc_err ${err})`,
  });
}

/** A callback argument of type uint64_t: koffi delivers the upper half of the range as negative numbers. */
export const u64Argument = (value: number | bigint): bigint => BigInt.asUintN(64, BigInt(value));
