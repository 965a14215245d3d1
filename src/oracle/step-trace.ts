/**
 * What happened step by step in a lock-step run: before each BPF instruction, which registers, arguments, words of
 * the frame and of memory have other values than before the one before it, on both sides.
 */
import { MAX_REG_ARGS, MAX_STACK_ARGS } from '../bpf/calling.ts';
import type { Program } from '../bpf/program.ts';
import { R10, REG_COUNT } from '../bpf/reg.ts';
import type { StackBytes, Word } from '../core/execution.ts';
import type { Image } from '../core/image.ts';
import type { NativeStep, ReferenceStep } from '../core/step.ts';
import { bytesValue, type Cell, type CellValue, frameCell, isSame, type See, whole } from './cells.ts';
import { FrameLinks } from './frame-links.ts';
import { type FrameRow, frameRows } from './frame-rows.ts';
import type { StepObserver } from './lockstep.ts';
import { MemoryCells } from './memory-cells.ts';

/** Before one BPF instruction. */
export interface TraceStep {
  readonly pc: number;
  readonly subprog: number;
  /** Frames below this one: 0 in main. */
  readonly depth: number;
  /** Where native code stands; elsewhere than at `pc` only in the last step, if it went astray. */
  readonly offset: number;
  /** Cells with another value than in the step before; in the first step all of them. */
  readonly changes: ReadonlyMap<Cell, CellValue>;
}

export interface StepTrace {
  /** BPF instructions run before the first step. */
  readonly first: number;
  readonly steps: readonly TraceStep[];
}

/** All cells after the last step. */
export function lastState({ steps }: StepTrace): Map<Cell, CellValue> {
  const state = new Map<Cell, CellValue>();
  for (const { changes } of steps) for (const [cell, value] of changes) state.set(cell, value);
  return state;
}

/** Records the steps from `from` on, up to so many. */
export class StepRecorder implements StepObserver {
  readonly #image: Image;
  readonly #program: Program;
  readonly #from: number;
  readonly #limit: number;
  readonly #links: FrameLinks;
  readonly #hasPrivateStacks: boolean;
  readonly #memory = new MemoryCells();
  readonly #rows: (readonly FrameRow[])[] = [];
  readonly #state = new Map<Cell, CellValue>();
  readonly #steps: TraceStep[] = [];
  #index = 0;

  constructor(
    program: Program,
    image: Image,
    { from, limit }: { readonly from: number; readonly limit: number },
  ) {
    this.#program = program;
    this.#image = image;
    this.#from = from;
    this.#limit = limit;
    this.#links = new FrameLinks(program, image);
    this.#hasPrivateStacks = image.frames?.some(({ privateStack }) => privateStack !== undefined) ?? false;
  }

  onEntry(got: NativeStep): void {
    this.#links.enterMain(got);
  }

  onStep(want: ReferenceStep, got: NativeStep): void {
    this.#links.follow(want, got);
    const index = this.#index++;
    if (index < this.#from || this.#steps.length >= this.#limit) return;
    const changes = new Map<Cell, CellValue>();
    const see = (cell: Cell, value: CellValue): void => {
      const before = this.#state.get(cell);
      if (before !== undefined && isSame(before, value)) return;
      this.#state.set(cell, value);
      changes.set(cell, value);
    };
    this.#registers(want, got, see);
    this.#frame(want, got, see);
    this.#memory.changed(want, got, see);
    const { pc, subprog } = want;
    this.#steps.push({ pc, subprog, depth: this.#links.depth, offset: got.offset, changes });
  }

  trace(): StepTrace {
    return { first: this.#from, steps: this.#steps };
  }

  #registers(want: ReferenceStep, got: NativeStep, see: See): void {
    for (let reg = 0; reg < REG_COUNT; reg++) see(`r${reg}`, whole(want.reg(reg), got.reg(reg)));
    const bytes = this.#image.frames?.[want.subprog]?.bytes;
    const rsp = bytes === undefined ? undefined : want.base - BigInt(bytes);
    see('rsp', whole(rsp, got.rsp));
    this.#registerArgs(want, got, see);
  }

  /** Stack arguments that travel in native registers, of those that this subprog takes and passes. */
  #registerArgs(want: ReferenceStep, got: NativeStep, see: See): void {
    const { args = 0, outgoing = 0 } = this.#program.subprogs[want.subprog] ?? {};
    for (let slot = 0; slot < MAX_STACK_ARGS; slot++) {
      const position = MAX_REG_ARGS + 1 + slot;
      if (this.#image.args.bpf[position - 1]?.in !== 'reg') continue;
      see(`in${position}`, position <= args ? whole(want.incoming(slot), got.incoming(slot)) : NOTHING);
      see(`out${position}`, slot < outgoing ? whole(want.outgoing(slot), got.outgoing(slot)) : NOTHING);
    }
  }

  #frame(want: ReferenceStep, got: NativeStep, see: See): void {
    const r10 = want.reg(R10);
    if (r10 === undefined) return;
    if (this.#hasPrivateStacks) see('fp', r10 === want.base ? NOTHING : whole(want.base, want.base));
    const stack = want.stack();
    for (const row of this.#rowsOf(want.subprog)) {
      const from = row.role.kind === 'private-stack' ? r10 : want.base;
      const address = from + BigInt(row.fpOffset);
      see(frameCell(address), this.#rowValue(row, want, stack, got.word(address)));
    }
  }

  #rowValue(
    { role, fpOffset }: FrameRow,
    step: ReferenceStep,
    stack: StackBytes | null,
    got: Word,
  ): CellValue {
    const slot = 'position' in role ? role.position - MAX_REG_ARGS - 1 : 0;
    switch (role.kind) {
      case 'incoming':
        return whole(step.incoming(slot), got);
      case 'outgoing':
        return whole(step.outgoing(slot), got);
      case 'bpf-stack':
      case 'private-stack':
        return stackWord(stack, fpOffset, got);
      default:
        return whole(this.#links.want(role), got);
    }
  }

  #rowsOf(subprog: number): readonly FrameRow[] {
    this.#rows[subprog] ??= frameRows(this.#program, this.#image, subprog);
    return this.#rows[subprog];
  }
}

const NOTHING = whole(undefined, undefined);

/** Eight bytes of the reference's frame, which ends at fp. */
function stackWord(stack: StackBytes | null, fpOffset: number, got: Word): CellValue {
  if (stack === null) return whole(undefined, got);
  return { ...bytesValue(stack.bytes, stack.poison, stack.bytes.length + fpOffset), got };
}
