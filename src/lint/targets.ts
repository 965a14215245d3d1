/** Rules for what a program is linted for: no JIT, private stacks. */
import { addressedSubprog, incomingSlots } from './calls.ts';
import { hasStackArgs } from './chains.ts';
import { type Suspect, sitesOf } from './check.ts';
import type { Flow, FunctionFlow } from './flow.ts';
import type { LintOptions } from './options.ts';

export function* targetSuspects(flow: Flow, { noJit, privateStack }: LintOptions): Iterable<Suspect> {
  for (const fn of flow) {
    const { index, start } = fn.subprog;
    if (privateStack && hasStackArgs(fn)) yield { rule: 'private-stack', pc: start, values: [index] };
    if (noJit) yield* interpretedSuspects(fn);
  }
}

/** Linux bpf_fixup_call_args(), where no JIT has taken the program. */
function* interpretedSuspects(fn: FunctionFlow): Iterable<Suspect> {
  const { program } = fn.context;
  if (incomingSlots(fn.subprog) > 0) yield { rule: 'no-jit', pc: fn.subprog.start, values: [] };
  for (const { pc, insn } of sitesOf(fn)) {
    if (insn.kind === 'call' && insn.target === 'kfunc') yield { rule: 'no-jit-kfunc', pc, values: [] };
    if (addressedSubprog(program, pc, insn) !== undefined) yield { rule: 'no-jit-callback', pc, values: [] };
  }
}
