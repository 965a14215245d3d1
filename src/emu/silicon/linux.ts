/**
 * What of Linux on x86-64 this engine uses: numbers of system calls, requests and signals (the kernel's uapi
 * headers), and the C library's functions through koffi.
 */
import koffi from 'koffi';
import { OracleError } from '../../core/errors.ts';

/** Pointers are bigints. */
export type Pointer = bigint;

/** System calls the guest's process is made to do, and those of the driver's machine code. */
export const SYS = {
  close: 3,
  mmap: 9,
  munmap: 11,
  rt_sigprocmask: 14,
  setitimer: 38,
  wait4: 61,
  ptrace: 101,
  setpgid: 109,
  exit_group: 231,
} as const;

/** e.g. `mmap` */
export const systemCallName = (number: number): string =>
  Object.entries(SYS).find(([, each]) => each === number)?.[0] ?? `system call ${number}`;

export const PTRACE = {
  traceMe: 0,
  peekUser: 3,
  cont: 7,
  getRegs: 12,
  setRegs: 13,
  /** Continues; system calls stop before anything is done, and are not done. */
  sysemu: 31,
  sysemuSingleStep: 32,
  setOptions: 0x4200,
  getSigInfo: 0x4202,
  getRegSet: 0x4204,
  setRegSet: 0x4205,
} as const;
/** Stops at system calls are told apart from int3: PTRACE_O_TRACESYSGOOD. */
export const OPTION_SYSTEM_CALL_STOPS = 1;
/** The child dies with its tracer: PTRACE_O_EXITKILL. */
export const OPTION_EXIT_KILL = 0x10_0000;
/** Register set with all of x87, SSE, AVX: what XSAVE writes. */
export const NT_X86_XSTATE = 0x202;
/** __WALL */
export const WAIT_ALL = 0x4000_0000;

export const SIGNAL = { ill: 4, trap: 5, bus: 7, fpe: 8, kill: 9, segv: 11, prof: 27 } as const;

export const PROT = { r: 1, rw: 3, rx: 5, rwx: 7 } as const;
export const MAP_SHARED = 1;
export const MAP_FIXED = 0x10;
const MAP_FAILED = 0xffff_ffff_ffff_ffffn;
const MADV_REMOVE = 9;
const MFD_CLOEXEC = 1;
const MFD_EXEC = 0x10;

/** getauxval(3): AT_HWCAP2, and in it HWCAP2_FSGSBASE (the kernel's uapi headers, asm/hwcap2.h). */
const AT_HWCAP2 = 26;
const HWCAP2_FSGSBASE = 2;

type Ints = (...args: readonly (number | bigint)[]) => number;

/** The functions used. Those that return a number return -1 on failure (koffi.errno() says why). */
export interface Libc {
  readonly ptrace: (request: number, pid: number, address: Pointer, data: Pointer) => number;
  readonly kill: Ints;
  readonly waitpid: (pid: number, status: Int32Array, options: number) => number;
  /** The error's number, or 0. */
  readonly posixSpawn: (
    pid: Int32Array,
    path: string,
    actions: Pointer,
    attributes: Pointer,
    argv: Pointer,
    envp: Pointer,
  ) => number;
  readonly actionsInit: (actions: Pointer) => number;
  readonly actionsAddDup2: (actions: Pointer, fd: number, as: number) => number;
  readonly actionsDestroy: (actions: Pointer) => number;
  readonly memfdCreate: (name: string, flags: number) => number;
  readonly ftruncate: Ints;
  readonly pwrite: (fd: number, bytes: Uint8Array, count: number, offset: number) => number;
  readonly close: Ints;
  readonly mmap: (
    address: Pointer,
    size: number,
    prot: number,
    flags: number,
    fd: number,
    offset: number,
  ) => bigint;
  readonly madvise: Ints;
  readonly getAuxval: (type: number) => number;
  readonly getCpu: () => number;
  readonly getAffinity: (pid: number, size: number, mask: Pointer) => number;
  readonly setAffinity: (pid: number, size: number, mask: Pointer) => number;
}

