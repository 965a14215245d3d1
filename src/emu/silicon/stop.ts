/**
 * From the signal a guest stopped with to a Stop. The kernel tells of an exception no more than its signal, a code
 * and for page faults an address; what access it was, and which exception a "general protection" was, is read off
 * the instruction. SDM 3A §6.15 (exceptions), sigaction(2) (si_code).
 */
import type { U64 } from '../../core/u64.ts';
import type { Perms, Stop } from '../engine.ts';
import { SIGNAL } from './linux.ts';
import { type Access, type InsnFacts, insnFacts } from './operands.ts';
import type { GuestEvent } from './tracee.ts';

type SignalEvent = Extract<GuestEvent, { readonly kind: 'signal' }>;

/** The guest where it stopped. */
export interface StoppedGuest {
  readonly rip: U64;
  readonly regs: ArrayLike<U64>;
  /** Where the last instruction started, if every one was looked at. */
  readonly lastInsn: U64 | undefined;
  readonly read: (address: U64, size: number) => Uint8Array;
  /** Of the region that holds an address. */
  readonly perms: (address: U64) => Perms | undefined;
}

/** si_code: sent by the kernel itself: int3, and all exceptions that are no page fault. */
const SI_KERNEL = 0x80;
const FPE_INTDIV = 1;
const BUS_ADRALN = 1;
const TRAP_TRACE = 2;
/** SDM 3A §6.3.1, table 6-1. */
const VECTOR = { DB: 1, BP: 3, OF: 4, GP: 13, MF: 16, AC: 17, XM: 19, SYSCALL_32: 0x80 } as const;
/** Opcode of `int n`. */
const INT = 0xcd;
/** SDM 2A §2.3.11. */
const MAX_INSN_BYTES = 15;
const CANONICAL_LIMIT = 1n << 47n;

/** A signal that ended the run. */
export function stopOfSignal(event: SignalEvent, guest: StoppedGuest): Stop {
  const { rip } = guest;
  switch (event.signal) {
    case SIGNAL.segv:
      return event.code === SI_KERNEL ? protection(guest) : pageFault(event.address, guest);
    case SIGNAL.bus:
      return event.code === BUS_ADRALN ? interrupted(VECTOR.AC, guest) : protection(guest);
    case SIGNAL.fpe:
      return event.code === FPE_INTDIV ? { kind: 'divide', rip } : interrupted(floatVector(guest), guest);
    case SIGNAL.ill:
      return illegal(guest);
    case SIGNAL.trap:
      return interrupted(event.code === SI_KERNEL ? VECTOR.BP : VECTOR.DB, guest);
    default:
      return { kind: 'error', message: `the guest got signal ${event.signal}`, rip };
  }
}

/** A tick of the timer. */
export const isTick = (event: GuestEvent): boolean => event.kind === 'signal' && event.signal === SIGNAL.prof;

/** Whether the processor stopped after one instruction, by the trap flag. */
export const isTrace = (event: GuestEvent): boolean =>
  event.kind === 'signal' && event.signal === SIGNAL.trap && event.code === TRAP_TRACE;

/** Whether it stopped at an int3, one byte before rip. */
export const isInt3 = (event: GuestEvent): boolean =>
  event.kind === 'signal' && event.signal === SIGNAL.trap && event.code === SI_KERNEL;

/** At a system call: rip is after the instruction, but for sysenter, which does not keep it. */
export function stopOfSystemCall({ rip, read }: StoppedGuest): Stop {
  const [first, second] = read(rip - 2n, 2);
  if (first === INT && second === VECTOR.SYSCALL_32) return { kind: 'interrupt', vector: second, rip };
  return { kind: 'halt', rip };
}

function pageFault(address: U64, guest: StoppedGuest): Stop {
  const { rip, lastInsn, perms } = guest;
  const fetched = { kind: 'fetch', size: 1, rip: lastInsn ?? rip } as const;
  if (perms(rip)?.includes('x') !== true) return { ...fetched, address: rip };
  const facts = factsAt(guest);
  if (facts.kind === 'cut-off') return { ...fetched, address };
  const access = facts.accesses.find((each) => holds(each, address));
  return access === undefined ? { kind: 'read', address, size: 1, rip } : fault(access, guest);
}

/** #GP, and #SS, which is the same for accesses by way of rsp and rbp. */
function protection(guest: StoppedGuest): Stop {
  const { rip } = guest;
  const facts = factsAt(guest);
  const after = rip + BigInt(facts.length);
  if (facts.kind === 'interrupt') return { kind: 'interrupt', vector: facts.vector, rip: after };
  if (facts.kind === 'privileged') return { kind: 'halt', rip: after };
  const access = facts.accesses.find(({ address }) => !isCanonical(address));
  if (access !== undefined) return fault(access, guest);
  const target = facts.kind === 'indirect' ? targetOf(facts, guest) : undefined;
  if (target !== undefined && !isCanonical(target)) return { kind: 'fetch', address: target, size: 1, rip };
  return interrupted(isAfterInt4(guest) ? VECTOR.OF : VECTOR.GP, guest);
}

/** `int 4` alone of `int n` comes with a signal after the instruction, as int3 does. */
function isAfterInt4({ rip, read }: StoppedGuest): boolean {
  const [first, second] = read(rip - 2n, 2);
  return first === INT && second === VECTOR.OF;
}

/** An access to what is not there first fails to read, if it reads; to what is, to do what is forbidden. */
function fault({ address, size, reads, writes }: Access, { rip, perms }: StoppedGuest): Stop {
  const isWrite = writes && (!reads || perms(address) !== undefined);
  return { kind: isWrite ? 'write' : 'read', address, size, rip };
}

/** Where an indirect jump, call or return would have gone. */
function targetOf({ targetReg, accesses }: InsnFacts, { regs, read }: StoppedGuest): U64 | undefined {
  if (targetReg !== null) return regs[targetReg];
  const from = accesses.find(({ reads, size }) => reads && size === 8);
  const bytes = from === undefined ? undefined : read(from.address, 8);
  if (bytes?.length !== 8) return undefined;
  return new DataView(bytes.buffer, bytes.byteOffset, 8).getBigUint64(0, true);
}

/** An instruction the decoder knows is one this CPU lacks. */
function illegal(guest: StoppedGuest): Stop {
  const { rip } = guest;
  const { kind, name, length } = factsAt(guest);
  if (kind === 'privileged') return { kind: 'halt', rip: rip + BigInt(length) };
  if (kind === 'invalid' || kind === 'cut-off') return { kind: 'illegal', rip };
  return { kind: 'unsupported', what: name, rip };
}

const interrupted = (vector: number, { rip }: StoppedGuest): Stop => ({ kind: 'interrupt', vector, rip });

/** #MF for x87 (opcodes D8..DF, and wait), #XM for vectors. */
function floatVector({ rip, read }: StoppedGuest): number {
  const [opcode = 0] = read(rip, 1);
  return (opcode >= 0xd8 && opcode <= 0xdf) || opcode === 0x9b ? VECTOR.MF : VECTOR.XM;
}

const factsAt = ({ rip, regs, read }: StoppedGuest): InsnFacts =>
  insnFacts(read(rip, MAX_INSN_BYTES), rip, regs);

const holds = ({ address, size }: Access, at: U64): boolean =>
  BigInt.asUintN(64, at - address) < BigInt(Math.max(size, 1));

/** SDM 1 §3.3.7.1: bits 47..63 are equal. */
const isCanonical = (address: U64): boolean =>
  address < CANONICAL_LIMIT || address >= (1n << 64n) - CANONICAL_LIMIT;
