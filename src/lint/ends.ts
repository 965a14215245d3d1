/** Rules for where code leads: loops without an end, and the landing pads of exceptions. */
import { isStackArgBase, MAX_REG_ARGS } from '../bpf/calling.ts';
import type { Insn } from '../bpf/insn.ts';
import type { Block } from './blocks.ts';
import { argsOfCall, calledNative, isResume, neverReturns } from './calls.ts';
import type { Suspect } from './check.ts';
import type { FunctionFlow } from './flow.ts';

export function* endSuspects(fn: FunctionFlow): Iterable<Suspect> {
  const ending = leadingTo(fn, (insn) => insn.kind === 'exit' || neverReturns(fn.context.program, insn));
  const endless = fn.blocks.list.findIndex(
    (_, number) => fn.states[number] !== undefined && !ending.has(number),
  );
  const head = endless < 0 ? undefined : loopFrom(fn, endless);
  if (head !== undefined) yield { rule: 'no-exit', pc: head, values: [head] };
  yield* padSuspects(fn);
}

/** Blocks that lead to one that ends in such an instruction, that one too. */
function leadingTo({ blocks, context }: FunctionFlow, isGoal: (insn: Insn) => boolean): Set<number> {
  const found = new Set<number>();
  blocks.list.forEach(({ last }, number) => {
    const insn = context.program.insns[last];
    if (insn !== undefined && isGoal(insn)) found.add(number);
  });
  for (const number of found) for (const from of blocks.into[number] ?? []) found.add(from);
  return found;
}

/** Slot of a block that leads back to itself, on the way on from this one; undefined if that just stops. */
function loopFrom({ blocks, states }: FunctionFlow, start: number): number | undefined {
  const seen = new Set<number>();
  for (let at: number | undefined = start; at !== undefined; ) {
    const block: Block | undefined = blocks.list[at];
    if (seen.has(at)) return block?.start;
    seen.add(at);
    at = block?.edges.find(({ to }) => states[to] !== undefined)?.to;
  }
  return undefined;
}

/**
 * Landing pads: code that no way leads to and that resumes unwinding. The frame they run in is not the one their
 * stack arguments would lie in.
 */
function* padSuspects(fn: FunctionFlow): Iterable<Suspect> {
  const { program } = fn.context;
  const resuming = leadingTo(fn, (insn) => isResume(calledNative(program, insn)?.name ?? ''));
  for (const number of resuming) {
    const block = fn.blocks.list[number];
    if (block === undefined || fn.states[number] !== undefined) continue;
    for (let pc = block.start; pc < block.end; pc++) {
      const insn = program.insns[pc];
      if (insn !== undefined && passesOnStack(fn, pc, insn)) yield { rule: 'pad-argument', pc, values: [] };
    }
  }
}

function passesOnStack({ context }: FunctionFlow, pc: number, insn: Insn): boolean {
  if (insn.kind === 'st' || insn.kind === 'stx') return isStackArgBase(insn.dst);
  return insn.kind === 'call' && (argsOfCall(context.program, pc, insn) ?? 0) > MAX_REG_ARGS;
}
