/**
 * Laws of the reference interpreter for memory, atomics and poison. Each side of an equation is a program; only
 * the properties about poison look at how a run ends.
 */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ALU_ROWS, type AluOp } from '../src/bpf/alu.ts';
import { ATOMIC_ROWS } from '../src/bpf/atomic.ts';
import type { Insn, Width } from '../src/bpf/insn.ts';
import type { Size } from '../src/bpf/load-store.ts';
import * as k from '../test/kit/insns.ts';
import { equal, imm, OPTIONS, size, to0, width, word } from '../test/kit/laws.ts';
import { end } from '../test/kit/run.ts';

const aluOp = (): fc.Arbitrary<AluOp> => fc.constantFrom(...ALU_ROWS.map(({ name }) => name));

describe('memory', () => {
  it('a load gives back what was stored, cut or sign-extended to its size', () => {
    const law = (a: bigint, bytes: Size, off: number) => {
      const stored = k.store(bytes, 'r4', off, 'r1');
      equal(
        [a],
        [stored, k.ldx(bytes, 'r0', 'r4', off)],
        [k.alu(64, 'lsh', 'r1', 64 - 8 * bytes), k.alu(64, 'rsh', 'r1', 64 - 8 * bytes), to0('r1')],
      );
      if (bytes === 8) return;
      equal(
        [a],
        [stored, k.ldxs(bytes, 'r0', 'r4', off)],
        [k.alu(64, 'lsh', 'r1', 64 - 8 * bytes), k.alu(64, 'arsh', 'r1', 64 - 8 * bytes), to0('r1')],
      );
    };
    fc.assert(fc.property(word(), size(), fc.nat({ max: 8 }), law), OPTIONS);
  });

  it('the byte at n is byte n, counted from the least significant', () => {
    const law = (a: bigint, n: number) =>
      equal(
        [a],
        [k.store(8, 'r4', 0, 'r1'), k.ldx(1, 'r0', 'r4', n)],
        [k.alu(64, 'rsh', 'r1', 8 * n), k.alu(64, 'and', 'r1', 0xff), to0('r1')],
      );
    fc.assert(fc.property(word(), fc.nat({ max: 7 }), law), OPTIONS);
  });

  it('a store changes its own bytes alone', () => {
    const law = (a: bigint, b: bigint, bytes: Size, off: number) => {
      fc.pre(off + bytes <= 8);
      const mask = ((1n << BigInt(8 * bytes)) - 1n) << BigInt(8 * off);
      const want = (a & ~mask) | ((b << BigInt(8 * off)) & mask);
      equal(
        [a, b, want],
        [k.store(8, 'r4', 0, 'r1'), k.store(bytes, 'r4', off, 'r2'), k.ldx(8, 'r0', 'r4', 0)],
        [to0('r3')],
      );
    };
    fc.assert(fc.property(word(), word(), size(), fc.nat({ max: 7 }), law), OPTIONS);
  });

  it('storing an immediate is storing the register that holds it', () => {
    const law = (i: number, bytes: Size) =>
      equal(
        [BigInt(i)],
        [k.store(bytes, 'r4', 3, i), k.ldx(8, 'r0', 'r4', 0)],
        [k.store(bytes, 'r4', 3, 'r1'), k.ldx(8, 'r0', 'r4', 0)],
      );
    fc.assert(fc.property(imm(), size(), law), OPTIONS);
  });
});

describe('atomics', () => {
  const rows = ATOMIC_ROWS.flatMap(({ name, sizes }) => sizes.map((bytes) => ({ name, bytes })));

  /** What each does, from instructions that are no atomics. r1 = memory, r2 = src, r3 = r0 before. */
  function plain(name: (typeof ATOMIC_ROWS)[number]['name'], bytes: Size): Insn[] {
    const old = k.ldx(bytes, 'r5', 'r4', 0);
    const compute = (op: AluOp): Insn[] => [
      old,
      k.mov('r6', 'r5'),
      k.alu(64, op, 'r6', 'r2'),
      k.store(bytes, 'r4', 0, 'r6'),
    ];
    const toSrc = k.mov('r2', 'r5');
    const w = bytes === 4 ? 32 : 64;
    switch (name) {
      case 'add':
      case 'or':
      case 'and':
      case 'xor':
        return compute(name);
      case 'fetch_add':
        return [...compute('add'), toSrc];
      case 'fetch_or':
        return [...compute('or'), toSrc];
      case 'fetch_and':
        return [...compute('and'), toSrc];
      case 'fetch_xor':
        return [...compute('xor'), toSrc];
      case 'xchg':
        return [old, k.store(bytes, 'r4', 0, 'r2'), toSrc];
      case 'cmpxchg':
        return [old, k.jcc(w, 'jne', 'r5', 'r3', 1), k.store(bytes, 'r4', 0, 'r2'), k.mov('r3', 'r5')];
      case 'load_acquire':
        return [k.ldx(bytes, 'r2', 'r4', 0)];
      case 'store_release':
        return [k.store(bytes, 'r4', 0, 'r2')];
    }
  }

  it.each(rows)('$name of $bytes bytes is its plain sequence', ({ name, bytes }) => {
    const before = [k.store(8, 'r4', 0, 'r1'), k.mov('r0', 'r3')];
    const insn =
      name === 'load_acquire' ? k.atomic(name, bytes, 'r2', 0, 'r4') : k.atomic(name, bytes, 'r4', 0, 'r2');
    const looks = [[k.ldx(8, 'r0', 'r4', 0)], [to0('r2')], [to0('r3')]];
    const law = (memory: bigint, src: bigint, expected: bigint, match: boolean) => {
      const words = [memory, src, match ? memory : expected];
      for (const look of looks) {
        equal(
          words,
          [...before, insn, k.mov('r3', 'r0'), ...look],
          [...before, ...plain(name, bytes), ...look],
        );
      }
    };
    fc.assert(fc.property(word(), word(), word(), fc.boolean(), law), { ...OPTIONS, numRuns: 100 });
  });
});

describe('poison', () => {
  const poison = (insns: readonly Insn[]): boolean =>
    end([...insns, k.exit]).startsWith('poison: r0 as result of main');

  it('spreads through every operation, from either operand', () => {
    const law = (op: AluOp, a: bigint, w: Width) => {
      const operate = op === 'neg' ? k.alu(w, op, 'r0', 0) : k.alu(w, op, 'r0', 'r3');
      if (op !== 'mov') expect(poison([k.lddw('r3', a), operate])).toBe(true);
      if (op !== 'neg') expect(poison([k.lddw('r0', a), k.mov('r3', 'r9'), operate])).toBe(true);
    };
    fc.assert(fc.property(aluOp(), word(), width(), law), OPTIONS);
  });

  it('of one byte is seen by exactly the loads that cover it', () => {
    const law = (at: number, bytes: Size, off: number) => {
      const insns = [
        k.store(8, 'r10', -16, 0),
        k.store(8, 'r10', -8, 0),
        k.store(1, 'r10', at - 16, 'r9'),
        k.ldx(bytes, 'r0', 'r10', off - 16),
      ];
      expect(poison(insns)).toBe(off <= at && at < off + bytes);
    };
    fc.assert(fc.property(fc.nat({ max: 15 }), size(), fc.nat({ max: 8 }), law), OPTIONS);
  });
});
