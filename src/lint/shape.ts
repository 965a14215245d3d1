/** What instructions show by themselves: how they name r11, where they jump, whether a function has an end. */
import { MAX_STACK_ARGS, STACK_ARG_FORMS } from '../bpf/calling.ts';
import { dstOf, type Insn, slotsOf, srcOf } from '../bpf/insn.ts';
import { type Program, type Subprog, targetOf } from '../bpf/program.ts';
import { REG_COUNT } from '../bpf/reg.ts';
import type { Finding } from './finding.ts';
import type { RuleId } from './rules.ts';

/** Base of stack arguments in memory. */
const BASE = STACK_ARG_FORMS.linux.base;

/** By slot. */
export function shapeFindings(program: Program): Finding[] {
  const found: Finding[] = [];
  const add = (rule: RuleId, pc: number, values: Finding['values']): void => {
    found.push({ rule, pc, values, path: [] });
  };
  // The file's register: in memory it is that of linux, whatever the convention.
  const { base: shown } = STACK_ARG_FORMS[program.convention];
  for (const subprog of program.subprogs) {
    for (let pc = subprog.start; pc < subprog.end; pc++) {
      const insn = program.insns[pc];
      if (insn === undefined) continue;
      checkRegisters(insn, shown, (rule, values) => add(rule, pc, values));
      checkJump(program, subprog, pc, insn, (rule, values) => add(rule, pc, values));
    }
    checkEnd(program, subprog, (rule, pc) => add(rule, pc, []));
  }
  return found;
}

type Add = (rule: RuleId, values: Finding['values']) => void;

/** r11 is a base of stack arguments and nothing else; larger numbers are nothing at all. */
function checkRegisters(insn: Insn, shown: number, add: Add): void {
  const place = stackPlace(insn);
  for (const reg of registersOf(insn)) {
    if (reg < REG_COUNT) continue;
    if (place === undefined || reg !== BASE) return add('base-only', [reg === BASE ? shown : reg]);
  }
  if (place === undefined) return;
  const { access, off, size } = place;
  const distance = access === 'load' ? off : -off;
  if (access === 'other') add('mode', [shown]);
  else if (size !== 8) add('width', [shown]);
  else if (off % 8 !== 0) add('alignment', [shown]);
  else if (distance <= 0) add('sign', [shown]);
  else if (access === 'store' && distance > 8 * MAX_STACK_ARGS) add('range', [off, MAX_STACK_ARGS]);
}

interface StackPlace {
  readonly access: 'load' | 'store' | 'other';
  readonly off: number;
  readonly size: number;
}

/** What an instruction does through the base of stack arguments, if it does. */
function stackPlace(insn: Insn): StackPlace | undefined {
  switch (insn.kind) {
    case 'ldx':
      return insn.src === BASE ? { ...insn, access: insn.sign ? 'other' : 'load' } : undefined;
    case 'st':
    case 'stx':
      return insn.dst === BASE ? { ...insn, access: 'store' } : undefined;
    case 'atomic':
      return (insn.op === 'load_acquire' ? insn.src : insn.dst) === BASE
        ? { ...insn, access: 'other' }
        : undefined;
    default:
      return undefined;
  }
}

/** As they stand in the instruction: destination first. */
function registersOf(insn: Insn): number[] {
  const src = insn.kind === 'lddw' ? undefined : srcOf(insn);
  return [dstOf(insn), src].filter((reg) => reg !== undefined);
}

function checkJump({ insns }: Program, { start, end }: Subprog, pc: number, insn: Insn, add: Add): void {
  if (insn.kind !== 'ja' && insn.kind !== 'jcc' && insn.kind !== 'may_goto') return;
  const target = targetOf(pc, insn) as number;
  if (target < start || target >= end) add('jump-range', [pc, target]);
  else if (insns[target] === undefined) add('jump-middle', [target - 1]);
}

function checkEnd(
  { insns }: Program,
  { start, end }: Subprog,
  add: (rule: RuleId, pc: number) => void,
): void {
  let pc = end - 1;
  while (pc > start && insns[pc] === undefined) pc--;
  const last = insns[pc];
  const isEnd =
    last !== undefined && (last.kind === 'exit' || last.kind === 'ja') && pc + slotsOf(last) === end;
  if (!isEnd) add('fall-through', pc);
}
