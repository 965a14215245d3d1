/** Programs for timing the JIT: a mix as compilers make it of arithmetic, loads and stores, branches, calls. */
import { ALU_ROWS } from '../bpf/alu.ts';
import type { Insn } from '../bpf/insn.ts';
import { JUMP_ROWS } from '../bpf/jump.ts';
import { buildProgram, type Program } from '../bpf/program.ts';

/** Of so many instructions, main alone. */
export function mixedProgram(size: number, seed: number): Program {
  const random = randomFrom(seed);
  const insns: Insn[] = [];
  while (insns.length < size - 1) insns.push(insn(random, size - 2 - insns.length));
  insns.push({ kind: 'exit' });
  return buildProgram(insns);
}

type Random = (below: number) => number;

/** A linear congruential generator: Numerical Recipes' constants. */
function randomFrom(seed: number): Random {
  let state = seed >>> 0;
  return (below) => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return Math.floor((state / 2 ** 32) * below);
  };
}

const IMMS = [0, 1, 8, 14, 255, 4096, -1, 0x0800];

/** `left`: instructions between it and the exit. */
function insn(random: Random, left: number): Insn {
  const kind = random(100);
  const [dst, src] = [random(10), random(10)];
  const imm = IMMS[random(IMMS.length)] as number;
  const off = -8 * (1 + random(32));
  if (kind < 45) return arithmetic(random, dst, src, imm);
  if (kind < 60) return { kind: 'ldx', size: 8, sign: false, dst, src: 10, off };
  if (kind < 68) return { kind: 'ldx', size: 4, sign: false, dst, src, off: 4 * random(60) };
  if (kind < 78) return { kind: 'stx', size: 8, dst: 10, src, off };
  if (kind < 80) return { kind: 'st', size: 4, dst: 10, off, imm };
  if (kind < 83) return { kind: 'call', target: 'helper', imm: 1 + random(8), off: 0 };
  if (left < 1) return { kind: 'ja', width: 16, off: 0 };
  const jump = 1 + random(Math.min(60, left));
  if (kind < 85) return { kind: 'ja', width: 16, off: jump };
  const op = (JUMP_ROWS[random(JUMP_ROWS.length)] as (typeof JUMP_ROWS)[number]).name;
  if (kind < 93) return { kind: 'jcc', op, width: 64, source: 'K', dst, src: 0, imm, off: jump };
  return { kind: 'jcc', op, width: 64, source: 'X', dst, src, imm: 0, off: jump };
}

const OPS = ALU_ROWS.filter(({ group }) => group === 'base');

function arithmetic(random: Random, dst: number, src: number, imm: number): Insn {
  const { name, source } = OPS[random(OPS.length)] as (typeof OPS)[number];
  const width = random(3) === 0 ? 32 : 64;
  if (source === 'KX' && random(2) === 0)
    return { kind: 'alu', op: name, width, source: 'X', dst, src, imm: 0 };
  return { kind: 'alu', op: name, width, source: 'K', dst, src: 0, imm: name === 'neg' ? 0 : imm & 63 };
}
