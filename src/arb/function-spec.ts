/** A function of a call graph: what it does with its arguments, its stack, its body around its calls. */
import { MAX_REG_ARGS, MAX_STACK_BYTES } from '../bpf/calling.ts';
import { drawBody } from './body.ts';
import { type CallTarget, drawCall } from './call-site.ts';
import type { Draw } from './draw.ts';
import type { ArgType, FunctionSpec, Incoming, Stmt } from './spec.ts';
import { drawReg } from './statement.ts';

const NARROW_TYPES: readonly ArgType[] = ['u8', 'u16', 'u32', 's8', 's16', 's32'];
const POINTER_TYPES: readonly ArgType[] = ['read', 'write', 'update'];
/** How deep branches and loops nest. */
const MAX_NESTING = 2;

/** What a function is drawn from. */
export interface FunctionPlan {
  readonly index: number;
  readonly args: number;
  /** One call site each. */
  readonly calls: readonly CallTarget[];
  /** Whom it may call beside. */
  readonly targets: readonly CallTarget[];
  readonly maxStatements: number;
}

export function drawFunction(draw: Draw, plan: FunctionPlan): FunctionSpec {
  const { index, args } = plan;
  return {
    args,
    stack: drawStack(draw),
    incoming: drawIncoming(draw, args, index === 0 ? 0 : drawPointer(draw, args)),
    restarts: draw.chance(5) ? draw.between(1, 3) : 0,
    body: drawBodyAround(draw, plan),
    mix: draw.below(1024),
  };
}

/** The argument that is a pointer; 0 for none. */
function drawPointer(draw: Draw, args: number): number {
  return args > 0 && draw.chance(30) ? draw.between(1, args) : 0;
}

function drawIncoming(draw: Draw, args: number, pointer: number): Incoming[] {
  const incoming: Incoming[] = [];
  let taken = 0;
  for (let argument = 1; argument <= args; argument++) {
    const inRegister = argument <= MAX_REG_ARGS;
    if (argument !== pointer && !draw.chance(inRegister ? 15 : 92)) continue;
    const as = argument === pointer ? draw.pick(POINTER_TYPES) : drawType(draw);
    incoming[taken++] = { argument, as, dst: drawReg(draw), spill: !inRegister && draw.chance(40) };
  }
  if (draw.chance(40)) for (let i = 0, j = taken - 1; i < j; i++, j--) swap(incoming, i, j);
  return incoming;
}

const drawType = (draw: Draw): ArgType => (draw.chance(20) ? draw.pick(NARROW_TYPES) : 'u64');

function drawStack(draw: Draw): number {
  const dice = draw.below(100);
  if (dice < 20) return 0;
  if (dice < 70) return draw.between(1, 64);
  return dice < 74 ? MAX_STACK_BYTES : draw.between(1, MAX_STACK_BYTES);
}

/** Statements, with a call at a random place among them for each call site. */
function drawBodyAround(draw: Draw, { calls, targets, maxStatements }: FunctionPlan): Stmt[] {
  const statements = draw.between(1, maxStatements);
  const body = drawBody(draw, { statements, nesting: MAX_NESTING, targets });
  for (const target of calls) {
    body.push(drawSite(draw, target));
    swap(body, draw.below(body.length), body.length - 1);
  }
  return body;
}

function swap<T>(items: T[], i: number, j: number): void {
  const item = items[i] as T;
  items[i] = items[j] as T;
  items[j] = item;
}

/** Now and then in a loop, so that one site calls more than once. */
function drawSite(draw: Draw, target: CallTarget): Stmt {
  const call = drawCall(draw, target);
  if (!draw.chance(6)) return call;
  const test = draw.chance(50) ? 'end' : 'start';
  return { kind: 'loop', count: draw.between(2, 3), test, counter: drawReg(draw), body: [call] };
}
