/**
 * Cases of the sweep: one instruction each, with a value for every register and for the memory it touches. Every
 * operation meets every register in every place; the operands at the edges take turns, so that each operation
 * meets all of them as well.
 */
import { ALU_ROWS } from '../../src/bpf/alu.ts';
import { ATOMIC_ROWS } from '../../src/bpf/atomic.ts';
import type { Insn, Width } from '../../src/bpf/insn.ts';
import { JUMP_ROWS } from '../../src/bpf/jump.ts';
import type { Size } from '../../src/bpf/load-store.ts';
import { u64 } from '../../src/core/u64.ts';
import { alu, atomic, jcc, lddw, ldx, ldxs, movsx, type RegName, store, swap } from '../kit/insns.ts';

/** One instruction in its surroundings. */
export interface SweepCase {
  readonly insn: Insn;
  /** r0..r9 before it; undefined: any value. */
  readonly regs: ReadonlyMap<number, bigint>;
  /** The base register, and its distance from the 16 bytes of memory it works on. */
  readonly base?: { readonly reg: number; readonly off: number };
  /** These 16 bytes, as two words. */
  readonly memory?: readonly [bigint, bigint];
}

// biome-ignore format: a table
const WORDS: readonly bigint[] = [
  0n, 1n, 2n, -1n, -2n, 0x7fff_ffffn, 0x8000_0000n, 0x8000_0001n, 0xffff_ffffn, 0x1_0000_0000n,
  0x7fff_ffff_ffff_ffffn, -0x8000_0000_0000_0000n, -0x7fff_ffff_ffff_ffffn, -0x8000_0000n, 0x0123_4567_89ab_cdefn,
].map(u64);
const COUNTS: readonly bigint[] = [0n, 1n, 31n, 32n, 33n, 63n, 64n, 255n, u64(-1n)];
const IMMS: readonly number[] = [0, 1, -1, 2, 127, 128, -128, -129, 0x7fff_ffff, -0x8000_0000];
const SHIFT_IMMS: readonly number[] = [0, 1, 7, 8, 31, 32, 63];
/** Of memory, from registers and from r10: those reach no further than the frame. */
const OFFS: readonly number[] = [0, 1, 8, 127, 128, -1, -8, -128, -129, 32767, -32768];
const STACK_OFFS: readonly number[] = [-16, -24, -127, -128, -129, -136, -400, -512];

const WIDTHS: readonly Width[] = [32, 64];
const SIZES: readonly Size[] = [1, 2, 4, 8];
const reg = (n: number): RegName => `r${n}`;
const GENERAL = Array.from({ length: 10 }, (_, n) => n);
const WITH_FP = [...GENERAL, 10];
const isShift = (op: string): boolean => op === 'lsh' || op === 'rsh' || op === 'arsh';

/** Takes `count` of the values, going on where the last call stopped. */
class Turns<T> {
  readonly #values: readonly T[];
  #next = 0;

  constructor(values: readonly T[]) {
    this.#values = values;
  }

