/** The tables of the report of `cost`, for text and for Markdown. */
import { CONVENTION_NAMES, type ConventionName, MAX_REG_ARGS, MAX_STACK_ARGS } from '../bpf/calling.ts';
import { CALLEE_KINDS, type CalleeKind, VALUES, type Value } from '../cost/call-forms.ts';
import { GCC_STYLES, type GccStyle } from '../cost/gcc.ts';
import { PARTS, type Part } from '../cost/parts.ts';
import type { NativeRow, TableRow } from '../cost/table.ts';
import type { Cost } from '../x86/insn-cost.ts';
import type { ConventionCost, CostReport } from './cost-report.ts';

/** A table under a title; its first row is its head. */
export interface CostSection {
  readonly title: string;
  /** What is in the cells, as a sentence or two. */
  readonly note: string;
  readonly rows: readonly (readonly string[])[];
}

export type TableReport = Extract<CostReport, { kind: 'table' }>;

const COST = 'instructions / bytes / loads / stores';
const STACK_ARITIES = Array.from({ length: MAX_STACK_ARGS }, (_, i) => i + 1);

export const GCC_NAMES: Readonly<Record<GccStyle, string>> = { push: 'gcc, pushing', store: 'gcc, storing' };
export const CALLEE_NAMES: Readonly<Record<CalleeKind, string>> = { bpf: 'a BPF function', kfunc: 'a kfunc' };
const VALUE_NAMES: Readonly<Record<Value, string>> = { reg: 'a word in a register', imm: 'constants' };

export const costText = ({ insns, bytes, loads, stores }: Cost): string =>
  [insns, bytes, loads, stores].join(' / ');

export const tableSections = (report: TableReport): CostSection[] => [
  eachArgument(report.rows),
  atTheCall(report.rows),
  frames(report.rows),
  ...CALLEE_KINDS.flatMap((callee) => VALUES.map((value) => wholeCall(report, callee, value))),
];

/** The row of one call. */
export function rowAt(
  rows: readonly TableRow[],
  convention: ConventionName,
  callee: CalleeKind,
  value: Value,
  stackArgs: number,
): TableRow {
  const found = rows.find(
    (row) =>
      row.convention === convention &&
      row.callee === callee &&
      row.value === value &&
      row.stackArgs === stackArgs,
  );
  if (found === undefined) throw new Error(`no row for ${convention}, ${callee}, ${value}, ${stackArgs}`);
  return found;
}

function eachArgument(rows: readonly TableRow[]): CostSection {
  const passed = (convention: ConventionName, value: Value): string[] => {
    const [sixth, ...others] = rowAt(rows, convention, 'bpf', value, MAX_STACK_ARGS).passedEach;
    return [oneCost(sixth === undefined ? [] : [sixth]), oneCost(others)];
  };
  const received = (convention: ConventionName): string[] => {
    const [sixth, ...others] = rowAt(rows, convention, 'bpf', 'reg', MAX_STACK_ARGS).receivedEach ?? [];
    return [oneCost(sixth === undefined ? [] : [sixth]), oneCost(others)];
  };
  return {
    title: 'Each argument',
    note: `What one store and one load of a stack argument become: ${COST}.`,
    rows: [
      [
        'convention',
        'pass 6',
        'pass 7 to 12',
        'pass constant 6',
        'constant 7 to 12',
        'take 6',
        'take 7 to 12',
      ],
      ...CONVENTION_NAMES.map((convention) => [
        convention,
        ...passed(convention, 'reg'),
        ...passed(convention, 'imm'),
        ...received(convention),
      ]),
    ],
  };
}

/** Of several arguments that cost the same, or each number as a range. */
function oneCost(costs: readonly Cost[]): string {
  const range = (values: readonly number[]): string => {
    const [least, most] = [Math.min(...values), Math.max(...values)];
    return least === most ? `${least}` : `${least}–${most}`;
  };
  return (['insns', 'bytes', 'loads', 'stores'] as const)
    .map((key) => range(costs.map((cost) => cost[key])))
    .join(' / ');
}

const argsText = (stackArgs: number): string => `${MAX_REG_ARGS + stackArgs}`;

