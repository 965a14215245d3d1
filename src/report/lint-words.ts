/** The words of the linter's findings. */
import type { Program } from '../bpf/program.ts';
import type { Branch, Finding, Stretch } from '../lint/finding.ts';
import { ruleOf } from '../lint/rules.ts';
import { insnText } from './insn-text.ts';

/** The rule's message, with what it was found with: `callee expects 7 args, stack arg1 is not initialized`. */
export function findingMessage({ rule, values }: Pick<Finding, 'rule' | 'values'>): string {
  let next = 0;
  return ruleOf(rule).message.replace(/%(?:02x|[dus])/g, (form) => {
    const value = values[next++] ?? '';
    return form === '%02x' ? value.toString(16).padStart(2, '0') : `${value}`;
  });
}

/** `insn 6: call f7` */
export const placeText = (pc: number, program: Program | null): string =>
  program === null ? `insn ${pc}` : `insn ${pc}: ${insnText(program, pc)}`;

/** How the program gets there: a line for each function, the innermost first. */
export const pathLines = (path: readonly Stretch[], program: Program): string[] =>
  path.map((stretch, depth) => `${stretchHead(stretch, depth, program)}${branchesText(stretch, program)}`);

/** `since insn 12: call 7`, `since the start of main`; of a caller, `called at insn 9, since …` */
function stretchHead({ subprog, from, to }: Stretch, depth: number, program: Program): string {
  const since = from === null ? `the start of ${nameOf(subprog, program)}` : placeText(from, program);
  return `${depth === 0 ? '' : `called at insn ${to}, `}since ${since}`;
}

/** `, where insn 7 (if r0 > 0 goto +8) is taken` */
const branchesText = ({ branches }: Stretch, program: Program): string =>
  branches.length === 0 ? '' : `, where ${branches.map((branch) => branchText(branch, program)).join(', ')}`;

export const branchText = ({ pc, taken }: Branch, program: Program): string =>
  `insn ${pc} (${insnText(program, pc)}) is ${taken ? '' : 'not '}taken`;

export const nameOf = (subprog: number, program: Program): string =>
  program.subprogs[subprog]?.name ?? `func#${subprog}`;
