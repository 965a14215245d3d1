/**
 * How a program gets to a place where something holds that must not: back from the place, over blocks at whose
 * heads it holds already, to what brought it about; on into the callers where that is an argument.
 */
import { isStackArgBase, MAX_REG_ARGS, stackArgSlot } from '../bpf/calling.ts';
import type { Insn } from '../bpf/insn.ts';
import { REG_COUNT } from '../bpf/reg.ts';
import { registerWritten } from '../bpf/registers.ts';
import type { Block } from './blocks.ts';
import { type Fact, holds } from './fact.ts';
import type { Branch, Stretch } from './finding.ts';
import { type Flow, type FunctionFlow, walkBlock } from './flow.ts';
import { SLOT, type State } from './state.ts';
import { isOnly, UNSET } from './value.ts';
import { step } from './walk.ts';
import { BlockWays } from './ways.ts';

/** Callers looked through: as many as frames there may be. */
const MAX_STRETCHES = 8;

/** Finds ways through a program; what it learns of blocks on one it knows for the next. */
export class Paths {
  readonly #flow: Flow;
  readonly #blocks = new Map<FunctionFlow, BlockWays>();

  constructor(flow: Flow) {
    this.#flow = flow;
  }

  /** Before the instruction at `pc` of function `index`, the fact holds on some way; this is one. */
  to(index: number, pc: number, fact: Fact): Stretch[] {
    const path: Stretch[] = [];
    let at: Place | undefined = { fn: this.#flow[index] as FunctionFlow, pc, fact };
    while (at !== undefined && path.length < MAX_STRETCHES) {
      const back: Back = goBack(at, this.#waysOf(at.fn));
      path.push(back.stretch);
      at = back.argument === undefined ? undefined : callPassing(this.#flow, at.fn, back.argument, at.fact);
    }
    return path;
  }

  #waysOf(fn: FunctionFlow): BlockWays {
    const known = this.#blocks.get(fn) ?? new BlockWays(fn);
    this.#blocks.set(fn, known);
    return known;
  }
}

/** Where a fact holds: before an instruction of a function. */
interface Place {
  readonly fn: FunctionFlow;
  readonly pc: number;
  readonly fact: Fact;
}

interface Back {
  readonly stretch: Stretch;
  /** It was passed like that, as this argument. */
  readonly argument?: number;
}

function goBack({ fn, pc, fact }: Place, ways: BlockWays): Back {
  const { subprog } = fn;
  const target = blockAt(fn, pc);
  const cause = causeIn(fn, target, pc, fact);
  const stretch = { subprog: subprog.index, from: cause, branches: [], to: pc };
  if (cause !== null) return { stretch, ...passedBy(fn, cause, fact) };
  const found = search(fn, ways, target, fact);
  const { end } = fn.blocks.list[found.first] as Block;
  const from = found.isEntry ? null : causeIn(fn, found.first, end, fact);
  const branches = branchesOn(fn, target, found);
  return {
    stretch: { ...stretch, from, branches },
    ...(from === null ? entryArgument(fact) : passedBy(fn, from, fact)),
  };
}

function blockAt({ blocks }: FunctionFlow, pc: number): number {
  let low = 0;
  let high = blocks.list.length - 1;
  while (low < high) {
    const middle = (low + high + 1) >> 1;
    if ((blocks.list[middle] as Block).start <= pc) low = middle;
    else high = middle - 1;
  }
  return low;
}

/** The instruction of the block, before `pc`, since which the fact holds; null: it holds at the head already. */
function causeIn(fn: FunctionFlow, number: number, pc: number, fact: Fact): number | null {
  const block = fn.blocks.list[number] as Block;
  const state = (fn.states[number] as State).copy();
  let cause: number | null = null;
  let before = holds(fact, state);
  for (let at = block.start; at < pc; at++) {
    const insn = fn.context.program.insns[at];
    if (insn === undefined) continue;
    const wasIt = renews(fact, insn, state);
    step(fn.context, state, at, insn);
    const now = holds(fact, state);
    if (now && (!before || wasIt)) cause = at;
    before = now;
  }
  return cause;
}

/**
 * Whether the instruction brings the fact about again, or puts something new in its register or slot: what was so
 * before is of no account.
 */
function renews(fact: Fact, insn: Insn, state: State): boolean {
  if (fact.kind === 'late')
    return insn.kind === 'call' || ((insn.kind === 'st' || insn.kind === 'stx') && isStackArgBase(insn.dst));
  if (fact.kind !== 'value') return false;
  if (insn.kind !== 'call' && insn.kind !== 'callx') return registerWritten(insn) === fact.index;
  // A call uses up slots that something was stored to.
  if (fact.index >= SLOT) return !isOnly(state.value(fact.index), UNSET);
  return fact.index <= MAX_REG_ARGS;
}

const NONE = -1;

interface Search {
  /** The block it came about in, or the function's first where it holds at its head. */
  readonly first: number;
  readonly isEntry: boolean;
  /** By block, towards the place: the block after it, or NONE. */
  readonly next: Int32Array;
  /** By block: 1 if it holds at its head, and from there on to the place. */
  readonly within: Uint8Array;
}

/** Breadth first, backwards. */
function search(fn: FunctionFlow, ways: BlockWays, target: number, fact: Fact): Search {
  const next = new Int32Array(fn.blocks.list.length).fill(NONE);
  const within = new Uint8Array(fn.blocks.list.length);
  within[target] = 1;
  const queue = [target];
  let first: number | undefined;
  let isEntry = false;
  for (const block of queue) {
    if (block === 0 && first === undefined) {
      first = 0;
      isEntry = true;
    }
    for (const from of fn.blocks.into[block] ?? []) {
      if (!ways.carries(from, block, fact)) continue;
      const kept = isKept(fn, ways, from, fact);
      if (kept && within[from] === 1) continue;
      if (next[from] === NONE) next[from] = block;
      if (kept) {
        queue.push(from);
        within[from] = 1;
      } else first ??= from;
    }
  }
  return { first: first ?? target, isEntry, next, within };
}

/** Whether the fact holds from the block's head to its end. */
function isKept(fn: FunctionFlow, ways: BlockWays, number: number, fact: Fact): boolean {
  const block = fn.blocks.list[number] as Block;
  if (!holds(fact, fn.states[number] as State)) return false;
  return !ways.concerns(number, fact) || causeIn(fn, number, block.end, fact) === null;
}

/** Jumps whose other way does not lead there with the fact holding. */
function branchesOn({ blocks }: FunctionFlow, target: number, { first, next, within }: Search): Branch[] {
  const branches: Branch[] = [];
  for (let at = first, to = next[at] as number; to !== NONE; at = to, to = next[at] as number) {
    const block = blocks.list[at] as Block;
    const taken = block.edges.find((way) => way.to === to)?.taken;
    const isForced = taken !== undefined && !block.edges.some((way) => way.to !== to && within[way.to] === 1);
    if (isForced) branches.push({ pc: block.last, taken });
    if (to === target) break;
  }
  return branches;
}

/** Whether the instruction takes the value from an argument: a load of a stack argument. */
function passedBy({ context }: FunctionFlow, pc: number, fact: Fact): { argument?: number } {
  const insn = context.program.insns[pc];
  if (fact.kind !== 'value' || insn?.kind !== 'ldx' || insn.src < REG_COUNT) return {};
  const slot = stackArgSlot(insn.off, 'incoming');
  return slot === undefined ? {} : { argument: MAX_REG_ARGS + 1 + slot };
}

const entryArgument = (fact: Fact): { argument?: number } =>
  fact.kind === 'value' && fact.index >= 1 && fact.index <= MAX_REG_ARGS ? { argument: fact.index } : {};

/** A call that passes a value of the fact's kinds as this argument. */
function callPassing(flow: Flow, callee: FunctionFlow, argument: number, fact: Fact): Place | undefined {
  if (fact.kind !== 'value') return undefined;
  const index = argument <= MAX_REG_ARGS ? argument : SLOT + argument - MAX_REG_ARGS - 1;
  const passed: Fact = { ...fact, index };
  for (const { caller, pc } of callsOf(flow, callee)) {
    const number = blockAt(caller, pc);
    const state = caller.states[number]?.copy();
    if (state === undefined) continue;
    walkBlock(caller.context, state, caller.blocks.list[number] as Block, pc);
    if (holds(passed, state)) return { fn: caller, pc, fact: passed };
  }
  return undefined;
}

function* callsOf(
  flow: Flow,
  callee: FunctionFlow,
): Iterable<{ readonly caller: FunctionFlow; readonly pc: number }> {
  const { start } = callee.subprog;
  for (const caller of flow) {
    for (const { last } of caller.blocks.list) {
      const insn = caller.context.program.insns[last];
      if (insn?.kind === 'call' && insn.target === 'local' && last + 1 + insn.imm === start)
        yield { caller, pc: last };
    }
  }
}
