/**
 * The data flow of a whole program: states at the heads of blocks, and summaries of functions, until nothing
 * changes. A block is done again only if what leads to it has changed; values only ever come to know less, so
 * that happens a few times for each block, whatever the number of paths.
 */
import type { Insn } from '../bpf/insn.ts';
import type { Program, Subprog } from '../bpf/program.ts';
import { REG_COUNT } from '../bpf/reg.ts';
import { type Block, type Blocks, blocksOf, type Edge } from './blocks.ts';
import { addressedSubprog, calledSubprog, neverReturns } from './calls.ts';
import type { WalkContext } from './context.ts';
import type { State } from './state.ts';
import { type Entrance, Summary } from './summary.ts';
import { step } from './walk.ts';

/** One function's part. */
export interface FunctionFlow {
  readonly subprog: Subprog;
  readonly summary: Summary;
  readonly blocks: Blocks;
  /** At the head of each block; undefined: no way leads there. */
  readonly states: readonly (State | undefined)[];
  readonly context: WalkContext;
  /** Blocks that were done, each as often as it was: what the analysis cost. */
  readonly visits: number;
}

export type Flow = readonly FunctionFlow[];

export function flowOf(program: Program, writes: 'trusted' | 'doubted'): Flow {
  return new Solver(program, writes === 'trusted').run();
}

class FunctionSolver implements FunctionFlow {
  readonly subprog: Subprog;
  readonly summary: Summary;
  readonly blocks: Blocks;
  readonly states: (State | undefined)[] = [];
  readonly context: WalkContext;
  visits = 0;
  /** Blocks that call it, by caller. */
  readonly callers = new Map<FunctionSolver, Set<number>>();
  /** Blocks that load what it is passed on the stack. */
  readonly loading: readonly number[];
  readonly #dirty: Uint8Array;
  /** No block of lower rank is dirty. */
  #from: number;

  constructor(program: Program, summary: Summary, context: Omit<WalkContext, 'summary'>) {
    this.summary = summary;
    this.subprog = summary.subprog;
    this.context = { ...context, summary };
    const isEnd = (insn: Insn): boolean => neverReturns(program, insn);
    this.blocks = blocksOf(program, this.subprog, isEnd);
    this.#dirty = new Uint8Array(this.blocks.list.length);
    this.#from = this.blocks.list.length;
    this.loading = this.blocks.list.flatMap((block, number) =>
      loadsArgument(program, block) ? [number] : [],
    );
  }

