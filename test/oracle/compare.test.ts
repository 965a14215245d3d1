import { describe, expect, it } from 'vitest';
import type { Execution, Fault } from '../../src/core/execution.ts';
import { compare } from '../../src/oracle/compare.ts';
import type { Subject, Verdict } from '../../src/oracle/verdict.ts';
import { callEvent, execution, exit, faults, frameBytes, POLICY, REGS, returnEvent } from './fakes.ts';

const judge = (want: Execution, got: Execution, stated?: bigint): Verdict =>
  compare(want, got, POLICY, stated);

const subjects = (verdict: Verdict): Subject[] =>
  verdict.kind === 'diverge' ? verdict.divergences.map((d) => d.subject) : [];

const CALL_1 = { kind: 'call', call: 1, callee: { kind: 'kfunc', id: 1 } } as const;

describe('compare: the end of the run', () => {
  it('agrees when nothing differs', () => {
    const run = execution({
      outcome: exit(7n),
      memory: Uint8Array.of(1, 2),
      events: [callEvent(), returnEvent()],
    });
    expect(judge(run, run)).toEqual({ kind: 'agree' });
  });

  it('names r0, with both values', () => {
    const verdict = judge(execution({ outcome: exit(7n) }), execution({ outcome: exit(8n) }));
    expect(verdict).toEqual({
      kind: 'diverge',
      total: 1,
      divergences: [
        {
          subject: { kind: 'r0' },
          want: { kind: 'word', value: 7n },
          got: { kind: 'word', value: 8n },
          pc: null,
        },
      ],
    });
  });

  it.each<[string, Fault]>([
    ['a wild read', { kind: 'read', address: 0x10n, size: 8 }],
    ['a wild write', { kind: 'write', address: 0x10n, size: 8 }],
    ['a wild jump', { kind: 'fetch', address: 0x10n, size: 1 }],
    ['ud2', { kind: 'illegal' }],
    ['a division fault', { kind: 'divide' }],
    ['int3', { kind: 'interrupt', vector: 3 }],
    ['hlt', { kind: 'halt' }],
    ['a lost stack pointer', { kind: 'stack-lost', rsp: 1n }],
  ])('%s on the native side alone is a divergence of the outcome', (_, fault) => {
    const got = execution({ outcome: faults(fault, 3, 0x4000_004cn) });
    expect(judge(execution(), got)).toMatchObject({
      kind: 'diverge',
      total: 1,
      divergences: [
        { subject: { kind: 'outcome' }, want: { kind: 'outcome' }, got: { outcome: { fault } }, pc: 3 },
      ],
    });
  });

  it('native code without end is a divergence that says how long it ran', () => {
    expect(judge(execution(), execution({ outcome: { kind: 'budget' } }))).toMatchObject({
      kind: 'diverge',
      divergences: [{ got: { kind: 'outcome', outcome: { kind: 'budget' }, limit: 5000 } }],
    });
  });
});

