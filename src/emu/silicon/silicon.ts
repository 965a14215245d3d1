/**
 * The engine that is no emulator: the image runs on this machine's CPU, in a process of its own.
 *
 *   host (JavaScript)                                   guest (guest-elf.ts)
 *   regions ─── shared memory (shared-memory.ts) ─────► the same pages at the guest's addresses
 *   driver (driver-code.ts): set registers, resume ───► runs at full speed, or an instruction at a time
 *   wait, get registers ◄───────────────────────────── int3 at a watched address, a fault, a system call, a tick
 *
 * The guest is traced (ptrace(2)): it never handles a signal and never gets a system call through; its stack
 * pointer may point anywhere, since nothing uses it. All it can reach is its regions, a few pages of the engine's own
 * (guest-elf.ts), and the kernel's vsyscall page where there is one. It dies with the thread that traces it. Why not
 * in this process: a wild store would hit the host's memory. Why not signal handlers in the child: they need a
 * stack and memory that the guest can spoil, and cost as much.
 *
 * Blocks cannot be counted; a timer of CPU time ends runs that do not end. What a stop costs: some 11 us, and a quarter
 * more where the vector state is set; 9 where the guest comes out by its door (door-code.ts), which is mostly the switch
 * to the guest and back. A run without watched addresses has one.
 *
 * Not as in the kernel, where a JIT's code runs in the end: user mode, so that privileged instructions fault.
 */
import { cpus, release } from 'node:os';
import { badInput, OracleError } from '../../core/errors.ts';
import { hex, type U64 } from '../../core/u64.ts';
import {
  type Engine,
  type EngineCaps,
  REG_FILE_WORDS,
  type Region,
  type RunRequest,
  type Stop,
} from '../engine.ts';
import { type GuestBytes, GuestSpace, type Mapped } from '../guest-space.ts';
import { Affinity } from './affinity.ts';
import { Breakpoints } from './breakpoints.ts';
import { CallList, type FailedCall } from './call-list.ts';
import { CodeMap } from './code-map.ts';
import { Door } from './door.ts';
import { RIP } from './driver-code.ts';
import { runFree, runOn } from './free-run.ts';
import {
  DOOR,
  GUEST_FD,
  GUEST_PAGE,
  GUEST_PAGE_SIZE,
  LIST_PAGE_OFFSET,
  OWN_END,
  SLOT_PAGE,
} from './guest-elf.ts';
import { errorText, failed, hasFsGsBase, MAP_FIXED, MAP_SHARED, PROT, SYS, systemCallName } from './linux.ts';
import { type Ending, Session, type SessionParts } from './session.ts';
import { type Segment, sharedMemory } from './shared-memory.ts';
import { runStepping } from './single-step.ts';
import { spawnGuest } from './spawn.ts';
import { type StoppedGuest, stopOfSignal, stopOfSystemCall } from './stop.ts';
import type { GuestEvent, Tracee } from './tracee.ts';

/** Number and arguments. */
type SystemCall = readonly [number: number, ...args: (number | bigint)[]];

/** The guest's process, and where it runs. */
interface Running {
  readonly guest: Tracee;
  readonly affinity: Affinity;
  readonly sysenterReturn: U64 | undefined;
}

/** Opens an engine on this machine's CPU. Throws an `engine` error where the system does not let it be. */
export function openSilicon(): Engine {
  return new SiliconEngine();
}

