/**
 * What generating costs, by arbitrary, and what the programs are like. Prints medians of rounds in which all
 * take turns, in CPU time, since machines are shared.
 *
 *   npx tsc -p bench && node node_modules/.cache/bpf-oracle-bench/bench/arb.js
 */
import fc from 'fast-check';
import {
  bpfProgram,
  callGraph,
  functionBody,
  type Generated,
  hostileProgram,
  lower,
  programSpec,
} from '../src/arb/index.ts';
import { interpret } from '../src/interp/interpret.ts';

const ROUNDS = 7;
/** Few at a time, as a fuzzer makes them: values that live long cost more. */
const BATCH = 50;
const BATCHES = 40;

interface Variant {
  readonly name: string;
  readonly run: (seed: number) => unknown;
}

const sampled = (name: string, arbitrary: fc.Arbitrary<unknown>): Variant => ({
  name,
  run: (seed) => fc.sample(arbitrary, { numRuns: BATCH, seed }),
});

const SPECS = fc.sample(programSpec(), { numRuns: BATCH, seed: 1 });
const PROGRAMS = fc.sample(bpfProgram(), { numRuns: BATCH, seed: 1 });
const runOf = ({ program, input }: Generated) =>
  interpret(program, { input, models: new Map(), insnLimit: 100_000 });

const VARIANTS: readonly Variant[] = [
  sampled('callGraph', callGraph()),
  sampled('functionBody', functionBody()),
  sampled('programSpec', programSpec()),
  { name: 'lower', run: () => SPECS.map((spec) => lower(spec)) },
  sampled('bpfProgram', bpfProgram()),
  sampled('hostileProgram', hostileProgram()),
  { name: 'interpret', run: () => PROGRAMS.map(runOf) },
];

function cpuOf({ run }: Variant): number {
  const start = process.cpuUsage();
  for (let batch = 0; batch < BATCHES; batch++) run(batch);
  const { user, system } = process.cpuUsage(start);
  return (user + system) / (BATCH * BATCHES);
}

const median = (values: readonly number[]): number =>
  values.toSorted((a, b) => a - b)[values.length >> 1] ?? 0;
const mean = (values: readonly number[]): number => values.reduce((a, b) => a + b, 0) / values.length;

function cost(): void {
  const times = new Map<string, number[]>(VARIANTS.map(({ name }) => [name, []]));
  for (let round = 0; round < ROUNDS; round++)
    for (const variant of VARIANTS) times.get(variant.name)?.push(cpuOf(variant));
  for (const [name, values] of times)
    console.log(`${name.padEnd(20)} ${median(values).toFixed(1).padStart(8)} us`);
}

function shape(): void {
  const programs = fc.sample(bpfProgram(), { numRuns: 2000, seed: 1 });
  const runs = programs.map(runOf);
  const rows: readonly (readonly [string, readonly number[]])[] = [
    ['instructions in the program', programs.map(({ program }) => program.insns.filter(Boolean).length)],
    ['functions', programs.map(({ program }) => program.subprogs.length)],
    ['instructions run', runs.map(({ insns }) => insns ?? 0)],
    ['calls made', runs.map(({ trace }) => trace.events.filter(({ kind }) => kind === 'call').length)],
    ['ends by exit', runs.map(({ outcome }) => (outcome.kind === 'exit' ? 1 : 0))],
  ];
  for (const [name, values] of rows)
    console.log(`${name.padEnd(32)} median ${median(values)}  mean ${mean(values).toFixed(2)}`);
}

cost();
shape();
