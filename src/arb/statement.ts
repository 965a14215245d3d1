/** Statements that neither call nor contain others, over the whole instruction set: one function a family. */
import { ALU_ROWS, MOVSX_BITS, SWAP_BITS, SWAP_ROWS } from '../bpf/alu.ts';
import { ATOMIC_ROWS } from '../bpf/atomic.ts';
import { R10 } from '../bpf/reg.ts';
import type { Draw } from './draw.ts';
import { drawImm } from './imm.ts';
import type { AnyReg, Place, ReadReg, Source, Stmt } from './spec.ts';
import { drawWord } from './word.ts';

const SIZES = [1, 2, 4, 8] as const;
const NARROW = [1, 2, 4] as const;
const REGIONS = ['ctx', 'stack', 'stack', 'data', 'rodata'] as const;
const OPS = ALU_ROWS.map((row) => row.name);

export const drawReg = (draw: Draw): AnyReg => draw.below(R10);

/** r10 now and then. */
export const drawReadReg = (draw: Draw): ReadReg => (draw.chance(3) ? R10 : draw.below(R10));

export const drawWidth = (draw: Draw): 32 | 64 => (draw.chance(50) ? 64 : 32);

const FP: Source = { from: 'fp' };
const REGS: readonly Source[] = Array.from({ length: R10 }, (_, reg) => ({ from: 'reg', reg }));

export function drawSource(draw: Draw): Source {
  const dice = draw.below(100);
  if (dice < 45) return { from: 'imm', imm: drawImm(draw) };
  return dice < 47 ? FP : (REGS[drawReg(draw)] as Source);
}

function drawPlace(draw: Draw): Place {
  const region = draw.pick(REGIONS);
  const direct = region === 'stack' && draw.chance(60);
  return { region, off: draw.below(512), via: direct ? undefined : drawReg(draw) };
}

function drawAlu(draw: Draw): Stmt {
  const dst = drawReg(draw);
  return { kind: 'alu', op: draw.pick(OPS), width: drawWidth(draw), dst, source: drawSource(draw) };
}

function drawMovsx(draw: Draw): Stmt {
  const width = drawWidth(draw);
  return {
    kind: 'movsx',
    width,
    bits: draw.pick(MOVSX_BITS[width]),
    dst: drawReg(draw),
    src: drawReadReg(draw),
  };
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
  const { name, sizes, fetch } = draw.pick(ATOMIC_ROWS);
  // cmpxchg gives its result to r0.
  const reg = fetch && name !== 'cmpxchg' ? drawReg(draw) : drawReadReg(draw);
  const matches = name === 'cmpxchg' && draw.chance(60);
  return { kind: 'atomic', op: name, size: draw.pick(sizes), reg, place: drawPlace(draw), matches };
}

/** One statement of any family. */
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
