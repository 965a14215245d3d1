/**
 * Laws of the reference interpreter for arithmetic and jumps: what RFC 9669 makes true whatever the operands.
 * Each side of an equation is a program.
 */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ALU_ROWS, type AluOp, SWAP_BITS, SWAP_ROWS } from '../src/bpf/alu.ts';
import type { Insn, Width } from '../src/bpf/insn.ts';
import { JUMP_ROWS, type JumpOp } from '../src/bpf/jump.ts';
import * as k from '../test/kit/insns.ts';
import { equal, imm, OPTIONS, result, to0, width, word } from '../test/kit/laws.ts';

const aluOp = (): fc.Arbitrary<AluOp> => fc.constantFrom(...ALU_ROWS.map(({ name }) => name));
const binaryOp = (): fc.Arbitrary<AluOp> => aluOp().filter((op) => op !== 'neg');
const jumpOp = (): fc.Arbitrary<JumpOp> => fc.constantFrom(...JUMP_ROWS.map(({ name }) => name));

describe('arithmetic', () => {
  it('sub undoes add', () => {
    const law = (a: bigint, b: bigint, w: Width) =>
      equal(
        [a, b],
        [k.alu(w, 'add', 'r1', 'r2'), k.alu(w, 'sub', 'r1', 'r2'), to0('r1')],
        [k.alu(w, 'mov', 'r0', 'r1')],
      );
    fc.assert(fc.property(word(), word(), width(), law), OPTIONS);
  });

  it('sub is add of the negative', () => {
    const law = (a: bigint, b: bigint, w: Width) =>
      equal(
        [a, b],
        [k.alu(w, 'sub', 'r1', 'r2'), to0('r1')],
        [k.alu(w, 'neg', 'r2', 0), k.alu(w, 'add', 'r1', 'r2'), to0('r1')],
      );
    fc.assert(fc.property(word(), word(), width(), law), OPTIONS);
  });

  it('add, mul, and, or, xor commute', () => {
    const ops = fc.constantFrom<AluOp>('add', 'mul', 'and', 'or', 'xor');
    const law = (op: AluOp, a: bigint, b: bigint, w: Width) =>
      equal([a, b], [k.alu(w, op, 'r1', 'r2'), to0('r1')], [k.alu(w, op, 'r2', 'r1'), to0('r2')]);
    fc.assert(fc.property(ops, word(), word(), width(), law), OPTIONS);
  });

  it('mul distributes over add', () => {
    const law = (a: bigint, b: bigint, c: bigint, w: Width) =>
      equal(
        [a, b, c],
        [k.alu(w, 'add', 'r1', 'r2'), k.alu(w, 'mul', 'r1', 'r3'), to0('r1')],
        [k.alu(w, 'mul', 'r1', 'r3'), k.alu(w, 'mul', 'r2', 'r3'), k.alu(w, 'add', 'r1', 'r2'), to0('r1')],
      );
    fc.assert(fc.property(word(), word(), word(), width(), law), OPTIONS);
  });

  it.each([
    ['div', 'mod'],
    ['sdiv', 'smod'],
  ] as const)('dst = (dst %s src) * src + (dst %s src), division by zero included', (div, mod) => {
    const law = (a: bigint, b: bigint, w: Width) =>
      equal(
        [a, b, a],
        [
          k.alu(w, div, 'r1', 'r2'),
          k.alu(w, 'mul', 'r1', 'r2'),
          k.alu(w, mod, 'r3', 'r2'),
          k.alu(w, 'add', 'r1', 'r3'),
          to0('r1'),
        ],
        [k.alu(w, 'mov', 'r0', 'r3')],
      );
    fc.assert(fc.property(word(), word(), width(), law), OPTIONS);
  });

  it('sdiv and smod are div and mod where no operand has its sign bit set', () => {
    const law = (a: bigint, b: bigint, w: Width) => {
      const clear = [
        k.alu(w, 'lsh', 'r1', 1),
        k.alu(w, 'rsh', 'r1', 1),
        k.alu(w, 'lsh', 'r2', 1),
        k.alu(w, 'rsh', 'r2', 1),
      ];
      equal(
        [a, b],
        [...clear, k.alu(w, 'sdiv', 'r1', 'r2'), to0('r1')],
        [...clear, k.alu(w, 'div', 'r1', 'r2'), to0('r1')],
      );
      equal(
        [a, b],
        [...clear, k.alu(w, 'smod', 'r1', 'r2'), to0('r1')],
        [...clear, k.alu(w, 'mod', 'r1', 'r2'), to0('r1')],
      );
    };
    fc.assert(fc.property(word(), word(), width(), law), OPTIONS);
  });

  it('lsh by n is mul by 2^n, rsh by n is div by 2^n', () => {
    const law = (a: bigint, n: number, w: Width) => {
      const power = 1n << BigInt(n % w);
      equal([a, power], [k.alu(w, 'lsh', 'r1', n), to0('r1')], [k.alu(w, 'mul', 'r1', 'r2'), to0('r1')]);
      equal([a, power], [k.alu(w, 'rsh', 'r1', n), to0('r1')], [k.alu(w, 'div', 'r1', 'r2'), to0('r1')]);
    };
    fc.assert(fc.property(word(), fc.nat({ max: 200 }), width(), law), OPTIONS);
  });

  it('arsh is rsh of what is not negative, and of the complement of what is', () => {
    const law = (a: bigint, n: bigint, w: Width) =>
      equal(
        [a, n],
        [k.alu(w, 'arsh', 'r1', 'r2'), to0('r1')],
        [
          k.alu(w, 'mov', 'r0', 'r1'),
          k.jcc(w, 'jsge', 'r1', 0, 4),
          k.alu(w, 'xor', 'r0', -1),
          k.alu(w, 'rsh', 'r0', 'r2'),
          k.alu(w, 'xor', 'r0', -1),
          k.ja(1),
          k.alu(w, 'rsh', 'r0', 'r2'),
        ],
      );
    fc.assert(fc.property(word(), word(), width(), law), OPTIONS);
  });

  it('an immediate is the register that holds it sign-extended', () => {
    const law = (op: AluOp, a: bigint, i: number, w: Width) =>
      equal([a, BigInt(i)], [k.alu(w, op, 'r1', i), to0('r1')], [k.alu(w, op, 'r1', 'r2'), to0('r1')]);
    fc.assert(fc.property(binaryOp(), word(), imm(), width(), law), OPTIONS);
  });

  it('a 32-bit operation zeroes the upper half, and does not look at it', () => {
    const law = (op: AluOp, a: bigint, b: bigint, dirt: bigint) => {
      const insn = op === 'neg' ? k.alu(32, op, 'r1', 0) : k.alu(32, op, 'r1', 'r2');
      const dirty = (x: bigint) => BigInt.asUintN(32, x) | ((dirt >> 32n) << 32n);
      const got = result([dirty(a), dirty(b)], [insn, to0('r1')]);
      expect(got.slice(0, 10)).toBe('0x00000000');
      expect(got).toBe(result([BigInt.asUintN(32, a), BigInt.asUintN(32, b)], [insn, to0('r1')]));
    };
    fc.assert(fc.property(aluOp(), word(), word(), word(), law), OPTIONS);
  });
});

