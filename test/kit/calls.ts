/** For tests of calls: programs of several subprogs, and arguments that tell their position. */
import type { Insn } from '../../src/bpf/insn.ts';
import type { ProgramParts } from '../../src/bpf/program.ts';
import type { CallEvent, Execution } from '../../src/core/execution.ts';
import { interpret } from '../../src/interp/interpret.ts';
import { type EnvParts, envOf, link, mov, passArg, type RegName } from './insns.ts';
import { describeOutcome } from './run.ts';

type Subprogs = readonly (readonly Insn[])[];

/** Runs subprogs on the reference, main first. */
export function runAll(subprogs: Subprogs, env: EnvParts = {}, parts: ProgramParts = {}): Execution {
  return interpret(link(subprogs, parts), envOf(env));
}

export const endAll = (subprogs: Subprogs, env: EnvParts = {}): string =>
  describeOutcome(runAll(subprogs, env).outcome);

export const calls = ({ trace }: Execution): CallEvent[] =>
  trace.events.filter((event) => event.kind === 'call');

export const reg = (n: number): RegName => `r${n}`;

/** from, …, to */
export const range = (from: number, to: number): number[] =>
  Array.from({ length: to - from + 1 }, (_, i) => from + i);

/** Passes 100n as argument n, for n in 1..count. */
export const passAll = (count: number): Insn[] =>
  range(1, count).map((n) => (n <= 5 ? mov(reg(n), 100 * n) : passArg(n, 100 * n)));

/** What `passAll` passes. */
export const passed = (count: number): bigint[] => range(1, count).map((n) => BigInt(100 * n));
