/** Which JIT a command judges, and how it is set up: `--jit`, `--no-bmi2`, `--endbr`. */
import type { Program } from '../bpf/program.ts';
import type { CheckerOptions } from '../checker.ts';
import { OracleError } from '../core/errors.ts';
import { type Compiled, compile } from '../jit/compile.ts';
import { LINUX_TARGET } from '../jit/target.ts';
import { MUTANTS } from '../mutant/index.ts';
import { needsBmi2 } from './mutant-oracles.ts';
import type { JitChoice } from './options.ts';

const MUTANT = 'mutant:';

/** Whether there is a JIT of that name. */
export const isJitName = (jit: string): boolean => jit === 'builtin' || mutantOf(jit) !== undefined;

/** What a checker needs to judge it. Throws a `usage` error for a mutant there is not. */
export function checkerOptionsOf(choice: JitChoice): CheckerOptions {
  const { jit, bmi2, endbr } = choice;
  if (jit === 'builtin') return { jit: { bmi2, endbr } };
  const compiled = compilerOf(choice);
  return { compile: (program) => compiled(program).image };
}

/** Compiles programs. Throws as `checkerOptionsOf`. */
export function compilerOf({ jit, bmi2, endbr }: JitChoice): (program: Program) => Compiled {
  if (jit === 'builtin') return (program) => compile(program, { bmi2, endbr });
  const mutant = mutantOf(jit);
  if (mutant === undefined) throw noSuchJit(jit);
  const target = mutant.mutate(LINUX_TARGET);
  const options = { bmi2: bmi2 && needsBmi2(mutant), endbr };
  return (program) => {
    const compiled = compile(program, options, target);
    return { ...compiled, image: { ...compiled.image, jit } };
  };
}

const mutantOf = (jit: string) => MUTANTS.find(({ name }) => jit === `${MUTANT}${name}`);

const noSuchJit = (jit: string): OracleError =>
  new OracleError('usage', {
    what: 'usage',
    where: `--jit ${jit}`,
    why: 'there is no such mutant; docs/POWER.md and "bpf-oracle mutants" list them',
  });
