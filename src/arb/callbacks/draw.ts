/** What functions of both lanes are drawn of: those that helpers call, and those that timers call. */
import * as fc from 'fast-check';
import { MAX_ARGS } from '../../bpf/calling.ts';
import type { CallbackFunction, CallbackRole, CallbackStep } from './spec.ts';

/** Functions beside main, at the most. */
export const MAX_OTHERS = 5;
const MAX_WORDS = 4;

/** A step of either lane; `weight`: of its calls of functions. */
export const plainSteps = (weight: number): fc.WeightedArbitrary<CallbackStep>[] => [
  { arbitrary: fc.record({ kind: fc.constant('mix' as const), imm: fc.nat(100) }), weight: 1 },
  {
    arbitrary: fc.record({
      kind: fc.constant('call' as const),
      callee: fc.nat(MAX_OTHERS),
      imm: fc.nat(100),
    }),
    weight,
  },
];

/** A function of one of the roles, of up to `maxSteps` steps. */
export const functionOf = (
  step: fc.Arbitrary<CallbackStep>,
  maxSteps: number,
  ...roles: readonly CallbackRole[]
): fc.Arbitrary<CallbackFunction> =>
  fc.record({
    role: fc.constantFrom(...roles),
    args: fc.nat(MAX_ARGS),
    keeper: fc.nat(3),
    saved: fc.nat(15),
    words: fc.nat(MAX_WORDS),
    stop: fc.nat(15),
    steps: fc.array(step, { minLength: 1, maxLength: maxSteps, size: 'max' }),
  });
