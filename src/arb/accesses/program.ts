/**
 * Programs with probes, accesses to an arena, casts of addresses and per-CPU data: one after the other, between calls,
 * on memory that is there and where nothing is. In the end all registers are mixed into r0.
 */
import * as fc from 'fast-check';
import { buildProgram, type Program } from '../../bpf/program.ts';
import type { Input } from '../../core/env.ts';
import { DATA_BASE } from '../../core/layout.ts';
import { distinctBytes } from '../distinct.ts';
import { accessCode } from './code.ts';
import { arenaAddress, MISSES, PERCPU_START, REGION_BYTES } from './places.ts';
import type { AccessSpec, AccessStep, Whereabouts } from './spec.ts';

export interface AccessProgram {
  readonly spec: AccessSpec;
  readonly program: Program;
  readonly input: Input;
}

const MAX_STEPS = 10;
/** Streams of distinct.ts. */
const STREAMS = [0xffe0, 0xffe1, 0xffe2] as const;

/** Lowers any spec. */
export function lowerAccesses(spec: AccessSpec): AccessProgram {
  const { insns, functions } = accessCode(spec.steps);
  const bytes = STREAMS.map((stream) => distinctBytes(spec.seed, stream, REGION_BYTES));
  const section = (name: string, address: bigint, k: number) => ({
    name,
    address,
    bytes: bytes[k] as Uint8Array,
    writable: true,
  });
  const program = buildProgram(insns, {
    name: 'accesses',
    functionNames: functions,
    functionArgs: new Map([...functions].filter(([, name]) => name !== 'main').map(([slot]) => [slot, 1])),
    callees: [{ kind: 'helper', id: 5, name: 'helper_5', args: 5 }],
    data: [
      section('.data', DATA_BASE, 0),
      section('.percpu', PERCPU_START, 1),
      section('arena', arenaAddress, 2),
    ],
  });
  return { spec, program, input: { memory: new Uint8Array() } };
}

const reg = fc.nat(9);
const size = fc.constantFrom(8 as const, 1 as const, 2 as const, 4 as const);
const off = fc.constantFrom(0, 8, -8, 127, 128, -128, -129, 0x7fff, -0x8000);
const imm = fc.oneof(fc.constantFrom(0, 1, -1, 0x7fff_ffff), fc.integer());
const at: fc.Arbitrary<Whereabouts> = fc.oneof(
  { withCrossShrink: true },
  fc.record({ hit: fc.nat(REGION_BYTES - 1) }),
  fc.record({ miss: fc.nat(MISSES - 1) }),
);
const kind = <K extends AccessStep['kind']>(name: K): fc.Arbitrary<K> => fc.constant(name);

const step: fc.Arbitrary<AccessStep> = fc.oneof(
  { withCrossShrink: true },
  fc.record({ kind: kind('set'), reg, value: fc.bigInt(0n, 2n ** 64n - 1n) }),
  fc.record({ kind: kind('mix'), op: fc.constantFrom('add', 'xor', 'mul'), dst: reg, src: reg }),
  {
    arbitrary: fc.record({
      ...{ kind: kind('load'), access: fc.constantFrom('probe', 'arena'), size, sign: fc.boolean() },
      ...{ dst: reg, base: reg, at, off },
    }),
    weight: 6,
  },
  {
    arbitrary: fc.record({
      ...{ kind: kind('store'), size, base: reg, at, off },
      value: fc.oneof(fc.record({ reg }), fc.record({ imm })),
    }),
    weight: 2,
  },
  {
    arbitrary: fc.record({
      ...{ kind: kind('atomic'), size, value: reg, base: reg, at, off },
      op: fc.constantFrom(
        ...(['add', 'or', 'and', 'xor', 'fetch_add', 'xchg', 'cmpxchg'] as const),
        ...(['load_acquire', 'store_release'] as const),
      ),
    }),
    weight: 2,
  },
  {
    arbitrary: fc.record({ kind: kind('cast'), to: fc.constantFrom('user', 'kernel'), dst: reg, src: reg }),
    weight: 2,
  },
  {
    arbitrary: fc.record({ kind: kind('percpu'), dst: reg, src: reg, word: fc.nat(7), stores: fc.boolean() }),
    weight: 2,
  },
  {
    arbitrary: fc.record({ kind: kind('call'), callee: fc.constantFrom('helper', 'function') }),
    weight: 3,
  },
);

/** Such programs. Shrinks towards one step. */
export const accessProgram = (): fc.Arbitrary<AccessProgram> =>
  fc
    .record({
      seed: fc.nat(0x7fff_ffff),
      steps: fc.array(step, { minLength: 1, maxLength: MAX_STEPS, size: 'max' }),
    })
    .map(lowerAccesses);
