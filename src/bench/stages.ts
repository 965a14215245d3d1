/** Where the time of a case goes: stage by stage, in batches as a fuzz has them, everything observed. */
import { type Generated, lower } from '../arb/lower.ts';
import { encode } from '../bpf/encode.ts';
import type { Engine } from '../emu/engine.ts';
import { ImageRunner } from '../emu/run-image.ts';
import { CallCoverage } from '../fuzz/call-coverage.ts';
import { CaseDigest } from '../fuzz/digest.ts';
import { drawSpec } from '../fuzz/generate.ts';
import { OpcodeCoverage } from '../fuzz/opcode-coverage.ts';
import { Statistics } from '../fuzz/statistics.ts';
import { interpret } from '../interp/interpret.ts';
import { compile, defaultAddresses } from '../jit/compile.ts';
import { type Machines, runCases } from '../oracle/run.ts';
import { caseOf, SEED } from './cases.ts';
import { nanoseconds, type Probe } from './rounds.ts';

const BATCH = 32;

/** Nanoseconds by stage. */
class Clock {
  readonly times = new Map<string, number>();

  measure<T>(stage: string, work: () => T): T {
    const start = nanoseconds();
    const value = work();
    this.times.set(stage, (this.times.get(stage) ?? 0) + nanoseconds() - start);
    return value;
  }
}

/** A case from its number to its verdict and its place in the digest and the grids: `generate` to `count`. */
export function wholeCases(engine: Engine, count: number, name = 'whole case'): Probe {
  const runner = new ImageRunner(engine);
  return {
    name,
    run: () => {
      const clock = new Clock();
      const made = clock.measure('generate', () =>
        Array.from({ length: count }, (_, index) => lower(drawSpec(SEED, index))),
      );
      const codes = clock.measure('encode', () => made.map(({ program }) => encode(program.insns)));
      const results = judge(made, clock, runner);
      clock.measure('count', () => {
        const [digest, opcodes, calls, statistics] = [
          new CaseDigest(),
          new OpcodeCoverage(),
          new CallCoverage(),
          new Statistics(),
        ];
        results.forEach((result, index) => {
          const [subject, code] = [made[index] as Generated, codes[index] as Uint8Array];
          digest.add(index, subject, code);
          opcodes.add(code);
          statistics.add(result);
          if (result.want !== null) calls.add(subject.program, result.want.trace);
        });
      });
      return perCase(clock, count);
    },
  };
}

/** Programs that are there already, from `compile` to `compare`. */
export function judgedCases(name: string, engine: Engine, made: readonly Generated[]): Probe {
  const runner = new ImageRunner(engine);
  return {
    name,
    run: () => {
      const clock = new Clock();
      judge(made, clock, runner);
      return perCase(clock, made.length);
    },
  };
}

function judge(made: readonly Generated[], clock: Clock, runner: ImageRunner): ReturnType<typeof runCases> {
  const start = nanoseconds();
  const before = sum(clock);
  const machines = machinesOf(clock, runner);
  const results = [];
  for (let at = 0; at < made.length; at += BATCH) {
    results.push(...runCases(made.slice(at, at + BATCH).map(caseOf), machines));
  }
  const inside = sum(clock) - before;
  clock.times.set('compare', nanoseconds() - start - inside);
  return results;
}

function machinesOf(clock: Clock, runner: ImageRunner): Machines {
  return {
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
  };
}

const sum = ({ times }: Clock): number => [...times.values()].reduce((all, spent) => all + spent, 0);

function perCase(clock: Clock, count: number): ReadonlyMap<string, number> {
  const figures = new Map([...clock.times].map(([stage, spent]) => [stage, spent / count]));
  figures.set('sum', sum(clock) / count);
  return figures;
}
