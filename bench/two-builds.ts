/**
 * Two builds of this project in one process, in turn, stage by stage: what a step has changed. Machines are shared, so
 * rounds are short (24 cases) and what counts is the twentieth part of them that was disturbed least. `mix` is a case
 * of `fuzz`, of all lanes, from its number to its place in the counts.
 *
 *   npx tsc -p bench && node --max-semi-space-size=32 node_modules/.cache/bpf-oracle-bench/bench/two-builds.js \
 *     unicorn ../before/dist dist
 */
import { resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { nanoseconds, type Probe } from '../src/bench/rounds.ts';
import type { Engine } from '../src/emu/engine.ts';
import type { EngineName } from '../src/emu/engine-names.ts';

const ROUNDS = 200;
const CASES = 24;
/** Cases of a block of `fuzz`, and blocks that take turns. */
const BLOCK = 64;
const BLOCKS = 40;
const WARM_UP = { rounds: 20, cases: 320 };
const LEAST = 0.05;

interface Build {
  readonly probes: readonly Probe[];
  readonly taken: Map<string, number[]>;
}

type Load = (file: string) => Promise<unknown>;

async function open(folder: string, engine: EngineName): Promise<Build> {
  const load: Load = (file) => import(pathToFileURL(resolve(folder, file)).href);
  const { wholeCases } = (await load('bench/stages.js')) as typeof import('../src/bench/stages.ts');
  const { openEngine, prepareEngines } = (await load(
    'emu/engines.js',
  )) as typeof import('../src/emu/engines.ts');
  await prepareEngines([engine]);
  const warm = wholeCases(openEngine(engine), WARM_UP.cases, 'warm up');
  for (let round = 0; round < WARM_UP.rounds; round++) warm.run();
  const mix = await mixed(load, () => openEngine(engine));
  return { probes: [wholeCases(openEngine(engine), CASES, 'whole case'), mix], taken: new Map() };
}

/** Blocks as `fuzz` has them; each a little further on. */
async function mixed(load: Load, engine: () => Engine): Promise<Probe> {
  const { Shard } = (await load('fuzz/shard.js')) as typeof import('../src/fuzz/shard.ts');
  const { Checker } = (await load('checker.js')) as typeof import('../src/checker.ts');
  const { LANES, validMix } = (await load('fuzz/lanes.js')) as typeof import('../src/fuzz/lanes.ts');
  const mix = { ...validMix(), lanes: LANES.map(({ name }) => name) };
  const shard = new Shard({ seed: 1, mix, vacuityEvery: BLOCK, open: () => new Checker({ engine }) });
  let next = 0;
  const run = (): ReadonlyMap<string, number> => {
    const start = nanoseconds();
    shard.runBlock({ start: next, count: BLOCK, choices: [] });
    next = (next + BLOCK) % (BLOCKS * BLOCK);
    return new Map([['mix', (nanoseconds() - start) / BLOCK]]);
  };
  for (let round = 0; round < 2 * BLOCKS; round++) run();
  return { name: 'mix', run };
}

/** In builds from before `load` and `observe` were stages, `emulate` is all three. */
function comparable(figures: ReadonlyMap<string, number>): ReadonlyMap<string, number> {
  const emulate = figures.get('emulate');
  if (emulate === undefined || figures.has('load')) return figures;
  return new Map([...figures].map(([name, ns]) => [name === 'emulate' ? 'native' : name, ns]));
}

const [, , engine = 'unicorn', ...folders] = process.argv;
const builds: Build[] = [];
for (const folder of folders) builds.push(await open(folder, engine as EngineName));
for (let round = 0; round < ROUNDS; round++) {
  for (const { probes, taken } of builds) {
    for (const [stage, ns] of probes.flatMap((probe) => [...comparable(probe.run())]))
      taken.set(stage, [...(taken.get(stage) ?? []), ns / 1000]);
  }
}
const at = (values: readonly number[] = []): number =>
  values.toSorted((a, b) => a - b)[Math.floor(LEAST * values.length)] ?? Number.NaN;
console.log(`${engine}, us a case, and the first build to each`);
const stages = [...(builds[0]?.taken.keys() ?? [])];
for (const stage of stages.filter((name) => builds.every(({ taken }) => taken.has(name)))) {
  const figures = builds.map(({ taken }) => at(taken.get(stage)));
  const cells = figures.map((us) => `${us.toFixed(1)} (${((figures[0] ?? us) / us).toFixed(2)})`);
  console.log(stage.padEnd(10), cells.join('  '));
}
// Engines are left to the end of the process.
process.exit(0);
