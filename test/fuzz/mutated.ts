/** Broken JITs to fuzz: the mutants of src/mutant. */
import type { Program } from '../../src/bpf/program.ts';
import type { Image } from '../../src/core/image.ts';
import { compile } from '../../src/jit/compile.ts';
import { LINUX_TARGET } from '../../src/jit/target.ts';
import { MUTANTS } from '../../src/mutant/index.ts';

export type Compile = (program: Program) => Image;

/** The JIT with one bug. */
export function mutated(name: string): Compile {
  const mutant = MUTANTS.find((each) => each.name === name);
  if (mutant === undefined) throw new RangeError(`no mutant ${name}`);
  const target = mutant.mutate(LINUX_TARGET);
  return (program) => compile(program, {}, target).image;
}
