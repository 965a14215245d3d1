/** What the search for a path asks of blocks again and again: the state on each way out, and what a block changes. */
import { isStackArgBase, MAX_REG_ARGS, MAX_STACK_ARGS, stackArgSlot } from '../bpf/calling.ts';
import type { Insn } from '../bpf/insn.ts';
import { R0 } from '../bpf/reg.ts';
import { registerWritten } from '../bpf/registers.ts';
import type { Block } from './blocks.ts';
import { type Fact, holds } from './fact.ts';
import { type FunctionFlow, stateAfter, walkBlock } from './flow.ts';
import { SLOT, type State } from './state.ts';

interface Ways {
  /** By edge; undefined: that way cannot be taken. */
  readonly out: readonly (State | undefined)[];
  /** Registers and outgoing slots something is put in: one bit for each index of State.values. */
  readonly changed: number;
  /** It has a call, or a store to an outgoing slot. */
  readonly passes: boolean;
}

/** Of one function; each block is walked once. */
export class BlockWays {
  readonly #fn: FunctionFlow;
  readonly #known: (Ways | undefined)[] = [];

  constructor(fn: FunctionFlow) {
    this.#fn = fn;
  }

  /** Whether the fact holds on a way from one block to another. */
  carries(from: number, to: number, fact: Fact): boolean {
    const { edges } = this.#fn.blocks.list[from] as Block;
    const { out } = this.#of(from);
    for (let k = 0; k < out.length; k++) {
      const state = out[k];
      if (state !== undefined && edges[k]?.to === to && holds(fact, state)) return true;
    }
    return false;
  }

  /** Whether the block has an instruction that may bring the fact about. */
  concerns(number: number, fact: Fact): boolean {
    const { changed, passes } = this.#of(number);
    switch (fact.kind) {
      case 'value':
        return (changed & (1 << fact.index)) !== 0;
      case 'late':
        return passes;
      case 'unwritten':
        // What is written stays so.
        return false;
    }
  }

  #of(number: number): Ways {
    const known = this.#known[number] ?? this.#walk(number);
    this.#known[number] = known;
    return known;
  }

  #walk(number: number): Ways {
    const { blocks, states, context } = this.#fn;
    const block = blocks.list[number] as Block;
    const { insns } = context.program;
    let changed = 0;
    let passes = false;
    for (let pc = block.start; pc < block.end; pc++) {
      const insn = insns[pc];
      if (insn === undefined) continue;
      changed |= changes(insn);
      passes ||= insn.kind === 'call' || insn.kind === 'callx' || storedSlot(insn) !== undefined;
    }
    const state = states[number]?.copy();
    const isLeft = state !== undefined && walkBlock(context, state, block);
    const last = insns[block.last] as Insn;
    return { out: isLeft ? block.edges.map((edge) => stateAfter(last, state, edge)) : [], changed, passes };
  }
}

/** A call leaves nothing of r1..r5 and of the slots, and puts its result in r0. */
const CALL = ((1 << (MAX_REG_ARGS + 1)) - 1) | (((1 << MAX_STACK_ARGS) - 1) << SLOT);

function changes(insn: Insn): number {
  if (insn.kind === 'call' || insn.kind === 'callx' || insn.kind === 'ld_abs' || insn.kind === 'ld_ind')
    return CALL;
  const slot = storedSlot(insn);
  if (slot !== undefined) return 1 << (SLOT + slot);
  const reg = registerWritten(insn);
  const also = insn.kind === 'atomic' && insn.op === 'cmpxchg' ? 1 << R0 : 0;
  return reg === undefined || reg >= SLOT ? also : (1 << reg) | also;
}

function storedSlot(insn: Insn): number | undefined {
  if ((insn.kind !== 'st' && insn.kind !== 'stx') || !isStackArgBase(insn.dst)) return undefined;
  return stackArgSlot(insn.off, 'outgoing');
}
