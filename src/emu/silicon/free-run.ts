/**
 * Runs the guest at full speed: it stops at breakpoints, at whatever the CPU refuses to do, and at ticks of the
 * timer, which are counted in the place of blocks.
 */
import { RFLAGS } from '../engine.ts';
import { RIP } from './driver-code.ts';
import { TICK_MS } from './guest-elf.ts';
import { SIGNAL } from './linux.ts';
import { type Ending, type Session, stopped } from './session.ts';
import { isInt3, isTrace } from './stop.ts';
import type { PlacedBreakpoint } from './breakpoints.ts';
import type { GuestEvent } from './tracee.ts';

const INT3 = 0xcc;
const TRAP_FLAG = 0x100n;
/** What every run is granted, and what a block is: far more than either needs, on a slow machine too. */
const RUN_MS = 20;
const BLOCK_MS = 20e-6;

/** Ticks after which a run has used up its fuel: the first may come at once. */
export const ticksFor = (fuel: number): number => 1 + Math.ceil((RUN_MS + fuel * BLOCK_MS) / TICK_MS);

/** A tick of the timer. */
export const isTick = (event: GuestEvent): boolean =>
  event.kind === 'signal' && event.signal === SIGNAL.prof;

/** Runs to the end from where the guest is; whoever watches that place has been called if `visited`. */
export function runFree(session: Session, visited: boolean): Ending {
  const { guest, request, breakpoints } = session;
  const until = Number(request.until);
  breakpoints.arm([...session.watched, until]);
  let left = ticksFor(request.fuel);
  let at = visited ? session.rip : undefined;
  for (;;) {
    const over = at === undefined ? undefined : breakpoints.at(Number(at));
    const event = over === undefined ? guest.resume() : leave(session, over);
    if (isTick(event)) {
      if (--left <= 0) return stopped({ kind: 'fuel', rip: session.rip });
      // Still to be stepped over, unless it has been.
      if (session.rip !== at) at = undefined;
      continue;
    }
    at = undefined;
    if (isFault(event) && session.rip === request.until) return stopped({ kind: 'end' });
    const hit = isInt3(event) ? breakpoints.at(Number(session.rip) - 1) : undefined;
    if (hit === undefined) return { kind: 'event', event };
    at = session.rip - 1n;
    guest.regs[RIP] = at;
    const ending = arrive(session, at, hit);
    if (ending !== undefined) return ending;
  }
}

/** At a breakpoint. An int3 of the guest's own runs when its watcher has been called. */
function arrive(session: Session, at: bigint, { original }: PlacedBreakpoint): Ending | undefined {
  const { guest, request, watched } = session;
  if (at === request.until) return stopped({ kind: 'end' });
  const address = Number(at);
  if (watched.has(address) && session.call(request.watcher, address)) {
    return stopped({ kind: 'stopped', rip: at });
  }
  if (original !== INT3) return undefined;
  guest.regs[RIP] = at + 1n;
  return stopped({ kind: 'interrupt', vector: 3, rip: at + 1n });
}

/** Steps over a breakpoint and goes on; with care where one step may not be enough, or may be one too many. */
function leave(session: Session, over: PlacedBreakpoint): GuestEvent {
  const { guest, breakpoints } = session;
  const { rip } = session;
  const trapped = ((guest.regs[RFLAGS] ?? 0n) & TRAP_FLAG) !== 0n;
  if (!trapped && !over.repeats) return guest.resume(over);
  breakpoints.lift(Number(rip));
  let event = guest.step();
  while (!trapped && isTrace(event) && session.rip === rip) event = guest.step();
  breakpoints.place(Number(rip));
  return !trapped && isTrace(event) ? guest.resume() : event;
}

const isFault = (event: GuestEvent): boolean => event.kind === 'signal' && event.signal === SIGNAL.segv;
