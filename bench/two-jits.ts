/**
 * The JITs of two builds in one process, in turn: programs of 300 instructions to one of 1,000,000, and the programs
 * of `fuzz`, of all lanes. What counts is the tenth part of the rounds that was disturbed least; CPU time.
 *
 *   npx tsc -p bench && node node_modules/.cache/bpf-oracle-bench/bench/two-jits.js ../before/dist dist
 */
import { resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { Subject } from '../src/fuzz/judge.ts';
import type { compile as Compile } from '../src/jit/compile.ts';

const ROUNDS = 120;
const WARM_UP = 20;
const LEAST = 0.1;
const SMALL = { programs: 60, insns: 300 };
const SIZES = [1_000, 10_000, 100_000, 1_000_000];
const CASES = 640;
/** Of the largest programs fewer rounds do. */
const INSNS = 6_000_000;

interface Work {
  readonly name: string;
  readonly unit: 'insn' | 'case';
  readonly units: number;
  readonly rounds: number;
  readonly run: () => void;
}

async function open(folder: string): Promise<Work[]> {
  const load = (file: string): Promise<unknown> => import(pathToFileURL(resolve(folder, file)).href);
  const { compile } = (await load('jit/compile.js')) as { compile: typeof Compile };
  const { mixedProgram } = (await load(
    'bench/mixed-program.js',
  )) as typeof import('../src/bench/mixed-program.ts');
  const { LANES, laneAt, laneNamed, validMix } = (await load(
    'fuzz/lanes.js',
  )) as typeof import('../src/fuzz/lanes.ts');
  const valid = validMix();
  const mix = { ...valid, lanes: LANES.map(({ name }) => name) };
  const casesOf = (of: typeof mix): Subject[] =>
    Array.from({ length: CASES }, (_, i) => laneNamed(laneAt(i, of)).draw(1, i, of).subject);
  const cases = (name: string, subjects: readonly Subject[]): Work => ({
    ...{ name, unit: 'case', units: subjects.length, rounds: ROUNDS },
    run: () => {
      for (const { program, jit } of subjects) compile(program, jit);
    },
  });
  const small = Array.from({ length: SMALL.programs }, (_, k) => mixedProgram(SMALL.insns, k + 1));
  return [
    {
      ...{ name: '300', unit: 'insn', units: SMALL.insns * small.length, rounds: ROUNDS },
      run: () => {
        for (const program of small) compile(program);
      },
    },
    ...SIZES.map((insns): Work => {
      const program = mixedProgram(insns, insns);
      const rounds = Math.min(ROUNDS, WARM_UP + Math.ceil(INSNS / insns));
      return { name: `${insns}`, unit: 'insn', units: insns, rounds, run: () => compile(program) };
    }),
    cases('valid', casesOf({ ...mix, lanes: valid.lanes.slice() })),
    cases('mix', casesOf(mix)),
  ];
}

/** Microseconds of CPU time a unit. */
function cost({ units, run }: Work): number {
  const start = process.cpuUsage();
  run();
  const { user, system } = process.cpuUsage(start);
  return (user + system) / units;
}

const [, , ...folders] = process.argv;
const builds: Work[][] = [];
for (const folder of folders) builds.push(await open(folder));
for (const [k, { name, unit, rounds }] of (builds[0] ?? []).entries()) {
  const each = builds.map((works) => works[k] as Work);
  const taken = each.map((): number[] => []);
  for (let round = 0; round < rounds; round++)
    for (const [b, work] of each.entries()) taken[b]?.push(cost(work));
  const figures = taken.map((all) => {
    const sorted = all.slice(all.length > 2 * WARM_UP ? WARM_UP : WARM_UP >> 1).sort((x, y) => x - y);
    return sorted[Math.floor(LEAST * sorted.length)] ?? Number.NaN;
  });
  const cells = figures.map((us) =>
    unit === 'insn' ? `${(1 / us).toFixed(2)} M insns/s` : `${us.toFixed(1)} us`,
  );
  const ratios = figures.map((us) => (us / (figures[0] ?? us)).toFixed(2));
  console.log(name.padEnd(10), cells.join('  '), ` time, to the first: ${ratios.join(' ')}`);
}
