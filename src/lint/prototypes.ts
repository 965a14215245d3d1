/** Rules for what is declared of functions, kfuncs and helpers. */
import { MAX_ARGS, MAX_REG_ARGS } from '../bpf/calling.ts';
import type { Callee, Declared, Program, Subprog } from '../bpf/program.ts';
import { calledNative } from './calls.ts';
import type { Finding } from './finding.ts';
import type { LintOptions } from './options.ts';
import type { RuleId } from './rules.ts';

type Add = (rule: RuleId, pc: number, values: Finding['values']) => void;

export function prototypeFindings(program: Program, options: LintOptions): Finding[] {
  const found: Finding[] = [];
  const add: Add = (rule, pc, values) => {
    found.push({ rule, pc, values, path: [] });
  };
  for (const subprog of program.subprogs) checkFunction(subprog, add);
  program.insns.forEach((insn, pc) => {
    const callee = insn === undefined ? undefined : calledNative(program, insn);
    if (callee !== undefined) checkNative(callee, pc, options, add);
  });
  return found;
}

function checkFunction({ name, start, index, args, declared = {} }: Subprog, add: Add): void {
  if (args > MAX_ARGS) add('max-args', start, [MAX_ARGS, name, args]);
  if (index > 0 && args > MAX_REG_ARGS && declared.linkage === 'global')
    add('global-function', start, [name, args, MAX_REG_ARGS]);
  const wide = args > MAX_REG_ARGS ? declared.wide?.[0] : undefined;
  if (wide !== undefined) add('split-argument', start, [name, wide.position, wide.bytes]);
  checkStated(name, args, declared, start, add);
}

function checkNative(callee: Callee, pc: number, { aggregates = false }: LintOptions, add: Add): void {
  const { kind, name, args = 0, declared = {} } = callee;
  if (kind === 'helper' && args > MAX_REG_ARGS) add('helper-args', pc, [name, args, MAX_REG_ARGS]);
  if (kind === 'kfunc' && args > MAX_ARGS) add('max-kfunc-args', pc, [name, args]);
  const wide = aggregates ? undefined : declared.wide?.[0];
  if (kind === 'kfunc' && wide !== undefined) add('big-argument', pc, [placeName(wide.position), wide.type]);
  checkStated(name, args, declared, pc, add);
}

function checkStated(name: string, args: number, { btfArgs }: Declared, pc: number, add: Add): void {
  if (btfArgs !== undefined && btfArgs !== args) add('prototype', pc, [name, args, btfArgs]);
}

/** Linux reg_arg_name(). */
const placeName = (argument: number): string =>
  argument <= MAX_REG_ARGS ? `R${argument}` : `*(R11-${8 * (argument - MAX_REG_ARGS)})`;
