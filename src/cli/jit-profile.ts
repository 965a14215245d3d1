/** What programs a JIT is sent: of one in a process of its own, those it does not refuse. */
import { ANY, type Profile } from '../arb/profile.ts';
import { OracleError } from '../core/errors.ts';
import { type Learned, learnProfile } from '../fuzz/learn.ts';
import { compilerOf } from './jit-choice.ts';
import { isForeign } from './open-jits.ts';
import type { JitChoice } from './options.ts';

/**
 * Asks the JIT, unless it is ours, which takes all. Throws an `engine` error if it refuses everything or cannot
 * be asked.
 */
export function profileOf(choice: JitChoice): Profile {
  if (!isForeign(choice.jit)) return ANY;
  const learned = askProfile(choice);
  if (learned.kind === 'profile') return learned.profile;
  const why = `it does not compile "r0 = 1; exit": ${learned.why}; try "bpf-oracle doctor --jit"`;
  throw new OracleError('engine', { what: 'ask the JIT', where: choice.jit, why });
}

/** Asks any JIT. */
export function askProfile(choice: JitChoice): Learned {
  const compile = compilerOf(choice);
  return learnProfile((program, contextSize) => {
    try {
      compile(program, contextSize);
      return undefined;
    } catch (error) {
      if (error instanceof OracleError && (error.kind === 'input' || error.kind === 'jit'))
        return error.parts.why;
      throw error;
    }
  });
}
