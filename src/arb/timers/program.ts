/**
 * Programs whose functions timers call, after the program: set up by main, by functions, in loops of bpf_loop and by each
 * other; started again, late, twice, never, cancelled. They call functions of up to 12 arguments.
 */
import * as fc from 'fast-check';
import { functionOf, MAX_OTHERS, plainSteps } from '../callbacks/draw.ts';
import { type CallbackProgram, lowerCallbacks } from '../callbacks/program.ts';
import type { CallbackFunction, CallbackRole, CallbackStep } from '../callbacks/spec.ts';
import { TIMERS, type TimerStep } from './code.ts';

const MAX_STEPS = 3;
const MAX_NSECS = 3;

const rarely = <T>(usual: T, rare: fc.Arbitrary<T>): fc.Arbitrary<T> =>
  fc.oneof({ withCrossShrink: true }, { arbitrary: fc.constant(usual), weight: 7 }, rare);

const timerOf = (...ops: readonly TimerStep['op'][]): fc.Arbitrary<TimerStep> =>
  fc.record({
    kind: fc.constant('timer' as const),
    op: fc.constantFrom(...ops),
    timer: fc.nat(TIMERS - 1),
    callee: fc.nat(MAX_OTHERS),
    nsecs: rarely(0, fc.integer({ min: -1, max: MAX_NSECS })),
    flags: rarely(0, fc.nat(7)),
  });

const step: fc.Arbitrary<CallbackStep> = fc.oneof(
  { withCrossShrink: true },
  ...plainSteps(3),
  fc.record({
    kind: fc.constant('helper' as const),
    callee: fc.nat(MAX_OTHERS),
    count: fc.nat(2),
    flags: fc.constant(0),
    isSpilled: fc.boolean(),
  }),
  { arbitrary: timerOf('arm', 'arm', 'start', 'init', 'set', 'cancel'), weight: 4 },
);

const drawn = (...roles: readonly CallbackRole[]): fc.Arbitrary<CallbackFunction> =>
  functionOf(step, MAX_STEPS, ...roles);

/** Programs with timers, of which main starts one at least. Shrinks towards a main of one step. */
export function timerProgram(): fc.Arbitrary<CallbackProgram> {
  const any = drawn('timer', 'timer', 'loop', 'function', 'function');
  return fc
    .record({
      main: fc
        .tuple(drawn('function'), timerOf('arm'))
        .map(([main, arm]) => ({ ...main, steps: [arm, ...main.steps] })),
      others: fc
        .tuple(fc.array(any, { maxLength: MAX_OTHERS - 2, size: 'max' }), drawn('timer'), drawn('function'))
        .map(([first, timer, last]) => [...first, timer, last]),
      elements: fc
        .array(fc.tuple(fc.nat(1000), fc.nat(1000)), { minLength: TIMERS, maxLength: TIMERS })
        .map((pairs) => pairs.flatMap(([key, word]) => [key, 0, 0, word])),
    })
    .map(lowerCallbacks);
}
