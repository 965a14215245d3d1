/** Programs from assembler text, judged on a JIT with a bug. */
import { assemble } from '../../src/bpf/asm.ts';
import { buildProgram, type Program } from '../../src/bpf/program.ts';
import { Checker } from '../../src/checker.ts';
import type { Explained } from '../../src/oracle/explained.ts';
import { mutated } from '../fuzz/mutated.ts';

/** A program in LLVM's dialect; `args`: arguments of its kfuncs and functions, by name. */
export function programOf(text: string, args: Readonly<Record<string, number>> = {}): Program {
  const { insns, functionNames, callees } = assemble(text, { dialect: 'llvm' });
  const functionArgs = new Map(
    [...functionNames].flatMap(([start, name]) => (args[name] === undefined ? [] : [[start, args[name]]])),
  );
  return buildProgram(insns, {
    name: 'test',
    functionNames,
    functionArgs,
    callees: callees.map((callee) => ({ ...callee, args: args[callee.name] ?? callee.args })),
  });
}

/** The same of a JIT that gives no pc map: where the culprit is must be guessed. */
export function explainUnmapped(mutant: string, program: Program): Explained {
  const compile = mutated(mutant);
  const checker = new Checker({
    compile: (subject) => {
      const { pcMap: _, ...image } = compile(subject);
      return image;
    },
  });
  try {
    return checker.explain(program);
  } finally {
    checker.close();
  }
}

/** What the oracle finds out about one run of a program on a mutant, by its name. */
export function explainMutant(
  mutant: string,
  program: Program,
  options: { readonly memory?: Uint8Array; readonly steps?: number } = {},
): Explained {
  const checker = new Checker({ compile: mutated(mutant) });
  try {
    return checker.explain(program, options);
  } finally {
    checker.close();
  }
}
