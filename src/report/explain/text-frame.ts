/** Registers and the picture of the stack frame: a row each, with both values. */

import type { Explanation } from './explanation.ts';
import { aligned, type Line, type Span, span } from './spans.ts';
import type { ExplainedFrame, ExplainedRegister, ExplainedRow, ExplainedValue } from './state.ts';

/** A value nobody may rely on, none, and one like the interpreter's. */
const ANY = 'any';
const NONE = 'none';
const SAME = 'same';
const VALUE_WIDTH = 18;

/**
 * Arguments passed wrongly, registers that differ, and what the culprit worked with: its own registers, and argument
 * 6, which has no place in the frame. None, or no room for one of them: no lines.
 */
export function registerLines({ registers, passed, culprit }: Explanation, height: number): Line[] {
  const operands = operandsOf(culprit?.insn ?? '');
  const rows = [
    ...passed.map(({ callee, position, want, got }) => ({
      name: `arg ${position} of ${callee}`,
      native: null,
      want,
      got,
      differs: true,
    })),
    ...registers.filter(({ differs }) => differs),
    ...registers.filter(({ differs, cell, want }) => !differs && want !== null && operands.has(cell)),
  ];
  if (rows.length === 0 || height < 3) return [];
  const shown = rows.length > height - 1 ? rows.slice(0, height - 2) : rows;
  const hidden = rows.length - shown.length;
  return [
    ...aligned([
      [span(passed.length > 0 ? '' : 'register', 'head'), ...VALUE_HEADS],
      ...shown.map((row) => [span(registerText(row)), ...valueCells(row)]),
    ]),
    ...(hidden > 0 ? [[span(`… and ${hidden} more`, 'dim')]] : []),
  ];
}

/** Cells of the registers that an instruction names; r11 and r12 stand for argument 6, where it is that one. */
function operandsOf(insn: string): ReadonlySet<string> {
  const named = [...insn.matchAll(/\b[rw](\d+)\b/g)].map(([, number]) => `r${number}`);
  const arg6 = /\(r1[12] ([+-]) 8\)/.exec(insn)?.[1];
  return new Set([...named, ...(arg6 === undefined ? [] : [arg6 === '+' ? 'in6' : 'out6'])]);
}

const VALUE_HEADS: Line = [span('should be'.padEnd(VALUE_WIDTH), 'head'), span('is', 'head')];

const registerText = ({ name, native }: Pick<ExplainedRegister, 'name' | 'native'>): string =>
  native === null || native === name ? name : `${name} (${native})`;

function valueCells({ want, got, differs }: ExplainedValue): Span[] {
  if (differs) return [span(want ?? ANY, 'right'), span(got ?? NONE, 'wrong')];
  if (want === null) return [span(ANY, 'dim'), span(got ?? NONE, 'dim')];
  return [span(want), span(want === got ? SAME : (got ?? NONE), 'dim')];
}

/** One line of the picture: a row, or several that say the same. */
type FrameEntry = readonly [ExplainedRow, ...ExplainedRow[]];

export interface FrameOptions {
  /** Most lines. */
  readonly height: number;
  readonly when: string;
  /** Name of the frame pointer. */
  readonly fp: string;
  /** Wrong pointers into the frame, by where they point. */
  readonly pointers: ReadonlyMap<bigint, string>;
}

/** The frame from the highest address to the lowest, within `height` lines. */
export function frameLines(
  { name, rows }: ExplainedFrame,
  { height, when, fp, pointers }: FrameOptions,
): Line[] {
  if (rows.length === 0 || height < 3) return [];
  const head = [
    span(fp, 'head'),
    span('rsp', 'head'),
    span(`frame of ${name}, ${when}`, 'head'),
    ...VALUE_HEADS,
  ];
  return aligned([head, ...entriesOf(rows, height - 1).map((entry) => entryLine(entry, pointers))]);
}

/** Words of which there may be many, and few say anything. */
const FOLDED: ReadonlySet<ExplainedRow['role']> = new Set(['bpf-stack', 'private-stack', 'helper']);
const STACKS: ReadonlySet<ExplainedRow['role']> = new Set(['bpf-stack', 'private-stack']);

/** Rows that agree are folded, first words of the BPF stack, then all, until the picture is low enough. */
function entriesOf(rows: readonly ExplainedRow[], height: number): FrameEntry[] {
  const stack = fold(rows, (row) => FOLDED.has(row.role) && !row.differs, 3);
  if (stack.length <= height) return stack;
  const agreeing = fold(rows, (row) => !row.differs, 2);
  if (agreeing.length <= height) return agreeing;
  const half = Math.floor(height / 2);
  const middle = agreeing.slice(half, agreeing.length - (height - half - 1)).flat();
  const [first, ...rest] = middle as [ExplainedRow, ...ExplainedRow[]];
  return [
    ...agreeing.slice(0, half),
    [first, ...rest],
    ...agreeing.slice(agreeing.length - (height - half - 1)),
  ];
}

/** Runs of at least `least` rows that may be folded become one entry. */
function fold(
  rows: readonly ExplainedRow[],
  mayFold: (row: ExplainedRow) => boolean,
  least: number,
): FrameEntry[] {
  const entries: FrameEntry[] = [];
  for (let i = 0; i < rows.length; ) {
    let end = i;
    while (end < rows.length && mayFold(rows[end] as ExplainedRow)) end++;
    const size = end - i >= least ? end - i : 1;
    const [first, ...rest] = rows.slice(i, i + size) as [ExplainedRow, ...ExplainedRow[]];
    entries.push([first, ...rest]);
    i += size;
  }
  return entries;
}

function entryLine([first, ...rest]: FrameEntry, pointers: ReadonlyMap<bigint, string>): Line {
  const last = rest.at(-1);
  const pointed = [first, ...rest].flatMap(({ address }) => pointers.get(BigInt(address)) ?? []);
  const here = pointed.map((name) => span(`<- ${name}`, 'wrong'));
  const isElsewhere = first.role === 'private-stack';
  const place = [first.fp, first.sp].map((at) => span(isElsewhere ? '' : offset(at)));
  if (last === undefined)
    return [...place, span(first.name, first.differs ? 'guilty' : undefined), ...valueCells(first), ...here];
  const count = rest.length + 1;
  const wrong = [first, ...rest].filter(({ differs }) => differs).length;
  const name =
    first.role === last.role && STACKS.has(first.role) ? `${first.name} … ${last.fp}` : `… ${last.name}`;
  return [
    ...place,
    span(name, 'dim'),
    span(`${count} words, ${wrong === 0 ? 'none differs' : `${wrong} differ`}`, 'dim'),
    span(''),
    ...here,
  ];
}

const offset = (bytes: number): string => (bytes < 0 ? `${bytes}` : `+${bytes}`);
