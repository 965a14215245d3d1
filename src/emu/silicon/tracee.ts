/**
 * The guest's process, traced and always stopped while JavaScript runs: its registers are read and set here, it is
 * resumed here, and what stopped it is told. The thread that opened it alone may use it (ptrace(2)).
 */
import koffi from 'koffi';
import type { U64 } from '../../core/u64.ts';
import { RFLAGS } from '../engine.ts';
import { placeCode } from '../host-code.ts';
import type { Door } from './door.ts';
import { driverCode, goCode, lookCode, RECORD, RECORD_WORDS, RIP, USER_RIP } from './driver-code.ts';
import { DOOR_REST, GATE, LIST_GATE, SYSENTER } from './guest-elf.ts';
import {
  addressOf,
  errorText,
  failed,
  fixedWords,
  libc,
  NT_X86_XSTATE,
  type Pointer,
  PTRACE,
  SIGNAL,
  WAIT_ALL,
} from './linux.ts';

/** Why it stopped. */
export type GuestEvent =
  /** A signal, not delivered; siginfo's si_code and si_addr. */
  | { readonly kind: 'signal'; readonly signal: number; readonly code: number; readonly address: U64 }
  /** At a system call, which is not done. */
  | { readonly kind: 'system-call' }
  /** It has ended: nobody's doing but from outside. */
  | { readonly kind: 'gone'; readonly how: string };

const USER_ORIG_RAX = 15;
/** orig_rax, cs, rflags, ss; all else 0. */
const USER_CLEAN = new Map([
  [USER_ORIG_RAX, 0xffff_ffff_ffff_ffffn],
  [17, 0x33n],
  [18, 2n],
  [20, 0x2bn],
]);
const USER_WORDS = 27;
const CLEAN_USER_REGS = BigUint64Array.from({ length: USER_WORDS }, (_, i) => USER_CLEAN.get(i) ?? 0n);
/** Room for the state of all components of XSAVE. */
const XSTATE_BYTES = 16 * 1024;
/** GPR numbers of the arguments of a system call: rdi rsi rdx r10 r8 r9. */
const SYSCALL_ARGS = [7, 6, 2, 10, 8, 9] as const;
const RAX = 0;
const RCX = 1;
const RBX = 3;
const RBP = 5;
const R11 = 11;
const TRAP_FLAG = 0x100n;
/** Bit 1 is always set. */
const CLEAN_FLAGS = 2n;
/** Those that come of what the guest does, and of its timer. */
const GUEST_SIGNALS: readonly number[] = [
  SIGNAL.ill,
  SIGNAL.trap,
  SIGNAL.bus,
  SIGNAL.fpe,
  SIGNAL.segv,
  SIGNAL.prof,
];
const ESRCH = 3;
const SYSTEM_CALL_STOP = SIGNAL.trap | 0x80;
/** wait(2): stopped by SIGTRAP. */
const TRAPPED = BigInt((SIGNAL.trap << 8) | 0x7f);

/** A routine of driver-code.ts. */
type Routine = (record: Pointer) => void;

interface Driver {
  readonly drive: Routine;
  readonly go: Routine;
  readonly look: Routine;
}

let placed: Driver | undefined;

/** Placed once a thread. */
function driver(): Driver {
  placed ??= { drive: place(driverCode()), go: place(goCode()), look: place(lookCode()) };
  return placed;
}

function place(code: Uint8Array): Routine {
  const at = placeCode(code);
  if (at === null) throw failed('mmap', 'no executable memory for the driver; the system forbids it');
  return koffi.decode(at, koffi.proto('void (void *record)')) as Routine;
}

export class Tracee {
  readonly pid: number;
  /** A register file (engine.ts), then rip: as they were at the last stop, and will be when it is resumed. */
  readonly regs: BigUint64Array;
  readonly #record = fixedWords(RECORD_WORDS);
  readonly #recordAt = addressOf(this.#record);
  readonly #siginfo = new DataView(this.#record.buffer, 8 * RECORD.siginfo);
  readonly #user = this.#record.subarray(RECORD.user, RECORD.user + USER_WORDS);
  readonly #xstate = fixedWords(XSTATE_BYTES / 8);
  readonly #iovec = fixedWords(2);
  readonly #iovecAt = addressOf(this.#iovec);
  readonly #driver = driver();
  #hasEnded = false;
  #isAtDoor = false;

