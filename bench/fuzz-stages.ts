/**
 * Where the time of a fuzzed case goes: stage by stage, in one thread, and as a shard runs them. Prints medians
 * of rounds, since machines are shared; fresh cases in every round, as a fuzz has them.
 *
 *   npx tsc -p bench && node node_modules/.cache/bpf-oracle-bench/bench/fuzz-stages.js
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Generated, lower } from '../src/arb/lower.ts';
import type { ProgramSpec } from '../src/arb/spec.ts';
import { encode } from '../src/bpf/encode.ts';
import { Checker } from '../src/checker.ts';
import { RunningFile } from '../src/cli/running-file.ts';
import { ImageRunner } from '../src/emu/run-image.ts';
import { openUnicorn } from '../src/emu/unicorn.ts';
import { CallCoverage } from '../src/fuzz/call-coverage.ts';
import { CaseDigest } from '../src/fuzz/digest.ts';
import { drawSpec } from '../src/fuzz/generate.ts';
import { INSN_LIMIT } from '../src/fuzz/judge.ts';
import { OpcodeCoverage } from '../src/fuzz/opcode-coverage.ts';
import { Shard } from '../src/fuzz/shard.ts';
import { Statistics } from '../src/fuzz/statistics.ts';
import { interpret } from '../src/interp/interpret.ts';
import { compile, defaultAddresses } from '../src/jit/compile.ts';
import type { Case, CaseResult } from '../src/oracle/case.ts';
import { type Machines, runCase } from '../src/oracle/run.ts';

const ROUNDS = 15;
const CASES = 400;

const nanoseconds = (): number => Number(process.hrtime.bigint());

/** Nanoseconds by stage, of one round. */
class Clock {
  readonly times = new Map<string, number>();

  measure<T>(stage: string, work: () => T): T {
    const start = nanoseconds();
    const value = work();
    this.add(stage, nanoseconds() - start);
    return value;
  }

  add(stage: string, spent: number): void {
    this.times.set(stage, (this.times.get(stage) ?? 0) + spent);
  }
}

const runner = new ImageRunner(openUnicorn());

/** Our machines, each timed. */
const machines = (clock: Clock): Machines => ({
  compile: (program) => clock.measure('compile', () => compile(program).image),
  reference: (program, env, request) => clock.measure('interpret', () => interpret(program, env, request)),
  native: (image, program, env, request) =>
    clock.measure('emulate', () => {
      const addressOf = defaultAddresses(program);
      const callees = [...program.callees.values()].map((ref) => ({
        ref,
        args: ref.args,
        address: addressOf(ref),
      }));
      const subject = { subprogs: program.subprogs, callees, data: program.data };
      return runner.run(image, subject, env, { ...request, stackBytes: true });
    }),
});

const caseOf = ({ program, input }: Generated): Case => ({
  name: 'generated',
  program,
  env: { input, models: new Map(), insnLimit: INSN_LIMIT },
});

/** One round: fresh cases through every stage. */
function round(first: number, running: RunningFile): Map<string, number> {
  const clock = new Clock();
  const [digest, opcodes, calls, statistics] = [
    new CaseDigest(),
    new OpcodeCoverage(),
    new CallCoverage(),
    new Statistics(),
  ];
  const timed = machines(clock);
  for (let index = first; index < first + CASES; index++) {
    const spec: ProgramSpec = clock.measure('draw', () => drawSpec(1, index));
    const subject = clock.measure('lower', () => lower(spec));
    const code = clock.measure('encode', () => encode(subject.program.insns));
    clock.measure('digest', () => digest.add(index, subject, code));
    clock.measure('save', () => running.note({ index, choices: [] }));
    const start = nanoseconds();
    const result: CaseResult = runCase(caseOf(subject), timed);
    clock.add('judge', nanoseconds() - start);
    clock.measure('count', () => {
      opcodes.add(code);
      statistics.add(result);
      if (result.want !== null) calls.add(subject.program, result.want.trace);
    });
  }
  const { times } = clock;
  const inside = ['compile', 'interpret', 'emulate'].reduce((sum, name) => sum + (times.get(name) ?? 0), 0);
  times.set('compare', (times.get('judge') ?? 0) - inside);
  times.delete('judge');
  return times;
}

const median = (values: readonly number[]): number =>
  values.toSorted((a, b) => a - b)[values.length >> 1] ?? 0;

function main(): void {
  const folder = mkdtempSync(join(tmpdir(), 'bpf-oracle-bench-'));
  const running = new RunningFile(join(folder, 'running.data'), 1, new Map());
  const shard = new Shard({ seed: 1, open: () => new Checker(), before: (path) => running.note(path) });
  const rounds: Map<string, number>[] = [];
  const whole: { readonly wall: number; readonly cpu: number }[] = [];
  for (let i = 0; i < ROUNDS; i++) {
    rounds.push(round(2 * i * CASES, running));
    const [start, cpu] = [nanoseconds(), process.cpuUsage()];
    shard.runBlock({ start: (2 * i + 1) * CASES, count: CASES, choices: [] });
    const { user, system } = process.cpuUsage(cpu);
    whole.push({ wall: nanoseconds() - start, cpu: 1000 * (user + system) });
  }
  const stages = [...(rounds[0]?.keys() ?? [])].map((stage): [string, number] => [
    stage,
    median(rounds.map((times) => times.get(stage) ?? 0)) / CASES / 1000,
  ]);
  const total = stages.reduce((sum, [, spent]) => sum + spent, 0);
  for (const [stage, spent] of stages.toSorted((a, b) => b[1] - a[1])) {
    const share = ((100 * spent) / total).toFixed(1);
    console.log(`${stage.padEnd(10)} ${spent.toFixed(1).padStart(8)} us  ${share.padStart(5)} %`);
  }
  console.log(`${'sum'.padEnd(10)} ${total.toFixed(1).padStart(8)} us`);
  const wall = median(whole.map((each) => each.wall)) / CASES / 1000;
  const cpu = median(whole.map((each) => each.cpu)) / CASES / 1000;
  console.log(
    `a shard: ${wall.toFixed(1)} us a case, ${cpu.toFixed(1)} us of CPU: ${(1e6 / cpu).toFixed(0)} cases/s of CPU`,
  );
  shard.close();
  runner.close();
  running.remove();
  rmSync(folder, { recursive: true });
}

main();
