import { describe, expect, it } from 'vitest';
import { MAX_LOOPS } from '../../src/bpf/calling.ts';
import type { Insn, Width } from '../../src/bpf/insn.ts';
import { JUMP_ROWS, type JumpOp } from '../../src/bpf/jump.ts';
import type { Subprog } from '../../src/bpf/program.ts';
import { hex64 } from '../../src/core/u64.ts';
import { mayGoto } from '../../src/interp/jump.ts';
import { DEFAULT_PLACEMENT, Machine } from '../../src/interp/machine.ts';
import * as k from '../kit/insns.ts';
import { EDGES, end, r0 } from '../kit/run.ts';

/** Whether the jump is taken. */
function taken(width: Width, op: JumpOp, dst: bigint, src: bigint | number): boolean {
  const operand = typeof src === 'number' ? src : ('r4' as const);
  const load: Insn[] = typeof src === 'number' ? [] : [k.lddw('r4', src)];
  const insns = [
    k.mov('r0', 1),
    k.lddw('r3', dst),
    ...load,
    k.jcc(width, op, 'r3', operand, 1),
    k.mov('r0', 0),
    k.exit,
  ];
  return r0(insns) === hex64(1n);
}

const order = (a: number | bigint, b: number | bigint): number => (a < b ? -1 : a > b ? 1 : 0);

/** Orders two words by their halves, as numbers: no bigint arithmetic in common with the interpreter. */
function compare(dst: bigint, src: bigint, width: Width, signed: boolean): number {
  const view = new DataView(new ArrayBuffer(16));
  view.setBigUint64(0, dst);
  view.setBigUint64(8, src);
  const high = (at: number) => (signed ? view.getInt32(at) : view.getUint32(at));
  if (width === 32) return order(high(4), high(12));
  return order(high(0), high(8)) || order(view.getUint32(4), view.getUint32(12));
}

function share(dst: bigint, src: bigint, width: Width): boolean {
  const text = (x: bigint) => x.toString(2).padStart(64, '0').slice(-width);
  return [...text(dst)].some((digit, i) => digit === '1' && text(src)[i] === '1');
}

const MEANING: Record<JumpOp, (dst: bigint, src: bigint, width: Width) => boolean> = {
  jeq: (a, b, w) => compare(a, b, w, false) === 0,
  jne: (a, b, w) => compare(a, b, w, false) !== 0,
  jgt: (a, b, w) => compare(a, b, w, false) > 0,
  jge: (a, b, w) => compare(a, b, w, false) >= 0,
  jlt: (a, b, w) => compare(a, b, w, false) < 0,
  jle: (a, b, w) => compare(a, b, w, false) <= 0,
  jsgt: (a, b, w) => compare(a, b, w, true) > 0,
  jsge: (a, b, w) => compare(a, b, w, true) >= 0,
  jslt: (a, b, w) => compare(a, b, w, true) < 0,
  jsle: (a, b, w) => compare(a, b, w, true) <= 0,
  jset: share,
};

const IMMS = [0, 1, 0x7fff_ffff, -1, -2, -0x8000_0000];

