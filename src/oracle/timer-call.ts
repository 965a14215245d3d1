/**
 * Helpers of timers that are given wrong arguments: nothing need come of it at once, for what it does is in no register
 * and in no memory. Where the arguments differ before any state does, the call is to blame.
 */
import type { CallEvent, Execution, TraceEvent } from '../core/execution.ts';
import type { Image } from '../core/image.ts';
import { firstDifferentEvent } from './compare-trace.ts';
import type { Localisation } from './lockstep.ts';
import type { Way } from './window/way.ts';

export interface TimerCallSubject {
  readonly image: Image;
  readonly want: Execution;
  readonly got: Execution;
}

/** Whether such a call is the first that the traces of the sides differ in. */
export function timerCallDiffers({ want, got }: TimerCallSubject): boolean {
  const at = firstDifferentEvent(want.trace, got.trace);
  const event = want.trace.events[at];
  return isTimerCall(event) && hasOtherArgs(event, got.trace.events[at]);
}

/** That call, unless something that `found` names ran before it. */
export function localiseTimerCall(
  { image, want, got }: TimerCallSubject,
  { pcs, events }: Way,
  found: Localisation | null,
): Localisation | null {
  const steps = events[firstDifferentEvent(want.trace, got.trace)] ?? 0;
  if (found !== null && found.steps <= steps) return found;
  const pc = pcs[steps] ?? 0;
  const offset = image.pcMap?.startOf(pc) ?? 0;
  return { pc, offset, stage: 'call', differences: [], steps };
}

const isTimerCall = (event: TraceEvent | undefined): event is CallEvent =>
  event?.kind === 'call' && event.timer === true;

const hasOtherArgs = (want: CallEvent, got: TraceEvent | undefined): boolean =>
  got?.kind === 'call' && want.args.some((arg, i) => arg !== undefined && arg !== got.args[i]);
