/** A worker of `bench`: a process that runs the same cases as often as it is asked. Started by bench-steady.ts. */
import { bareEngine } from '../bench/bare-engine.ts';
import { casesAt, firstCases, medianIndexes, SEED } from '../bench/cases.ts';
import { perUnit } from '../bench/rounds.ts';
import { Checker } from '../checker.ts';
import type { EngineName } from '../emu/engine-names.ts';
import { openEngine, prepareEngines } from '../emu/engines.ts';
import { openUnicorn } from '../emu/unicorn.ts';
import { validMix } from '../fuzz/lanes.ts';
import { SAMPLE_RATE } from '../fuzz/sample.ts';
import { Shard } from '../fuzz/shard.ts';
import { endWithParent } from '../jits/posix.ts';
import { RunningFile } from './running-file.ts';
import { serve } from './worker-serve.ts';

/** What it is started with. */
export interface SteadySetup {
  /** Judges cases as a worker of `fuzz` does; or runs their images on Unicorn, and looks at nothing. */
  readonly on: EngineName | BareName;
  /** Of lane `valid`: the first, or those of the median program. */
  readonly programs: 'first' | 'median';
  readonly cases: number;
  /** Where it notes what it runs. */
  readonly runningFile: string;
}

/** The library as it is, and as engines use it. */
export type BareName = 'bare' | 'lean';

/** Cases in a block of a campaign that is well under way. */
const BLOCK = 256;

endWithParent();
serve<SteadySetup, null, number>(async (setup) =>
  setup.on === 'bare' || setup.on === 'lean' ? bare(setup, setup.on) : whole(setup, setup.on),
);

/** Nanoseconds a case. */
function bare({ programs, cases }: SteadySetup, name: BareName): () => number {
  const made = programs === 'first' ? firstCases(cases) : casesAt(medianIndexes(cases));
  const probe = bareEngine(name, openUnicorn({ blockHook: 'none', isLean: name === 'lean' }), made);
  return () => probe.run().get('emulate') ?? Number.NaN;
}

async function whole({ cases, runningFile }: SteadySetup, engine: EngineName): Promise<() => number> {
  await prepareEngines([engine]);
  const indexes = medianIndexes(cases);
  const mix = { ...validMix(), lanes: ['valid'] as const };
  const running = new RunningFile(runningFile, SEED, new Map(), mix);
  const shard = new Shard({
    seed: SEED,
    mix,
    ...SAMPLE_RATE,
    open: () => new Checker({ engine: () => openEngine(engine) }),
    before: (path) => running.note(path),
  });
  return () =>
    perUnit(cases, () => {
      for (let at = 0; at < cases; at += BLOCK) {
        const picked = indexes.slice(at, at + BLOCK);
        const agree = shard.runPicked(picked).valid?.agree;
        if (agree !== picked.length) throw new RangeError(`of ${picked.length} cases ${agree} agree`);
      }
    });
}
