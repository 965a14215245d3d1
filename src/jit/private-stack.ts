/**
 * Private stacks: a subprog's BPF stack in memory of its own, for each CPU once, instead of in the native frame. r9
 * points to its end and stands for r10 in all of the subprog's code. linux `bpf_enable_priv_stack()`,
 * `check_max_stack_depth()`, `emit_priv_frame_ptr()`; with stack arguments cb6af5314056.
 *
 * Which subprogs have one: those whose stack takes 64 bytes or more, of programs without tail calls; none that timers
 * may call or that is called from there. NON-LINUX: one that may call itself has none (the verifier refuses it), and only
 * as many as the memory here holds; of a program that sets functions of timers, every function whose address is taken
 * counts as one.
 */
import { MAX_REG_ARGS } from '../bpf/calling.ts';
import { dstOf, type Insn, srcOf } from '../bpf/insn.ts';
import type { Program, Subprog } from '../bpf/program.ts';
import { R10 } from '../bpf/reg.ts';
import { MAX_PRIVATE_STACKS, PRIVATE_STACK_STRIDE, STACK_BASE } from '../core/layout.ts';
import { TIMER_SET_CALLBACK } from '../core/timer.ts';
import type { Convention } from './convention/convention.ts';
import { REG_PRIVATE_FP } from './regmap.ts';
import { callsOf, isTailCall } from './tail-calls.ts';

/** BPF_PRIV_STACK_MIN_SIZE, and what depths are rounded up to before they are held against it. */
const MIN_BYTES = 64;
const ROUNDING = 16;

/** r10 by subprog, undefined where it is in the frame. `depths`: bytes of BPF stack, multiples of 8. */
export function privateStacks(
  program: Program,
  depths: readonly number[],
  { privateStack: coexists }: Convention,
): (bigint | undefined)[] {
  const { subprogs, insns } = program;
  const hasTailCalls = insns.some((insn) => insn?.kind === 'call' && isTailCall(program, insn));
  const graph = subprogs.map((subprog) => callsOf(program, subprog));
  const later = calledLater(program).flatMap((callback) => [callback, ...reached(graph, callback)]);
  let made = 0;
  return subprogs.map((subprog) => {
    const depth = depths[subprog.index] as number;
    const isLarge = Math.ceil(depth / ROUNDING) * ROUNDING >= MIN_BYTES;
    const hasStackArgs = subprog.outgoing > 0 || subprog.args > MAX_REG_ARGS;
    if (hasTailCalls || !isLarge || (hasStackArgs && !coexists) || made === MAX_PRIVATE_STACKS)
      return undefined;
    if (later.includes(subprog.index) || reached(graph, subprog.index).has(subprog.index)) return undefined;
    made++;
    return STACK_BASE + BigInt(PRIVATE_STACK_STRIDE * made);
  });
}

/** KERNEL: is_async_cb. */
const calledLater = ({ callbacks = [], insns }: Program): readonly number[] =>
  insns.some((insn) => insn?.kind === 'call' && insn.target === 'helper' && insn.imm === TIMER_SET_CALLBACK)
    ? callbacks
    : [];

/** Subprogs that may come to be called while one runs. */
function reached(graph: readonly (readonly number[])[], index: Subprog['index']): Set<number> {
  const seen = new Set(graph[index]);
  for (const each of seen) for (const callee of graph[each] as readonly number[]) seen.add(callee);
  return seen;
}

/** An instruction with the private frame pointer in the place of r10. */
export function withPrivateFp(insn: Insn): Insn {
  const dst = dstOf(insn) === R10 ? { dst: REG_PRIVATE_FP } : {};
  const src = srcOf(insn) === R10 ? { src: REG_PRIVATE_FP } : {};
  return { ...insn, ...dst, ...src };
}