let loaded: Libc | undefined;

export function libc(): Libc {
  loaded ??= declare();
  return loaded;
}

function declare(): Libc {
  const lib = koffi.load(null);
  return {
    ptrace: lib.func('ptrace', 'long', ['long', 'int', 'void *', 'void *']),
    kill: lib.func('int kill(int pid, int signal)'),
    waitpid: lib.func('int waitpid(int pid, void *status, int options)'),
    posixSpawn: lib.func(
      'int posix_spawn(void *pid, const char *path, void *actions, void *attributes, void *argv, void *envp)',
    ),
    actionsInit: lib.func('int posix_spawn_file_actions_init(void *actions)'),
    actionsAddDup2: lib.func('int posix_spawn_file_actions_adddup2(void *actions, int fd, int as)'),
    actionsDestroy: lib.func('int posix_spawn_file_actions_destroy(void *actions)'),
    memfdCreate: lib.func('int memfd_create(const char *name, unsigned int flags)'),
    ftruncate: lib.func('int ftruncate(int fd, int64_t size)'),
    pwrite: lib.func('long pwrite(int fd, void *bytes, size_t count, int64_t offset)'),
    close: lib.func('int close(int fd)'),
    mmap: lib.func('void *mmap(void *address, size_t size, int prot, int flags, int fd, int64_t offset)'),
    madvise: lib.func('int madvise(void *address, size_t size, int advice)'),
    getAuxval: lib.func('uint32_t getauxval(unsigned long type)'),
    getCpu: lib.func('int sched_getcpu()'),
    getAffinity: lib.func('int sched_getaffinity(int pid, size_t size, void *mask)'),
    setAffinity: lib.func('int sched_setaffinity(int pid, size_t size, void *mask)'),
  };
}

/** Whether programs may read the bases of fs and gs themselves: since Linux 5.9. */
export const hasFsGsBase = (): boolean => (libc().getAuxval(AT_HWCAP2) & HWCAP2_FSGSBASE) !== 0;

/** A file in memory that may be executed. Throws an `engine` error. */
export function memoryFile(name: string): number {
  const { memfdCreate } = libc();
  // MFD_EXEC is asked for where it is known (Linux 6.3), since there executing may be off without it.
  let fd = memfdCreate(name, MFD_CLOEXEC | MFD_EXEC);
  if (fd < 0) fd = memfdCreate(name, MFD_CLOEXEC);
  if (fd < 0) throw failed('memfd_create', errorText());
  return fd;
}

/** Shares part of a file's pages with this process. Throws an `engine` error. */
export function mapShared(fd: number, size: number, offset: number): Pointer {
  const at = BigInt.asUintN(64, libc().mmap(0n, size, PROT.rw, MAP_SHARED, fd, offset) ?? 0n);
  if (at === MAP_FAILED || at === 0n) throw failed('mmap', `${errorText()}, ${size} bytes`);
  return at;
}

/** Gives the pages of a shared mapping back; they read as zeros afterwards. */
export const removePages = (at: Pointer, size: number): void => {
  libc().madvise(at, size, MADV_REMOVE);
};

/** e.g. `EPERM` */
export const errorText = (errno: number = koffi.errno()): string =>
  Object.entries(koffi.os.errno).find(([, number]) => number === errno)?.[0] ?? `errno ${errno}`;

export const failed = (call: string, why: string): OracleError =>
  new OracleError('engine', { what: 'engine silicon', where: call, why });

/** Address of a typed array's first byte; its buffer must not move: made by `fixed`. */
export const addressOf = (array: BigUint64Array | Int32Array | Uint8Array): Pointer =>
  BigInt.asUintN(64, koffi.address(array));

/** Words in memory that never moves (small typed arrays may live in the heap, where they do). */
export const fixedWords = (count: number): BigUint64Array => new BigUint64Array(new ArrayBuffer(8 * count));

/** A view of foreign memory. */
export const viewOf = (at: Pointer, size: number): Uint8Array => new Uint8Array(koffi.view(at, size));