describe('moves', () => {
  it('mov copies, and the copy is apart from the original', () => {
    const law = (a: bigint, b: bigint) =>
      equal([a, b], [k.mov('r3', 'r1'), k.mov('r1', 'r2'), to0('r3')], [to0('r1')]);
    fc.assert(fc.property(word(), word(), law), OPTIONS);
  });

  it('mov of 32 bits is lsh and rsh by 32', () => {
    const law = (a: bigint) =>
      equal(
        [a],
        [k.alu(32, 'mov', 'r0', 'r1')],
        [k.alu(64, 'lsh', 'r1', 32), k.alu(64, 'rsh', 'r1', 32), to0('r1')],
      );
    fc.assert(fc.property(word(), law), OPTIONS);
  });

  it('movsx is lsh and arsh', () => {
    const forms = fc.constantFrom<[Width, 8 | 16 | 32]>([64, 8], [64, 16], [64, 32], [32, 8], [32, 16]);
    const law = (a: bigint, [w, bits]: [Width, 8 | 16 | 32]) =>
      equal(
        [a],
        [k.movsx(w, bits, 'r0', 'r1')],
        [k.alu(w, 'lsh', 'r1', w - bits), k.alu(w, 'arsh', 'r1', w - bits), to0('r1')],
      );
    fc.assert(fc.property(word(), forms, law), OPTIONS);
  });

  it('a swap twice is a cut to its bits', () => {
    const ops = fc.constantFrom(...SWAP_ROWS.map(({ name }) => name));
    const law = (op: 'le' | 'be' | 'bswap', bits: 16 | 32 | 64, a: bigint) =>
      equal(
        [a],
        [k.swap(op, bits, 'r1'), k.swap(op, bits, 'r1'), to0('r1')],
        [k.swap('le', bits, 'r1'), to0('r1')],
      );
    fc.assert(fc.property(ops, fc.constantFrom(...SWAP_BITS), word(), law), OPTIONS);
  });

  it('bswap is what memory does to bytes stored the other way round', () => {
    const law = (a: bigint) =>
      equal(
        [a],
        [k.swap('bswap', 64, 'r1'), to0('r1')],
        [
          ...[0, 1, 2, 3, 4, 5, 6, 7].flatMap((i) => [
            k.store(1, 'r4', 7 - i, 'r1'),
            k.alu(64, 'rsh', 'r1', 8),
          ]),
          k.ldx(8, 'r0', 'r4', 0),
        ],
      );
    fc.assert(fc.property(word(), law), OPTIONS);
  });
});