function atTheCall(rows: readonly TableRow[]): CostSection {
  const columns = CALLEE_KINDS.flatMap((callee) =>
    CONVENTION_NAMES.map((convention) => ({ callee, convention })),
  );
  return {
    title: 'At the call',
    note:
      'Native instructions between the store of the last argument and the `call`, and, after the +, those after the ' +
      '`call` that are there for its sake.',
    rows: [
      ['arguments', ...columns.map(({ callee, convention }) => `${convention}, ${callee}`)],
      ...STACK_ARITIES.map((k) => [
        argsText(k),
        ...columns.map(({ callee, convention }) => {
          const { betweenLastStoreAndCall, static: code } = rowAt(rows, convention, callee, 'reg', k);
          return `${betweenLastStoreAndCall} + ${code.after.insns}`;
        }),
      ]),
    ],
  };
}

function frames(rows: readonly TableRow[]): CostSection {
  return {
    title: 'Each frame',
    note: `What prologue and epilogue of the caller cost more than if it passes five arguments: ${COST}. It has no BPF stack of its own, with which v3 would reserve its area in the same \`sub\`.`,
    rows: [
      ['arguments', ...CONVENTION_NAMES],
      ...STACK_ARITIES.map((k) => [
        argsText(k),
        ...CONVENTION_NAMES.map((convention) =>
          costText(rowAt(rows, convention, 'bpf', 'reg', k).frameExtra),
        ),
      ]),
    ],
  };
}

function wholeCall({ rows, native }: TableReport, callee: CalleeKind, value: Value): CostSection {
  const styles = Object.keys(GCC_STYLES) as GccStyle[];
  return {
    title: `A whole call of ${CALLEE_NAMES[callee]}, passing ${VALUE_NAMES[value]}`,
    note: `What all of ${callee === 'bpf' ? 'caller and callee' : 'the caller'} costs more than with five arguments: ${COST}.`,
    rows: [
      ['arguments', ...CONVENTION_NAMES, ...styles.map((style) => GCC_NAMES[style])],
      ...STACK_ARITIES.map((k) => [
        argsText(k),
        ...CONVENTION_NAMES.map((convention) => costText(rowAt(rows, convention, callee, value, k).extra)),
        ...styles.map((style) => costText(nativeAt(native.rows, style, callee, value, k).extra)),
      ]),
    ],
  };
}

/** What gcc's code costs more. */
export function nativeAt(
  rows: readonly NativeRow[],
  style: GccStyle,
  callee: CalleeKind,
  value: Value,
  stackArgs: number,
): NativeRow {
  const found = rows.find(
    (row) =>
      row.style === style && row.callee === callee && row.value === value && row.stackArgs === stackArgs,
  );
  if (found === undefined) throw new Error(`no row of gcc for ${style}, ${callee}, ${value}, ${stackArgs}`);
  return found;
}

const PART_NAMES: Readonly<Record<Part, string>> = {
  passed: 'arguments passed',
  received: 'arguments taken',
  before: 'before calls',
  call: 'calls',
  after: 'after calls',
  prologue: 'prologues',
  epilogue: 'epilogues',
  thunk: 'thunks',
  trampoline: 'trampoline',
  other: 'all else',
};

/** Not shown of programs that have none. */
const RARE: ReadonlySet<Part> = new Set(['thunk', 'trampoline']);

/** One program under one convention: a row for each part, as it stands and as it ran. */
export function programSection({
  convention,
  imageBytes,
  static: code,
  executed: run,
}: ConventionCost): CostSection {
  const cells = (tally: ConventionCost['static'][Part] | undefined): string[] =>
    tally === undefined ? ['', ''] : [`${tally.times}`, costText(tally.cost)];
  return {
    title: `${convention}: ${imageBytes} bytes`,
    note: `How many there are in the code${run === null ? '' : ' and how often they ran'}, and what all of them cost: ${COST}.`,
    rows: [
      ['', 'code', '', ...(run === null ? [] : ['run', ''])],
      ...PARTS.filter((part) => !RARE.has(part) || code[part].times > 0).map((part) => [
        PART_NAMES[part],
        ...cells(code[part]),
        ...(run === null ? [] : cells(run[part])),
      ]),
    ],
  };
}
