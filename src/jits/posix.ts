/**
 * Processes without an event loop: the calls of libc that start a child, wait for its pipes and end it. A fuzz
 * worker is synchronous from the draw of a case to its verdict, so what it asks of a child must be too.
 */
import { closeSync, writeSync } from 'node:fs';
import koffi from 'koffi';
import { OracleError } from '../core/errors.ts';

/** Linux's values. */
const O_CLOEXEC = 0o2000000;
const O_NONBLOCK = 0o4000;
const F_SETFD = 2;
const F_SETFL = 4;
const FD_CLOEXEC = 1;
const WNOHANG = 1;
const PR_SET_PDEATHSIG = 1;
const SIGKILL = 9;
const POSIX_SPAWN_SETPGROUP = 2;
/** `struct pollfd`: int fd; short events; short revents. */
const POLLFD_BYTES = 8;
const POLLIN = 1;
const POLLOUT = 4;
/** posix_spawn's records are opaque; glibc's take 80 and 336 bytes. */
const OPAQUE_BYTES = 1024;

export interface Pipe {
  readonly read: number;
  readonly write: number;
}

/** What a descriptor is waited for. */
export interface Interest {
  readonly fd: number;
  readonly for: 'read' | 'write';
}

/** How a process ended. */
export type Ended =
  | { readonly kind: 'exit'; readonly code: number }
  | { readonly kind: 'signal'; readonly signal: number };

type Fn = (...args: unknown[]) => number;

interface Libc {
  readonly pipe2: Fn;
  readonly poll: Fn;
  readonly fcntl: Fn;
  readonly prctl: Fn;
  readonly waitpid: Fn;
  readonly kill: Fn;
  readonly spawnp: Fn;
  readonly actionsInit: Fn;
  readonly actionsDup2: Fn;
  readonly actionsDestroy: Fn;
  readonly attrInit: Fn;
  readonly attrFlags: Fn;
  readonly attrPgroup: Fn;
  readonly attrDestroy: Fn;
}

let libc: Libc | undefined;

function bind(): Libc {
  if (process.platform !== 'linux') {
    const why = `JITs in processes of their own need Linux, not ${process.platform}; judge their images with --jit image:`;
    throw new OracleError('engine', { what: 'start a JIT', where: 'this system', why });
  }
  const lib = koffi.load(null);
  const fn = (prototype: string): Fn => lib.func(prototype) as unknown as Fn;
  return {
    pipe2: fn('int pipe2(void *fds, int flags)'),
    poll: fn('int poll(void *fds, unsigned long count, int ms)'),
    fcntl: fn('int fcntl(int fd, int command, int argument)'),
    prctl: fn('int prctl(int option, unsigned long argument)'),
    waitpid: fn('int waitpid(int pid, void *status, int options)'),
    kill: fn('int kill(int pid, int signal)'),
    spawnp: fn(
      'int posix_spawnp(void *pid, const char *file, void *actions, void *attr, const char **argv, const char **envp)',
    ),
    actionsInit: fn('int posix_spawn_file_actions_init(void *actions)'),
    actionsDup2: fn('int posix_spawn_file_actions_adddup2(void *actions, int fd, int as)'),
    actionsDestroy: fn('int posix_spawn_file_actions_destroy(void *actions)'),
    attrInit: fn('int posix_spawnattr_init(void *attr)'),
    attrFlags: fn('int posix_spawnattr_setflags(void *attr, short flags)'),
    attrPgroup: fn('int posix_spawnattr_setpgroup(void *attr, int pgroup)'),
    attrDestroy: fn('int posix_spawnattr_destroy(void *attr)'),
  };
}

const os = (): Libc => {
  libc ??= bind();
  return libc;
};

/** A pipe that no other child inherits. */
export function openPipe(): Pipe {
  const fds = new Int32Array(2);
  if (os().pipe2(fds, O_CLOEXEC) !== 0) throw failed('pipe2', 'no more file descriptors');
  const [read = -1, write = -1] = fds;
  return { read, write };
}

/** Makes reads and writes of our end return at once. */
export function unblock(fd: number): void {
  os().fcntl(fd, F_SETFL, O_NONBLOCK);
}