describe('compare: faults of the program itself', () => {
  const read = (address: bigint, size = 8): Fault => ({ kind: 'read', address, size });
  const write = (address: bigint, size = 8): Fault => ({ kind: 'write', address, size });

  it.each<[string, Fault, Fault, Verdict['kind']]>([
    ['the same read', read(0x10n), read(0x10n), 'agree'],
    ['the same write', write(0x10n), write(0x10n), 'agree'],
    ['reported at its first unmapped byte', read(0xffcn), read(0x1000n), 'agree'],
    ['past the access', read(0x10n), read(0x18n), 'diverge'],
    ['before the access', read(0x10n), read(0x8n), 'diverge'],
    ['another kind', write(0x10n), read(0x10n), 'diverge'],
  ])('an unmapped access and %s', (_, want, got, kind) => {
    expect(judge(execution({ outcome: faults(want) }), execution({ outcome: faults(got) })).kind).toBe(kind);
  });

  it('an atomic may read before it writes', () => {
    const policy = { ...POLICY, isReadModifyWrite: (pc: number) => pc === 5 };
    const got = execution({ outcome: faults(read(0x10n)) });
    expect(compare(execution({ outcome: faults(write(0x10n), 5) }), got, policy).kind).toBe('agree');
    expect(compare(execution({ outcome: faults(write(0x10n), 6) }), got, policy).kind).toBe('diverge');
  });

  it('native code that goes on after an unmapped access diverges', () => {
    expect(judge(execution({ outcome: faults(read(0x10n), 2) }), execution())).toMatchObject({
      kind: 'diverge',
      divergences: [{ subject: { kind: 'outcome' }, pc: 2 }],
    });
  });

  it('state is compared at a common fault', () => {
    const outcome = faults(read(0x10n));
    const want = execution({ outcome, memory: Uint8Array.of(1) });
    expect(subjects(judge(want, execution({ outcome, memory: Uint8Array.of(2) })))).toEqual([
      { kind: 'memory', offset: 0 },
    ]);
  });

  it.each<[string, Execution, object]>([
    [
      'an access within a mapped page',
      execution({ outcome: faults(read(0x2a5c_be00_0008n), 1) }),
      { kind: 'mapped', pc: 1 },
    ],
    [
      'poison',
      execution({ outcome: faults({ kind: 'poison', what: 'r3' }, 1) }),
      { kind: 'poison', what: 'r3', pc: 1 },
    ],
    ['a 9th frame', execution({ outcome: faults({ kind: 'frames' }, 1) }), { kind: 'frames', pc: 1 }],
    [
      'the instruction limit',
      execution({ outcome: { kind: 'budget' } }),
      { kind: 'insn-limit', limit: 1000 },
    ],
    [
      'an instruction without a meaning',
      execution({ outcome: { kind: 'unsupported', what: 'callx', pc: 1 } }),
      { kind: 'unsupported', side: 'reference', what: 'callx', pc: 1 },
    ],
  ])('%s is inconclusive', (_, want, reason) => {
    expect(judge(want, execution())).toMatchObject({ kind: 'inconclusive', reason });
  });

  it('an access that leaves the mapped pages is not excused by its first byte', () => {
    const want = execution({ outcome: faults(read(0x2a5c_be00_0ffcn)) });
    expect(judge(want, execution()).kind).toBe('diverge');
  });

  it('a write to a read-only page is not natively possible', () => {
    const mapped = [{ address: 0x1000n, size: 8, writable: false }];
    const policy = { ...POLICY, mapped: () => mapped };
    const fault = { outcome: faults(write(0x1000n)) };
    expect(compare(execution(fault), execution(fault), policy).kind).toBe('agree');
    const reading = { outcome: faults(read(0x1010n)) };
    expect(compare(execution(reading), execution(), policy).kind).toBe('inconclusive');
  });

  it('what the engine cannot run is inconclusive', () => {
    const got = execution({ outcome: { kind: 'unsupported', what: 'xsave', pc: null } });
    expect(judge(execution(), got)).toMatchObject({ kind: 'inconclusive', reason: { side: 'native' } });
  });
});

describe('compare: the stated r0', () => {
  it.each<[string, bigint, bigint, Subject[]]>([
    ['both right', 5n, 5n, []],
    ['the interpreter wrong', 4n, 5n, [{ kind: 'r0' }, { kind: 'stated', side: 'reference' }]],
    ['the JIT wrong', 5n, 4n, [{ kind: 'r0' }, { kind: 'stated', side: 'native' }]],
    [
      'both wrong alike',
      4n,
      4n,
      [
        { kind: 'stated', side: 'reference' },
        { kind: 'stated', side: 'native' },
      ],
    ],
  ])('%s', (_, want, got, expected) => {
    expect(
      subjects(judge(execution({ outcome: exit(want) }), execution({ outcome: exit(got) }), 5n)),
    ).toEqual(expected);
  });

  it('is missed by a common fault', () => {
    const run = execution({ outcome: faults({ kind: 'read', address: 0n, size: 1 }) });
    expect(subjects(judge(run, run, 5n))).toEqual([
      { kind: 'stated', side: 'reference' },
      { kind: 'stated', side: 'native' },
    ]);
  });
});

describe('compare: memory', () => {
  it('gives each run of differing bytes, in context and data', () => {
    const want = execution({
      memory: Uint8Array.of(0, 1, 2, 3),
      data: [new Uint8Array(2), Uint8Array.of(9)],
    });
    const got = execution({ memory: Uint8Array.of(0, 8, 8, 3), data: [new Uint8Array(2), Uint8Array.of(7)] });
    expect(judge(want, got)).toMatchObject({
      divergences: [
        {
          subject: { kind: 'memory', offset: 1 },
          want: { bytes: Uint8Array.of(1, 2) },
          got: { bytes: Uint8Array.of(8, 8) },
        },
        { subject: { kind: 'data', section: 1, offset: 0 } },
      ],
    });
  });

  it('leaves poisoned bytes out', () => {
    const poison = Uint8Array.of(1, 0);
    const want = execution({
      memory: Uint8Array.of(1, 2),
      memoryPoison: poison,
      data: [Uint8Array.of(1)],
      dataPoison: [Uint8Array.of(1)],
    });
    expect(judge(want, execution({ memory: Uint8Array.of(9, 2), data: [Uint8Array.of(9)] })).kind).toBe(
      'agree',
    );
    expect(judge(want, execution({ memory: Uint8Array.of(9, 9), data: [Uint8Array.of(9)] })).kind).toBe(
      'diverge',
    );
  });

  it('keeps 32 divergences and counts all', () => {
    const want = execution({ memory: new Uint8Array(16 * 100) });
    const got = execution({ memory: new Uint8Array(16 * 100).fill(1) });
    const verdict = judge(want, got);
    expect(verdict).toMatchObject({ kind: 'diverge', total: 100 });
    expect(subjects(verdict)).toHaveLength(32);
  });
});

