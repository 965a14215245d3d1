/**
 * Runs the guest one instruction at a time, by the trap flag: for watchers that want to see each, and to know
 * where a jump into nothing came from. A step costs some microseconds.
 */
import type { U64 } from '../../core/u64.ts';
import { RFLAGS } from '../engine.ts';
import { prefixesOf } from '../prefixes.ts';
import { isTick, runFree } from './free-run.ts';
import { type Ending, type Session, stopped } from './session.ts';
import { isTrace } from './stop.ts';
import type { GuestEvent } from './tracee.ts';

/** Steps without a watcher of each, some seconds; then the guest runs free, and a wild jump has no origin. */
const MAX_STEPS = 1_000_000;
/** SDM 2A §2.3.11. */
const MAX_INSN_BYTES = 15;
const TRAP_FLAG = 0x100n;
const PUSHF = 0x9c;
const RSP = 4;
const WORD = 8;

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
    if (event !== undefined) return { kind: 'event', event, ...(lastInsn === undefined ? {} : { lastInsn }) };
    if (isJump(rip, session.rip) && --fuel < 0) return stopped({ kind: 'fuel', rip: session.rip });
    lastInsn = rip;
  }
}

/** One instruction; what stopped it, if it was not only the step. */
function step(session: Session): GuestEvent | undefined {
  const { guest, rip } = session;
  const trapped = hasTrapFlag(session);
  const pushesFlags = isPushf(session.memory(rip, MAX_INSN_BYTES));
  let event = guest.step();
  while (isTick(event) && session.rip === rip) event = guest.step();
  if (isTick(event)) return undefined;
  if (!isTrace(event)) return event;
  if (pushesFlags && !trapped) clearPushedTrapFlag(session);
  return trapped ? event : undefined;
}

/** Forward by less than an instruction's length may be no jump; the others are counted as blocks. */
const isJump = (from: U64, to: U64): boolean => to <= from || to > from + BigInt(MAX_INSN_BYTES);

const hasTrapFlag = ({ guest }: Session): boolean => ((guest.regs[RFLAGS] ?? 0n) & TRAP_FLAG) !== 0n;

const isPushf = (insn: Uint8Array): boolean => insn[prefixesOf(insn).opcode] === PUSHF;

/** pushf saw the flag that made this a step. */
function clearPushedTrapFlag(session: Session): void {
  const pushed = session.memory(session.guest.regs[RSP] ?? 0n, WORD);
  if (pushed[1] !== undefined) pushed[1] &= ~1;
}
