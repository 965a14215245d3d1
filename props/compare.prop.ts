/** Properties of the judge, over executions that no machine made. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { CallEvent, Execution, FrameRegs, Outcome, ReturnEvent, Word } from '../src/core/execution.ts';
import { compare } from '../src/oracle/compare.ts';
import type { Policy } from '../src/oracle/policy.ts';

const SEED = 9669;

const POLICY: Policy = {
  insnLimit: 1000,
  fuel: 1000,
  mapped: () => [],
  isReadModifyWrite: () => false,
  maxDivergences: 32,
};

const u64 = fc.bigInt({ min: 0n, max: 2n ** 64n - 1n });
const bytes = fc.uint8Array({ minLength: 1, maxLength: 24 });
const regs: fc.Arbitrary<FrameRegs> = fc.tuple(u64, u64, u64, u64, u64);
const stack = bytes.map((content) => ({ address: 0x1000n - BigInt(content.length), bytes: content }));
const callee = fc.record({
  kind: fc.constantFrom('bpf', 'helper', 'kfunc'),
  id: fc.nat({ max: 3 }),
} as const);

const callEvent: fc.Arbitrary<CallEvent> = fc.record({
  kind: fc.constant('call' as const),
  callee,
  pc: fc.nat(100),
  args: fc.array(u64, { minLength: 1, maxLength: 12 }),
  regs,
  stack,
  result: u64,
});
const returnEvent: fc.Arbitrary<ReturnEvent> = fc.record({
  kind: fc.constant('return' as const),
  subprog: fc.nat({ max: 3 }),
  result: u64,
  regs,
  stack,
});
const outcome: fc.Arbitrary<Outcome> = fc.oneof(
  u64.map((r0): Outcome => ({ kind: 'exit', r0 })),
  u64.map((address): Outcome => ({ kind: 'fault', fault: { kind: 'read', address, size: 8 }, pc: 1 })),
);
const execution: fc.Arbitrary<Execution> = fc
  .record({
    outcome,
    memory: bytes,
    data: fc.array(bytes, { minLength: 1, maxLength: 3 }),
    events: fc.array(fc.oneof(callEvent, returnEvent), { minLength: 1, maxLength: 12 }),
  })
  .map(({ events, ...rest }) => ({
    ...rest,
    trace: { events, total: events.length },
    insns: 10,
    breaches: [],
  }));

/** Flips one byte of what a run left behind; `at` chooses which. */
const flipped = (content: Uint8Array, at: number): Uint8Array =>
  content.map((byte, i) => (i === at % content.length ? byte ^ 0xff : byte));

const other = (word: Word): Word => (word === undefined ? undefined : word ^ (1n << 63n));
const replaced = <T>(list: readonly T[], at: number, change: (value: T) => T): T[] =>
  list.map((value, i) => (i === at % list.length ? change(value) : value));

/** One change each, in a place that is compared. */
const CHANGES: Readonly<Record<string, (run: Execution, at: number) => Execution>> = {
  'the outcome': (run) => ({
    ...run,
    outcome:
      run.outcome.kind === 'exit'
        ? { kind: 'exit', r0: run.outcome.r0 ^ 1n }
        : { kind: 'fault', fault: { kind: 'illegal' }, pc: null },
  }),
  'a byte of memory': (run, at) => ({ ...run, memory: flipped(run.memory, at) }),
  'a byte of data': (run, at) => ({
    ...run,
    data: replaced(run.data, at, (section) => flipped(section, at)),
  }),
  'an event left out': (run, at) => {
    const events = run.trace.events.filter((_, i) => i !== at % run.trace.events.length);
    return { ...run, trace: { events, total: events.length } };
  },
  'a result': (run, at) => ({
    ...run,
    trace: {
      ...run.trace,
      events: replaced(run.trace.events, at, (event) => ({ ...event, result: other(event.result) })),
    },
  }),
  'an argument or a register': (run, at) => ({
    ...run,
    trace: {
      ...run.trace,
      events: replaced(run.trace.events, at, (event) =>
        event.kind === 'call'
          ? { ...event, args: replaced(event.args, at, other) }
          : { ...event, regs: event.regs && (replaced(event.regs, at, other) as unknown as FrameRegs) },
      ),
    },
  }),
  'a byte of the stack': (run, at) => ({
    ...run,
    trace: {
      ...run.trace,
      events: replaced(run.trace.events, at, (event) => ({
        ...event,
        stack: event.stack && { ...event.stack, bytes: flipped(event.stack.bytes, at) },
      })),
    },
  }),
  'a breach of the ABI': (run) => ({
    ...run,
    breaches: [{ rule: 'callee-saved', what: 'rbx', want: 1n, got: 2n, at: 0 }],
  }),
};

describe('the judge', () => {
  it('finds that every run agrees with itself', () => {
    fc.assert(
      fc.property(execution, (run) => {
        expect(compare(run, structuredClone(run), POLICY)).toEqual({ kind: 'agree' });
      }),
      { seed: SEED, numRuns: 500 },
    );
  });

  it.each(Object.entries(CHANGES))('finds %s', (_, change) => {
    fc.assert(
      fc.property(execution, fc.nat(), (run, at) => {
        const verdict = compare(run, change(run, at), POLICY);
        expect(verdict.kind).toBe('diverge');
      }),
      { seed: SEED, numRuns: 500 },
    );
  });
});