describe('compare: the trace', () => {
  const judgeEvents = (
    want: Parameters<typeof callEvent>[0],
    got: Parameters<typeof callEvent>[0],
  ): Subject[] =>
    subjects(judge(execution({ events: [callEvent(want)] }), execution({ events: [callEvent(got)] })));

  it('names swapped arguments by position, though their sum is the same', () => {
    expect(
      judgeEvents({ args: [1n, 2n, 3n, 4n, 5n, 6n, 7n, 8n] }, { args: [1n, 2n, 3n, 4n, 5n, 6n, 8n, 7n] }),
    ).toEqual([
      { kind: 'arg', place: CALL_1, position: 7 },
      { kind: 'arg', place: CALL_1, position: 8 },
    ]);
  });

  it('leaves poisoned arguments out', () => {
    expect(judgeEvents({ args: [1n, undefined] }, { args: [1n, 77n] })).toEqual([]);
  });

  it('names registers of the frame and the result', () => {
    const regs = [6n, 7n, 1n, 9n, REGS[4]] as const;
    expect(judgeEvents({}, { regs, result: 5n })).toEqual([
      { kind: 'reg', place: CALL_1, reg: 8 },
      { kind: 'result', place: CALL_1 },
    ]);
  });

  it('names stack bytes by their distance to r10, whatever each side shows of the frame', () => {
    const want = { stack: frameBytes([0, 0, 0, 1, 2, 3, 4], [0, 0, 0, 0, 0, 1, 0]) };
    expect(judgeEvents(want, { stack: frameBytes([1, 9, 9, 4]) })).toEqual([
      { kind: 'stack', place: CALL_1, offset: -3 },
    ]);
  });

  it('stops at another callee: later events tell nothing', () => {
    const other = callEvent({ callee: { kind: 'helper', id: 1 } });
    const verdict = judge(
      execution({ events: [callEvent(), callEvent()] }),
      execution({ events: [other, other] }),
    );
    expect(subjects(verdict)).toEqual([{ kind: 'event', place: CALL_1 }]);
  });

  it.each([
    ['missing', [callEvent(), returnEvent()], [callEvent()]],
    ['extra', [callEvent()], [callEvent(), returnEvent()]],
  ])('a %s event is a divergence', (_, want, got) => {
    expect(subjects(judge(execution({ events: want }), execution({ events: got })))).toEqual([
      { kind: 'event', place: { kind: 'return', call: 0, callee: null } },
    ]);
  });

  it('a trace cut short by a native fault is not counted again', () => {
    const got = execution({ outcome: faults({ kind: 'illegal' }), events: [callEvent()] });
    const want = execution({ events: [callEvent(), callEvent(), returnEvent()] });
    expect(subjects(judge(want, got))).toEqual([{ kind: 'outcome' }]);
  });

  it('compares what both kept of a long trace, then the totals', () => {
    const side = (total: number) => execution({ trace: { events: [callEvent()], total } });
    expect(judge(side(5000), side(5000)).kind).toBe('agree');
    expect(subjects(judge(side(5000), side(5001)))).toEqual([{ kind: 'trace-length' }]);
  });

  it('pairs returns with their calls', () => {
    const sub = { kind: 'bpf', id: 1 } as const;
    const events = (result: bigint) => [
      callEvent({ callee: sub, result: undefined }),
      callEvent(),
      returnEvent({ subprog: 1, result, regs: REGS }),
      returnEvent(),
    ];
    expect(subjects(judge(execution({ events: events(1n) }), execution({ events: events(2n) })))).toEqual([
      { kind: 'result', place: { kind: 'return', call: 1, callee: sub } },
    ]);
  });
});

describe('compare: the native ABI', () => {
  it('each breach is a divergence, placed at its call', () => {
    const breach = { rule: 'callee-saved', what: 'rbx', want: 1n, got: 2n, at: 0 } as const;
    const got = execution({ events: [callEvent()], breaches: [breach, { ...breach, at: 9 }] });
    expect(judge(execution({ events: [callEvent()] }), got)).toEqual({
      kind: 'diverge',
      total: 2,
      divergences: [
        {
          subject: { kind: 'abi', rule: 'callee-saved', what: 'rbx', place: CALL_1 },
          want: { kind: 'word', value: 1n },
          got: { kind: 'word', value: 2n },
          pc: 4,
        },
        expect.objectContaining({
          subject: { kind: 'abi', rule: 'callee-saved', what: 'rbx', place: null },
          pc: null,
        }),
      ],
    });
  });
});
