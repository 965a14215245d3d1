/** Coverage as grids of text in which a hole is a dot: calls by arity, opcodes by operand values. */
import { MAX_ARGS } from '../bpf/calling.ts';
import type { OperandSets } from '../bpf/opcode-forms.ts';
import { CALLEE_KINDS, CALLER_CLASSES, type CallCoverage, isPossibleCall } from '../fuzz/call-coverage.ts';
import type { OpcodeCoverage, SeenForm } from '../fuzz/opcode-coverage.ts';

const HOLE = '·';

/** Rows: arguments; columns: kind of callee by what the caller does with stack arguments. */
export function callGrid(calls: CallCoverage): string[] {
  const columns = CALLEE_KINDS.flatMap((kind) => CALLER_CLASSES.map((caller) => ({ kind, caller })));
  const rows = Array.from({ length: MAX_ARGS + 1 }, (_, args) => [
    `${args}`,
    ...columns.map(({ kind, caller }) =>
      isPossibleCall(kind, args, caller) ? cell(calls.of(kind, args, caller)) : '',
    ),
  ]);
  return [
    'calls by number of arguments and kind of callee; the caller receives stack arguments, passes some, both',
    ...rightAligned([
      ['', ...columns.map(({ kind, caller }) => (caller === CALLER_CLASSES[0] ? kind : ''))],
      ['args', ...columns.map(({ caller }) => caller)],
      ...rows,
    ]),
  ];
}

const cell = (count: number): string => (count === 0 ? HOLE : `${count}`);

/** Forms that share their columns stand in one table. */
export function opcodeGrid(opcodes: OpcodeCoverage): string[] {
  const forms = opcodes.forms();
  const covered = forms.filter(({ count }) => count > 0).length;
  const lines = [
    `opcodes: ${covered} of ${forms.length} forms; how many values of their operands were seen (registers;`,
    'immediates and offsets by class), "all" if all',
  ];
  for (const group of formGroups(forms)) {
    const columns = [...new Set(group.map(({ form }) => form.column))];
    const rows = [...new Set(group.map(({ form }) => form.row))].map((row) => [
      row,
      ...columns.map((column) => {
        const found = group.find(({ form }) => form.row === row && form.column === column);
        return found === undefined ? '' : formCell(found);
      }),
    ]);
    lines.push(...rightAligned([['', ...columns], ...rows]), '');
  }
  return lines.slice(0, -1);
}

function formCell({ count, seen, form }: SeenForm): string {
  if (count === 0) return HOLE;
  const [got, all] = [operandValues(seen), operandValues(form.possible)];
  return got === all ? 'all' : `${got}/${all}`;
}

/** How many values of all operands are in the sets. */
export function operandValues({ dst, src, imm, off }: OperandSets): number {
  return [dst, src, imm, off].reduce((sum, set) => sum + bitCount(set), 0);
}

/** Elements of a set. */
export function bitCount(set: number): number {
  let count = 0;
  for (let rest = set; rest !== 0; rest &= rest - 1) count++;
  return count;
}

/** Kinds of columns, each a table: widths with sources, widths alone, access sizes, the others. */
export function formGroups(forms: readonly SeenForm[]): SeenForm[][] {
  const byKind = new Map<string, SeenForm[]>();
  for (const seen of forms) {
    const { column } = seen.form;
    const kind = / [KX]$/.test(column)
      ? 'source'
      : /^\d+$/.test(column)
        ? 'width'
        : SIZES.has(column)
          ? 'size'
          : '';
    byKind.set(kind, [...(byKind.get(kind) ?? []), seen]);
  }
  return [...byKind.values()];
}

const SIZES = new Set(['b', 'h', 'w', 'dw']);

/** The first column to the left, the others to the right. */
function rightAligned(rows: readonly (readonly string[])[]): string[] {
  const widths: number[] = [];
  for (const row of rows) {
    row.forEach((text, i) => {
      widths[i] = Math.max(widths[i] ?? 0, text.length);
    });
  }
  return rows.map((row) =>
    row
      .map((text, i) => (i === 0 ? text.padEnd(widths[0] ?? 0) : text.padStart(widths[i] ?? 0)))
      .join('  ')
      .trimEnd(),
  );
}