  take(count: number): T[] {
    return Array.from({ length: Math.min(count, this.#values.length) }, () => this.one());
  }

  one(): T {
    return this.#values[this.#next++ % this.#values.length] as T;
  }
}

const pairs = <A, B>(a: readonly A[], b: readonly B[]): (readonly [A, B])[] =>
  a.flatMap((x) => b.map((y) => [x, y] as const));

/** Register values; r10 has its own. */
function regsOf(...values: readonly (readonly [reg: number, value: bigint])[]): ReadonlyMap<number, bigint> {
  return new Map(values.filter(([n]) => n !== 10));
}

export function aluByReg(): SweepCase[] {
  const cases: SweepCase[] = [];
  for (const { name, source } of ALU_ROWS) {
    if (!(source as string).includes('X')) continue;
    const turns = new Turns(pairs(WORDS, isShift(name) ? COUNTS : WORDS));
    for (const width of WIDTHS) {
      for (const [dst, src] of pairs(GENERAL, WITH_FP)) {
        for (const [a, b] of turns.take(10)) {
          cases.push({ insn: alu(width, name, reg(dst), reg(src)), regs: regsOf([dst, a], [src, b]) });
        }
      }
    }
  }
  return cases;
}

/** Register shifts alone: what BMI2 changes. */
export const shiftsByReg = (): SweepCase[] =>
  aluByReg().filter(({ insn }) => insn.kind === 'alu' && isShift(insn.op));

export function aluByImm(): SweepCase[] {
  const cases: SweepCase[] = [];
  for (const { name } of ALU_ROWS) {
    const turns = new Turns(WORDS);
    const imms = name === 'neg' ? [0] : isShift(name) ? SHIFT_IMMS : IMMS;
    for (const width of WIDTHS) {
      for (const [dst, imm] of pairs(GENERAL, imms)) {
        for (const a of turns.take(name === 'neg' ? 15 : 4)) {
          cases.push({ insn: alu(width, name, reg(dst), imm), regs: regsOf([dst, a]) });
        }
      }
    }
  }
  return cases;
}

export function moves(): SweepCase[] {
  const cases: SweepCase[] = [];
  for (const dst of GENERAL) {
    for (const imm of [...WORDS, ...IMMS.map(BigInt)])
      cases.push({ insn: lddw(reg(dst), imm), regs: new Map() });
    for (const [op, bits] of pairs(['le', 'be', 'bswap'] as const, [16, 32, 64] as const)) {
      for (const a of WORDS) cases.push({ insn: swap(op, bits, reg(dst)), regs: regsOf([dst, a]) });
    }
  }
  const extensions = [
    [32, 8],
    [32, 16],
    [64, 8],
    [64, 16],
    [64, 32],
  ] as const;
  const turns = new Turns([...WORDS, 0x7fn, 0x80n, 0x7fffn, 0x8000n, 0xffn, 0xffffn]);
  for (const [width, bits] of extensions) {
    for (const [dst, src] of pairs(GENERAL, WITH_FP)) {
      for (const b of turns.take(5)) {
        cases.push({ insn: movsx(width, bits, reg(dst), reg(src)), regs: regsOf([src, b]) });
      }
    }
  }
  return cases;
}

export function jumps(): SweepCase[] {
  const cases: SweepCase[] = [];
  for (const { name } of JUMP_ROWS) {
    const turns = new Turns(pairs(WORDS, WORDS));
    const byImm = new Turns(WORDS);
    for (const width of WIDTHS) {
      for (const [dst, src] of pairs(WITH_FP, WITH_FP)) {
        for (const [a, b] of turns.take(4)) {
          cases.push({ insn: jcc(width, name, reg(dst), reg(src), 1), regs: regsOf([dst, a], [src, b]) });
        }
      }
      for (const [dst, imm] of pairs(WITH_FP, IMMS)) {
        for (const a of byImm.take(4)) {
          cases.push({ insn: jcc(width, name, reg(dst), imm, 1), regs: regsOf([dst, a]) });
        }
      }
    }
  }
  return cases;
}

const memoryTurns = (): Turns<readonly [bigint, bigint]> =>
  new Turns(WORDS.map((word, i) => [word, WORDS[(i + 7) % WORDS.length] as bigint] as const));

export function loadsAndStores(): SweepCase[] {
  const cases: SweepCase[] = [];
  const memory = memoryTurns();
  const values = new Turns(WORDS);
  const imms = new Turns(IMMS);
  for (const base of WITH_FP) {
    for (const [size, off] of pairs(SIZES, base === 10 ? STACK_OFFS : OFFS)) {
      const at = { reg: base, off };
      for (const n of GENERAL) {
        cases.push({
          insn: ldx(size, reg(n), reg(base), off),
          regs: new Map(),
          base: at,
          memory: memory.one(),
        });
        if (size === 8) continue;
        cases.push({
          insn: ldxs(size, reg(n), reg(base), off),
          regs: new Map(),
          base: at,
          memory: memory.one(),
        });
      }
      for (const n of WITH_FP) {
        const regs = n === base ? new Map() : regsOf([n, values.one()]);
        cases.push({ insn: store(size, reg(base), off, reg(n)), regs, base: at, memory: memory.one() });
      }
      for (const imm of imms.take(4)) {
        cases.push({
          insn: store(size, reg(base), off, imm),
          regs: new Map(),
          base: at,
          memory: memory.one(),
        });
      }
    }
  }
  return cases;
}

/** Every third offset in turn: atomics do not differ in how they reach memory, but in what they clobber. */
export function atomics(): SweepCase[] {
  const cases: SweepCase[] = [];
  const memory = memoryTurns();
  for (const { name, sizes, fetch } of ATOMIC_ROWS) {
    const offs = new Turns(OFFS);
    const stackOffs = new Turns(STACK_OFFS);
    const values = new Turns(pairs(WORDS, [false, true]));
    const loads = name === 'load_acquire';
    for (const size of sizes) {
      for (const [base, other] of pairs(WITH_FP, fetch ? GENERAL : WITH_FP)) {
        for (const off of base === 10 ? stackOffs.take(4) : offs.take(4)) {
          const [value, hit] = values.one();
          const [dst, src] = loads ? [other, base] : [base, other];
          const [low, high] = memory.one();
          // cmpxchg compares with r0: half of the time it finds what it expects, upper half of r0 aside.
          const regs = new Map<number, bigint>([[0, hit ? low : value]]);
          if (other !== 10 && !(other === 0 && hit)) regs.set(other, value);
          regs.delete(base);
          cases.push({
            insn: atomic(name, size, reg(dst), off, reg(src)),
            regs,
            base: { reg: base, off },
            memory: [low, high],
          });
        }
      }
    }
  }
  return cases;
}
