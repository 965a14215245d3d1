/**
 * Tail calls: linux Documentation/bpf/bpf_design_QA, `bpf_tail_call()`. The next program takes the place of the
 * function that calls it, in its frame; the count of the run is one for all its frames.
 */
import { MAX_TAIL_CALLS, TAIL_CALL_HELPER } from '../bpf/calling.ts';
import type { CallInsn } from '../bpf/insn.ts';
import type { Program } from '../bpf/program.ts';
import { R0, R2 } from '../bpf/reg.ts';
import type { Outcome } from '../core/execution.ts';
import type { Machine } from './machine.ts';

/** r3 */
const INDEX = R2 + 1;

/** KERNEL: helper 12, in a program that has program arrays. */
export const isTailCall = ({ progArrays }: Program, { target, imm }: CallInsn): boolean =>
  progArrays !== undefined && target === 'helper' && imm === TAIL_CALL_HELPER;

/** Goes on in another program, or, past `endCall`, behind the call. */
export function tailCall(m: Machine, endCall: (m: Machine) => void): Outcome | undefined {
  // KERNEL: "cannot tail call within callback".
  if (m.frame.calledBy !== undefined || m.end !== undefined) return m.unsupported('tail call in a callback');
  const array = m.regs.word(R2);
  if (array === undefined) return m.poisoned(R2, 'program array');
  const programs = m.program.progArrays?.find(({ address }) => address === array)?.programs;
  if (programs === undefined) return m.unsupported('tail call through what is no program array');
  const wide = m.regs.word(INDEX);
  if (wide === undefined) return m.poisoned(INDEX, 'index of a tail call');
  // KERNEL: the index has 32 bits.
  const subprog = programs[Number(BigInt.asUintN(32, wide))] ?? null;
  if (subprog !== null && m.tailCalls < MAX_TAIL_CALLS) {
    m.tailCalls++;
    m.replace(subprog);
    return undefined;
  }
  // KERNEL: it returns nothing (RET_VOID).
  endCall(m);
  m.regs.poison(R0);
  return undefined;
}
