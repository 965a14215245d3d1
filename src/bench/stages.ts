/** Where the time of a case goes: stage by stage, in batches as a fuzz has them, everything observed. */
import { type Generated, lower } from '../arb/lower.ts';
import { encodeWords } from '../bpf/encode.ts';
import type { Engine } from '../emu/engine.ts';
import { ImageRunner } from '../emu/run-image.ts';
import { CallCoverage } from '../fuzz/call-coverage.ts';
import { CaseDigest } from '../fuzz/digest.ts';
import { drawSpec } from '../fuzz/generate.ts';
import { OpcodeCoverage } from '../fuzz/opcode-coverage.ts';
import { Statistics } from '../fuzz/statistics.ts';
import { interpret } from '../interp/interpret.ts';
import { compile, defaultAddresses } from '../jit/compile.ts';
import type { CaseResult } from '../oracle/case.ts';
import { type Machines, runCases } from '../oracle/run.ts';
import { caseOf, SEED } from './cases.ts';
import { Clock, NATIVE_STAGES, type Stage } from './clock.ts';
import type { Probe } from './rounds.ts';
import { TimedEngine } from './timed-engine.ts';

const BATCH = 32;

/** Figures beside those of the stages: all of them, and those of NATIVE_STAGES. */
export const SUM = 'sum';
export const NATIVE = 'native';

/** A case from its number to its verdict and its place in the digest and the grids: `generate` to `count`. */
export function wholeCases(engine: Engine, count: number, name: string): Probe {
  const clock = new Clock();
  const machines = timedMachines(engine, clock);
  return {
    name,
    run: () => {
      clock.reset();
      const made = clock.measure('generate', () =>
        Array.from({ length: count }, (_, index) => lower(drawSpec(SEED, index))),
      );
      const codes = clock.measure('encode', () => made.map(({ program }) => encodeWords(program.insns)));
      const results = judge(made, clock, machines);
      clock.measure('count', () => countAll(made, codes, results));
      return perCase(clock, count);
    },
  };
}

/** Programs that are there already, from `compile` to `compare`. */
export function judgedCases(name: string, engine: Engine, made: readonly Generated[]): Probe {
  const clock = new Clock();
  const machines = timedMachines(engine, clock);
  return {
    name,
    run: () => {
      clock.reset();
      judge(made, clock, machines);
      return perCase(clock, made.length);
    },
  };
}

/** Verdicts, with all that is no stage of its own as `compare`. */
export function judge(made: readonly Generated[], clock: Clock, machines: Machines): CaseResult[] {
  const results: CaseResult[] = [];
  for (let at = 0; at < made.length; at += BATCH) {
    const batch = made.slice(at, at + BATCH);
    results.push(...clock.measure('compare', () => runCases(batch.map(caseOf), machines)));
  }
  return results;
}

/** Reference, JIT and engine, each on the clock. Maps memory of the engine. */
export function timedMachines(engine: Engine, clock: Clock): Machines {
  const runner = new ImageRunner(new TimedEngine(engine, clock));
  return {
    compile: (program) => clock.measure('compile', () => compile(program).image),
    reference: (program, env, request) => clock.measure('interpret', () => interpret(program, env, request)),
    // What a runner does that the engine does not is to put back, to look and to copy.
    native: (image, program, env, request) =>
      clock.measure('observe', () => {
        const addressOf = defaultAddresses(program);
        const callees = [...program.callees.values()].map((ref) => ({
          ref,
          args: ref.args,
          address: addressOf(ref),
        }));
        const subject = { subprogs: program.subprogs, callees, data: program.data };
        return runner.run(image, subject, env, { ...request, stackBytes: true });
      }),
  };
}

function countAll(
  made: readonly Generated[],
  codes: readonly Int32Array[],
  results: readonly CaseResult[],
): void {
  const [digest, opcodes] = [new CaseDigest(), new OpcodeCoverage()];
  const [calls, statistics] = [new CallCoverage(), new Statistics()];
  results.forEach((result, index) => {
    const [subject, code] = [made[index] as Generated, codes[index] as Int32Array];
    digest.add(index, subject, code);
    opcodes.add(code);
    statistics.add(result);
    if (result.want !== null) calls.add(subject.program, result.want.trace);
  });
}

function perCase(clock: Clock, count: number): ReadonlyMap<string, number> {
  const times = clock.times();
  const sumOf = (stages: Iterable<Stage>): number =>
    [...stages].reduce((all, stage) => all + (times.get(stage) ?? 0), 0);
  return new Map([
    ...[...times].map(([stage, spent]): [string, number] => [stage, spent / count]),
    [SUM, sumOf(times.keys()) / count],
    [NATIVE, sumOf(NATIVE_STAGES) / count],
  ]);
}
