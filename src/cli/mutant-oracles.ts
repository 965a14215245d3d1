/** A JIT, broken or not, behind the oracles that are compared: the machines of this project put together. */
import type { Program } from '../bpf/program.ts';
import { Checker } from '../checker.ts';
import type { Env } from '../core/env.ts';
import type { Image } from '../core/image.ts';
import { ImageRunner } from '../emu/run-image.ts';
import { openUnicorn } from '../emu/unicorn.ts';
import type { Oracles } from '../fuzz/kill-trial.ts';
import { interpret } from '../interp/interpret.ts';
import { compile } from '../jit/compile.ts';
import { TARGETS, type Target } from '../jit/target.ts';
import type { Mutant } from '../mutant/index.ts';
import type { Machines } from '../oracle/run.ts';
import { subjectOf } from '../subject-of.ts';

export type Compile = (program: Program, env: Pick<Env, 'jit'>) => Image;

/** Without BMI2 shifts go through cl; mutants of those live nowhere else. */
export const needsBmi2 = ({ name }: Pick<Mutant, 'name'>): boolean => !name.startsWith('shift-');

/** The one that a mutant breaks. */
export const targetOf = ({ convention = 'linux' }: Pick<Mutant, 'convention'>): Target => TARGETS[convention];

/** The JIT with a mutant's bug. */
export function mutantCompile(mutant: Mutant): Compile {
  const target = mutant.mutate(targetOf(mutant));
  const options = { bmi2: needsBmi2(mutant), ...mutant.jit };
  return (program, { jit }) => compile(program, { ...options, ...jit }, target).image;
}

/** The JIT as it is shipped. */
export const soundCompile =
  ({ bmi2 }: { readonly bmi2: boolean }): Compile =>
  (program, { jit }) =>
    compile(program, { bmi2, ...jit }).image;

/** An image as someone else's JIT gives it. */
const unmapped = ({ pcMap: _, ...image }: Image): Image => image;

/** The oracles over one JIT, each with an engine of its own that is opened when it is first used. */
export class JitOracles implements Oracles {
  readonly full: Checker;
  readonly withoutMap: Checker;
  readonly r0Only: Machines;
  #runner: ImageRunner | undefined;

  constructor(compileImage: Compile) {
    this.full = new Checker({ compile: compileImage });
    this.withoutMap = new Checker({ compile: (program, env) => unmapped(compileImage(program, env)) });
    this.r0Only = {
      compile: compileImage,
      reference: (program, env, request) => interpret(program, env, { ...request, traceLimit: 0 }),
      native: (image, program, env, request) =>
        this.#open().run(image, subjectOf(program), env, { ...request, traceLimit: 0 }),
    };
  }

  #open(): ImageRunner {
    this.#runner ??= new ImageRunner(openUnicorn());
    return this.#runner;
  }

  /** Frees the engines. */
  close(): void {
    this.full.close();
    this.withoutMap.close();
    this.#runner?.close();
    this.#runner = undefined;
  }
}
