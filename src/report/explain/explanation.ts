/**
 * An explanation: everything a report shows of one judged case, as plain data (schema `bpf-oracle/explain@1`). Text
 * and HTML are made of it. Numbers that don't fit a double are hex.
 */
import type { Program } from '../../bpf/program.ts';
import type { Image } from '../../core/image.ts';
import type { CaseResult, VerdictName } from '../../oracle/case.ts';
import type { Cell, CellValue } from '../../oracle/cells.ts';
import { cellDiffers, frameCell } from '../../oracle/cells.ts';
import type { Explained } from '../../oracle/explained.ts';
import type { Stage } from '../../oracle/locate.ts';
import type { Localisation } from '../../oracle/lockstep.ts';
import { lastState, type StepTrace } from '../../oracle/step-trace.ts';
import type { JsonDivergence } from '../check-document.ts';
import { insnText } from '../insn-text.ts';
import { jsonDivergence } from '../json.ts';
import { reasonText } from '../words.ts';
import { gotText, wantText } from './cell-text.ts';
import { guiltyPieces, guiltySubprog } from './guilty.ts';
import { type ListingRow, listingRows, type NativeRow, nativeRows } from './listing.ts';
import { nativeOf, registerName } from './names.ts';
import { type JsonFrameRow, type JsonTrace, jsonFrame, jsonTrace } from './trace.ts';

/** Where a case comes from. */
export interface CaseSource {
  /** A command that runs it again. */
  readonly replay: string;
  /** A command that shrinks it again; null where it was not generated. */
  readonly reshrink: string | null;
  /** Of a generated case: how it was found. */
  readonly origin: { readonly seed: number; readonly path: string; readonly shrinks: number } | null;
}

/** The instruction at fault. */
export interface ExplainedCulprit {
  /** BPF slot; null in the prologue of main. */
  readonly pc: number | null;
  readonly insn: string | null;
  readonly stage: Stage;
  /** The subprog whose code it is. */
  readonly subprog: number;
  readonly subprogName: string;
  /** Offset in the image. */
  readonly offset: number;
  readonly native: readonly NativeRow[];
  /** BPF instructions run before it. */
  readonly steps: number;
}

/** A value on both sides; null where nobody may rely on it, or there is none. */
export interface ExplainedValue {
  readonly want: string | null;
  readonly got: string | null;
  readonly differs: boolean;
}

export interface ExplainedRegister extends ExplainedValue {
  readonly cell: Cell;
  readonly name: string;
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

export interface Explanation {
  readonly schema: 'bpf-oracle/explain@1';
  readonly name: string;
  readonly verdict: VerdictName;
  readonly reason: string | null;
  readonly jit: string | null;
  readonly convention: string | null;
  readonly source: CaseSource;
  readonly culprit: ExplainedCulprit | null;
  /** What the comparison of whole runs found; the first ones of so many. */
  readonly divergences: readonly JsonDivergence[];
  readonly divergenceCount: number;
  readonly listing: readonly ListingRow[];
  /** Registers and frame are shown right after the culprit, or, if native code did not come that far, before it. */
  readonly shown: 'after' | 'before' | null;
  readonly registers: readonly ExplainedRegister[];
  readonly frame: ExplainedFrame | null;
  readonly trace: JsonTrace | null;
}

export function explanation({ result, localisation, trace }: Explained, source: CaseSource): Explanation {
  const { program, image } = result;
  const both = program === null || image === null ? null : { program, image };
  const culprit =
    both === null || result.culprit === null ? null : explainedCulprit(both, result, localisation);
  const pieces =
    both === null || result.culprit === null ? [] : guiltyPieces(both.program, both.image, result.culprit);
  return {
    schema: 'bpf-oracle/explain@1',
    name: result.name,
    verdict: result.verdict,
    reason: result.reason === null ? null : reasonText(result.reason, result),
    jit: image?.jit ?? null,
    convention: program?.convention ?? null,
    source,
    culprit,
    divergences: result.divergences.map((divergence) => jsonDivergence(divergence, result)),
    divergenceCount: result.divergenceCount,
    listing: both === null ? [] : listingRows(both.program, both.image, pieces),
    ...state(both, localisation, trace),
    trace:
      both === null || trace === null
        ? null
        : jsonTrace(trace, both.program, both.image, contextSize(result)),
  };
}

interface Both {
  readonly program: Program;
  readonly image: Image;
}

const contextSize = ({ want }: CaseResult): number => want?.memory.length ?? 0;

function explainedCulprit(
  { program, image }: Both,
  { culprit }: CaseResult,
  localisation: Localisation | null,
): ExplainedCulprit | null {
  if (culprit === null) return null;
  const { pc, stage, offset } = culprit;
  const subprog = guiltySubprog(program, culprit);
  return {
    pc,
    insn: pc === null ? null : insnText(program, pc),
    stage,
    subprog,
    subprogName: program.subprogs[subprog]?.name ?? `subprog ${subprog}`,
    offset,
    native: guiltyPieces(program, image, culprit).flatMap((piece) => nativeRows(image, piece)),
    steps: localisation?.steps ?? 0,
  };
}

/** Registers and frame as they are at the end of the trace. */
function state(
  both: Both | null,
  localisation: Localisation | null,
  trace: StepTrace | null,
): Pick<Explanation, 'shown' | 'registers' | 'frame'> {
  const last = trace?.steps.at(-1);
  if (both === null || trace === null || last === undefined)
    return { shown: null, registers: [], frame: null };
  const { program, image } = both;
  const cells = lastState(trace);
  const name = program.subprogs[last.subprog]?.name ?? `subprog ${last.subprog}`;
  return {
    shown: localisation !== null && localisation.differences.length > 0 ? 'after' : 'before',
    registers: [...cells]
      .filter(([cell, { want, got }]) => /^[rio]/.test(cell) && (want ?? got) !== undefined)
      .map(([cell, value]) => ({
        cell,
        name: registerName(cell),
        native: nativeOf(cell, image),
        ...explainedValue(value),
      })),
    frame: {
      subprog: last.subprog,
      name,
      depth: last.depth,
      rows: rowsOf(both, last.subprog, cells),
    },
  };
}

function rowsOf(
  { program, image }: Both,
  subprog: number,
  cells: ReadonlyMap<Cell, CellValue>,
): ExplainedRow[] {
  const fp = cells.get('r10')?.want;
  if (fp === undefined) return [];
  return jsonFrame(program, image, subprog).map((row) => {
    const address = fp + BigInt(row.fp);
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