describe('jumps', () => {
  /** r0 = 1 if taken. */
  const taken = (w: Width, op: JumpOp, dst: k.RegName, src: k.RegName): Insn[] => [
    k.mov('r0', 1),
    k.jcc(w, op, dst, src, 1),
    k.mov('r0', 0),
  ];
  const flip = (insns: readonly Insn[]): Insn[] => [...insns, k.alu(64, 'xor', 'r0', 1)];

  const opposites = [
    ['jeq', 'jne'],
    ['jgt', 'jle'],
    ['jge', 'jlt'],
    ['jsgt', 'jsle'],
    ['jsge', 'jslt'],
  ] as const;
  it('a jump is taken exactly where its opposite is not', () => {
    const law = ([op, opposite]: (typeof opposites)[number], a: bigint, b: bigint, w: Width) =>
      equal([a, b], taken(w, op, 'r1', 'r2'), flip(taken(w, opposite, 'r1', 'r2')));
    fc.assert(fc.property(fc.constantFrom(...opposites), word(), word(), width(), law), OPTIONS);
  });

  const mirrors = [
    ['jgt', 'jlt'],
    ['jge', 'jle'],
    ['jsgt', 'jslt'],
    ['jsge', 'jsle'],
    ['jset', 'jset'],
  ] as const;
  it('a jump is taken exactly where its mirror with the operands swapped is', () => {
    const law = ([op, mirror]: (typeof mirrors)[number], a: bigint, b: bigint, w: Width) =>
      equal([a, b], taken(w, op, 'r1', 'r2'), taken(w, mirror, 'r2', 'r1'));
    fc.assert(fc.property(fc.constantFrom(...mirrors), word(), word(), width(), law), OPTIONS);
  });

  it('a signed order is the unsigned one with the sign bits turned', () => {
    const pairs = [
      ['jsgt', 'jgt'],
      ['jsge', 'jge'],
      ['jslt', 'jlt'],
      ['jsle', 'jle'],
    ] as const;
    const law = ([op, unsigned]: (typeof pairs)[number], a: bigint, b: bigint) =>
      equal([a, b, 1n << 63n], taken(64, op, 'r1', 'r2'), [
        k.alu(64, 'xor', 'r1', 'r3'),
        k.alu(64, 'xor', 'r2', 'r3'),
        ...taken(64, unsigned, 'r1', 'r2'),
      ]);
    fc.assert(fc.property(fc.constantFrom(...pairs), word(), word(), law), OPTIONS);
  });

  it('a 32-bit jump is the 64-bit one on operands sign-extended from 32 bits', () => {
    const law = (op: JumpOp, a: bigint, b: bigint) =>
      equal([a, b], taken(32, op, 'r1', 'r2'), [
        k.movsx(64, 32, 'r1', 'r1'),
        k.movsx(64, 32, 'r2', 'r2'),
        ...taken(64, op, 'r1', 'r2'),
      ]);
    fc.assert(fc.property(jumpOp(), word(), word(), law), OPTIONS);
  });
});
