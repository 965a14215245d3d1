/** How the guest ended, in the words of an Execution. */
import { type Fault, isFaultVector, type Outcome } from '../core/execution.ts';
import type { Image } from '../core/image.ts';
import { atEntry } from '../core/junk.ts';
import { ENTRY_RSP } from '../core/layout.ts';
import type { U64 } from '../core/u64.ts';
import { RSP } from '../x86/reg.ts';
import { type EngineCaps, GPR_COUNT, type Stop } from './engine.ts';

const RAX = 0;

/** `regs` as the run left them; where it came back, rsp is to be `rsp`. */
export function outcomeOf(stop: Stop, regs: BigUint64Array, image: Image, rsp: U64 = ENTRY_RSP): Outcome {
  switch (stop.kind) {
    case 'end':
      return ended(regs, rsp);
    case 'fuel':
    case 'stopped':
      return { kind: 'budget' };
    case 'error':
      return { kind: 'unsupported', what: stop.message, pc: pcAt(image, stop.rip) };
    case 'unsupported':
      return { kind: 'unsupported', what: stop.what, pc: pcAt(image, stop.rip) };
    default: {
      const { fault, rip } = { fault: faultOf(stop), rip: stop.rip };
      return { kind: 'fault', fault, pc: pcAt(image, causeOf(stop)), rip };
    }
  }
}

/** Whether the run must be repeated under `precise` to know where it ended. */
export const isImprecise = ({ kind }: Stop, { preciseFaultRip }: EngineCaps): boolean =>
  kind === 'fetch' || (!preciseFaultRip && (kind === 'read' || kind === 'write' || kind === 'divide'));

/** BPF slot whose code holds a native address; null outside the image, in its prologue, or without a map. */
export function pcAt({ pcMap, base, code, trampoline }: Image, rip: U64): number | null {
  const offset = Number(rip - base);
  const end = trampoline?.start ?? code.length;
  if (pcMap === undefined || offset < 0 || offset >= end) return null;
  const row = pcMap.rowBefore(offset);
  return row < 0 ? null : pcMap.pcOf(row);
}

function ended(regs: BigUint64Array, wanted: U64): Outcome {
  const rsp = regs[RSP] ?? 0n;
  if (rsp === wanted) return { kind: 'exit', r0: regs[RAX] ?? 0n };
  return { kind: 'fault', fault: { kind: 'stack-lost', rsp }, pc: null };
}

type Faulting = Exclude<Stop, { readonly kind: 'end' | 'fuel' | 'stopped' | 'error' | 'unsupported' }>;

function faultOf(stop: Faulting): Fault {
  switch (stop.kind) {
    case 'read':
    case 'write':
    case 'fetch':
      return { kind: stop.kind, address: stop.address, size: stop.size };
    case 'interrupt':
      return { kind: 'interrupt', vector: stop.vector };
    default:
      return { kind: stop.kind };
  }
}

/** Address within the instruction to blame: interrupts and halts report the one after it. */
function causeOf(stop: Faulting): U64 {
  const isAfter = stop.kind === 'halt' || (stop.kind === 'interrupt' && !isFaultVector(stop.vector));
  return isAfter ? stop.rip - 1n : stop.rip;
}

/** rax..r15 at entry. */
export const JUNK_REGS: BigUint64Array = BigUint64Array.from({ length: GPR_COUNT }, (_, gpr) => atEntry(gpr));