/** Keeps our descriptors from children that are started from now on, whoever starts them. */
export function closeOnExec(fds: readonly number[]): void {
  if (process.platform !== 'linux') return;
  for (const fd of fds) os().fcntl(fd, F_SETFD, FD_CLOEXEC);
}

/** Has this process killed when its parent is no more, wherever it is. prctl(2), PR_SET_PDEATHSIG */
export function endWithParent(): void {
  if (process.platform !== 'linux') return;
  os().prctl(PR_SET_PDEATHSIG, SIGKILL);
}

/**
 * Starts a program, found on PATH, as the leader of a process group of its own. `stdio`: our descriptors that
 * become its 0, 1 and 2. Returns its pid. Throws a `usage` error if it cannot be started.
 */
export function spawnGroup(argv: readonly string[], stdio: readonly [number, number, number]): number {
  const { spawnp, actionsInit, actionsDup2, actionsDestroy, attrInit, attrFlags, attrPgroup, attrDestroy } =
    os();
  const [actions, attr, pid] = [
    new Uint8Array(OPAQUE_BYTES),
    new Uint8Array(OPAQUE_BYTES),
    new Int32Array(1),
  ];
  actionsInit(actions);
  attrInit(attr);
  attrFlags(attr, POSIX_SPAWN_SETPGROUP);
  attrPgroup(attr, 0);
  stdio.forEach((fd, as) => {
    actionsDup2(actions, fd, as);
  });
  const environment = Object.entries(process.env).map(([name, value]) => `${name}=${value ?? ''}`);
  const file = argv[0] ?? '';
  const error = spawnp(pid, file, actions, attr, [...argv, null], [...environment, null]);
  actionsDestroy(actions);
  attrDestroy(attr);
  if (error === 0) return pid[0] ?? 0;
  const why = `it cannot be started (error ${error}); check that it exists and may be run`;
  throw new OracleError('usage', { what: 'start a JIT', where: file, why });
}

/** Waits until one of the descriptors is ready, or for so many milliseconds. Which are ready, by index. */
export function waitReady(interests: readonly Interest[], ms: number): boolean[] {
  const records = new DataView(new ArrayBuffer(POLLFD_BYTES * interests.length));
  interests.forEach(({ fd, for: what }, i) => {
    records.setInt32(POLLFD_BYTES * i, fd, true);
    records.setInt16(POLLFD_BYTES * i + 4, what === 'read' ? POLLIN : POLLOUT, true);
  });
  os().poll(records.buffer, interests.length, ms);
  // Errors and hang-ups count as ready: the read or write that follows tells.
  return interests.map((_, i) => records.getInt16(POLLFD_BYTES * i + 6, true) !== 0);
}

/** How the process ended; undefined while it runs, if it is not waited for. */
export function reap(pid: number, how: 'wait' | 'look'): Ended | undefined {
  const status = new Int32Array(1);
  if (os().waitpid(pid, status, how === 'look' ? WNOHANG : 0) !== pid) return undefined;
  const [word = 0] = status;
  const signal = word & 0x7f;
  return signal === 0 ? { kind: 'exit', code: (word >> 8) & 0xff } : { kind: 'signal', signal };
}

/** Ends a process group, whatever it is doing. */
export function killGroup(pid: number): void {
  os().kill(-pid, SIGKILL);
}

export function closeAll(fds: readonly number[]): void {
  for (const fd of fds) closeSync(fd);
}

/** Writes what the pipe takes; false if nobody reads any more. */
export function writeSome(fd: number, bytes: Uint8Array): number | false {
  try {
    return writeSync(fd, bytes);
  } catch (error) {
    if (isCode(error, 'EAGAIN')) return 0;
    if (isCode(error, 'EPIPE')) return false;
    throw error;
  }
}

export const isCode = (error: unknown, code: string): boolean =>
  error instanceof Error && 'code' in error && error.code === code;

const failed = (call: string, why: string): OracleError =>
  new OracleError('engine', {
    what: 'start a JIT',
    where: call,
    why: `${why}; end other programs and run again`,
  });
