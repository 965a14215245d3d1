/**
 * Calls and returns, event by event: every argument by its position, r6-r9, r10 and the bytes of the frame.
 * After the first event that is not the reference's the sides are on different ways, and later ones tell nothing.
 */
import type {
  CallEvent,
  Execution,
  FrameRegs,
  ReturnEvent,
  StackBytes,
  Trace,
  TraceEvent,
} from '../core/execution.ts';
import { Collector, Places } from './collector.ts';
import { isSameTrace } from './same-trace.ts';
import type { Place } from './verdict.ts';

/** BPF register of FrameRegs[i]. */
const FRAME_REGS = [6, 7, 8, 9, 10] as const;

/**
 * Compares the events both sides kept, and how many there were. `complete` says that both sides came to the
 * same end; otherwise the native trace may stop early, and what it lacks follows from the outcome.
 */
export function compareTraces(
  want: Execution,
  got: Execution,
  out: Collector,
  options: { readonly complete: boolean },
): void {
  if (isSameTrace(want.trace, got.trace)) return;
  tellTraces(want, got, out, options);
}

/** As `compareTraces`, without the quick answer. */
export function tellTraces(
  want: Execution,
  got: Execution,
  out: Collector,
  options: { readonly complete: boolean },
): void {
  const places = new Places();
  const wanted = want.trace.events;
  const seen = got.trace.events;
  const ended = (side: Execution, i: number): boolean => i >= side.trace.total;
  for (let i = 0; i < Math.max(wanted.length, seen.length); i++) {
    const w = wanted[i];
    const g = seen[i];
    if (w !== undefined && g !== undefined && sameEvent(w, g)) {
      compareEvent(w, g, w.kind === 'call' ? places.enter(w.callee) : places.leave(), out);
      continue;
    }
    if (g === undefined && (!options.complete || !ended(got, i))) return;
    if (w === undefined && !ended(want, i)) return;
    addEvent(w ?? null, g ?? null, places, out);
    return;
  }
  if (options.complete && want.trace.total !== got.trace.total) {
    const count = (side: Execution) => ({ kind: 'count', value: side.trace.total }) as const;
    out.add({ kind: 'trace-length' }, count(want), count(got), null);
  }
}

/** Index of the first event that differs or that the native side lacks; Infinity if there is none. */
export function firstDifferentEvent({ events: wanted }: Trace, { events: seen }: Trace): number {
  const index = wanted.findIndex((want, i) => {
    const got = seen[i];
    if (got === undefined || !sameEvent(want, got)) return true;
    const out = new Collector(0);
    compareEvent(want, got, { kind: 'call', call: 0, callee: null }, out);
    return out.total > 0;
  });
  return index < 0 ? Number.POSITIVE_INFINITY : index;
}

function sameEvent(want: TraceEvent, got: TraceEvent): boolean {
  if (want.kind === 'return') return got.kind === 'return' && got.subprog === want.subprog;
  return got.kind === 'call' && got.callee.kind === want.callee.kind && got.callee.id === want.callee.id;
}

function addEvent(want: TraceEvent | null, got: TraceEvent | null, places: Places, out: Collector): void {
  const shown = want ?? got;
  if (shown === null) return;
  const place = shown.kind === 'call' ? places.enter(shown.callee) : places.leave();
  const pc = want?.kind === 'call' ? want.pc : null;
  out.add({ kind: 'event', place }, { kind: 'event', event: want }, { kind: 'event', event: got }, pc);
}

function compareEvent(want: TraceEvent, got: TraceEvent, place: Place, out: Collector): void {
  if (want.kind === 'call' && got.kind === 'call') compareCall(want, got, place, out);
  if (want.kind === 'return' && got.kind === 'return') compareReturn(want, got, place, out);
}

function compareCall(want: CallEvent, got: CallEvent, place: Place, out: Collector): void {
  want.args.forEach((arg, i) => {
    out.addWord(() => ({ kind: 'arg', place, position: i + 1 }), arg, got.args[i], want.pc);
  });
  compareRegs(want.regs, got.regs, place, want.pc, out);
  compareStack(want.stack, got.stack, place, want.pc, out);
  out.addWord(() => ({ kind: 'result', place }), want.result, got.result, want.pc);
}

function compareReturn(want: ReturnEvent, got: ReturnEvent, place: Place, out: Collector): void {
  out.addWord(() => ({ kind: 'result', place }), want.result, got.result, null);
  compareRegs(want.regs, got.regs, place, null, out);
  compareStack(want.stack, got.stack, place, null, out);
}

function compareRegs(
  want: FrameRegs | null,
  got: FrameRegs | null,
  place: Place,
  pc: number | null,
  out: Collector,
): void {
  if (want === null || got === null) return;
  FRAME_REGS.forEach((reg, i) => {
    out.addWord(() => ({ kind: 'reg', place, reg }), want[i], got[i], pc);
  });
}

/** Frames are laid on each other at r10, where both end: a shorter one shows fewer bytes. */
function compareStack(
  want: StackBytes | null,
  got: StackBytes | null,
  place: Place,
  pc: number | null,
  out: Collector,
): void {
  if (want === null || got === null) return;
  const length = Math.min(want.bytes.length, got.bytes.length);
  const last = (bytes: Uint8Array): Uint8Array => bytes.subarray(bytes.length - length);
  const poison = want.poison === undefined ? undefined : last(want.poison);
  out.addBytes(
    (offset) => ({ kind: 'stack', place, offset: offset - length }),
    last(want.bytes),
    last(got.bytes),
    { poison, pc },
  );
}

/** Places of a trace's events, by index. */
export function placesOf(events: readonly TraceEvent[]): Place[] {
  const places = new Places();
  return events.map((event) => (event.kind === 'call' ? places.enter(event.callee) : places.leave()));
}
