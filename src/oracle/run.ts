/**
 * Runs one case on the machines it is handed and judges it. Imports no machine: the reference, the JIT and
 * the engine are the caller's, so anyone's can be judged.
 *
 *   compile ─► image ─► frame placement ─► reference ─► fuel, argument masks ─► native ─► compare
 */
import type { Program } from '../bpf/program.ts';
import type { Env, FramePlacement } from '../core/env.ts';
import { OracleError } from '../core/errors.ts';
import type { Execution } from '../core/execution.ts';
import type { Image } from '../core/image.ts';
import { CALLEE_BASE, CODE_BASE, CTX_BASE, MAIN_FP, STACK_BASE, STACK_SIZE } from '../core/layout.ts';
import { recordMasks } from './arg-masks.ts';
import { type Case, type CaseResult, skipped } from './case.ts';
import { compare, inconclusiveReason } from './compare.ts';
import { locate } from './locate.ts';
import { MAX_DIVERGENCES, type MappedRange, type Policy } from './policy.ts';
import type { Reason } from './verdict.ts';

export interface ReferenceRequest {
  readonly placement?: FramePlacement;
  /** Events to keep. */
  readonly traceLimit: number;
}

export interface NativeRequest {
  /** Basic blocks the code may run. */
  readonly fuel: number;
  /** Events to keep. */
  readonly traceLimit: number;
  /** By number of the helper or kfunc call: bit i says that argument i + 1 is defined. */
  readonly argMasks: Uint16Array;
}

/** What runs a case. */
export interface Machines {
  /** An `input` error means that the JIT declines the program. */
  readonly compile: (program: Program) => Image;
  readonly reference: (program: Program, env: Env, request: ReferenceRequest) => Execution;
  readonly native: (image: Image, program: Program, env: Env, request: NativeRequest) => Execution;
}

/** Calls and returns kept of a run; later ones are counted. */
export const TRACE_LIMIT = 4096;

/**
 * Basic blocks granted for so many BPF instructions: more than any lowering needs, so that only code that does
 * not end uses them up.
 */
export const fuelFor = (insns: number): number => 16 * insns + 4096;

/** Judges a case. Throws only for broken machines (`engine` errors) and bugs. */
export function runCase(subject: Case, machines: Machines): CaseResult {
  const { name, program, env } = subject;
  const expected = subject.expected ?? null;
  const image = tryCompile(program, machines);
  if (image instanceof OracleError) {
    return skipped(name, { kind: 'refused', why: image.message }, { program, expected });
  }
  const placement = placementOf(image);
  const recorder = recordMasks(program, env);
  const want = machines.reference(program, recorder.env, {
    traceLimit: TRACE_LIMIT,
    ...(placement === undefined ? {} : { placement }),
  });
  const policy = policyFor(subject, image, want);
  const reason = inconclusiveReason(want, policy);
  const known = { program, image, want, expected };
  if (reason?.kind === 'unsupported') return skipped(name, reason, known);
  if (reason !== undefined) return inconclusive(name, reason, known);
  const got = machines.native(image, program, env, {
    fuel: policy.fuel,
    traceLimit: TRACE_LIMIT,
    argMasks: recorder.masks(),
  });
  return judge(subject, { image, want, got, policy });
}

interface Run {
  readonly image: Image;
  readonly want: Execution;
  readonly got: Execution;
  readonly policy: Policy;
}

function judge(subject: Case, { image, want, got, policy }: Run): CaseResult {
  const { name, program, expected } = subject;
  const verdict = compare(want, got, policy, expected);
  const diverges = verdict.kind === 'diverge';
  return {
    name,
    verdict: verdict.kind,
    reason: verdict.kind === 'inconclusive' ? verdict.reason : null,
    divergences: diverges ? verdict.divergences : [],
    divergenceCount: diverges ? verdict.total : 0,
    culprit: diverges ? locate(program, image, got) : null,
    expected: expected ?? null,
    program,
    image,
    want,
    got,
  };
}

function inconclusive(
  name: string,
  reason: Reason,
  known: Pick<CaseResult, 'program' | 'image' | 'want' | 'expected'>,
): CaseResult {
  return { ...skipped(name, reason, known), verdict: 'inconclusive' };
}

function tryCompile(program: Program, machines: Machines): Image | OracleError {
  try {
    return machines.compile(program);
  } catch (error) {
    if (error instanceof OracleError && error.kind === 'input') return error;
    throw error;
  }
}

/** Frames where the image puts them; undefined for an image that does not say. */
export function placementOf(image: Image): FramePlacement | undefined {
  const { frames } = image;
  if (frames === undefined) return undefined;
  return { mainFp: MAIN_FP, frameBytes: (subprog) => frames[subprog]?.bytes ?? 0 };
}

function policyFor({ program, env }: Case, image: Image, want: Execution): Policy {
  return {
    insnLimit: env.insnLimit,
    fuel: fuelFor(want.insns ?? env.insnLimit),
    mapped: mappedRanges(program, env, image),
    isReadModifyWrite: (pc) => program.insns[pc]?.kind === 'atomic',
    maxDivergences: MAX_DIVERGENCES,
  };
}

/** Room for code, and for callees after it: engines may map more than the image fills. */
const CODE_ROOM = Number(CALLEE_BASE - CODE_BASE);

/** Memory of the native side, by the one address map (core/layout.ts). A data section has at least a page. */
function mappedRanges(program: Program, env: Env, image: Image): MappedRange[] {
  const data = program.data.map(({ address, bytes, writable }) => {
    return { address, size: Math.max(bytes.length, 1), writable };
  });
  return [
    { address: CTX_BASE, size: env.input.memory.length, writable: true },
    { address: STACK_BASE, size: STACK_SIZE, writable: true },
    { address: image.base, size: CODE_ROOM, writable: false },
    { address: CALLEE_BASE, size: CODE_ROOM, writable: false },
    ...data,
  ];
}
