/**
 * Exceptions: the kfunc `bpf_throw` ends all frames of a program, and its exception callback goes on in that of main.
 * linux f18b03fabaa9, b9ae0c9dd0ac (callbacks of one's own), fd5d27b70188 (bpf_throw never returns).
 */
import { calleeKey } from '../core/env.ts';
import { badInput } from '../core/errors.ts';
import type { CalleeRef } from '../core/execution.ts';
import type { CallInsn, Insn, Slots } from './insn.ts';
import { EXIT_INSN, movReg } from './make-insn.ts';

/** The kfunc that throws, by name. It takes one argument, the cookie. */
export const THROW = 'bpf_throw';
/** Of a program that names no callback: it returns the cookie. Linux hides this subprog of its own. */
export const DEFAULT_CALLBACK = 'default_callback';
const DEFAULT_CODE: readonly Insn[] = [movReg(0, 1), EXIT_INSN];

interface NamedCallee extends CalleeRef {
  readonly name: string;
  readonly args: number | undefined;
}

/** Instructions that may have got a callback, and where it starts. */
export interface WithCallback {
  readonly slots: Slots;
  /** First slot of the exception callback; undefined where nothing is thrown and none is named. */
  readonly callback: number | undefined;
}

/** Adds Linux's own callback to a program that throws and names none. `calls`: slots, all calls among them. */
export function withCallback(
  slots: Slots,
  calls: readonly number[],
  callees: readonly NamedCallee[],
  named: number | undefined,
): WithCallback {
  if (named !== undefined) return { slots, callback: named };
  if (!callees.some(canThrow)) return { slots, callback: undefined };
  const throws = callees.filter(canThrow).map(({ id }) => id);
  if (!calls.some((pc) => callsOneOf(throws, slots[pc]))) return { slots, callback: undefined };
  return { slots: [...slots, ...DEFAULT_CODE], callback: slots.length };
}

const canThrow = ({ kind, name }: NamedCallee): boolean => kind === 'kfunc' && name === THROW;

const callsOneOf = (kfuncs: readonly number[], insn: Insn | undefined): boolean =>
  insn?.kind === 'call' && insn.target === 'kfunc' && kfuncs.includes(insn.imm);

/** Refuses what has no boundary to go to. `callback`: first slot. Throws an `input` error. */
export function checkExceptions(slots: Slots, callback: number, hasProgArrays: boolean): void {
  if (callback === 0) throw badInput('program', 'exception callback', 'it cannot be main');
  if (hasProgArrays) {
    const why = 'a program with exceptions has no program arrays here: each program would be a boundary';
    throw badInput('program', 'program array', why);
  }
  slots.forEach((insn, pc) => {
    if (insn?.kind !== 'call' || insn.target !== 'local') return;
    const target = pc + 1 + insn.imm;
    if (target === callback)
      throw badInput('program', `insn ${pc}`, `insn ${pc} cannot call exception cb directly`);
    if (target === 0)
      throw badInput('program', `insn ${pc}`, 'main cannot be called in a program with exceptions');
  });
}

/** Whether a call throws, by which the program has a callback. */
export function isThrow<P extends MayThrow>(
  program: P,
  { target, imm }: CallInsn,
): program is P & { readonly exceptionCallback: number } {
  const { exceptionCallback, callees } = program;
  if (exceptionCallback === undefined || target !== 'kfunc') return false;
  return callees.get(calleeKey({ kind: 'kfunc', id: imm }))?.name === THROW;
}

interface MayThrow {
  readonly exceptionCallback?: number;
  readonly callees: ReadonlyMap<string, NamedCallee>;
}

/** First slot of the function a line names: by its name, or as `func_<slot>`. Throws an `input` error. */
export function parseCallback(text: string, functions: ReadonlyMap<number, string>, where: string): number {
  const named = [...functions].find(([, name]) => name === text)?.[0];
  const slot = named ?? /^func_(\d{1,7})$/.exec(text)?.[1];
  if (slot !== undefined) return Number(slot);
  const why = `there is no function \`${text.slice(0, 60)}\`; declare it: .type NAME, @function`;
  throw badInput('read exception callback', where, why);
}