describe('jcc', () => {
  it.each(JUMP_ROWS.flatMap(({ name }) => [[name, 64] as const, [name, 32] as const]))(
    '%s in %d bits, every pair of edge values',
    (op, width) => {
      for (const dst of EDGES) {
        for (const src of EDGES) {
          const got = taken(width, op, dst, src);
          expect([dst, src, got]).toEqual([dst, src, MEANING[op](dst, src, width)]);
        }
        for (const imm of IMMS) {
          const want = MEANING[op](dst, BigInt.asUintN(64, BigInt(imm)), width);
          expect([dst, imm, taken(width, op, dst, imm)]).toEqual([dst, imm, want]);
        }
      }
    },
  );

  // biome-ignore format: one vector per line, the answer last
  const VECTORS = [
    [64, 'jgt',  0xffff_ffff_ffff_ffffn, 0n,                     true],
    [64, 'jsgt', 0xffff_ffff_ffff_ffffn, 0n,                     false],
    [64, 'jgt',  1n,                     -1,                     false],
    [64, 'jsgt', 1n,                     -1,                     true],
    [32, 'jeq',  0x1_0000_0005n,         5n,                     true],
    [64, 'jeq',  0x1_0000_0005n,         5n,                     false],
    [32, 'jslt', 0x8000_0000n,           0n,                     true],
    [64, 'jslt', 0x8000_0000n,           0n,                     false],
    [64, 'jset', 0x8000_0000_0000_0000n, -0x8000_0000,           true],
    [32, 'jset', 0x8000_0000_0000_0000n, -0x8000_0000,           false],
    [64, 'jeq',  0xffff_ffff_8000_0000n, -0x8000_0000,           true],
    [64, 'jne',  7n,                     7n,                     false],
    [64, 'jle',  7n,                     7n,                     true],
    [64, 'jsle', 0xffff_ffff_ffff_ffffn, 0n,                     true],
    [64, 'jsge', 0xffff_ffff_ffff_ffffn, 0n,                     false],
    [64, 'jge',  0xffff_ffff_ffff_ffffn, 0n,                     true],
    [64, 'jlt',  0xffff_ffff_ffff_ffffn, 0n,                     false],
  ] as const;
  it.each(VECTORS)('%d bit %s of %d and %d: %s', (width, op, dst, src, want) => {
    expect(taken(width, op, dst, src)).toBe(want);
  });

  it.each([
    ['dst', k.jcc(64, 'jeq', 'r3', 0, 0), 'poison: r3 as jump condition at 0'],
    ['src', k.jcc(64, 'jeq', 'r10', 'r4', 0), 'poison: r4 as jump condition at 0'],
    ['dst of 32 bits', k.jcc(32, 'jset', 'r3', 0, 0), 'poison: r3 as jump condition at 0'],
  ] as const)('stops at a poison %s', (_name, insn, want) => {
    expect(end([insn, k.exit])).toBe(want);
  });
});

describe('ja', () => {
  it.each([16, 32] as const)('goes forwards and backwards by %d bits of distance', (width) => {
    const goto = (off: number): Insn => ({ kind: 'ja', width, off });
    const insns = [k.mov('r0', 1), goto(2), k.add('r0', 4), k.exit, k.add('r0', 2), goto(-4)];
    expect(r0(insns)).toBe(hex64(7n));
  });

  it('counts a wide instruction as two slots', () => {
    expect(r0([k.mov('r0', 1), k.ja(2), k.lddw('r0', 2n), k.exit])).toBe(hex64(1n));
  });

  it('goes on with distance 0', () => {
    expect(r0([k.mov('r0', 1), k.ja(0), k.exit])).toBe(hex64(1n));
  });
});

describe('may_goto', () => {
  const program = k.link([
    [k.mayGoto(1), k.sub(1), k.exit],
    [k.mov('r0', 0), k.exit],
  ]);
  const machine = () => new Machine(program, k.envOf(), DEFAULT_PLACEMENT, 0);
  const insn = { kind: 'may_goto', off: 5 } as const;

  it('is run: as no jump as long as loops are left', () => {
    expect(r0([k.mov('r0', 1), k.mayGoto(1), k.mov('r0', 2), k.exit])).toBe(hex64(2n));
  });

  it('goes on while its frame has loops left, then jumps', () => {
    const m = machine();
    m.frame.loops = 2;
    const nexts = [1, 2, 3, 4].map(() => {
      m.next = 1;
      mayGoto(m, insn);
      return m.next;
    });
    expect(nexts).toEqual([1, 1, 6, 6]);
    expect(m.frame.loops).toBe(0);
  });

  it('has MAX_LOOPS of them in each frame, those of reused ones too', () => {
    const m = machine();
    expect(m.frame.loops).toBe(MAX_LOOPS);
    m.frame.loops = 7;
    for (let calls = 0; calls < 2; calls++) {
      m.enter(program.subprogs[1] as Subprog, m.regs.ofFrame());
      expect(m.frame.loops).toBe(MAX_LOOPS);
      mayGoto(m, insn);
      m.leave();
    }
    expect(m.frame.loops).toBe(7);
  });
});
