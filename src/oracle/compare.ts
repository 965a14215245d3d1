/**
 * Two executions, one verdict. What is compared: how it ended, r0, context memory, data sections; each call and
 * return (compare-trace.ts); the native side's broken ABI promises. Poison of the reference is never compared.
 */
import type { Execution, Fault, Outcome } from '../core/execution.ts';
import type { U64 } from '../core/u64.ts';
import { Collector } from './collector.ts';
import { compareTraces, placesOf } from './compare-trace.ts';
import { compareNative } from './native/compare.ts';
import { isNativelyPossible, type Policy } from './policy.ts';
import { isSameTrace } from './same-trace.ts';
import type { Observed, Reason, Verdict } from './verdict.ts';

type AccessFault = Fault & { kind: 'read' | 'write' | 'fetch' };

const AGREE: Verdict = { kind: 'agree' };

/** Judges the native execution `got` against the reference's `want`. `stated`: r0 the input promises. */
export function compare(want: Execution, got: Execution, policy: Policy, stated?: U64): Verdict {
  if (stated === undefined && isSame(want, got)) return AGREE;
  const reason = inconclusiveReason(want, policy) ?? nativeReason(got);
  if (reason !== undefined) return { kind: 'inconclusive', reason };
  const out = new Collector(policy.maxDivergences);
  const sameEnd = compareOutcomes(want, got, policy, out);
  if (stated !== undefined) compareStated(stated, want, got, policy, out);
  if (sameEnd) compareMemory(want, got, out);
  compareTraces(want, got, out, { complete: sameEnd });
  compareNative(want, got, out);
  addBreaches(got, out);
  if (out.total === 0) return AGREE;
  return { kind: 'diverge', divergences: out.kept, total: out.total };
}

/** The quick answer: most runs come to the same exit, with the same r0, bytes and events, and nothing else to look at. */
function isSame(want: Execution, got: Execution): boolean {
  const [w, g] = [want.outcome, got.outcome];
  if (w.kind !== 'exit' || g.kind !== 'exit' || w.r0 !== g.r0) return false;
  if (want.native !== undefined || got.breaches.length > 0) return false;
  return isSameMemory(want, got) && isSameTrace(want.trace, got.trace);
}

/** Why the reference's run can judge nothing, if so: known before the native side runs. */
export function inconclusiveReason(want: Execution, policy: Policy): Reason | undefined {
  const { outcome } = want;
  switch (outcome.kind) {
    case 'exit':
      return undefined;
    case 'budget':
      return { kind: 'insn-limit', limit: policy.insnLimit };
    case 'unsupported':
      return { kind: 'unsupported', side: 'reference', what: outcome.what, pc: outcome.pc };
    case 'fault':
      return faultReason(outcome.fault, outcome.pc, policy);
  }
}

function faultReason(fault: Fault, pc: number | null, policy: Policy): Reason | undefined {
  if (fault.kind === 'poison') return { kind: 'poison', what: fault.what, pc };
  if (fault.kind === 'frames') return { kind: 'frames', pc };
  if (isAccess(fault) && isNativelyPossible(policy.mapped(), fault)) return { kind: 'mapped', fault, pc };
  return undefined;
}

/** The native side met something its engine does not run. */
function nativeReason({ outcome }: Execution): Reason | undefined {
  if (outcome.kind !== 'unsupported') return undefined;
  return { kind: 'unsupported', side: 'native', what: outcome.what, pc: outcome.pc };
}

/** True if both sides ended at the same point, so that their states can be compared. */
function compareOutcomes(want: Execution, got: Execution, policy: Policy, out: Collector): boolean {
  if (want.outcome.kind === 'exit' && got.outcome.kind === 'exit') {
    const r0 = want.outcome.isUnsure === true ? undefined : want.outcome.r0;
    out.addWord(() => ({ kind: 'r0' }), r0, got.outcome.r0, null);
    return true;
  }
  if (sameFault(want.outcome, got.outcome, policy)) return true;
  const pc = pcOf(want.outcome) ?? pcOf(got.outcome);
  out.add({ kind: 'outcome' }, outcomeOf(want, policy.insnLimit), outcomeOf(got, policy.fuel), pc);
  return false;
}

