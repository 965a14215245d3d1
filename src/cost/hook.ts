/** What it costs native code to get its arguments to a BPF program: the trampoline of a struct_ops program. */

import { MAX_ARGS } from '../bpf/calling.ts';
import { EXIT_INSN, movImm } from '../bpf/make-insn.ts';
import { buildProgram, type Program } from '../bpf/program.ts';
import type { Image } from '../core/image.ts';
import { type Cost, insnCosts, moreThan, sumCosts } from '../x86/insn-cost.ts';

export interface HookCost {
  /** What each word takes in the trampoline, the first one first; the program's own load of it comes on top. */
  readonly each: readonly Cost[];
  /** All the rest of the trampoline, whatever it passes. */
  readonly rest: Cost;
}

const WORD = { text: 'u64', bytes: 8, align: 8 } as const;

/** Of a call of twelve words. */
export function hookCost(compile: (program: Program) => Image): HookCost {
  const program = buildProgram([movImm(0, 0), EXIT_INSN], { name: 'hook' });
  const args = Array.from({ length: MAX_ARGS }, () => WORD);
  const { code, trampoline } = compile({ ...program, native: { attach: 'struct_ops', args, result: WORD } });
  if (trampoline === undefined) throw new RangeError('no trampoline');
  const { offset, end, steps } = trampoline;
  const costOf = (from: number, to: number): Cost =>
    sumCosts(insnCosts(code, from, to).map(({ cost }) => cost));
  const each = steps.flatMap(({ what, offset: start }, k) =>
    what === 'save' ? [costOf(start, steps[k + 1]?.offset ?? end)] : [],
  );
  return { each, rest: moreThan(costOf(offset, end), sumCosts(each)) };
}
