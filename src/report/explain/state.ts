/** Registers and stack frame at the end of a trace, with the values of both sides. */
import type { Program } from '../../bpf/program.ts';
import type { Image } from '../../core/image.ts';
import { type Cell, type CellValue, cellDiffers, frameCell, rowAddress } from '../../oracle/cells.ts';
import type { Localisation } from '../../oracle/lockstep.ts';
import { lastState, type StepTrace } from '../../oracle/step-trace.ts';
import { gotText, wantText } from './cell-text.ts';
import { nativeOf, registerName } from './names.ts';
import { type JsonFrameRow, jsonFrame } from './trace.ts';

/** A value on both sides; null where nobody may rely on it, or there is none. */
export interface ExplainedValue {
  readonly want: string | null;
  readonly got: string | null;
  readonly differs: boolean;
}

export interface ExplainedRegister extends ExplainedValue {
  readonly cell: Cell;
  readonly name: string;
  /** The native register it is in. */
  readonly native: string | null;
}

export interface ExplainedRow extends ExplainedValue, JsonFrameRow {
  readonly cell: Cell;
  readonly address: string;
}

/** A frame; its rows from the highest address to the lowest. */
export interface ExplainedFrame {
  readonly subprog: number;
  readonly name: string;
  readonly depth: number;
  readonly rows: readonly ExplainedRow[];
}

export interface ExplainedState {
  /** The state right after the culprit, or, if native code did not come that far, before it. */
  readonly shown: 'after' | 'before' | null;
  /** Slots the interpreter and native code went on at, where those are two. */
  readonly goesOn: readonly number[];
  readonly registers: readonly ExplainedRegister[];
  readonly frame: ExplainedFrame | null;
}

export const NO_STATE: ExplainedState = { shown: null, goesOn: [], registers: [], frame: null };

interface Code {
  readonly program: Program;
  readonly image: Image;
}

export function stateOf(
  { program, image }: Code,
  localisation: Localisation | null,
  trace: StepTrace | null,
): ExplainedState {
  const last = trace?.steps.at(-1);
  if (localisation === null || trace === null || last === undefined) return NO_STATE;
  const cells = lastState(trace);
  const { subprog, depth } = last;
  const name = program.subprogs[subprog]?.name ?? `subprog ${subprog}`;
  return {
    shown: isAfter(localisation, trace) ? 'after' : 'before',
    goesOn: goesOn(localisation, image),
    registers: registers(cells, image),
    frame: { subprog, name, depth, rows: rowsOf({ program, image }, subprog, cells) },
  };
}

/** Whether the trace ends behind the culprit, not before it. */
function isAfter({ pc, differences, steps }: Localisation, trace: StepTrace): boolean {
  return pc === null ? differences.length > 0 : trace.first + trace.steps.length - 1 > steps;
}

function goesOn({ differences }: Localisation, { pcMap }: Image): number[] {
  for (const { what, got } of differences) {
    if (what.kind !== 'control') continue;
    const native = pcMap?.pcStartingAt(Number(got));
    return [what.pc, native].filter((pc) => pc !== null && pc !== undefined);
  }
  return [];
}

const registers = (cells: ReadonlyMap<Cell, CellValue>, image: Image): ExplainedRegister[] =>
  [...cells]
    .filter(([cell, { want, got }]) => /^[rio]/.test(cell) && (want ?? got) !== undefined)
    .map(([cell, value]) => ({
      cell,
      name: registerName(cell),
      native: nativeOf(cell, image),
      ...explainedValue(value),
    }));

function rowsOf(
  { program, image }: Code,
  subprog: number,
  cells: ReadonlyMap<Cell, CellValue>,
): ExplainedRow[] {
  return jsonFrame(program, image, subprog).flatMap((row) => {
    const address = rowAddress(cells, { role: { kind: row.role }, fpOffset: row.fp });
    if (address === undefined) return [];
    const cell = frameCell(address);
    const value = cells.get(cell) ?? { want: undefined, got: undefined, poison: 0xff };
    return { ...row, cell, address: `0x${address.toString(16)}`, ...explainedValue(value) };
  });
}

const explainedValue = (value: CellValue): ExplainedValue => ({
  want: wantText(value),
  got: gotText(value),
  differs: cellDiffers(value),
});
