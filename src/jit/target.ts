/**
 * What makes this JIT the one it is, as one record: the frame, the lowerings, the rewrites, the convention.
 * `compile` takes it as a parameter, so that a broken JIT for testing the oracle is this record with one entry
 * replaced, and the shipped code carries no trace of it.
 */
import { type Convention, LINUX } from './convention/linux.ts';
import { layOut } from './frame.ts';
import { lowerCall } from './lower/call.ts';
import { lowerExit } from './lower/exit.ts';
import { prologue } from './lower/frame.ts';
import { lowerInsn } from './lower/insn.ts';
import { distance, settle } from './relax.ts';
import { rewrite } from './rewrite.ts';
import { stackDepths } from './stack-depth.ts';

export interface Target {
  readonly convention: Convention;
  readonly stackDepths: typeof stackDepths;
  readonly rewrite: typeof rewrite;
  readonly layOut: typeof layOut;
  readonly prologue: typeof prologue;
  readonly lowerExit: typeof lowerExit;
  readonly lowerInsn: typeof lowerInsn;
  readonly lowerCall: typeof lowerCall;
  readonly settle: typeof settle;
  readonly distance: typeof distance;
}

/** Linux's JIT. */
export const LINUX_TARGET: Target = {
  convention: LINUX,
  stackDepths,
  rewrite,
  layOut,
  prologue,
  lowerExit,
  lowerInsn,
  lowerCall,
  settle,
  distance,
};
