/** Calls: who is called, where each argument comes from, and in which order they are put in place. */
import { MAX_ARGS, MAX_REG_ARGS } from '../bpf/calling.ts';
import type { Draw } from './draw.ts';
import { drawImm } from './imm.ts';
import type { ArgSource, CalleeChoice, Stmt } from './spec.ts';
import { drawWord } from './word.ts';

/** Somebody to call, with the arguments to be drawn for it. */
export interface CallTarget {
  readonly callee: CalleeChoice;
  readonly args: number;
}

/** Where nothing is known of the callees. */
export const ANY_TARGETS: readonly CallTarget[] = Array.from({ length: 4 }, (_, index) => [
  { callee: { kind: 'bpf', index } as const, args: MAX_ARGS },
  { callee: { kind: 'native', index } as const, args: MAX_ARGS },
]).flat();

/** Percent of constants: few, so that arguments differ from each other. */
const BOUNDARIES = 20;
const REGS = 10;
/** Steps through r0..r9 that meet each register before the first one again. */
const STRIDES = [1, 3, 7, 9] as const;
const POINTER_REGIONS = ['stack', 'stack', 'stack', 'ctx', 'data'] as const;

/** A call of `target`. Arguments that come from registers come from different ones, as far as there are any. */
export function drawCall(draw: Draw, { callee, args }: CallTarget): Stmt {
  const stride = draw.pick(STRIDES);
  let reg = draw.below(REGS);
  const sources = new Array<ArgSource>(args);
  for (let k = 0; k < args; k++) {
    sources[k] = drawArg(draw, reg);
    reg = (reg + stride) % REGS;
  }
  return { kind: 'call', callee, args: sources, order: drawOrder(draw, args), scratch: draw.below(REGS) };
}

/** Of one shape, though one field of each is absent: engines tell four shapes apart with ease, but not five. */
const sourceOf = (from: 'reg' | 'argument', reg: number | undefined, argument: number | undefined) =>
  ({ from, reg, argument }) as ArgSource;
const FROM_REG = Array.from({ length: REGS }, (_, reg) => sourceOf('reg', reg, undefined));
const FROM_ARGUMENT = Array.from({ length: MAX_REG_ARGS + 1 }, (_, argument) =>
  sourceOf('argument', undefined, argument),
);

function drawArg(draw: Draw, reg: number): ArgSource {
  const dice = draw.below(100);
  if (dice < 44) return FROM_REG[reg] as ArgSource;
  if (dice < 45) return FROM_ARGUMENT[draw.between(1, MAX_REG_ARGS)] as ArgSource;
  if (dice < 68) return { from: 'imm', imm: drawImm(draw, BOUNDARIES) };
  if (dice < 88) return { from: 'word', word: drawWord(draw, BOUNDARIES) };
  return { from: 'pointer', region: draw.pick(POINTER_REGIONS), off: draw.below(512) };
}

const ASCENDING: readonly number[] = [];

/** Ascending, descending, or any. */
function drawOrder(draw: Draw, args: number): readonly number[] {
  const dice = draw.below(100);
  if (args < 2 || dice < 45) return ASCENDING;
  const keys = new Array<number>(args);
  for (let k = 0; k < args; k++) keys[k] = dice < 65 ? args - k : draw.below(64);
  return keys;
}
