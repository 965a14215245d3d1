/** Coverage as the page has it, of a campaign or of cases that were judged. */
import { MAX_ARGS } from '../../bpf/calling.ts';
import { encodeWords } from '../../bpf/encode.ts';
import { type OperandSets, VALUE_CLASSES } from '../../bpf/opcode-forms.ts';
import { CALLEE_KINDS, CALLER_CLASSES, CallCoverage, isPossibleCall } from '../../fuzz/call-coverage.ts';
import { OpcodeCoverage, type SeenForm } from '../../fuzz/opcode-coverage.ts';
import type { CaseResult } from '../../oracle/case.ts';
import { bitCount, formGroups, operandValues } from '../fuzz-grid.ts';
import type { PageCoverage, PageForm, PageGrid } from './page-data.ts';

/** What the cases that ran called and were made of; null if none ran. */
export function coverageOf(results: readonly CaseResult[]): PageCoverage | null {
  const calls = new CallCoverage();
  const opcodes = new OpcodeCoverage();
  let ran = 0;
  for (const { program, want } of results) {
    if (program === null || want === null) continue;
    ran++;
    calls.add(program, want.trace);
    opcodes.add(encodeWords(program.insns));
  }
  return ran === 0 ? null : pageCoverage(calls, opcodes);
}

export function pageCoverage(calls: CallCoverage, opcodes: OpcodeCoverage): PageCoverage {
  const columns = CALLEE_KINDS.flatMap((kind) => CALLER_CLASSES.map((caller) => [kind, caller] as const));
  return {
    calls: {
      columns,
      rows: Array.from({ length: MAX_ARGS + 1 }, (_, args) =>
        columns.map(([kind, caller]) =>
          isPossibleCall(kind, args, caller) ? calls.of(kind, args, caller) : null,
        ),
      ),
    },
    opcodes: formGroups(opcodes.forms()).map(gridOf),
  };
}

function gridOf(forms: readonly SeenForm[]): PageGrid {
  const columns = [...new Set(forms.map(({ form }) => form.column))];
  const names = [...new Set(forms.map(({ form }) => form.row))];
  return {
    columns,
    rows: names.map((name) => [
      name,
      columns.map((column) => {
        const found = forms.find(({ form }) => form.row === name && form.column === column);
        return found === undefined ? null : pageForm(found);
      }),
    ]),
  };
}

const pageForm = ({ count, seen, form }: SeenForm): PageForm => [
  count,
  operandValues(seen),
  operandValues(form.possible),
  missingText(seen, form.possible),
];

const REGISTERS = Array.from({ length: 12 }, (_, reg) => `r${reg}`);

/** `dst r0 r3, imm -32`: values that were never seen. */
function missingText(seen: OperandSets, possible: OperandSets): string {
  const operands = [
    ['dst', REGISTERS],
    ['src', REGISTERS],
    ['imm', VALUE_CLASSES],
    ['off', VALUE_CLASSES],
  ] as const;
  return operands
    .flatMap(([operand, names]) => {
      const missing = possible[operand] & ~seen[operand];
      const words = names.filter((_, bit) => (missing & (1 << bit)) !== 0);
      return bitCount(missing) === 0 ? [] : [`${operand} ${words.join(' ')}`];
    })
    .join(', ');
}