class SiliconEngine implements Engine {
  readonly name = 'silicon';
  /** e.g. `AMD EPYC 7763 64-Core Processor, Linux 6.1.0` */
  readonly version = `${cpus()[0]?.model.trim() || 'unknown CPU'}, Linux ${release()}`;
  readonly caps: EngineCaps = {
    preciseFaultRip: true,
    exactCmpxchg32: true,
    countsBlocks: false,
    stopsAreDear: true,
    isCpu: true,
  };
  readonly door?: U64;
  readonly #segments = new Map<GuestBytes, Segment>();
  readonly #space = new GuestSpace((size) => this.#allocate(size));
  readonly #code = new CodeMap();
  readonly #slots = sharedMemory().allocate(GUEST_PAGE_SIZE);
  readonly #breakpoints = new Breakpoints((address) => this.#code.byte(address), {
    address: SLOT_PAGE,
    bytes: this.#slots.bytes.subarray(0, LIST_PAGE_OFFSET),
  });
  /** What the guest is to do before it runs next. */
  readonly #calls = new CallList(
    this.#slots.bytes.subarray(LIST_PAGE_OFFSET, GUEST_PAGE_SIZE),
    SLOT_PAGE + BigInt(LIST_PAGE_OFFSET),
  );
  readonly #parts: SessionParts = {
    breakpoints: this.#breakpoints,
    memory: {
      isCode: (address) => this.#code.has(address),
      bytes: (address, size) => this.#space.bytes(address, size),
    },
    door: new Door(),
  };
  #running: Running | undefined;
  #isActive = false;
  #closed = false;

  constructor() {
    if (hasFsGsBase()) this.door = DOOR;
    this.#running = this.#start();
  }

  map(region: Region): () => Uint8Array {
    this.#checkIdle('map');
    checkClear(region);
    const mapped = this.#space.add(region);
    this.#code.update(this.#space.mapped);
    this.#change(this.#mapCall(mapped));
    return () => mapped.bytes;
  }

  unmap(region: Region): void {
    this.#checkIdle('unmap');
    const { region: mapped, memory } = this.#space.remove(region);
    this.#code.update(this.#space.mapped);
    this.#change([SYS.munmap, mapped.address, mapped.size]);
    this.#release(memory);
  }

  load(address: U64, code: Uint8Array): void {
    this.#checkIdle('load');
    this.#space.load(address, code);
  }

  run(request: RunRequest, out: BigUint64Array): Stop {
    this.#checkIdle('run');
    const { guest, affinity } = this.#ready();
    this.#isActive = true;
    affinity.pin();
    try {
      const isExact = request.precise === true || request.onInsn !== undefined;
      if (request.until === DOOR) this.#parts.door.open(request.regs, request.start);
      const isByDoor = !isExact && request.until === DOOR && request.watch.size === 0;
      const ending = isByDoor ? this.#runByDoor(guest, request) : this.#runFrom(guest, request, isExact);
      this.#breakpoints.clear();
      if (ending === null) {
        out.set(this.#parts.door.regs);
        return { kind: 'end' };
      }
      out.set(guest.regs.subarray(0, REG_FILE_WORDS));
      return this.#stopOf(ending, guest);
    } finally {
      this.#breakpoints.clear();
      affinity.runIsOver();
      this.#isActive = false;
    }
  }

  #runFrom(guest: Tracee, request: RunRequest, isExact: boolean): Ending {
    guest.reset();
    guest.regs.set(request.regs);
    guest.regs[RIP] = request.start;
    const session = new Session(guest, request, this.#parts);
    return isExact ? runStepping(session) : runFree(session, false);
  }

  /** Null if the guest came out by itself: most do. */
  #runByDoor(guest: Tracee, request: RunRequest): Ending | null {
    const event = guest.resumeAtDoor(this.#parts.door);
    return event === null ? null : runOn(new Session(guest, request, this.#parts), event);
  }

  close(): void {
    if (this.#closed) return;
    this.#checkIdle('close');
    this.#closed = true;
    this.#running?.affinity.release();
    this.#running?.guest.kill();
    for (const segment of this.#segments.values()) sharedMemory().release(segment);
    this.#segments.clear();
    sharedMemory().release(this.#slots);
    this.#parts.door.close();
  }

  #start(): Running {
    const guest = spawnGuest(sharedMemory().fd);
    try {
      return this.#furnish(guest);
    } catch (error) {
      guest.kill();
      throw error;
    }
  }

  /** Maps everything, and learns what differs from CPU to CPU. */
  #furnish(guest: Tracee): Running {
    const slots = [SLOT_PAGE, GUEST_PAGE_SIZE, PROT.rx, MAP_SHARED | MAP_FIXED, GUEST_FD, this.#slots.offset];
    const result = guest.systemCall(SYS.mmap, ...slots);
    if (result !== undefined && result < 0n) throw callFailed({ number: SYS.mmap, errno: Number(-result) });
    this.#calls.clear();
    const { door } = this.#parts;
    for (const call of door.mapCalls) this.#calls.add(...call);
    if (!door.setXstate(guest.xstate))
      throw failed('start', 'this CPU has more vector state than there is room for');
    const isThere = this.#space.mapped.every((mapped) => this.#ask(guest, ...this.#mapCall(mapped)));
    if (result === undefined || !isThere || !this.#doCalls(guest))
      throw failed('start', 'the guest ended at once; is memory short?');
    return { guest, affinity: new Affinity(guest.pid), sysenterReturn: guest.findSysenterReturn() };
  }

  /** A guest that has all that is mapped. */
  #ready(): Running {
    if (this.#running !== undefined && !this.#doCalls(this.#running.guest)) this.#drop();
    this.#running ??= this.#start();
    return this.#running;
  }

  /** Changes what is mapped; a guest that has ended gets all of it when it is started again. */
  #change(call: SystemCall): void {
    if (this.#running !== undefined && !this.#ask(this.#running.guest, ...call)) this.#drop();
  }

  /** Has the guest do a call before it runs next; false if it is gone. */
  #ask(guest: Tracee, ...call: SystemCall): boolean {
    const isThere = !this.#calls.isFull || this.#doCalls(guest);
    this.#calls.add(...call);
    return isThere;
  }

  /** False if the guest is gone. Throws an `engine` error if a call fails. */
  #doCalls(guest: Tracee): boolean {
    const failure = this.#calls.isEmpty ? undefined : this.#calls.run(guest);
    if (failure !== undefined && failure !== 'gone') throw callFailed(failure);
    return failure === undefined;
  }

  /** The next run gets a new process, with the same memory. */
  #drop(): void {
    this.#running?.guest.kill();
    this.#running = undefined;
  }

  #stopOf(ending: Ending, guest: Tracee): Stop {
    if (ending.kind === 'stop') return ending.stop;
    const { event, lastInsn } = ending;
    const rip = guest.regs[RIP] ?? 0n;
    if (event.kind === 'gone') {
      this.#drop();
      return { kind: 'error', message: event.how, rip };
    }
    if (rip === this.#running?.sysenterReturn) return { kind: 'halt', rip: lastInsn ?? rip };
    if (isOwnPage(rip)) {
      this.#drop();
      return { kind: 'fetch', address: rip, size: 1, rip: lastInsn ?? rip };
    }
    return this.#stopOfEvent(event, {
      rip,
      regs: guest.regs,
      lastInsn,
      read: (address, size) => this.#space.bytes(address, size),
      perms: (address) => this.#space.at(address)?.region.perms,
    });
  }

  #stopOfEvent(event: Exclude<GuestEvent, { kind: 'gone' }>, guest: StoppedGuest): Stop {
    return event.kind === 'system-call' ? stopOfSystemCall(guest) : stopOfSignal(event, guest);
  }

  /** Maps its part of the shared memory. */
  #mapCall({ region: { address, size, perms }, memory }: Mapped): SystemCall {
    const offset = this.#segments.get(memory)?.offset ?? 0;
    return [SYS.mmap, address, size, PROT[perms], MAP_SHARED | MAP_FIXED, GUEST_FD, offset];
  }

  #allocate(size: number): GuestBytes {
    const segment = sharedMemory().allocate(size);
    const memory = { bytes: segment.bytes.subarray(0, size) };
    this.#segments.set(memory, segment);
    return memory;
  }

  #release(memory: GuestBytes): void {
    const segment = this.#segments.get(memory);
    if (segment === undefined) return;
    this.#segments.delete(memory);
    sharedMemory().release(segment);
  }

  #checkIdle(what: string): void {
    const why = this.#closed ? 'it is closed' : 'it is running; watchers may only use the Cpu they are given';
    if (this.#closed || this.#isActive) {
      throw new OracleError('usage', { what, where: `engine ${this.name}`, why });
    }
  }
}

const callFailed = ({ number, errno }: FailedCall): Error => failed(systemCallName(number), errorText(errno));

const isOwnPage = (address: U64): boolean => address >= GUEST_PAGE && address < OWN_END;

/** Throws an `input` error for a region over the guest's own pages. */
function checkClear({ name, address, size }: Region): void {
  if (address >= OWN_END || address + BigInt(size) <= GUEST_PAGE) return;
  throw badInput('map', `${name} at ${hex(address)}`, `the engine's own pages are at ${hex(GUEST_PAGE)}`);
}