  mark(block: number): void {
    const rank = this.blocks.rank[block] as number;
    this.#dirty[rank] = 1;
    if (rank < this.#from) this.#from = rank;
  }

  /** The next block to do. */
  take(): number | undefined {
    const { order } = this.blocks;
    for (; this.#from < order.length; this.#from++) {
      if (this.#dirty[this.#from] === 0) continue;
      this.#dirty[this.#from] = 0;
      this.visits++;
      return order[this.#from];
    }
    return undefined;
  }

  /** One more way to a block. */
  merge(block: number, state: State): void {
    const known = this.states[block];
    if (known === undefined) this.states[block] = state;
    else if (!known.meet(state)) return;
    this.mark(block);
  }

  /** What it is passed has changed. */
  reenter(): void {
    this.merge(0, this.summary.entry());
    for (const block of this.loading) if (this.states[block] !== undefined) this.mark(block);
  }
}

class Solver {
  readonly #program: Program;
  readonly #functions: readonly FunctionSolver[];
  readonly #pending = new Set<FunctionSolver>();

  constructor(program: Program, isTrusting: boolean) {
    this.#program = program;
    const summaries = program.subprogs.map((subprog) => new Summary(subprog));
    const context = {
      program,
      summaries,
      isTrusting,
      onChange: (summary: Summary) => this.#wakeCallers(summary),
      onEnter: (callee: Summary) => this.#reenter(this.#of(callee)),
    };
    this.#functions = summaries.map((summary) => new FunctionSolver(program, summary, context));
  }

  run(): Flow {
    this.#enter(0, 'main');
    for (const index of tailCalled(this.#program)) this.#enter(index, 'tail call');
    for (const index of addressed(this.#program)) this.#enter(index, 'callback');
    const { exceptionCallback } = this.#program;
    if (exceptionCallback !== undefined) this.#enter(exceptionCallback, 'exception');
    this.#solve();
    for (const { subprog, summary } of this.#functions) {
      if (summary.arguments !== undefined) continue;
      this.#enter(subprog.index, 'uncalled');
      this.#solve();
    }
    return this.#functions;
  }

  #of(summary: Summary): FunctionSolver {
    return this.#functions[summary.subprog.index] as FunctionSolver;
  }

  #enter(index: number, entrance: Entrance): void {
    const fn = this.#functions[index] as FunctionSolver;
    if (fn.summary.enterBy(entrance)) this.#reenter(fn);
  }

  #reenter(fn: FunctionSolver): void {
    fn.reenter();
    this.#pending.add(fn);
  }

  #wakeCallers(summary: Summary): void {
    for (const [caller, blocks] of this.#of(summary).callers) {
      for (const block of blocks) caller.mark(block);
      this.#pending.add(caller);
    }
  }

  #solve(): void {
    for (const fn of this.#pending) {
      this.#pending.delete(fn);
      for (let block = fn.take(); block !== undefined; block = fn.take()) this.#do(fn, block);
    }
  }

  #do(fn: FunctionSolver, number: number): void {
    const block = fn.blocks.list[number] as Block;
    const state = (fn.states[number] as State).copy();
    const callee = calledSubprog(this.#program, block.last, this.#insn(block.last));
    if (callee !== undefined) this.#remember(fn, number, callee);
    if (!walkBlock(fn.context, state, block)) return;
    if (this.#insn(block.last).kind === 'exit' && fn.summary.leave(state)) this.#wakeCallers(fn.summary);
    for (const edge of block.edges) {
      const next = stateAfter(this.#insn(block.last), state, edge);
      if (next !== undefined) fn.merge(edge.to, next);
    }
  }

  #remember(caller: FunctionSolver, block: number, callee: Subprog): void {
    const { callers } = this.#functions[callee.index] as FunctionSolver;
    const blocks = callers.get(caller) ?? new Set();
    callers.set(caller, blocks.add(block));
  }

  #insn(pc: number): Insn {
    return this.#program.insns[pc] as Insn;
  }
}

/** From a block's head to its end; false if the end is not reached. `until`: a slot to stop before. */
export function walkBlock(context: WalkContext, state: State, block: Block, until = block.end): boolean {
  const { insns } = context.program;
  for (let pc = block.start; pc < until; pc++) {
    const insn = insns[pc];
    if (insn !== undefined && !step(context, state, pc, insn)) return false;
  }
  return true;
}

/** The state on a way out of a block; undefined if that way cannot be taken. */
export function stateAfter(last: Insn, state: State, { taken }: Edge): State | undefined {
  const next = state.copy();
  if (taken === undefined || last.kind !== 'jcc' || last.width !== 64) return next;
  if (
    last.dst >= REG_COUNT ||
    last.source !== 'K' ||
    last.imm !== 0 ||
    (last.op !== 'jeq' && last.op !== 'jne')
  )
    return next;
  return next.refine(last.dst, taken === (last.op === 'jeq')) ? next : undefined;
}

/** Functions whose address is taken. */
function addressed(program: Program): Set<number> {
  const found = new Set<number>();
  program.insns.forEach((insn, pc) => {
    const subprog = insn === undefined ? undefined : addressedSubprog(program, pc, insn);
    if (subprog !== undefined) found.add(subprog.index);
  });
  return found;
}

/** Functions where programs in program arrays start. */
const tailCalled = ({ progArrays = [] }: Program): Set<number> =>
  new Set(progArrays.flatMap(({ programs }) => programs.filter((index) => index !== null)));

function loadsArgument({ insns }: Program, { start, end }: Block): boolean {
  for (let pc = start; pc < end; pc++) {
    const insn = insns[pc];
    if (insn?.kind === 'ldx' && insn.src >= REG_COUNT) return true;
  }
  return false;
}
