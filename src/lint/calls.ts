/** Whom an instruction calls, and what is known of it. */
import { MAX_REG_ARGS, TAIL_CALL_HELPER } from '../bpf/calling.ts';
import { THROW } from '../bpf/exceptions.ts';
import type { CallInsn, Insn } from '../bpf/insn.ts';
import { type Callee, type Program, type Subprog, subprogAt } from '../bpf/program.ts';
import { calleeKey } from '../core/env.ts';

/** Linux enum bpf_func_id. */
export const HELPER = {
  map_lookup_elem: 1,
  get_prandom_u32: 7,
  tail_call: TAIL_CALL_HELPER,
  timer_set_callback: 170,
} as const;

/** Kfuncs that never come back, by name: linux fd5d27b70188 (bpf_throw); unwinding, in development. */
const NEVER_RETURN = new Set([THROW, 'bpf_unwind_resume', '_Unwind_Resume']);
export const isResume = (name: string): boolean => NEVER_RETURN.has(name) && name !== THROW;

/** The function a call of the program itself goes to; undefined for helpers and kfuncs, and if there is none. */
export function calledSubprog(program: Program, pc: number, insn: Insn): Subprog | undefined {
  if (insn.kind !== 'call' || insn.target !== 'local') return undefined;
  return subprogStarting(program, pc + 1 + insn.imm);
}

/** The function whose address `lddw` loads, if it does. */
export function addressedSubprog(program: Program, pc: number, insn: Insn): Subprog | undefined {
  if (insn.kind !== 'lddw' || insn.src !== 4) return undefined;
  return subprogStarting(program, pc + 1 + Number(BigInt.asIntN(32, insn.imm)));
}

function subprogStarting(program: Program, slot: number): Subprog | undefined {
  if (slot < 0 || slot >= program.insns.length) return undefined;
  const subprog = subprogAt(program, slot);
  return subprog.start === slot ? subprog : undefined;
}

/** The helper or kfunc that is called. */
export function calledNative(program: Program, insn: Insn): Callee | undefined {
  if (insn.kind !== 'call' || insn.target === 'local') return undefined;
  return program.callees.get(calleeKey({ kind: insn.target, id: insn.imm }));
}

/** Arguments a call takes; undefined where no prototype is known. */
export function argsOfCall(program: Program, pc: number, insn: CallInsn): number | undefined {
  if (insn.target === 'local') return calledSubprog(program, pc, insn)?.args;
  return calledNative(program, insn)?.args;
}

export const isTailCall = (insn: Insn): boolean =>
  insn.kind === 'call' && insn.target === 'helper' && insn.imm === HELPER.tail_call;

export function neverReturns(program: Program, insn: Insn): boolean {
  if (insn.kind !== 'call' || insn.target !== 'kfunc') return false;
  return NEVER_RETURN.has(calledNative(program, insn)?.name ?? '');
}

/** Kfuncs that have a function called later, by name: linux is_async_callback_calling_kfunc(). */
const ASYNC = new Set([
  'bpf_wq_set_callback',
  'bpf_wq_set_callback_impl',
  'bpf_task_work_schedule_signal',
  'bpf_task_work_schedule_resume',
]);

/** Whether the functions it is passed are called later, on a stack of their own. */
export function callsLater(program: Program, insn: Insn): boolean {
  if (insn.kind !== 'call' || insn.target === 'local') return false;
  if (insn.target === 'helper') return insn.imm === HELPER.timer_set_callback;
  return ASYNC.has(calledNative(program, insn)?.name ?? '');
}

/** Stack arguments a function gets: main gets none, whatever it reads. */
export const incomingSlots = ({ index, args }: Subprog): number =>
  index === 0 ? 0 : Math.max(0, args - MAX_REG_ARGS);
