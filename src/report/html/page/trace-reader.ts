/** The state at any step of a trace, from what changed: steps are applied again from the checkpoint before. */
import type { PageStep, PageTrace } from '../page-data.ts';

/** A place at a step. Values as page-data.ts has them; `want` is undefined while nothing is known of it. */
export interface CellState {
  readonly want: string | null | undefined;
  /** The native value where it is not the reference's; null: it has none. */
  readonly got: string | null | undefined;
  readonly differs: boolean;
  /** Whether the step before gave it another value, by the reference. */
  readonly changed: boolean;
}

export interface StepState {
  readonly pc: number;
  readonly subprog: number;
  /** Calls around this one. */
  readonly depth: number;
  /** Where native code came to instead, as an offset in the image. */
  readonly astray: number | undefined;
  /** By index in the trace's cells. */
  readonly cells: readonly CellState[];
  /** How many of the cells differ. */
  readonly differences: number;
}

const UNKNOWN: CellState = { want: undefined, got: undefined, differs: false, changed: false };
const CHECKPOINT_STEPS = 128;

export class TraceReader {
  readonly #steps: readonly PageStep[];
  /** The cells before step 0, CHECKPOINT_STEPS, …: as far as they were asked for. */
  readonly #checkpoints: (readonly CellState[])[];
  readonly #cellByName: ReadonlyMap<string, number>;

  constructor({ steps, cells }: PageTrace) {
    this.#steps = steps;
    this.#checkpoints = [cells.map(() => UNKNOWN)];
    this.#cellByName = new Map(cells.map((name, index) => [name, index]));
  }

  get steps(): number {
    return this.#steps.length;
  }

  /** The first step at which the sides differ; if they never do, undefined. */
  firstDifference(): number | undefined {
    const found = this.#steps.findIndex((step) => step[4] !== undefined || hasDifference(step));
    return found < 0 ? undefined : found;
  }

  /** The next step at which an instruction runs, else the first one, if there is any. */
  nextAt(pc: number, step: number): number | undefined {
    const next = this.#steps.findIndex(([at], i) => i > step && at === pc);
    const found = next < 0 ? this.#steps.findIndex(([at]) => at === pc) : next;
    return found < 0 ? undefined : found;
  }

  /** Slots of the instructions that run. */
  ran(): ReadonlySet<number> {
    return new Set(this.#steps.map(([pc]) => pc));
  }

  /** Index of a cell by its name. */
  cell(name: string): number | undefined {
    return this.#cellByName.get(name);
  }

  /** Step 0 is the first one of the trace. */
  at(index: number): StepState {
    const step = this.#steps[index];
    if (step === undefined) throw new Error(`no step ${index}`);
    const cells = this.#before(index).map((cell) => (cell.changed ? { ...cell, changed: false } : cell));
    apply(cells, step);
    const [pc, subprog, depth, , astray] = step;
    return { pc, subprog, depth, astray, cells, differences: cells.filter(({ differs }) => differs).length };
  }

  /** The cells when all steps before this one are taken. */
  #before(index: number): CellState[] {
    const wanted = Math.floor(index / CHECKPOINT_STEPS);
    while (this.#checkpoints.length <= wanted) {
      const start = (this.#checkpoints.length - 1) * CHECKPOINT_STEPS;
      this.#checkpoints.push(this.#run(start, start + CHECKPOINT_STEPS));
    }
    return this.#run(wanted * CHECKPOINT_STEPS, index);
  }

  /** From a checkpoint to a step. */
  #run(from: number, to: number): CellState[] {
    const cells = [...(this.#checkpoints[from / CHECKPOINT_STEPS] ?? [])];
    for (const step of this.#steps.slice(from, to)) apply(cells, step);
    return cells;
  }
}

function apply(cells: CellState[], [, , , changes]: PageStep): void {
  for (let i = 0; i < changes.length; i += 3) {
    const cell = changes[i] as number;
    const want = changes[i + 1] as string | null;
    const other = changes[i + 2] as string | null | 0;
    const got = other === 0 ? undefined : other;
    const before = cells[cell]?.want;
    const changed = before !== undefined && want !== null && before !== want;
    cells[cell] = { want, got, differs: want !== null && got !== undefined, changed };
  }
}

function hasDifference([, , , changes]: PageStep): boolean {
  for (let i = 0; i < changes.length; i += 3) {
    if (changes[i + 1] !== null && changes[i + 2] !== 0) return true;
  }
  return false;
}
