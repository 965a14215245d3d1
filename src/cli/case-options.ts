/** From options of the command line to those of a check. */
import type { CheckOptions } from '../checker.ts';
import { CONFORMANCE_MODELS } from '../oracle/conformance-models.ts';
import type { InputOptions } from './options.ts';

/** `.data` files get the helpers their tests expect. */
export function checkOptionsFor(path: string, { mem, insnLimit }: InputOptions): CheckOptions {
  return {
    vacuity: true,
    ...(path.endsWith('.data') ? { models: CONFORMANCE_MODELS } : {}),
    ...(mem === undefined ? {} : { memory: mem }),
    ...(insnLimit === undefined ? {} : { insnLimit }),
  };
}
