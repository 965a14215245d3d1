/**
 * Runs the guest at full speed: it stops at breakpoints, at whatever the CPU refuses to do, and at ticks of the
 * timer, which are counted in the place of blocks.
 */
import type { U64 } from '../../core/u64.ts';
import { RFLAGS } from '../engine.ts';
import { RIP } from './driver-code.ts';
import { TICK_MS } from './guest-elf.ts';
import { SIGNAL } from './linux.ts';
import { type Ending, type Session, stopped } from './session.ts';
import { isInt3, isTick, isTrace } from './stop.ts';
import type { GuestEvent } from './tracee.ts';

const INT3 = 0xcc;
const TRAP_FLAG = 0x100n;
/** What every run is granted, and what a block is: far more than either needs, on a slow machine too. */
const RUN_MS = 20;
const BLOCK_MS = 20e-6;

/** Ticks after which a run has used up its fuel: the first may come at once. */
const ticksFor = (fuel: number): number => 1 + Math.ceil((RUN_MS + fuel * BLOCK_MS) / TICK_MS);

/** Runs to the end from where the guest is; whoever watches that place has been called if `visited`. */
export function runFree(session: Session, visited: boolean): Ending {
  const { guest, request, breakpoints } = session;
  breakpoints.arm(session.watched);
  breakpoints.place(Number(request.until));
  return runOn(session, visited ? leave(session, session.rip) : guest.resume());
}

/** From its first stop on. */
export function runOn(session: Session, first: GuestEvent): Ending {
  const { guest, request, breakpoints } = session;
  let ticks = ticksFor(request.fuel);
  let event = first;
  for (;;) {
    if (session.isOut(event)) return stopped({ kind: 'end' });
    const rip = breakpoints.home(session.rip);
    if (isTick(event)) {
      if (--ticks <= 0) return stopped({ kind: 'fuel', rip });
      // Where it is, in a slot too.
      event = guest.resume();
      continue;
    }
    guest.regs[RIP] = rip;
    if (isFault(event) && rip === request.until) return stopped({ kind: 'end' });
    const at = rip - 1n;
    const original = isInt3(event) ? breakpoints.original(Number(at)) : undefined;
    if (original === undefined && session.goesOnAfter(event)) {
      event = leave(session, session.rip);
      continue;
    }
    if (original === undefined) return { kind: 'event', event };
    guest.regs[RIP] = at;
    const ending = arrive(session, at, original);
    if (ending !== undefined) return ending;
    event = leave(session, at);
  }
}

/** At a breakpoint. An int3 of the guest's own runs when its watcher has been called. */
function arrive(session: Session, at: U64, original: number): Ending | undefined {
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

/** Goes on from a place that may have a breakpoint. */
function leave(session: Session, at: U64): GuestEvent {
  const { guest, breakpoints } = session;
  const address = Number(at);
  if (breakpoints.original(address) === undefined) return guest.resume();
  const copy = breakpoints.copy(address);
  if (copy !== undefined) {
    guest.regs[RIP] = copy;
    return guest.resume();
  }
  const trapped = ((guest.regs[RFLAGS] ?? 0n) & TRAP_FLAG) !== 0n;
  breakpoints.lift(address);
  let event = guest.step();
  while (isTick(event) && session.rip === at) event = guest.step();
  breakpoints.place(address);
  const isDone = isTick(event) || (!trapped && isTrace(event));
  return isDone ? guest.resume() : event;
}

const isFault = (event: GuestEvent): boolean => event.kind === 'signal' && event.signal === SIGNAL.segv;
