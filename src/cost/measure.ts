/** What an image costs, by part: as it stands, and as it ran. */
import { MAX_REG_ARGS } from '../bpf/calling.ts';
import type { Program } from '../bpf/program.ts';
import { calleeKey } from '../core/env.ts';
import type { CalleeRef } from '../core/execution.ts';
import type { CallSite, Image } from '../core/image.ts';
import { addCosts, type Cost, NO_COST, sumCosts, timesCost } from '../x86/insn-cost.ts';
import { PARTS, type Part, type PartInsn, partsOf } from './parts.ts';

/** How often the native instruction at each offset of an image ran. */
export type Runs = Float64Array;

/** Of one part: how many there are (arguments, calls, frames), or how often they ran, and what all of them cost. */
export interface Tally {
  readonly times: number;
  readonly cost: Cost;
}

export type Tallies = Readonly<Record<Part, Tally>>;

/** One call in the code. */
export interface CallCost {
  readonly pc: number;
  readonly subprog: number;
  readonly callee: CalleeRef;
  /** Stack arguments the callee takes; null where no prototype is known. */
  readonly stackArgs: number | null;
  readonly before: Cost;
  readonly after: Cost;
  /** How often it ran; null if nothing was run. */
  readonly runs: number | null;
}

export interface Measured {
  /** Bytes of the image, what fills gaps included. */
  readonly imageBytes: number;
  /** As the code stands. */
  readonly static: Tallies;
  /** As it ran; null if nothing was run. */
  readonly executed: Tallies | null;
  readonly calls: readonly CallCost[];
}

export function measure(program: Program, image: Image, runs: Runs | null): Measured {
  const insns = partsOf(program, image);
  return {
    imageBytes: image.code.length,
    static: tally(insns, () => 1),
    executed: runs === null ? null : tally(insns, ({ offset }) => runs[offset] as number),
    calls: (image.callSites ?? []).map((site) => callCost(program, site, insns, runs)),
  };
}

/** A part of a BPF instruction, a prologue, a thunk or a trampoline counts as often as its first native instruction. */
function tally(insns: readonly PartInsn[], runsOf: (insn: PartInsn) => number): Tallies {
  const tallies = Object.fromEntries(PARTS.map((part) => [part, { times: 0, cost: NO_COST }]));
  const out = tallies as Record<Part, Tally>;
  insns.forEach((insn, i) => {
    const { part, piece, cost } = insn;
    const before = insns[i - 1];
    const goesOn = before?.part === part && before.piece === piece;
    const runs = runsOf(insn);
    const { times, cost: sum } = out[part];
    out[part] = { times: times + (goesOn ? 0 : runs), cost: addCosts(sum, timesCost(runs, cost)) };
  });
  return out;
}

function callCost(
  program: Program,
  { pc, callee }: CallSite,
  insns: readonly PartInsn[],
  runs: Runs | null,
): CallCost {
  const own = insns.filter((insn) => insn.pc === pc);
  const costOf = (part: Part): Cost =>
    sumCosts(own.filter((insn) => insn.part === part).map(({ cost }) => cost));
  const args = argsOf(program, callee);
  const call = own.find(({ part }) => part === 'call') as PartInsn;
  return {
    pc,
    subprog: call.subprog,
    callee,
    stackArgs: args === undefined ? null : Math.max(0, args - MAX_REG_ARGS),
    before: costOf('before'),
    after: costOf('after'),
    runs: runs === null ? null : (runs[call.offset] as number),
  };
}

const argsOf = ({ subprogs, callees }: Program, callee: CalleeRef): number | undefined =>
  callee.kind === 'bpf' ? subprogs[callee.id]?.args : callees.get(calleeKey(callee))?.args;
