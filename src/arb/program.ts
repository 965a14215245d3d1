/** Whole programs: call graphs of functions, kfuncs and helpers with 0 to 12 arguments, and their bodies. */
import type { Arbitrary } from 'fast-check';
import { MAX_CALL_FRAMES, MAX_REG_ARGS } from '../bpf/calling.ts';
import { type Draw, drawn } from './draw.ts';
import { drawArity, drawNative } from './func-proto.ts';
import { type Generated, lower } from './lower.ts';
import { shrinkProgram } from './shrink.ts';
import type { FunctionSpec, Incoming, ProgramSpec } from './spec.ts';
import { drawBody, drawCall, drawReg } from './statement.ts';

/** Constraints to be applied on {@link programSpec} and {@link bpfProgram}. */
export interface ProgramConstraints {
  /** Functions, main included. @defaultValue 8 */
  readonly maxFunctions?: number;
  /** Statements of a function's body, not counting nested ones. @defaultValue 12 */
  readonly maxStatements?: number;
}

/** How deep branches and loops nest. */
const MAX_NESTING = 2;
/** Stack of a function, in bytes, so that its loop counters fit beside it. */
const MAX_STACK = 448;

function drawIncoming(draw: Draw, args: number): Incoming[] {
  const incoming: Incoming[] = [];
  for (let argument = MAX_REG_ARGS + 1; argument <= args; argument++) {
    if (draw.chance(90)) incoming.push({ argument, dst: drawReg(draw), spill: draw.chance(60) });
  }
  if (draw.chance(40)) incoming.reverse();
  return incoming;
}

function drawStack(draw: Draw): number {
  const dice = draw.below(100);
  if (dice < 15) return 0;
  if (dice < 75) return 8 * draw.between(1, 8);
  return dice < 80 ? MAX_STACK : 8 * draw.between(1, MAX_STACK / 8);
}

function drawFunction(draw: Draw, index: number, maxStatements: number): FunctionSpec {
  const args = index === 0 ? 2 : drawArity(draw);
  const body = drawBody(draw, draw.between(1, maxStatements), MAX_NESTING);
  if (draw.chance(index === 0 ? 95 : 55)) body.push(drawCall(draw, draw.chance(70) ? 'bpf' : 'native'));
  return {
    args,
    stack: drawStack(draw),
    incoming: drawIncoming(draw, args),
    restarts: draw.chance(6) ? draw.between(1, 3) : 0,
    body,
    mix: draw.below(1024),
  };
}

function drawSpec(
  draw: Draw,
  { maxFunctions = MAX_CALL_FRAMES, maxStatements = 12 }: ProgramConstraints,
): ProgramSpec {
  const functions: FunctionSpec[] = [];
  const count = draw.between(1, maxFunctions);
  for (let index = 0; index < count; index++) functions.push(drawFunction(draw, index, maxStatements));
  const natives = Array.from({ length: draw.between(1, 4) }, () => drawNative(draw));
  return {
    functions,
    natives,
    ctx: draw.chance(20) ? 0 : draw.between(8, 64),
    data: draw.between(8, 64),
    rodata: draw.between(8, 32),
    seed: draw.bits32(),
  };
}

/**
 * Specs of programs. At most 8 functions, so that no chain of calls has more than 8 frames. Shrinks towards a
 * lone main that does nothing.
 */
export const programSpec = (constraints: ProgramConstraints = {}): Arbitrary<ProgramSpec> =>
  drawn({ draw: (draw) => drawSpec(draw, constraints), shrink: shrinkProgram });

/** Programs with their input: {@link programSpec}, lowered. */
export const bpfProgram = (constraints: ProgramConstraints = {}): Arbitrary<Generated> =>
  drawn({
    draw: (draw) => lower(drawSpec(draw, constraints)),
    *shrink({ spec }) {
      for (const simpler of shrinkProgram(spec)) yield lower(simpler);
    },
  });
