/**
 * Runs the guest one instruction at a time, by the trap flag: for watchers that want to see each, and to know
 * where a jump into nothing came from. A step costs some microseconds.
 */
import type { U64 } from '../../core/u64.ts';
import { prefixesOf } from '../../x86/prefixes.ts';
import { RFLAGS } from '../engine.ts';
import { runFree } from './free-run.ts';
import { type Ending, type Session, stopped } from './session.ts';
import { isTick, isTrace } from './stop.ts';
import type { GuestEvent } from './tracee.ts';

/** Steps without a watcher of each, some seconds; then the guest runs free, and a wild jump has no origin. */
const MAX_STEPS = 1_000_000;
/** SDM 2A §2.3.11. */
const MAX_INSN_BYTES = 15;
const TRAP_FLAG = 0x100n;
const RSP = 4;
const OPERAND_SIZE = 0x66;
/** pushf, popf, iret */
const PUSHF = 0x9c;
const POPF = 0x9d;
const IRET = 0xcf;

/** Runs to the end from where the guest is. */
export function runStepping(session: Session): Ending {
  const { request, watched } = session;
  const { onInsn, watcher } = request;
  let lastInsn: U64 | undefined;
  let fuel = request.fuel;
  for (let steps = 0; ; steps++) {
    const { rip } = session;
    const address = Number(rip);
    if (rip === request.until) return stopped({ kind: 'end' });
    if (session.isCode(address)) {
      const here = stopped({ kind: 'stopped', rip });
      if (watched.has(address) && session.call(watcher, address)) return here;
      if (onInsn !== undefined && session.call(onInsn, address)) return here;
      if (onInsn === undefined && steps === MAX_STEPS) return runFree(session, true);
    }
    const event = step(session);
    if (event !== undefined && session.goesOnAfter(event)) {
      if (--fuel < 0) return stopped({ kind: 'fuel', rip: session.rip });
      continue;
    }
    if (event !== undefined) return { kind: 'event', event, ...(lastInsn === undefined ? {} : { lastInsn }) };
    if (isJump(rip, session.rip) && --fuel < 0) return stopped({ kind: 'fuel', rip: session.rip });
    lastInsn = rip;
  }
}

/** One instruction; what stopped it, if it was not only the step. */
function step(session: Session): GuestEvent | undefined {
  const { guest, rip } = session;
  const before = hasTrapFlag(session);
  const insn = flagsInsn(session);
  const popped = insn?.opcode === POPF || insn?.opcode === IRET ? isTrapFlagOnStack(session, insn) : before;
  let event = guest.step();
  while (isTick(event) && session.rip === rip) event = guest.step();
  const isDone = isTick(event) || isTrace(event);
  if (insn?.opcode === PUSHF && isDone && !before) clearTrapFlagOnStack(session);
  setTrapFlag(session, isDone ? popped : before);
  return isTick(event) || (isTrace(event) && !before) ? undefined : event;
}

/** Forward by less than an instruction's length may be no jump; the others are counted as blocks. */
const isJump = (from: U64, to: U64): boolean => to <= from || to > from + BigInt(MAX_INSN_BYTES);

const hasTrapFlag = ({ guest }: Session): boolean => ((guest.regs[RFLAGS] ?? 0n) & TRAP_FLAG) !== 0n;

/** The kernel steps by the guest's own trap flag and, once a popf has run, shows it. */
function setTrapFlag({ guest }: Session, isSet: boolean): void {
  const others = (guest.regs[RFLAGS] ?? 0n) & ~TRAP_FLAG;
  guest.regs[RFLAGS] = isSet ? others | TRAP_FLAG : others;
}

interface FlagsInsn {
  readonly opcode: number;
  /** Offset from rsp of the flags: one word up for popf, two for iret, whose words are as wide as its operands. */
  readonly at: bigint;
}

/** The instruction at rip, if it pushes or pops flags. */
function flagsInsn(session: Session): FlagsInsn | undefined {
  const bytes = session.memory(session.rip, MAX_INSN_BYTES);
  const { opcode: at, legacy, rexW } = prefixesOf(bytes);
  const opcode = bytes[at];
  if (opcode === PUSHF || opcode === POPF) return { opcode, at: 0n };
  if (opcode !== IRET) return undefined;
  const width = rexW ? 8n : legacy.has(OPERAND_SIZE) ? 2n : 4n;
  return { opcode, at: 2n * width };
}

/** Bit 8: the lowest of the second byte. */
const secondByte = (session: Session, at: bigint): Uint8Array =>
  session.memory(BigInt.asUintN(64, (session.guest.regs[RSP] ?? 0n) + at + 1n), 1);

const isTrapFlagOnStack = (session: Session, { at }: FlagsInsn): boolean =>
  ((secondByte(session, at)[0] ?? 0) & 1) === 1;

/** pushf saw the flag that made this a step. */
function clearTrapFlagOnStack(session: Session): void {
  const byte = secondByte(session, 0n);
  if (byte[0] !== undefined) byte[0] &= ~1;
}
