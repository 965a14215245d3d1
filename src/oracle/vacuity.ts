/**
 * Vacuity: whether a case would notice if its calls were not there. Each call the reference reached is taken out
 * in turn and the reference runs again, alone. What is looked at is what `compare` looks at (how it ends, r0,
 * memory, every other call and return with arguments, r6..r10 and frames), but for the call itself and all that
 * happens inside it. A case that reaches no call, or in which no call is missed, says nothing of calls.
 *
 * In the call's place stands one of a helper that takes nothing, touches nothing and gives a defined result, so
 * that registers and stack arguments are destroyed as by any call. It first gives the complement of what the call
 * gave, each bit of which is wrong, and if nobody notices, zero, for those who ask for no more than that.
 */
import type { Insn } from '../bpf/insn.ts';
import type { Callee, Program } from '../bpf/program.ts';
import { calleeKey, type Env, type FramePlacement } from '../core/env.ts';
import type { Execution, Trace, TraceEvent, Word } from '../core/execution.ts';
import { type U64, u64 } from '../core/u64.ts';
import type { Case } from './case.ts';
import { isObservedAlike } from './observed-alike.ts';
import type { Machines } from './run.ts';
import type { Vacuity } from './verdict.ts';

/** What the runs of one case may cost together, in instructions: a second or two of the reference. */
const BUDGET = 2_000_000;
/** Bytes of memory that cost as much as an instruction: each run copies and compares them. */
const BYTES_PER_INSN = 64;

export interface VacuitySubject extends Pick<Case, 'program' | 'env'> {
  /** The reference's run of it, to an end that can be judged. */
  readonly want: Execution;
  readonly placement: FramePlacement | undefined;
  /** Events kept of a run. */
  readonly traceLimit: number;
}

/** Takes the calls of a case out, one at a time. */
export function vacuityOf(subject: VacuitySubject, reference: Machines['reference']): Vacuity {
  const { program, want } = subject;
  const reached = new Set<number>();
  for (const event of want.trace.events)
    if (event.kind === 'call' && event.pc !== null) reached.add(event.pc);
  const withoutEffect: number[] = [];
  let left = BUDGET;
  let untried = 0;
  for (const pc of reached) {
    left -= 2 * costOf(want);
    if (left < 0) untried++;
    else if (!isMissed(subject, pc, reference)) withoutEffect.push(pc);
  }
  const calls = program.insns.filter((insn) => insn?.kind === 'call').length;
  return { calls, reached: [...reached], withoutEffect, untried };
}

function costOf({ insns, memory, data }: Execution): number {
  const bytes = data.reduce((sum, { length }) => sum + length, memory.length);
  return (insns ?? 0) + bytes / BYTES_PER_INSN;
}

function isMissed(subject: VacuitySubject, pc: number, reference: Machines['reference']): boolean {
  const { kept, results } = withoutCall(subject.want.trace.events, pc);
  const want = { ...subject.want, trace: traceOf(kept, subject.want) };
  const instead: readonly ((result: Word) => U64)[] = [(result) => u64(~(result ?? 0n)), () => 0n];
  return instead.some(
    (give) => !isObservedAlike(want, runWithout(subject, pc, results.map(give), reference)),
  );
}

/** The trace without a call and what happens inside it, and what the call gave each time. */
function withoutCall(
  events: readonly TraceEvent[],
  pc: number,
): { readonly kept: readonly TraceEvent[]; readonly results: readonly Word[] } {
  const kept: TraceEvent[] = [];
  const results: Word[] = [];
  /** Subprogs that are open inside the call. */
  let depth = 0;
  for (const event of events) {
    if (depth > 0) {
      depth += event.kind === 'return' ? -1 : Number(event.callee.kind === 'bpf');
      if (depth === 0) results.push(event.result);
    } else if (event.kind !== 'call' || event.pc !== pc) kept.push(event);
    else if (event.callee.kind === 'bpf') depth = 1;
    else results.push(event.result);
  }
  return { kept, results };
}

/** The run with a helper in the call's place that gives `results` one after the other. */
function runWithout(
  { program, env, want, placement, traceLimit }: VacuitySubject,
  pc: number,
  results: readonly U64[],
  reference: Machines['reference'],
): Execution {
  const stub = unusedHelper(program);
  let run = 0;
  const models = new Map(env.models).set(calleeKey(stub), () => results[run++] ?? 0n);
  // Without the call it may not end: then it is missed.
  const changed: Env = { ...env, models, insnLimit: Math.min(env.insnLimit, 2 * (want.insns ?? 0) + 64) };
  const got = reference(replaceCall(program, pc, stub), changed, {
    traceLimit,
    ...(placement === undefined ? {} : { placement }),
  });
  const events = got.trace.events.filter(
    (event) => event.kind !== 'call' || event.callee.kind !== stub.kind || event.callee.id !== stub.id,
  );
  return { ...got, trace: traceOf(events, got) };
}

/** `events` in the place of those a run kept; events that were only counted stay so. */
function traceOf(events: readonly TraceEvent[], { trace }: Execution): Trace {
  return { events, total: events.length + trace.total - trace.events.length };
}

function replaceCall(program: Program, pc: number, stub: Callee): Program {
  const insns = program.insns.slice();
  insns[pc] = { kind: 'call', target: stub.kind, imm: stub.id, off: 0 } satisfies Insn;
  return { ...program, insns, callees: new Map(program.callees).set(calleeKey(stub), stub) };
}

function unusedHelper({ callees }: Program): Callee {
  let id = 0x7fff_ffff;
  while (callees.has(calleeKey({ kind: 'helper', id }))) id--;
  return { kind: 'helper', id, name: 'nothing', args: 0 };
}
