/** Executions, images and machines made by hand: the oracle is tested without the machines it judges. */

import type { Insn } from '../../src/bpf/insn.ts';
import { buildProgram, type Program } from '../../src/bpf/program.ts';
import type { Env } from '../../src/core/env.ts';
import type {
  CallEvent,
  Execution,
  Fault,
  FrameRegs,
  Outcome,
  ReturnEvent,
  TraceEvent,
} from '../../src/core/execution.ts';
import type { Image } from '../../src/core/image.ts';
import { CODE_BASE } from '../../src/core/layout.ts';
import { PcMap } from '../../src/core/pc-map.ts';
import type { Policy } from '../../src/oracle/policy.ts';

export const exit = (r0: bigint): Outcome => ({ kind: 'exit', r0 });
export const faults = (fault: Fault, pc: number | null = null, rip?: bigint): Outcome => ({
  kind: 'fault',
  fault,
  pc,
  ...(rip === undefined ? {} : { rip }),
});

const FP = 0x7ffe_9a00_eff0n;
export const REGS: FrameRegs = [6n, 7n, 8n, 9n, FP];

export function execution(changes: Partial<Execution> & { events?: readonly TraceEvent[] } = {}): Execution {
  const { events = [], ...rest } = changes;
  return {
    outcome: exit(0n),
    memory: new Uint8Array(),
    data: [],
    trace: { events, total: events.length },
    insns: 10,
    breaches: [],
    ...rest,
  };
}

export const callEvent = (changes: Partial<CallEvent> = {}): CallEvent => ({
  kind: 'call',
  callee: { kind: 'kfunc', id: 1 },
  pc: 4,
  args: [1n, 2n, 3n, 4n, 5n, 6n, 7n, 8n],
  regs: REGS,
  stack: null,
  result: 99n,
  ...changes,
});

export const returnEvent = (changes: Partial<ReturnEvent> = {}): ReturnEvent => ({
  kind: 'return',
  subprog: 0,
  result: 0n,
  regs: null,
  stack: null,
  ...changes,
});

/** Bytes of a frame that ends at r10. */
export const frameBytes = (bytes: readonly number[], poison?: readonly number[]) => ({
  address: FP - BigInt(bytes.length),
  bytes: Uint8Array.from(bytes),
  ...(poison === undefined ? {} : { poison: Uint8Array.from(poison) }),
});

export const POLICY: Policy = {
  insnLimit: 1000,
  fuel: 5000,
  mapped: () => [{ address: 0x2a5c_be00_0000n, size: 8, writable: true }],
  isReadModifyWrite: () => false,
  maxDivergences: 32,
};

export const ENV: Env = { input: { memory: new Uint8Array() }, models: new Map(), insnLimit: 1000 };

const MOV_R0: Insn = { kind: 'alu', op: 'mov', width: 64, source: 'K', dst: 0, src: 0, imm: 0 };

/** `r0 = 0; exit`, or the given instructions. */
export const program = (insns: readonly Insn[] = [MOV_R0, { kind: 'exit' }]): Program =>
  buildProgram(insns, { name: 'fake' });

export const image = (changes: Partial<Image> = {}): Image => ({
  jit: 'fake',
  code: new Uint8Array(64),
  base: CODE_BASE,
  entry: 0,
  subprogEntries: [0],
  regs: [0, 7, 6, 2, 1, 8, 3, 13, 14, 15, 5],
  args: { bpf: [], native: [] },
  pcMap: PcMap.of([
    [0, 8],
    [1, 13],
  ]),
  frames: [{ stackDepth: 0, bytes: 24, saved: [3], outgoing: 0 }],
  ...changes,
});
