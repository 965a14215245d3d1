/**
 * What compiling, referring and encoding cost, in CPU time, since machines are shared; medians of rounds in which all
 * take turns. To compare two states of the code, run it in both, in turn, a few times.
 *
 *   npx tsc -p bench && node node_modules/.cache/bpf-oracle-bench/bench/cpu.js
 */

import { firstCases } from '../src/bench/cases.ts';
import { mixedProgram } from '../src/bench/mixed-program.ts';
import { encode } from '../src/bpf/encode.ts';
import type { Insn } from '../src/bpf/insn.ts';
import { aluImm, aluReg, EXIT_INSN, jccImm, movImm } from '../src/bpf/make-insn.ts';
import { buildProgram } from '../src/bpf/program.ts';
import { interpret } from '../src/interp/interpret.ts';
import { compile } from '../src/jit/compile.ts';
import { placementOf } from '../src/oracle/placement.ts';

const ROUNDS = 21;
const WARM_UP = 7;
/** Iterations of the hot loop, of three instructions each. */
const TURNS = 300_000;

interface Subject {
  readonly name: string;
  readonly unit: string;
  /** What a round does so many of. */
  readonly units: number;
  readonly run: () => void;
}

const loop: Insn[] = [movImm(0, 0), movImm(1, TURNS), aluReg('add', 0, 1), aluImm('add', 1, -1)];
const hot = buildProgram([...loop, jccImm('jne', 1, 0, -3), EXIT_INSN]);
const noInput = { input: { memory: new Uint8Array() }, models: new Map(), insnLimit: 10 * TURNS };
const cases = firstCases(500).map(({ program, input }) => {
  const placement = placementOf(compile(program).image, program, input);
  const options = { traceLimit: 4096, ...(placement === undefined ? {} : { placement }) };
  return { program, env: { input, models: new Map(), insnLimit: 100_000 }, options };
});
const small = Array.from({ length: 100 }, (_, seed) => mixedProgram(300, seed + 1));

const curve = [1_000, 10_000, 100_000, 1_000_000].map((insns): Subject => {
  const program = mixedProgram(insns, insns);
  return { name: `jit, ${insns}`, unit: 'insn', units: insns, run: () => compile(program) };
});

const SUBJECTS: readonly Subject[] = [
  { name: 'reference, hot loop', unit: 'insn', units: 3 * TURNS, run: () => interpret(hot, noInput) },
  {
    name: 'reference, hot loop, strict',
    unit: 'insn',
    units: 3 * TURNS,
    run: () => interpret(hot, noInput, { reference: 'strict' }),
  },
  {
    name: 'interpret',
    unit: 'case',
    units: cases.length,
    run: () => {
      for (const { program, env, options } of cases) interpret(program, env, options);
    },
  },
  {
    name: 'compile',
    unit: 'case',
    units: cases.length,
    run: () => {
      for (const { program } of cases) compile(program);
    },
  },
  {
    name: 'encode',
    unit: 'case',
    units: cases.length,
    run: () => {
      for (const { program } of cases) encode(program.insns);
    },
  },
  {
    name: 'jit, 300 each',
    unit: 'insn',
    units: 300 * small.length,
    run: () => {
      for (const program of small) compile(program);
    },
  },
  ...curve,
];

/** Nanoseconds of CPU time a unit. */
function cost({ units, run }: Subject): number {
  const start = process.cpuUsage();
  run();
  const { user, system } = process.cpuUsage(start);
  return ((user + system) * 1000) / units;
}

const taken = SUBJECTS.map((): number[] => []);
for (let round = 0; round < ROUNDS; round++) {
  SUBJECTS.forEach((each, k) => {
    taken[k]?.push(cost(each));
  });
}
SUBJECTS.forEach(({ name, unit }, k) => {
  const sorted = (taken[k] ?? []).slice(WARM_UP).sort((a, b) => a - b);
  const median = sorted[sorted.length >> 1] ?? 0;
  process.stdout.write(`${name.padEnd(30)} ${median.toFixed(1).padStart(10)} ns/${unit}\n`);
});
