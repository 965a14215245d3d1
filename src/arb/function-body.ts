/** Bodies of functions, as statements. */
import type { Arbitrary } from 'fast-check';
import { drawBody } from './body.ts';
import { ANY_TARGETS, type CallTarget } from './call-site.ts';
import { drawn } from './draw.ts';
import { shrinkBody } from './shrink.ts';
import type { Stmt } from './spec.ts';

/** Constraints to be applied on {@link functionBody}. */
export interface BodyConstraints {
  /** Statements, not counting nested ones. @defaultValue 12 */
  readonly maxStatements?: number;
  /** How deep branches and loops nest. @defaultValue 2 */
  readonly maxNesting?: number;
  /** Whom it may call, and how many arguments to draw for it. @defaultValue anyone, with 12 arguments */
  readonly targets?: readonly CallTarget[];
}

/**
 * Statements over the whole instruction set, with branches, bounded loops and calls. Any body lowers to valid
 * code in any function. Shrinks towards no statement.
 */
export function functionBody(constraints: BodyConstraints = {}): Arbitrary<readonly Stmt[]> {
  const { maxStatements = 12, maxNesting = 2, targets = ANY_TARGETS } = constraints;
  return drawn({
    draw: (draw) =>
      drawBody(draw, { statements: draw.between(0, maxStatements), nesting: maxNesting, targets }),
    shrink: shrinkBody,
  });
}
