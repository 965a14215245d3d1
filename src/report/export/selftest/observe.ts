/**
 * Runs of the reference that show what a kernel would see too: each program runs twice, with its stack and its data in
 * other places, and only what is the same in both is no matter of addresses.
 */
import { MAX_STACK_BYTES } from '../../../bpf/calling.ts';
import { calleeKey, type FramePlacement } from '../../../core/env.ts';
import type { CallEvent, Execution, Word } from '../../../core/execution.ts';
import { MAIN_FP } from '../../../core/layout.ts';
import { u64 } from '../../../core/u64.ts';
import type { ExportSubject } from '../subject.ts';
import { type Items, link } from './items.ts';

export interface Observation {
  /** r0, if it is a number wherever things lie. */
  readonly r0: bigint | undefined;
  /** Why it is none. */
  readonly whyNot: string | undefined;
  /** By `calleeKey`, bpf functions too: positions (1 for the first) of arguments that are plain numbers in all calls. */
  readonly numbers: ReadonlyMap<string, readonly number[]>;
  /** By `calleeKey`: arguments it was called with at most. */
  readonly arity: ReadonlyMap<string, number>;
  /** Helpers and kfuncs whose results were the same. */
  readonly steady: ReadonlySet<string>;
}

interface Place {
  readonly placement: FramePlacement;
  readonly shift: bigint;
}

const PLACES: readonly [Place, Place] = [
  { placement: { mainFp: MAIN_FP, frameBytes: () => MAX_STACK_BYTES }, shift: 0n },
  {
    placement: { mainFp: u64(MAIN_FP - 0x350n), frameBytes: () => MAX_STACK_BYTES + 48 },
    shift: 0x1234_5000n,
  },
];

export function observe({ program, env, interpret }: ExportSubject, items: Items): Observation {
  const input = { memory: new Uint8Array() };
  const [here, there] = PLACES.map(({ placement, shift }) =>
    interpret(link(items, program, shift), { ...env, input }, { placement }),
  ) as [Execution, Execution];
  const calls = [callsOf(here), callsOf(there)] as const;
  const whyNot = noResult(here, there, calls[0]);
  return {
    r0: whyNot === undefined && here.outcome.kind === 'exit' ? here.outcome.r0 : undefined,
    whyNot,
    ...comparedCalls(...calls),
  };
}

const callsOf = ({ trace }: Execution): CallEvent[] =>
  trace.events.filter((event): event is CallEvent => event.kind === 'call');

function noResult(here: Execution, there: Execution, calls: readonly CallEvent[]): string | undefined {
  const [a, b] = [here.outcome, there.outcome];
  if (a.kind !== 'exit' || b.kind !== 'exit') return 'the reference does not see it exit';
  if (calls.some(({ callee }) => callee.kind === 'helper'))
    return 'it calls helpers, which return what a kernel makes of them';
  return a.isUnsure || b.isUnsure || a.r0 !== b.r0 ? 'its result depends on addresses' : undefined;
}

function comparedCalls(here: readonly CallEvent[], there: readonly CallEvent[]) {
  const numbers = new Map<string, readonly number[]>();
  const arity = new Map<string, number>();
  const unsteady = new Set<string>();
  here.forEach(({ callee, args, result }, i) => {
    const key = calleeKey(callee);
    const other = there[i];
    const same = args.flatMap((arg, at) => (isNumber(arg, other?.args[at]) ? [at + 1] : []));
    const before = numbers.get(key);
    numbers.set(key, before === undefined ? same : before.filter((position) => same.includes(position)));
    arity.set(key, Math.max(arity.get(key) ?? 0, args.length));
    if (!isNumber(result, other?.result)) unsteady.add(key);
  });
  return { numbers, arity, steady: new Set([...numbers.keys()].filter((key) => !unsteady.has(key))) };
}

const isNumber = (here: Word, there: Word): boolean => here !== undefined && here === there;
