/** Calls of helpers, kfuncs and subprogs: one `call rel32`, nothing else. Kernel: `emit_call()`. */
import type { CalleeRef } from '../../core/execution.ts';
import { CALL_REL32 } from '../../x86/forms.ts';
import type { LowerContext } from './context.ts';

export function lowerCall({ asm, calls }: LowerContext, callee: CalleeRef): void {
  asm.rel(CALL_REL32, 0);
  calls.push({ end: asm.length, callee });
}
