/**
 * The quick answer of compare-trace.ts: whether there is nothing to tell of two traces. Most cases agree, and places
 * and subjects are made for those alone that do not.
 */
import type { FrameRegs, StackBytes, Trace, TraceEvent, Word } from '../core/execution.ts';

/** True only if both kept the same events, as far as the reference promises anything of them, and counted as many. */
export function isSameTrace({ events: wanted, total }: Trace, got: Trace): boolean {
  const seen = got.events;
  // What a run noted may have been found to be this before (emu/as-expected.ts).
  if (wanted === seen) return total === got.total;
  if (total !== got.total || wanted.length !== seen.length) return false;
  for (let i = 0; i < wanted.length; i++) {
    if (!isSameEvent(wanted[i] as TraceEvent, seen[i] as TraceEvent)) return false;
  }
  return true;
}

function isSameEvent(want: TraceEvent, got: TraceEvent): boolean {
  if (want.kind === 'call') {
    if (got.kind !== 'call' || got.callee.kind !== want.callee.kind || got.callee.id !== want.callee.id)
      return false;
    if (!areSameWords(want.args, got.args)) return false;
  } else if (got.kind !== 'return' || got.subprog !== want.subprog) return false;
  return (
    isSameWord(want.result, got.result) &&
    areSameRegs(want.regs, got.regs) &&
    areSameBytes(want.stack, got.stack)
  );
}

/** Only where both have one: poison is nobody's promise. */
const isSameWord = (want: Word, got: Word): boolean =>
  want === got || want === undefined || got === undefined;

function areSameWords(want: readonly Word[], got: readonly Word[]): boolean {
  for (let i = 0; i < want.length; i++) if (!isSameWord(want[i], got[i])) return false;
  return true;
}

const areSameRegs = (want: FrameRegs | null, got: FrameRegs | null): boolean =>
  want === null || got === null || areSameWords(want, got);

/** Laid on each other at their ends, as far as the shorter one reaches. */
function areSameBytes(want: StackBytes | null, got: StackBytes | null): boolean {
  if (want === null || got === null) return true;
  const { bytes, poison } = want;
  const shift = got.bytes.length - bytes.length;
  for (let i = Math.max(0, -shift); i < bytes.length; i++) {
    if (bytes[i] !== got.bytes[i + shift] && poison?.[i] !== 1) return false;
  }
  return true;
}
