/** Whether a block is one that the reference expects to be entered, as it is shown (as-expected.ts). */
import { CALLBACK_BASE, CALLEE_BASE } from '../core/layout.ts';
import { RSP } from '../x86/reg.ts';
import type { AsExpected, ExpectedRun } from './as-expected.ts';
import type { NativeCallee } from './native-subject.ts';

/** Whoever sees the blocks. */
export interface Answerer {
  /** Something will return to this address. */
  watch(returnAddress: number): void;
  /** Whether a callee is called as expected; it is answered for. */
  answer(callee: NativeCallee): boolean;
}

/** Another run may have left a `ret` there (address-space.ts). */
const isCalleeSlot = (address: number): boolean => address >= CALLEE_BASE && address < CALLBACK_BASE;

export function isExpectedBlock(
  known: AsExpected,
  { tables }: ExpectedRun,
  address: number,
  answerer: Answerer,
): boolean {
  const rsp = known.notes.address(RSP);
  const target = tables.targets.at(address);
  // A block at the return address is the return if rsp is above the frame; below, it is the frame's own code.
  if (address === known.returnAddress && rsp > known.rsp) return target === undefined && known.isReturn();
  if (target === undefined) return !isCalleeSlot(address);
  switch (target.kind) {
    case 'subprog': {
      if (rsp === known.rsp && target.subprog === known.subprog) return true;
      const returnAddress = known.notes.wordAt(rsp);
      answerer.watch(returnAddress);
      return known.isSubprogCall(target.subprog, returnAddress);
    }
    case 'callee':
      return answerer.answer(target.callee);
    case 'program':
      return known.replace(target.subprog);
    default:
      return false;
  }
}
