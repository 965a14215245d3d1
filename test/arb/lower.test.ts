import { describe, expect, it } from 'vitest';
import { type ArgSource, type ArgType, type FunctionSpec, lower, type Stmt } from '../../src/arb/index.ts';
import type { CallEvent, TraceEvent } from '../../src/core/execution.ts';
import { checkProgram, runGenerated } from './valid.ts';

const PLAIN: FunctionSpec = { args: 2, stack: 0, incoming: [], restarts: 0, body: [], mix: 0 };
const MEMORY = { ctx: 16, data: 24, rodata: 8, seed: 77 } as const;

const call = (kind: 'bpf' | 'native', args: readonly ArgSource[] = []): Stmt => ({
  kind: 'call',
  callee: { kind, index: 0 },
  args,
  order: [],
  scratch: 0,
});

/** Events of main calling f1, which takes argument `argument` as `as`, and then a helper. */
function eventsOf(args: number, argument: number, as: ArgType, sources: readonly ArgSource[]): TraceEvent[] {
  const generated = lower({
    functions: [
      { ...PLAIN, stack: 64, body: [call('bpf', sources), call('native')] },
      { ...PLAIN, args, incoming: [{ argument, as, dst: 1, spill: false }], mix: 0b10 },
    ],
    natives: [{ kind: 'helper', args: 0 }],
    ...MEMORY,
  });
  checkProgram(generated);
  return [...runGenerated(generated).trace.events];
}

const stackAt = ({ stack }: CallEvent, address: bigint): string => {
  if (stack === null) return 'none';
  const from = Number(address - stack.address);
  return Buffer.from(stack.bytes.subarray(from, from + 8)).toString('hex');
};

describe('a pointer argument', () => {
  it.each([
    [1, 'write'],
    [1, 'update'],
    [5, 'write'],
    [6, 'write'],
    [12, 'update'],
  ] as const)('%d: what the callee does by `%s` is seen in the caller’s stack', (argument, as) => {
    const sources: ArgSource[] = [];
    sources[argument - 1] = { from: 'pointer', region: 'stack', off: 3 };
    const [first, , second] = eventsOf(argument, argument, as, sources);
    if (first?.kind !== 'call' || second?.kind !== 'call') expect.fail('no such calls');
    const pointer = first.args[argument - 1] ?? 0n;
    expect(stackAt(second, pointer)).not.toBe(stackAt(first, pointer));
  });

  it.each([
    ['a number', { from: 'imm', imm: 5 }],
    ['a word', { from: 'word', word: 5n }],
    ['a register', { from: 'reg', reg: 7 }],
    ['a pointer to the context', { from: 'pointer', region: 'ctx', off: 9 }],
    ['a pointer to data', { from: 'pointer', region: 'data', off: 9 }],
  ] as const)('is one, though the caller has %s for it', (_, source) => {
    for (const argument of [1, 7]) {
      const sources: ArgSource[] = [];
      sources[argument - 1] = source;
      const [first] = eventsOf(argument, argument, 'read', sources);
      expect(first?.kind === 'call' && (first.args[argument - 1] ?? 0n)).toBeGreaterThan(0x1000_0000n);
    }
  });
});

describe('main', () => {
  it.each(['read', 'write', 'update'] as const)(
    'takes no argument for a pointer, though told to `%s` it',
    (as) => {
      const incoming = [{ argument: 2, as, dst: 3, spill: false }];
      checkProgram(lower({ functions: [{ ...PLAIN, incoming }], natives: [], ...MEMORY }));
    },
  );
});

describe('a narrow argument', () => {
  const DIRTY = 0xfedc_ba98_8765_80f3n;

  /** What a function gives back that takes DIRTY as its argument: r0 * MIX + r1, where r0 is known. */
  function taken(argument: number, as: ArgType): bigint {
    const sources: ArgSource[] = [];
    sources[argument - 1] = { from: 'word', word: DIRTY };
    const resultOf = (type: ArgType): bigint => {
      const [, back] = eventsOf(argument, argument, type, sources);
      return back?.result ?? 0n;
    };
    return BigInt.asUintN(64, resultOf(as) - resultOf('u64') + DIRTY);
  }

  it.each([
    ['u8', 0xf3n],
    ['u16', 0x80f3n],
    ['u32', 0x8765_80f3n],
    ['s8', 0xffff_fff3n],
    ['s16', 0xffff_80f3n],
    ['s32', 0xffff_ffff_8765_80f3n],
  ] as const)('%s drops the upper bits, in registers and on the stack', (as, want) => {
    for (const argument of [1, 6, 12]) expect(taken(argument, as)).toBe(want);
  });
});

describe('a call', () => {
  it('passes the number of an argument where none was drawn for it', () => {
    const [first] = eventsOf(12, 1, 'u64', []);
    expect(first?.kind === 'call' && first.args).toEqual(Array.from({ length: 12 }, (_, i) => BigInt(i + 1)));
  });

  it('passes another value for a register that argument registers have taken', () => {
    const sources: ArgSource[] = [
      { from: 'word', word: 1n },
      { from: 'reg', reg: 1 },
      { from: 'argument', argument: 1 },
    ];
    const [first] = eventsOf(3, 1, 'u64', sources);
    if (first?.kind !== 'call') expect.fail('no call');
    expect(first.args[1]).not.toBe(1n);
    expect(first.args[2]).toBe(1n);
  });
});