  /** `pid` is stopped at its first int3: its vector state is the clean one. Throws an `engine` error. */
  constructor(pid: number) {
    this.pid = pid;
    this.regs = this.#record.subarray(RECORD.regs, RECORD.regs + RIP + 1);
    this.#record[RECORD.pid] = BigInt(pid);
    this.#iovec[0] = addressOf(this.#xstate);
    this.#iovec[1] = BigInt(XSTATE_BYTES);
    const got = libc().ptrace(PTRACE.getRegSet, pid, BigInt(NT_X86_XSTATE), this.#iovecAt);
    if (got < 0) throw failed('ptrace(GETREGSET)', 'the vector state cannot be read');
  }

  /** The clean vector state, as XSAVE writes it. */
  get xstate(): Uint8Array {
    return new Uint8Array(this.#xstate.buffer, this.#xstate.byteOffset, Number(this.#iovec[1]));
  }

  /** All state but memory as at the start of a process; then `regs` and rip are to be set. */
  reset(): void {
    this.#user.set(CLEAN_USER_REGS);
    this.#record[RECORD.xstate] = this.#iovecAt;
  }

  /** Runs until it stops. */
  resume(): GuestEvent {
    return this.#go(PTRACE.sysemu);
  }

  /** Runs one instruction. */
  step(): GuestEvent {
    const trapFlag = (this.regs[RFLAGS] ?? 0n) & TRAP_FLAG;
    const event = this.#go(PTRACE.sysemuSingleStep);
    // syscall leaves rip in rcx and the flags in r11: without the one that made this a step.
    if (event.kind === 'system-call' && this.regs[RCX] === this.regs[RIP]) {
      this.regs[R11] = ((this.regs[R11] ?? 0n) & ~TRAP_FLAG) | trapFlag;
    }
    return event;
  }

  /** Runs from the door's rest until it stops; null if that is there again, its registers being the door's. */
  resumeAtDoor(door: Door): GuestEvent | null {
    if (!this.#isAtDoor) {
      this.reset();
      this.regs.set([CLEAN_FLAGS, DOOR_REST], RFLAGS);
      const event = this.resume();
      return this.cameOut(event, door) ? null : event;
    }
    this.#isAtDoor = false;
    this.#record[RECORD.request] = BigInt(PTRACE.sysemu);
    this.#driver.go(this.#recordAt);
    const isStopped = this.#record[RECORD.error] === 0n;
    const isTrapped = isStopped && this.#record[RECORD.status] === TRAPPED;
    if (isTrapped && this.#user[USER_RIP] === DOOR_REST && door.isOut) {
      this.#isAtDoor = door.isClean;
      return null;
    }
    if (isStopped) this.#driver.look(this.#recordAt);
    return this.#stopped() ?? this.resume();
  }

  /** Whether it has stopped at the door's rest. */
  cameOut(event: GuestEvent, door: Door): boolean {
    const isOut = isTrap(event) && this.regs[RIP] === DOOR_REST && door.isOut;
    this.#isAtDoor = isOut && door.isClean;
    return isOut;
  }

  /** Has it do a system call; its result, minus an errno if it fails; undefined if it is gone. */
  systemCall(number: number, ...args: readonly (number | bigint)[]): bigint | undefined {
    this.reset();
    this.regs[RAX] = BigInt(number);
    args.forEach((arg, i) => {
      this.regs[SYSCALL_ARGS[i] ?? RAX] = BigInt(arg);
    });
    return this.#atGate(GATE);
  }

  /** Until it comes to the int3 of a gate: what is in rax then. */
  #atGate(gate: U64): bigint | undefined {
    this.regs[RIP] = gate;
    for (;;) {
      const event = this.#go(PTRACE.cont);
      if (event.kind === 'gone') return undefined;
      if (isTrap(event)) return BigInt.asIntN(64, this.regs[RAX] ?? 0n);
    }
  }

  /** Has it do the calls of a list (guest-elf.ts): the last one done and its result; undefined if it is gone. */
  systemCalls(from: U64, end: U64): { readonly at: U64; readonly result: bigint } | undefined {
    this.reset();
    this.regs[RBX] = from;
    this.regs[RBP] = end;
    const result = this.#atGate(LIST_GATE);
    return result === undefined ? undefined : { at: this.regs[RBX] ?? from, result };
  }

  /**
   * Where a sysenter comes out, which keeps no return address: in the vdso, which is not there. Elsewhere, and so
   * undefined, on CPUs that have none in 64-bit mode. Throws an `engine` error if it cannot be resumed.
   */
  findSysenterReturn(): U64 | undefined {
    this.reset();
    this.regs.fill(0n);
    this.regs[RIP] = SYSENTER;
    let event = this.resume();
    while (event.kind === 'signal' && event.signal === SIGNAL.prof) event = this.resume();
    if (event.kind === 'gone') throw failed('ptrace(SYSEMU)', event.how);
    const isThere = event.kind === 'signal' && event.signal === SIGNAL.segv && this.regs[RIP] !== SYSENTER;
    return isThere ? this.regs[RIP] : undefined;
  }

  /** Ends the process and waits for its end. */
  kill(): void {
    if (this.#hasEnded) return;
    this.#hasEnded = true;
    const { kill, waitpid } = libc();
    kill(this.pid, SIGNAL.kill);
    const status = new Int32Array(new ArrayBuffer(4));
    while (waitpid(this.pid, status, WAIT_ALL) === this.pid && isStopped(status[0] ?? 0));
  }

  #go(request: number): GuestEvent {
    this.#isAtDoor = false;
    this.#record[RECORD.request] = BigInt(request);
    for (;;) {
      this.#driver.drive(this.#recordAt);
      this.#record[RECORD.xstate] = 0n;
      const event = this.#stopped();
      if (event !== undefined) return event;
    }
  }

  /** Undefined: by nothing of its own, and it is to go on. */
  #stopped(): GuestEvent | undefined {
    const error = Number(BigInt.asIntN(64, this.#record[RECORD.error] ?? 0n));
    if (error !== 0) return this.#unresumed(-error);
    const event = this.#event(Number(this.#record[RECORD.status] ?? 0n));
    return isFromOutside(event) ? undefined : event;
  }

  #gone(how: string): GuestEvent {
    this.#hasEnded = true;
    return { kind: 'gone', how };
  }

  /** It cannot be resumed: since it has ended, or since the system does not let it be. */
  #unresumed(errno: number): GuestEvent {
    const status = new Int32Array(new ArrayBuffer(4));
    if (errno === ESRCH && libc().waitpid(this.pid, status, WAIT_ALL) === this.pid) {
      return this.#gone(endOf(status[0] ?? 0));
    }
    return { kind: 'gone', how: `the guest cannot be resumed (${errorText(errno)})` };
  }

