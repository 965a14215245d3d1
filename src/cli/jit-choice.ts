/** Which JIT a command judges, how it is set up and what runs its code: `--jit`, `--no-bmi2`, `--endbr`, `--engine`. */
import type { Program } from '../bpf/program.ts';
import type { CheckerOptions } from '../checker.ts';
import { OracleError } from '../core/errors.ts';
import { type JitSwitches, switchesOf } from '../core/jit-switches.ts';
import { DEFAULT_ENGINE } from '../emu/engine-names.ts';
import { openEngine } from '../emu/engines.ts';
import { type Compiled, compile, defaultAddresses, type JitOptions } from '../jit/compile.ts';
import { type Mutant, mutantNamed } from '../mutant/index.ts';
import { noSuchMutant } from './mutant-names.ts';
import { needsBmi2, targetOf } from './mutant-oracles.ts';
import { foreignJit, isForeign } from './open-jits.ts';
import type { JitChoice, Setup } from './options.ts';

const MUTANT = 'mutant:';

/** Whether there is a JIT of that name. */
export const isJitName = (jit: string): boolean =>
  jit === 'builtin' || isForeign(jit) || mutantOf(jit) !== undefined;

/** What a compilation gave; a JIT of others does not tell what it rewrote. */
type CompiledByAny = Pick<Compiled, 'image' | 'rewrites'>;

/**
 * What a checker needs to judge it. Throws a `usage` error for a mutant there is not, an `engine` error for a JIT
 * that is not installed.
 */
export function checkerOptionsOf(choice: Setup): CheckerOptions {
  const { engine: names = [DEFAULT_ENGINE], reference = 'fast' } = choice;
  const engine = names.map((name) => () => openEngine(name));
  if (choice.jit === 'builtin') return { engine, reference, jit: optionsOf(choice) };
  const compiled = compilerOf(choice);
  return {
    engine,
    reference,
    compile: (program, env) => compiled(program, env.input.memory.length, env.jit).image,
  };
}

/** Compiles programs for so many bytes of context. Throws as `checkerOptionsOf`. */
export function compilerOf(
  choice: JitChoice,
): (program: Program, contextSize: number, switches?: JitSwitches) => CompiledByAny {
  const { jit } = choice;
  const options = optionsOf(choice);
  if (jit === 'builtin') return (program, _, switches) => compile(program, { ...options, ...switches });
  if (isForeign(jit)) {
    const foreign = foreignJit(jit);
    const { convention } = choice;
    return (program, contextSize) => {
      const asked = convention === undefined ? program : { ...program, convention };
      return {
        image: foreign.compile(asked, { contextSize, addressOf: defaultAddresses(program) }),
        rewrites: [],
      };
    };
  }
  const mutant = mutantOf(jit);
  if (mutant === undefined) throw unusable(jit, noSuchMutant(jit.slice(MUTANT.length)));
  checkConvention(choice, mutant);
  const target = mutant.mutate(targetOf(mutant));
  const suited = { ...options, bmi2: choice.bmi2 !== false && needsBmi2(mutant), ...mutant.jit };
  return (program, _, switches) => {
    const compiled = compile(program, { ...suited, ...switches }, target);
    return { ...compiled, image: { ...compiled.image, jit } };
  };
}

const optionsOf = ({ convention, ...choice }: JitChoice): JitOptions => ({
  ...switchesOf(choice),
  ...(convention === undefined ? {} : { convention }),
});

function checkConvention({ jit, convention: chosen = 'linux' }: JitChoice, mutant: Mutant): void {
  const { convention = 'linux' } = mutant;
  if (chosen === convention) return;
  const what = convention === 'linux' ? 'leave out --convention' : `add --convention ${convention}`;
  throw unusable(jit, `it breaks the convention ${convention}, not ${chosen}; ${what}`);
}

const mutantOf = (jit: string) =>
  jit.startsWith(MUTANT) ? mutantNamed(jit.slice(MUTANT.length)) : undefined;

const unusable = (jit: string, why: string): OracleError =>
  new OracleError('usage', { what: 'usage', where: `--jit ${jit}`, why });
