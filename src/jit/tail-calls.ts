/**
 * Who counts tail calls: `tail_call_reachable` of the verifier's `check_max_stack_depth_subprog()`. A subprog that
 * makes one, or calls one that does, keeps a pointer to the count in its frame.
 */
import { TAIL_CALL_HELPER } from '../bpf/calling.ts';
import type { CallInsn, Insn } from '../bpf/insn.ts';
import { type Program, type Subprog, subprogAt, targetOf } from '../bpf/program.ts';
import { callsBack } from '../core/callback.ts';

/**
 * How a subprog counts: not at all; as a program, which is entered with a count, or a pointer to one; as a function,
 * which is entered with a pointer.
 */
export type TailCallRole = 'none' | 'program' | 'function';

export const isTailCall = ({ progArrays }: Program, { target, imm }: CallInsn): boolean =>
  progArrays !== undefined && target === 'helper' && imm === TAIL_CALL_HELPER;

/** By subprog. */
export function tailCallRoles(program: Program): TailCallRole[] {
  const { subprogs, progArrays } = program;
  if (progArrays === undefined) return subprogs.map(() => 'none');
  const programs = new Set([0, ...progArrays.flatMap((array) => array.programs)]);
  const reaches = reachable(program);
  return subprogs.map(({ index }) => {
    if (!reaches.has(index)) return 'none';
    return programs.has(index) ? 'program' : 'function';
  });
}

function reachable(program: Program): Set<number> {
  const { subprogs } = program;
  const calls = subprogs.map((subprog) => callsOf(program, subprog));
  const makes = (subprog: Subprog): boolean =>
    insnsOf(program, subprog).some(([, insn]) => insn.kind === 'call' && isTailCall(program, insn));
  const found = new Set(subprogs.filter(makes).map(({ index }) => index));
  for (let size = -1; size !== found.size; ) {
    size = found.size;
    calls.forEach((callees, index) => {
      if (callees.some((callee) => found.has(callee))) found.add(index);
    });
  }
  return found;
}

/** Subprogs that a helper may call on behalf of the one that calls it: all whose address is taken. */
export const calledBackBy = ({ callbacks = NONE }: Program, insn: Insn): readonly number[] =>
  insn.kind === 'call' && insn.target === 'helper' && callsBack({ kind: insn.target, id: insn.imm })
    ? callbacks
    : NONE;

const NONE: readonly number[] = [];

/** Subprogs that a subprog calls, itself or by a helper. */
export const callsOf = (program: Program, subprog: Subprog): number[] =>
  insnsOf(program, subprog).flatMap(([pc, insn]) => {
    const to = insn.kind === 'call' ? targetOf(pc, insn) : undefined;
    return to === undefined ? [...calledBackBy(program, insn)] : [subprogAt(program, to).index];
  });

const insnsOf = ({ insns }: Program, { start, end }: Subprog): (readonly [number, Insn])[] =>
  insns.slice(start, end).flatMap((insn, i) => (insn === undefined ? [] : [[start + i, insn] as const]));
