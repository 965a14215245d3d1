/**
 * A lock-step run as the page has it. A step costs some forty bytes: cells by number, values without leading
 * zeros, and the native value only where it is another one.
 */
import type { Program } from '../../bpf/program.ts';
import type { Image } from '../../core/image.ts';
import type { CaseResult } from '../../oracle/case.ts';
import { type Cell, type CellValue, cellDiffers } from '../../oracle/cells.ts';
import type { Explained } from '../../oracle/explained.ts';
import type { StepTrace } from '../../oracle/step-trace.ts';
import { gotText, wantText } from '../explain/cell-text.ts';
import { nativeOf, registerName } from '../explain/names.ts';
import { frameSlots } from './frame-data.ts';
import { shownMemory } from './memory-data.ts';
import type { PageStep, PageTrace } from './page-data.ts';

export function pageTrace(
  { program, image, want }: CaseResult,
  { localisation }: Pick<Explained, 'localisation'>,
  trace: StepTrace,
): PageTrace | null {
  if (program === null || image === null) return null;
  const memory = shownMemory(trace, program, want?.memory.length ?? 0);
  const names = new CellNames();
  const isShown = (cell: Cell): boolean => !cell.startsWith('m') || memory.has(cell);
  const went = localisation?.differences.some(({ what }) => what.kind === 'control') ?? false;
  const steps = trace.steps.map(({ pc, subprog, depth, offset, changes }, i): PageStep => {
    const packed = [...changes].flatMap(([cell, value]) =>
      isShown(cell) ? [names.indexOf(cell), ...packedValue(value)] : [],
    );
    const isAstray = went && i === trace.steps.length - 1;
    return isAstray ? [pc, subprog, depth, packed, offset] : [pc, subprog, depth, packed];
  });
  return {
    cells: names.all,
    regs: registersOf(trace, image).map((cell) => [
      names.indexOf(cell),
      registerName(cell),
      nativeOf(cell, image) ?? '',
    ]),
    memory: [...memory].map(([cell, name]) => [names.indexOf(cell), name]),
    frames: framesOf(trace, program, image),
    skipped: trace.first,
    steps,
  };
}

/** Numbers for cells, in the order they come. */
class CellNames {
  readonly all: Cell[] = [];
  readonly #indices = new Map<Cell, number>();

  indexOf(cell: Cell): number {
    const known = this.#indices.get(cell);
    if (known !== undefined) return known;
    this.#indices.set(cell, this.all.length);
    return this.all.push(cell) - 1;
  }
}

function packedValue(value: CellValue): [want: string | null, got: string | null | 0] {
  const want = wantText(value);
  if (want === null) return [null, short(gotText(value))];
  return [short(want), cellDiffers(value) ? short(gotText(value)) : 0];
}

/** Without `0x` and leading zeros; `null` stays. */
function short<T extends string | null>(text: T): T;
function short(text: string | null): string | null {
  if (text === null) return null;
  return text.includes('?') ? text.slice(2) : text.slice(2).replace(/^0+(?=.)/, '');
}

/** Registers and arguments in registers that have a value at some step, in their order. */
function registersOf({ steps }: StepTrace, image: Image): Cell[] {
  const known = new Set<Cell>();
  for (const { changes } of steps) {
    for (const [cell, { want, got }] of changes) {
      if (nativeOf(cell, image) !== null && (want ?? got) !== undefined) known.add(cell);
    }
  }
  const first = [...(steps[0]?.changes.keys() ?? [])];
  return first.filter((cell) => known.has(cell));
}

const framesOf = (trace: StepTrace, program: Program, image: Image): PageTrace['frames'] =>
  program.subprogs.map(({ index, name }) => ({ name, slots: frameSlots(trace, program, image, index) }));
