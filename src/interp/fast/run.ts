/**
 * The fast form of the reference, for runs that are long: subprogs become WebAssembly, whose i64 is exact.
 *
 * The interpreter stays the reference. Translated code does what is plain: arithmetic, jumps, loads and stores that
 * hit memory there is, on values that are no poison. Before an instruction of any other kind (calls, exits, whatever
 * it does not know), and before one that would fault, read poison, divide by zero or pass the limit, it hands over:
 * nothing of that instruction has happened, and the interpreter runs it. So outcomes, faults, traces, undefined
 * values, choices and limits are the interpreter's own, and programs with anything new in them only run slower.
 *
 * Poison is exact: a register's flag is looked at where a block begins (what a block sets itself is none), a byte's
 * flag with each load; stores clear it. Equality with the interpreter alone: props/interp-fast.prop.ts.
 */
import type { Program, Subprog } from '../../bpf/program.ts';
import type { Outcome } from '../../core/execution.ts';
import type { Machine } from '../machine.ts';
import { moveIn, type Room } from './room.ts';
import { translate } from './translate.ts';
import { WebAssembly } from './wasm.ts';

/**
 * Instructions run one by one before translating pays: a module takes as long to make and to load as some
 * thousands of them.
 */
export const FAST_FROM = 10_000;

/** Times a subprog is met before it is translated, at the most. */
const MEETINGS = 32;
/** Slots beyond which it is not. */
const MAX_SLOTS = 4096;
/** After so many changes of side of a subprog: how many instructions each must have run to pay. */
const WINDOW = 256;
const WORTHWHILE = 8;
const MAX_FUEL = 0x7fff_ffff;

export interface Progress {
  readonly outcome: Outcome | undefined;
  readonly insns: number;
}

/**
 * Goes on with a run that has done `insns` instructions: until it ends, or at the limit with no outcome. `step` runs
 * one instruction. `from`: as FAST_FROM; a small one has subprogs translated sooner.
 */
export function runFast(
  machine: Machine,
  insns: number,
  from: number,
  step: (machine: Machine) => Outcome | undefined,
): Progress {
  const room = moveIn(machine);
  try {
    return goOn(machine, insns, new Tier(machine.program, Math.min(MEETINGS, from), room), step);
  } finally {
    room?.leave();
  }
}

function goOn(
  machine: Machine,
  done: number,
  tier: Tier,
  step: (machine: Machine) => Outcome | undefined,
): Progress {
  const { insnLimit } = machine.env;
  let insns = done;
  while (insns < insnLimit) {
    insns += tier.run(machine, insnLimit - insns);
    if (insns === insnLimit) break;
    insns++;
    const outcome = step(machine);
    if (outcome !== undefined) return { outcome, insns };
  }
  return { outcome: undefined, insns };
}

type Run = (block: number, stack: number, fuel: number) => number;

/** A translated subprog. */
interface Fast {
  readonly run: Run;
  /** Slot of the first instruction, and block by slot from there, -1 where none begins. */
  readonly start: number;
  readonly blocks: Int32Array;
}

/** By program and subprog; null for those that are not to be translated. Programs do not change. */
const CACHE = new WeakMap<Program, (Fast | null)[]>();

/** What is known of a subprog in one run. */
interface Use {
  fast: Fast | null | undefined;
  meetings: number;
  changes: number;
  ran: number;
}

class Tier {
  readonly #room: Room | undefined;
  readonly #meetings: number;
  readonly #cache: (Fast | null)[];
  readonly #uses: Use[];

  constructor(program: Program, meetings: number, room: Room | undefined) {
    this.#room = room;
    this.#meetings = meetings;
    this.#cache = CACHE.get(program) ?? [];
    CACHE.set(program, this.#cache);
    this.#uses = program.subprogs.map(() => ({ fast: undefined, meetings: 0, changes: 0, ran: 0 }));
  }

  /** Instructions that were run fast from here on; often none. */
  run(machine: Machine, limit: number): number {
    const room = this.#room;
    if (room === undefined) return 0;
    const { subprog } = machine.frame;
    const use = this.#uses[subprog.index] as Use;
    if (use.fast === undefined) use.fast = this.#meet(machine.program, subprog, use, room);
    const { fast } = use;
    if (fast == null) return 0;
    const block = fast.blocks[machine.next - fast.start] as number;
    if (block < 0) return 0;
    const ran = room.run(machine, fast.run, block, Math.min(limit, MAX_FUEL));
    use.ran += ran;
    if (++use.changes % WINDOW === 0) {
      if (use.ran < WINDOW * WORTHWHILE) use.fast = null;
      use.ran = 0;
    }
    return ran;
  }

  #meet(program: Program, subprog: Subprog, use: Use, room: Room): Fast | null | undefined {
    if (use.meetings++ < this.#meetings) return undefined;
    const { index } = subprog;
    const known = this.#cache[index];
    if (known !== undefined) return known;
    const fast = subprog.end - subprog.start > MAX_SLOTS ? null : load(program, subprog, room);
    this.#cache[index] = fast;
    return fast;
  }
}

function load({ insns }: Program, subprog: Subprog, room: Room): Fast {
  const { module, blocks } = translate(insns, subprog);
  const { exports } = new WebAssembly.Instance(new WebAssembly.Module(module), { room });
  const byPc = new Int32Array(subprog.end - subprog.start).fill(-1);
  blocks.forEach(({ start }, block) => {
    byPc[start - subprog.start] = block;
  });
  return { run: exports.run as Run, start: subprog.start, blocks: byPc };
}
