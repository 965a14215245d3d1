/**
 * What makes this JIT the one it is, as one record: the frame, the lowerings, the rewrites, the convention.
 * `compile` takes it as a parameter, so that a broken JIT for testing the oracle is this record with one entry
 * replaced, and the shipped code carries no trace of it.
 */
import type { ConventionName } from '../bpf/calling.ts';
import { blind } from './blinding.ts';
import type { Convention } from './convention/convention.ts';
import { LINUX } from './convention/linux.ts';
import { callReply, layOutReply, REPLY } from './convention/reply.ts';
import { callV3, exitV3, layOutV3, prologueV3, V3 } from './convention/v3.ts';
import { ZERO } from './convention/zero.ts';
import { EXCEPTIONS, EXCEPTIONS_BY_FP, type ExceptionParts } from './exceptions.ts';
import { layOut } from './frame.ts';
import { knownTailCalls } from './known-tail-call.ts';
import { fixup } from './linux-access.ts';
import { displacement, lowerCall } from './lower/call.ts';
import { lowerExit } from './lower/exit.ts';
import { prologue } from './lower/frame.ts';
import { lowerInsn } from './lower/insn.ts';
import { functionAddress } from './lower/move.ts';
import { lowerDirectTailCall, lowerTailCall } from './lower/tail-call.ts';
import { privateStacks, withPrivateFp } from './private-stack.ts';
import { distance, settle } from './relax.ts';
import { rewrite } from './rewrite.ts';
import { stackDepths } from './stack-depth.ts';
import { TRAMPOLINE, type TrampolineParts } from './trampoline/parts.ts';

export interface Target {
  readonly convention: Convention;
  readonly stackDepths: typeof stackDepths;
  readonly privateStacks: typeof privateStacks;
  readonly withPrivateFp: typeof withPrivateFp;
  readonly rewrite: typeof rewrite;
  readonly blind: typeof blind;
  readonly layOut: typeof layOut;
  readonly prologue: typeof prologue;
  readonly lowerExit: typeof lowerExit;
  readonly lowerInsn: typeof lowerInsn;
  readonly lowerCall: typeof lowerCall;
  readonly knownTailCalls: typeof knownTailCalls;
  readonly lowerTailCall: typeof lowerTailCall;
  readonly lowerDirectTailCall: typeof lowerDirectTailCall;
  readonly displacement: typeof displacement;
  readonly fixup: typeof fixup;
  readonly functionAddress: typeof functionAddress;
  readonly settle: typeof settle;
  readonly distance: typeof distance;
  readonly trampoline: TrampolineParts;
  readonly exceptions: ExceptionParts;
}

/** Linux's JIT. */
export const LINUX_TARGET: Target = {
  convention: LINUX,
  stackDepths,
  privateStacks,
  withPrivateFp,
  rewrite,
  blind,
  layOut,
  prologue,
  lowerExit,
  lowerInsn,
  lowerCall,
  knownTailCalls,
  lowerTailCall,
  lowerDirectTailCall,
  displacement,
  fixup,
  functionAddress,
  settle,
  distance,
  trampoline: TRAMPOLINE,
  exceptions: EXCEPTIONS,
};

/** Linux's JIT with the frames and calls of each convention. */
export const TARGETS: Readonly<Record<ConventionName, Target>> = {
  linux: LINUX_TARGET,
  zero: { ...LINUX_TARGET, convention: ZERO },
  reply: { ...LINUX_TARGET, convention: REPLY, layOut: layOutReply, lowerCall: callReply },
  v3: {
    ...LINUX_TARGET,
    convention: V3,
    layOut: layOutV3,
    prologue: prologueV3,
    lowerExit: exitV3,
    lowerCall: callV3,
    exceptions: EXCEPTIONS_BY_FP,
  },
};
