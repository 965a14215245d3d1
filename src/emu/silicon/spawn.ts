/** Starts the guest's process, and takes from it all it does not need: memory, files, its place in the process group. */
import { hasHostCode } from '../host-code.ts';
import {
  EMPTY_SIGSET,
  GUEST_FD,
  GUEST_PAGE,
  GUEST_PAGE_SIZE,
  guestElf,
  TASK_SIZE,
  TICK_TIMER,
} from './guest-elf.ts';
import {
  addressOf,
  errorText,
  failed,
  fixedWords,
  libc,
  memoryFile,
  OPTION_EXIT_KILL,
  OPTION_SYSTEM_CALL_STOPS,
  PTRACE,
  SIGNAL,
  SYS,
  systemCallName,
  WAIT_ALL,
} from './linux.ts';
import { endOf, isStopped, Tracee } from './tracee.ts';

/** posix_spawn_file_actions_t is smaller in every C library. */
const ACTIONS_WORDS = 64;
const ITIMER_PROF = 2;
const SIG_SETMASK = 2;
const SIGSET_BYTES = 8;

/**
 * Starts it with `fd` as its file. Throws an `engine` error that says what the system forbids.
 */
export function spawnGuest(fd: number): Tracee {
  if (!hasHostCode()) {
    const here = `${process.platform} ${process.arch}`;
    throw failed('start', `it runs code on the CPU itself, which wants linux x64, not ${here}; use unicorn`);
  }
  const pid = spawn(fd);
  try {
    waitForFirstStop(pid);
    const guest = new Tracee(pid);
    settle(guest);
    return guest;
  } catch (error) {
    const { kill, waitpid } = libc();
    kill(pid, SIGNAL.kill);
    waitpid(pid, new Int32Array(new ArrayBuffer(4)), WAIT_ALL);
    throw error;
  }
}

function spawn(fd: number): number {
  const { actionsInit, actionsAddDup2, actionsDestroy, posixSpawn, close, pwrite } = libc();
  const file = memoryFile('bpf-oracle-guest');
  const elf = guestElf();
  const actions = addressOf(fixedWords(ACTIONS_WORDS));
  const pid = new Int32Array(new ArrayBuffer(4));
  try {
    if (pwrite(file, elf, elf.length, 0) !== elf.length) throw failed('write', errorText());
    actionsInit(actions);
    actionsAddDup2(actions, fd, GUEST_FD);
    const { argv, envp } = argumentLists();
    const error = posixSpawn(pid, `/proc/self/fd/${file}`, actions, 0n, argv, envp);
    if (error !== 0) throw failed('posix_spawn', `${errorText(error)}: a file in memory cannot be run here`);
    return pid[0] ?? 0;
  } finally {
    actionsDestroy(actions);
    close(file);
  }
}

/** Kept for good: the addresses of what they hold are all that is passed on. */
const NAME = Uint8Array.from(Buffer.from('bpf-oracle-guest\0\0\0\0\0\0\0\0'));
let lists: { readonly argv: bigint; readonly envp: bigint; readonly words: BigUint64Array } | undefined;

function argumentLists(): { readonly argv: bigint; readonly envp: bigint } {
  if (lists === undefined) {
    const words = fixedWords(8);
    words.set([0n, 0n, 0n]);
    new Uint8Array(words.buffer).set(NAME, 24);
    const argv = addressOf(words);
    words[0] = argv + 24n;
    lists = { argv, envp: argv + 8n, words };
  }
  return lists;
}

function waitForFirstStop(pid: number): void {
  const status = new Int32Array(new ArrayBuffer(4));
  const { waitpid, ptrace } = libc();
  const got = waitpid(pid, status, WAIT_ALL);
  if (got !== pid) throw failed('waitpid', errorText());
  const [word = 0] = status;
  if (!isStopped(word)) {
    const errno = (word & 0x7f) === 0 ? word >> 8 : 0;
    const why = errno === 0 ? endOf(word) : `${errorText(errno)}: tracing a child process is forbidden here`;
    throw failed('ptrace', `${why}; allow it (kernel.yama.ptrace_scope, the container's seccomp profile)`);
  }
  const options = BigInt(OPTION_EXIT_KILL | OPTION_SYSTEM_CALL_STOPS);
  if (ptrace(PTRACE.setOptions, pid, 0n, options) < 0) throw failed('ptrace(SETOPTIONS)', errorText());
}

/** No stack, no vdso, no terminal, no signal of the user's Ctrl-C; a timer that ticks while it runs. */
function settle(guest: Tracee): void {
  const after = GUEST_PAGE + BigInt(GUEST_PAGE_SIZE);
  const call = (number: number, ...args: readonly (number | bigint)[]): void => {
    const result = guest.systemCall(number, ...args);
    if (result === undefined)
      throw failed(systemCallName(number), 'the guest cannot be resumed, or has ended');
    if (result < 0n) throw failed(systemCallName(number), errorText(Number(-result)));
  };
  call(SYS.munmap, 0, GUEST_PAGE);
  call(SYS.munmap, after, TASK_SIZE - after);
  guest.systemCall(SYS.close, 1);
  guest.systemCall(SYS.close, 2);
  call(SYS.setpgid, 0, 0);
  call(SYS.rt_sigprocmask, SIG_SETMASK, EMPTY_SIGSET, 0, SIGSET_BYTES);
  call(SYS.setitimer, ITIMER_PROF, TICK_TIMER, 0);
}
