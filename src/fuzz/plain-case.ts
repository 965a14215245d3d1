/**
 * Cases as fuzzers of other JITs make them: a function returns whatever r0 holds at its end. Ours mixes all that
 * its registers hold into it, so that r0 tells more than it would by itself.
 */
import { type Generated, lower } from '../arb/lower.ts';
import type { ProgramSpec, Stmt } from '../arb/spec.ts';
import { specAt } from './generate.ts';
import type { CasePath } from './path.ts';

/** The case at a path, without the mixing. */
export const plainCaseAt = (seed: number, path: CasePath): Generated =>
  lower(withoutMixing(specAt(seed, path)));

const withoutMixing = (spec: ProgramSpec): ProgramSpec => ({
  ...spec,
  functions: spec.functions.map((fn) => ({ ...fn, mix: 0, body: fn.body.map(plainStatement) })),
});

function plainStatement(stmt: Stmt): Stmt {
  switch (stmt.kind) {
    case 'exit':
      return { ...stmt, mix: 0 };
    case 'branch':
      return {
        ...stmt,
        // biome-ignore lint/suspicious/noThenProperty: the spec's word for the branch that is taken
        then: stmt.then.map(plainStatement),
        otherwise: stmt.otherwise.map(plainStatement),
      };
    case 'loop':
      return { ...stmt, body: stmt.body.map(plainStatement) };
    default:
      return stmt;
  }
}