const outcomeOf = ({ outcome }: Execution, limit: number): Observed => ({ kind: 'outcome', outcome, limit });

const pcOf = (outcome: Outcome): number | null => (outcome.kind === 'fault' ? outcome.pc : null);

const isAccess = (fault: Fault): fault is AccessFault =>
  fault.kind === 'read' || fault.kind === 'write' || fault.kind === 'fetch';

/**
 * The same access, faulting on both sides. An access across a page's end may be reported at its first
 * unmapped byte: any address within it counts.
 */
function sameFault(want: Outcome, got: Outcome, policy: Policy): boolean {
  if (want.kind !== 'fault' || got.kind !== 'fault') return false;
  const [w, g] = [want.fault, got.fault];
  if (!isAccess(w) || !isAccess(g)) return false;
  const sameKind =
    w.kind === g.kind || (g.kind === 'read' && want.pc !== null && policy.isReadModifyWrite(want.pc));
  if (!sameKind) return false;
  return g.address >= w.address && g.address < w.address + BigInt(Math.max(w.size, 1));
}

/** Three ways: where either side misses the stated r0, that side is named. */
function compareStated(stated: U64, want: Execution, got: Execution, policy: Policy, out: Collector): void {
  const sides = [
    ['reference', want, policy.insnLimit],
    ['native', got, policy.fuel],
  ] as const;
  for (const [side, { outcome }, limit] of sides) {
    if (outcome.kind === 'exit' && outcome.r0 === stated) continue;
    const seen: Observed =
      outcome.kind === 'exit' ? { kind: 'word', value: outcome.r0 } : { kind: 'outcome', outcome, limit };
    out.add({ kind: 'stated', side }, { kind: 'word', value: stated }, seen, pcOf(outcome));
  }
}

function compareMemory(want: Execution, got: Execution, out: Collector): void {
  if (!isSameMemory(want, got)) tellMemory(want, got, out);
}

/** The quick answer: most runs agree in every byte. */
function isSameMemory(want: Execution, got: Execution): boolean {
  if (!areSameBytes(want.memory, got.memory)) return false;
  for (let section = 0; section < want.data.length; section++) {
    const seen = got.data[section];
    if (seen === undefined || !areSameBytes(want.data[section] as Uint8Array, seen)) return false;
  }
  return true;
}

function areSameBytes(want: Uint8Array, got: Uint8Array): boolean {
  if (want === got) return true;
  if (want.length !== got.length) return false;
  for (let i = 0; i < want.length; i++) if (want[i] !== got[i]) return false;
  return true;
}

function tellMemory(want: Execution, got: Execution, out: Collector): void {
  out.addBytes((offset) => ({ kind: 'memory', offset }), want.memory, got.memory, {
    poison: want.memoryPoison,
  });
  want.data.forEach((bytes, section) => {
    out.addBytes(
      (offset) => ({ kind: 'data', section, offset }),
      bytes,
      got.data[section] ?? new Uint8Array(),
      {
        poison: want.dataPoison?.[section],
      },
    );
  });
}

function addBreaches(got: Execution, out: Collector): void {
  if (got.breaches.length === 0) return;
  const places = placesOf(got.trace.events);
  for (const { rule, what, want, got: seen, at } of got.breaches) {
    const event = got.trace.events[at];
    const pc = event?.kind === 'call' ? event.pc : null;
    const subject = { kind: 'abi', rule, what, place: places[at] ?? null } as const;
    out.add(subject, { kind: 'word', value: want }, { kind: 'word', value: seen }, pc);
  }
}
