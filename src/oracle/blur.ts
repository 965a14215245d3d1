/**
 * What a run promises a JIT that does not say where it puts frames: only what does not depend on it. The
 * reference runs with its frames in two places; what differs between the two runs is poison.
 */
import type { CallEvent, Execution, FrameRegs, ReturnEvent, TraceEvent, Word } from '../core/execution.ts';

/** What both runs have in common; null if they went different ways, so that there is nothing to compare. */
export function commonOf(one: Execution, other: Execution): Execution | null {
  const outcome = commonOutcome(one, other);
  const events = commonEvents(one, other);
  if (outcome === null || events === null || one.trace.total !== other.trace.total) return null;
  const memoryPoison = commonPoison(one.memory, other.memory, one.memoryPoison, other.memoryPoison);
  return {
    ...one,
    outcome,
    ...(memoryPoison === undefined ? {} : { memoryPoison }),
    dataPoison: one.data.map((bytes, i) =>
      commonPoison(bytes, other.data[i] ?? bytes, one.dataPoison?.[i], other.dataPoison?.[i]),
    ),
    trace: { events, total: one.trace.total },
  };
}

function commonOutcome(
  { outcome: one }: Execution,
  { outcome: other }: Execution,
): Execution['outcome'] | null {
  if (one.kind === 'exit' && other.kind === 'exit')
    return one.r0 === other.r0 && one.isUnsure !== true && other.isUnsure !== true
      ? one
      : { ...one, isUnsure: true };
  // A fault at an address that depends on the frames is another fault each time.
  if (one.kind === 'fault' && other.kind === 'fault')
    return sameFault(one.fault, other.fault) && one.pc === other.pc ? one : null;
  return one.kind === other.kind ? one : null;
}

const sameFault = (one: object, other: object): boolean => {
  const [a, b] = [Object.entries(one), Object.entries(other)];
  return a.length === b.length && a.every(([key, value], i) => b[i]?.[0] === key && b[i]?.[1] === value);
};

function commonEvents(one: Execution, other: Execution): TraceEvent[] | null {
  const theirs = other.trace.events;
  if (one.trace.events.length !== theirs.length) return null;
  const events: TraceEvent[] = [];
  for (const [i, event] of one.trace.events.entries()) {
    const common = commonEvent(event, theirs[i]);
    if (common === null) return null;
    events.push(common);
  }
  return events;
}

function commonEvent(one: TraceEvent, other: TraceEvent | undefined): TraceEvent | null {
  if (one.kind === 'call' && other?.kind === 'call') return commonCall(one, other);
  if (one.kind === 'return' && other?.kind === 'return') return commonReturn(one, other);
  return null;
}

function commonCall(one: CallEvent, other: CallEvent): CallEvent | null {
  const { callee } = one;
  if (callee.kind !== other.callee.kind || callee.id !== other.callee.id || one.pc !== other.pc) return null;
  return {
    ...one,
    args: one.args.map((arg, i) => commonWord(arg, other.args[i])),
    regs: commonRegs(one.regs, other.regs),
    stack: null,
    result: commonWord(one.result, other.result),
  };
}

function commonReturn(one: ReturnEvent, other: ReturnEvent): ReturnEvent | null {
  if (one.subprog !== other.subprog) return null;
  const regs = one.regs === null || other.regs === null ? null : commonRegs(one.regs, other.regs);
  return { ...one, result: commonWord(one.result, other.result), regs, stack: null };
}

const commonWord = (one: Word, other: Word): Word => (one === other ? one : undefined);

const commonRegs = (one: FrameRegs, other: FrameRegs): FrameRegs => [
  commonWord(one[0], other[0]),
  commonWord(one[1], other[1]),
  commonWord(one[2], other[2]),
  commonWord(one[3], other[3]),
  commonWord(one[4], other[4]),
];

/** Flags of the bytes that are poison in either run, or differ. */
function commonPoison(
  one: Uint8Array,
  other: Uint8Array,
  ...flags: readonly (Uint8Array | undefined)[]
): Uint8Array | undefined {
  let poison: Uint8Array | undefined;
  for (let k = 0; k < one.length; k++) {
    if (one[k] === other[k] && flags.every((bytes) => bytes?.[k] !== 1)) continue;
    poison ??= new Uint8Array(one.length);
    poison[k] = 1;
  }
  return poison;
}
