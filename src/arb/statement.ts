/** Statements over the whole instruction set, one function a family. */
import { ALU_ROWS, MOVSX_BITS, SWAP_BITS, SWAP_ROWS } from '../bpf/alu.ts';
import { ATOMIC_ROWS } from '../bpf/atomic.ts';
import { MAX_ARGS } from '../bpf/calling.ts';
import { JUMP_ROWS } from '../bpf/jump.ts';
import type { Draw } from './draw.ts';
import { drawImm } from './imm.ts';
import type { AnyReg, ArgSource, Place, Source, Stmt } from './spec.ts';
import { drawWord } from './word.ts';

const SIZES = [1, 2, 4, 8] as const;
const NARROW = [1, 2, 4] as const;
const REGIONS = ['ctx', 'stack', 'stack', 'data', 'rodata'] as const;
const OPS = ALU_ROWS.map((row) => row.name);
const JUMPS = JUMP_ROWS.map((row) => row.name);

export const drawReg = (draw: Draw): AnyReg => draw.below(10);

const drawWidth = (draw: Draw): 32 | 64 => (draw.chance(50) ? 64 : 32);

/** @internal */
export function drawSource(draw: Draw): Source {
  if (draw.chance(45)) return { from: 'imm', imm: drawImm(draw) };
  return draw.chance(4) ? { from: 'fp' } : { from: 'reg', reg: drawReg(draw) };
}

function drawPlace(draw: Draw): Place {
  const region = draw.pick(REGIONS);
  const direct = region === 'stack' && draw.chance(60);
  return { region, off: draw.below(512), via: direct ? undefined : drawReg(draw) };
}

function drawAlu(draw: Draw): Stmt {
  return {
    kind: 'alu',
    op: draw.pick(OPS),
    width: drawWidth(draw),
    dst: drawReg(draw),
    source: drawSource(draw),
  };
}

function drawMovsx(draw: Draw): Stmt {
  const width = drawWidth(draw);
  return { kind: 'movsx', width, bits: draw.pick(MOVSX_BITS[width]), dst: drawReg(draw), src: drawReg(draw) };
}

function drawSwap(draw: Draw): Stmt {
  return { kind: 'swap', op: draw.pick(SWAP_ROWS).name, bits: draw.pick(SWAP_BITS), dst: drawReg(draw) };
}

function drawLoad(draw: Draw): Stmt {
  const sign = draw.chance(30);
  const size = sign ? draw.pick(NARROW) : draw.pick(SIZES);
  return { kind: 'load', size, sign, dst: drawReg(draw), place: drawPlace(draw) };
}

function drawStore(draw: Draw): Stmt {
  return { kind: 'store', size: draw.pick(SIZES), source: drawSource(draw), place: drawPlace(draw) };
}

function drawAtomic(draw: Draw): Stmt {
  const row = draw.pick(ATOMIC_ROWS);
  return {
    kind: 'atomic',
    op: row.name,
    size: draw.pick(row.sizes),
    reg: drawReg(draw),
    place: drawPlace(draw),
  };
}

/** One statement that neither calls nor contains others. */
export function drawSimple(draw: Draw): Stmt {
  const dice = draw.below(100);
  if (dice < 46) return drawAlu(draw);
  if (dice < 54) return { kind: 'const', dst: drawReg(draw), word: drawWord(draw) };
  if (dice < 60) return drawMovsx(draw);
  if (dice < 66) return drawSwap(draw);
  if (dice < 77) return drawLoad(draw);
  if (dice < 88) return drawStore(draw);
  return drawAtomic(draw);
}

function drawArg(draw: Draw): ArgSource {
  const dice = draw.below(100);
  if (dice < 40) return { from: 'reg', reg: drawReg(draw) };
  if (dice < 65) return { from: 'imm', imm: drawImm(draw) };
  if (dice < 88) return { from: 'word', word: drawWord(draw) };
  return { from: 'stack', off: draw.below(512) };
}

/** A call; `index` is folded onto what the function can call. */
export function drawCall(draw: Draw, kind: 'bpf' | 'native'): Stmt {
  const args: ArgSource[] = [];
  const order: number[] = [];
  for (let k = 0; k < MAX_ARGS; k++) {
    args.push(drawArg(draw));
    order.push(draw.below(100));
  }
  return { kind: 'call', callee: { kind, index: draw.below(8) }, args, order, scratch: drawReg(draw) };
}

/** Bytes of filler that bring a jump over it near the limits of a short one. */
const drawPad = (draw: Draw): Stmt => ({ kind: 'pad', bytes: draw.between(96, 136), reg: drawReg(draw) });

function drawBranch(draw: Draw, depth: number): Stmt {
  const then = drawBody(draw, draw.between(1, 4), depth - 1);
  const otherwise = draw.chance(35) ? drawBody(draw, draw.between(1, 3), depth - 1) : [];
  if (draw.chance(12)) then.push(drawPad(draw));
  if (draw.chance(8)) then.push({ kind: 'exit', mix: draw.below(1024) });
  return {
    kind: 'branch',
    op: draw.chance(5) ? 'may_goto' : draw.pick(JUMPS),
    width: drawWidth(draw),
    dst: drawReg(draw),
    source: drawSource(draw),
    then,
    otherwise,
    long: draw.chance(25),
  };
}

function drawLoop(draw: Draw, depth: number): Stmt {
  const body = drawBody(draw, draw.between(1, 4), depth - 1);
  if (draw.chance(10)) body.push(drawPad(draw));
  return {
    kind: 'loop',
    count: draw.between(1, 4),
    test: draw.chance(50) ? 'end' : 'start',
    counter: drawReg(draw),
    body,
  };
}

/** `count` statements; branches and loops nest up to `depth`. */
export function drawBody(draw: Draw, count: number, depth: number): Stmt[] {
  const body: Stmt[] = [];
  for (let k = 0; k < count; k++) {
    const dice = draw.below(100);
    if (depth > 0 && dice < 12) body.push(drawBranch(draw, depth));
    else if (depth > 0 && dice < 17) body.push(drawLoop(draw, depth));
    else if (dice < 24) body.push(drawCall(draw, draw.chance(50) ? 'bpf' : 'native'));
    else body.push(drawSimple(draw));
  }
  return body;
}
