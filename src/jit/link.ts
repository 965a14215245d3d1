/** Fills in the displacements of calls, once all addresses are known. */
import type { Program } from '../bpf/program.ts';
import { calleeKey } from '../core/env.ts';
import { badInput } from '../core/errors.ts';
import type { CalleeRef } from '../core/execution.ts';
import type { CallSite } from '../core/image.ts';
import { CALLEE_BASE, CALLEE_STRIDE } from '../core/layout.ts';
import { distanceTo } from '../core/u64.ts';
import type { Assembler } from '../x86/assembler.ts';
import type { Target } from './target.ts';

/** What calls lead to. */
export interface Callees {
  /** Address the image is linked for. */
  readonly base: bigint;
  /** Of each subprog's first byte, in the image. */
  readonly offsets: readonly number[];
  /** Of helpers and kfuncs. */
  readonly addressOf: (callee: CalleeRef) => bigint;
}

/** Throws an `input` error where a callee is out of reach. */
export function linkCalls(
  program: Program,
  out: Assembler,
  sites: readonly CallSite[],
  { base, offsets, addressOf }: Callees,
  { displacement: displacementTo }: Target,
): void {
  for (let k = 0; k < sites.length; k++) {
    const { returnOffset: end, callee } = sites[k] as CallSite;
    // What does not fit a number exactly is out of reach by far; functions of the image are within it.
    const target =
      callee.kind === 'bpf' ? (offsets[callee.id] as number) : distanceTo(addressOf(callee), base);
    const displacement = displacementTo(target, end);
    if ((displacement | 0) !== displacement) {
      const where = `${program.name}: call of ${calleeKey(callee)}`;
      const why = `its address 0x${addressOf(callee).toString(16)} is out of reach of a call from the image`;
      throw badInput('jit', where, why);
    }
    out.patch32(end - 4, displacement);
  }
}

/** So few are found by a look at each, and their addresses are made once. */
const FEW_CALLEES = 8;
const FEW_ADDRESSES = Array.from({ length: FEW_CALLEES }, (_, index) => addressAt(index));

function addressAt(index: number): bigint {
  return CALLEE_BASE + BigInt(CALLEE_STRIDE * index);
}

/** Where the program's callee of this index lies by default. */
export const defaultAddressAt = (index: number): bigint => FEW_ADDRESSES[index] ?? addressAt(index);

/** Where callees lie by default. */
export function defaultAddresses(program: Program): (callee: CalleeRef) => bigint {
  const keys = [...program.callees.keys()];
  const order = keys.length > FEW_CALLEES ? new Map(keys.map((key, index) => [key, index])) : undefined;
  return (callee) => {
    const key = calleeKey(callee);
    const index = order === undefined ? keys.indexOf(key) : (order.get(key) ?? -1);
    if (index < 0) {
      const why = 'the program does not list this callee: make programs with buildProgram';
      throw badInput('jit', `${program.name}: call of ${key}`, why);
    }
    return defaultAddressAt(index);
  };
}
