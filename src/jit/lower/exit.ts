/** EXIT: the first one of a subprog is its epilogue, later ones jump there. `do_jit()`, case EXIT. */
import type { LowerContext } from './context.ts';
import { epilogue } from './frame.ts';
import { GOTO } from './jump.ts';

export function lowerExit(context: LowerContext, which: 'first' | 'later'): void {
  if (which === 'first') epilogue(context);
  else context.jump = GOTO;
}
