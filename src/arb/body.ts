/** Bodies: statements with branches and loops among them, calls at random places, jumps of chosen lengths. */
import { JUMP_ROWS } from '../bpf/jump.ts';
import { type CallTarget, drawCall } from './call-site.ts';
import type { Draw } from './draw.ts';
import type { Source, Stmt } from './spec.ts';
import { drawReadReg, drawReg, drawSimple, drawSource, drawWidth } from './statement.ts';

const JUMPS = JUMP_ROWS.map((row) => row.name);

/** What a body is drawn from. */
export interface BodyPlan {
  /** Statements, not counting nested ones. */
  readonly statements: number;
  /** How deep branches and loops nest. */
  readonly nesting: number;
  /** Whom it may call. */
  readonly targets: readonly CallTarget[];
}

export function drawBody(draw: Draw, plan: BodyPlan): Stmt[] {
  const body: Stmt[] = [];
  for (let k = 0; k < plan.statements; k++) body.push(drawStmt(draw, plan));
  return body;
}

function drawStmt(draw: Draw, { nesting, targets }: BodyPlan): Stmt {
  const dice = draw.below(100);
  if (dice < 13 && nesting > 0) return drawBranch(draw, nesting, targets);
  if (dice < 19 && nesting > 0) return drawLoop(draw, nesting, targets);
  if (dice >= 95 && targets.length > 0) return drawCall(draw, draw.pick(targets));
  return drawSimple(draw);
}

const inner = (draw: Draw, nesting: number, targets: readonly CallTarget[]): BodyPlan => ({
  statements: draw.between(1, 4),
  nesting: nesting - 1,
  targets,
});

/** Filler that brings a jump over it near the limits of a short one. The lengths of code around it vary. */
const drawPad = (draw: Draw): Stmt => ({ kind: 'pad', bytes: draw.between(96, 136), reg: drawReg(draw) });

function drawBranch(draw: Draw, nesting: number, targets: readonly CallTarget[]): Stmt {
  const then = drawThen(draw, nesting, targets);
  const otherwise = drawOtherwise(draw, nesting, targets);
  const op = draw.chance(6) ? 'may_goto' : draw.pick(JUMPS);
  return {
    kind: 'branch',
    op,
    width: drawWidth(draw),
    dst: drawReadReg(draw),
    source: op === 'jset' && draw.chance(50) ? drawBit(draw) : drawSource(draw),
    then,
    otherwise,
    long: draw.chance(30),
  };
}

/** One bit: of random words, two have almost always one in common. Bit 31 has all above it set, too. */
const drawBit = (draw: Draw): Source => ({
  from: 'imm',
  imm: (1 << (draw.chance(30) ? 31 : draw.below(31))) | 0,
});

/** Most often a body; else filler alone, nothing at all, or a body that ends the function. */
function drawThen(draw: Draw, nesting: number, targets: readonly CallTarget[]): Stmt[] {
  const dice = draw.below(100);
  if (dice < 6) return [drawPad(draw)];
  if (dice < 9) return [];
  const then = drawBody(draw, inner(draw, nesting, targets));
  if (dice < 15) then.push(drawPad(draw));
  else if (dice < 30) then.push({ kind: 'exit', mix: draw.below(1024) });
  return then;
}

/** Most often none; else a body, or nothing with a jump over it. */
function drawOtherwise(draw: Draw, nesting: number, targets: readonly CallTarget[]): Stmt[] {
  const dice = draw.below(100);
  if (dice < 30) return drawBody(draw, inner(draw, nesting, targets));
  return dice < 33 ? [{ kind: 'pad', bytes: 0, reg: 0 }] : [];
}

function drawLoop(draw: Draw, nesting: number, targets: readonly CallTarget[]): Stmt {
  const filled = draw.chance(16);
  const body = filled && draw.chance(50) ? [] : drawBody(draw, inner(draw, nesting, targets));
  if (filled) body.push(drawPad(draw));
  return {
    kind: 'loop',
    count: draw.between(1, 3),
    test: draw.chance(50) ? 'end' : 'start',
    counter: drawReg(draw),
    body,
  };
}