  #event(status: number): GuestEvent {
    if (!isStopped(status)) return this.#gone(endOf(status));
    const signal = status >> 8;
    if (signal === SYSTEM_CALL_STOP) {
      this.regs[RAX] = this.#user[USER_ORIG_RAX] ?? 0n;
      return { kind: 'system-call' };
    }
    return {
      kind: 'signal',
      signal,
      code: this.#siginfo.getInt32(8, true),
      address: this.#siginfo.getBigUint64(16, true),
    };
  }
}

const isTrap = (event: GuestEvent): boolean => event.kind === 'signal' && event.signal === SIGNAL.trap;

/** sigaction(2): what the guest does comes from the kernel, whose codes are above 0; what users send does not. */
const isFromOutside = (event: GuestEvent): boolean =>
  event.kind === 'signal' && (event.code <= 0 || !GUEST_SIGNALS.includes(event.signal));

/** wait(2): WIFSTOPPED */
export const isStopped = (status: number): boolean => (status & 0xff) === 0x7f;

/** In words, how a process ended: WIFSIGNALED, WIFEXITED. */
export function endOf(status: number): string {
  const signal = status & 0x7f;
  return signal === 0
    ? `the guest's process ended with exit code ${status >> 8}`
    : `the guest's process was killed by signal ${signal}`;
}
