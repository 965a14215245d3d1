/** Runs instructions on the reference and states how the run must end. */
import type { Insn } from '../../src/bpf/insn.ts';
import type { Execution, Outcome } from '../../src/core/execution.ts';
import { hex64, type U64 } from '../../src/core/u64.ts';
import { interpret } from '../../src/interp/interpret.ts';
import { type EnvParts, envOf, link } from './insns.ts';

/** Runs main alone. */
export function run(insns: readonly Insn[], env: EnvParts = {}): Execution {
  return interpret(link([insns]), envOf(env));
}

/** r0 in hex; throws unless the run ended with exit. */
export function r0Of({ outcome }: Execution): string {
  if (outcome.kind !== 'exit') throw new Error(`did not exit: ${describeOutcome(outcome)}`);
  return hex64(outcome.r0);
}

export const r0 = (insns: readonly Insn[], env: EnvParts = {}): string => r0Of(run(insns, env));

/** `poison: r3 as address at 2`, `read 0x… 8 at 1`, … */
export function describeOutcome(outcome: Outcome): string {
  switch (outcome.kind) {
    case 'exit':
      return `exit ${hex64(outcome.r0)}`;
    case 'budget':
      return 'budget';
    case 'unsupported':
      return `unsupported: ${outcome.what} at ${outcome.pc}`;
    case 'fault':
      return `${describeFault(outcome)} at ${outcome.pc}`;
  }
}

function describeFault({ fault }: Extract<Outcome, { kind: 'fault' }>): string {
  if (fault.kind === 'poison') return `poison: ${fault.what}`;
  if ('address' in fault) return `${fault.kind} ${hex64(fault.address)} ${fault.size}`;
  return fault.kind;
}

export const end = (insns: readonly Insn[], env: EnvParts = {}): string =>
  describeOutcome(run(insns, env).outcome);

/** Values at the edges of every width, as unsigned 64-bit words. */
export const EDGES: readonly U64[] = [
  0x0n,
  0x1n,
  0x2n,
  0x7fn,
  0x80n,
  0xffn,
  0x7fffn,
  0x8000n,
  0xffffn,
  0x7fff_ffffn,
  0x8000_0000n,
  0x8000_0001n,
  0xffff_ffffn,
  0x1_0000_0000n,
  0x1_0000_0003n,
  0x0123_4567_89ab_cdefn,
  0x7fff_ffff_ffff_ffffn,
  0x8000_0000_0000_0000n,
  0xffff_ffff_0000_0000n,
  0xffff_ffff_8000_0000n,
  0xffff_ffff_ffff_fff3n,
  0xffff_ffff_ffff_ffffn,
];
