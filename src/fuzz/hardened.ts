/** The lane of hardened code: programs of the lane `valid`, each with a choice of what hardens code. */
import * as fc from 'fast-check';
import { shrinkProgram } from '../arb/shrink.ts';
import type { ProgramSpec } from '../arb/spec.ts';
import { BLINDING, type JitSwitch, type JitSwitches } from '../core/jit-switches.ts';
import { caseRandom } from './case-random.ts';

export interface HardenedCase {
  readonly spec: ProgramSpec;
  readonly jit: JitSwitches;
}

const MAX_MASK_SEED = 0xffff;
/** Another stream of random numbers than the program is drawn from. */
const STREAM = 0x4852_4400;

const HARDENING = fc.record({
  on: fc.subarray(['endbr', 'retpoline', 'returnThunk', 'callDepth', 'lfence'] satisfies JitSwitch[], {
    minLength: 1,
  }),
  masks: fc.option(fc.nat(MAX_MASK_SEED)),
});

/** What hardens the code of a case. */
export function drawHardening(seed: number, index: number): JitSwitches {
  const { on, masks } = HARDENING.generate(caseRandom(seed ^ STREAM, index), undefined).value;
  return {
    ...Object.fromEntries(on.map((name) => [name, true])),
    ...(masks === null ? {} : { [BLINDING]: masks }),
  };
}

/** With one thing less, then with a simpler program. */
export function* simplerHardened({ spec, jit }: HardenedCase): Iterable<HardenedCase> {
  for (const dropped of Object.keys(jit)) {
    const rest = Object.entries(jit).filter(([name]) => name !== dropped);
    yield { spec, jit: Object.fromEntries(rest) };
  }
  for (const simpler of shrinkProgram(spec)) yield { spec: simpler, jit };
}
