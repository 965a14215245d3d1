/** The verdict on a machine that shows r0 alone: a plugin of bpf_conformance. */
import type { Execution } from '../core/execution.ts';
import type { U64 } from '../core/u64.ts';
import { type Case, type CaseResult, skipped } from './case.ts';
import type { Divergence, Observed, Reason } from './verdict.ts';

/** What a plugin came to with a program. */
export type PluginAnswer =
  | { readonly kind: 'exit'; readonly r0: U64 }
  /** It ended with an error; its words. */
  | { readonly kind: 'refused'; readonly why: string }
  /** It died, was late or printed something else. */
  | { readonly kind: 'failed'; readonly why: string };

/** Holds it against the reference's run and against what the file states. */
export function pluginVerdict(subject: Case, want: Execution, answer: PluginAnswer): CaseResult {
  const { name, program, env, expected = null } = subject;
  const none = skipped(name, { kind: 'refused', why: '' }, { program, want, expected });
  if (answer.kind === 'refused') return { ...none, reason: answer };
  if (answer.kind === 'failed')
    return { ...none, verdict: 'inconclusive', reason: { kind: 'jit', why: answer.why } };
  const reason = unproved(want, env.insnLimit);
  if (reason !== undefined) return { ...none, verdict: 'inconclusive', reason };
  const divergences = differences(want, answer.r0, { expected, insnLimit: env.insnLimit });
  return {
    ...none,
    verdict: divergences.length === 0 ? 'agree' : 'diverge',
    reason: null,
    divergences,
    divergenceCount: divergences.length,
  };
}

/** Why the reference's run says nothing of r0. */
function unproved({ outcome }: Execution, limit: number): Reason | undefined {
  if (outcome.kind === 'budget') return { kind: 'insn-limit', limit };
  if (outcome.kind === 'unsupported') return { ...outcome, side: 'reference' };
  if (outcome.kind === 'exit' || outcome.fault.kind !== 'poison') return undefined;
  return { kind: 'poison', what: outcome.fault.what, pc: outcome.pc };
}

const word = (value: U64): Observed => ({ kind: 'word', value });

function differences(
  { outcome }: Execution,
  r0: U64,
  { expected, insnLimit }: { readonly expected: U64 | null; readonly insnLimit: number },
): Divergence[] {
  if (outcome.kind !== 'exit') {
    const got: Observed = { kind: 'outcome', outcome: { kind: 'exit', r0 }, limit: insnLimit };
    return [
      { subject: { kind: 'outcome' }, want: { kind: 'outcome', outcome, limit: insnLimit }, got, pc: null },
    ];
  }
  const found: Divergence[] = [];
  if (r0 !== outcome.r0)
    found.push({ subject: { kind: 'r0' }, want: word(outcome.r0), got: word(r0), pc: null });
  for (const [side, value] of [['reference', outcome.r0] as const, ['native', r0] as const]) {
    if (expected === null || value === expected) continue;
    found.push({ subject: { kind: 'stated', side }, want: word(expected), got: word(value), pc: null });
  }
  return found;
}
