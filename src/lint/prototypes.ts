/** Rules for what is declared of functions, kfuncs and helpers. */
import { MAX_ARGS, MAX_REG_ARGS } from '../bpf/calling.ts';
import type { Declared, ValueArg } from '../bpf/declared.ts';
import type { Callee, Program, Subprog } from '../bpf/program.ts';
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
  const split = declared.byValue?.find(({ bytes }) => bytes > SLOT_BYTES && bytes <= MAX_VALUE_BYTES);
  if (split !== undefined && args > MAX_REG_ARGS)
    add('split-argument', start, [name, split.position, split.bytes]);
  checkStated(name, args, declared, start, add);
}

/** What the caller passes in two slots; what is larger it passes the address of. */
const SLOT_BYTES = 8;
const MAX_VALUE_BYTES = 16;

function checkNative(callee: Callee, pc: number, { aggregates = false }: LintOptions, add: Add): void {
  const { kind, name, args = 0, declared = {} } = callee;
  if (kind === 'helper' && args > MAX_REG_ARGS) add('helper-args', pc, [name, args, MAX_REG_ARGS]);
  if (kind === 'kfunc' && args > MAX_ARGS) add('max-kfunc-args', pc, [name, args]);
  if (kind === 'kfunc')
    for (const passed of declared.byValue ?? [])
      checkValue(passed, aggregates, (...found) => add(found[0], pc, found[1]));
  checkStated(name, args, declared, pc, add);
}

/** Of arguments by value that are wrong Linux tells the first one. */
function checkValue(
  { slot, type, bytes, isScalar }: ValueArg,
  aggregates: boolean,
  add: (rule: RuleId, values: Finding['values']) => void,
): void {
  const place = placeName(slot);
  if (!aggregates) add('big-argument', [place, type]);
  else if (bytes < 1 || bytes > MAX_VALUE_BYTES) add('value-size', [place, type, bytes, MAX_VALUE_BYTES]);
  else if (!isScalar) add('value-members', [place, type]);
}

function checkStated(name: string, args: number, { btfArgs }: Declared, pc: number, add: Add): void {
  if (btfArgs !== undefined && btfArgs !== args) add('prototype', pc, [name, args, btfArgs]);
}

/** Linux reg_arg_name(). */
const placeName = (argument: number): string =>
  argument <= MAX_REG_ARGS ? `R${argument}` : `*(R11-${8 * (argument - MAX_REG_ARGS)})`;
