import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ALU_ROWS, MOVSX_BITS, SWAP_BITS, SWAP_ROWS } from '../src/bpf/alu.ts';
import { assemble } from '../src/bpf/asm.ts';
import { ATOMIC_ROWS } from '../src/bpf/atomic.ts';
import { decode } from '../src/bpf/decode.ts';
import { disassemble, disassembleProgram } from '../src/bpf/disasm.ts';
import { encode } from '../src/bpf/encode.ts';
import type { Insn } from '../src/bpf/insn.ts';
import { CALL_SRC, JUMP_ROWS } from '../src/bpf/jump.ts';
import { LDDW_SRC } from '../src/bpf/load-store.ts';
import { OracleError } from '../src/core/errors.ts';

const settings = { seed: 20_261_123, numRuns: 2000 };

const reg = fc.integer({ min: 0, max: 10 });
const s16 = fc.oneof(fc.integer({ min: -8, max: 8 }), fc.integer({ min: -0x8000, max: 0x7fff }));
const s32 = fc.oneof(
  fc.integer({ min: -8, max: 8 }),
  fc.constantFrom(-0x8000_0000, 0x7fff_ffff),
  fc.integer({ min: -0x8000_0000, max: 0x7fff_ffff }),
);
const width = fc.constantFrom(32 as const, 64 as const);
const size = fc.constantFrom(1 as const, 2 as const, 4 as const, 8 as const);
const narrow = fc.constantFrom(1 as const, 2 as const, 4 as const);
/** Bases of 8-byte accesses: stack arguments too. */
const base = (bytes: number): fc.Arbitrary<number> => (bytes === 8 ? fc.integer({ min: 0, max: 12 }) : reg);

/** The source operand of arithmetic and jumps: an immediate or a register, the other field zero. */
const operand = fc.oneof(
  s32.map((imm) => ({ source: 'K' as const, src: 0, imm })),
  reg.map((src) => ({ source: 'X' as const, src, imm: 0 })),
);

const alu = fc.tuple(fc.constantFrom(...ALU_ROWS), width, reg, operand).map(([row, w, dst, source]): Insn => {
  const kept = row.name === 'neg' ? { source: 'K' as const, src: 0, imm: 0 } : source;
  return { kind: 'alu', op: row.name, width: w, dst, ...kept };
});

const movsx = width.chain((w) =>
  fc.record({
    kind: fc.constant('movsx' as const),
    width: fc.constant(w),
    bits: fc.constantFrom(...MOVSX_BITS[w]),
    dst: reg,
    src: reg,
  }),
);

const swap = fc.record({
  kind: fc.constant('swap' as const),
  op: fc.constantFrom(...SWAP_ROWS.map((row) => row.name)),
  bits: fc.constantFrom(...SWAP_BITS),
  dst: reg,
});

const lddw = fc.record({
  kind: fc.constant('lddw' as const),
  dst: reg,
  src: fc.nat({ max: LDDW_SRC.length - 1 }),
  imm: fc.oneof(fc.bigInt({ min: 0n, max: 20n }), fc.bigInt({ min: 0n, max: 0xffff_ffff_ffff_ffffn })),
});

const memory = size.chain((bytes) =>
  fc.oneof(
    fc.record({
      kind: fc.constant('ldx' as const),
      size: fc.constant(bytes),
      sign: fc.constant(false),
      dst: reg,
      src: base(bytes),
      off: s16,
    }),
    fc.record({
      kind: fc.constant('stx' as const),
      size: fc.constant(bytes),
      dst: base(bytes),
      src: reg,
      off: s16,
    }),
    fc.record({
      kind: fc.constant('st' as const),
      size: fc.constant(bytes),
      dst: base(bytes),
      off: s16,
      imm: s32,
    }),
  ),
);

const signExtendingLoad = fc.record({
  kind: fc.constant('ldx' as const),
  size: narrow,
  sign: fc.constant(true),
  dst: reg,
  src: reg,
  off: s16,
});

const atomic = fc.constantFrom(...ATOMIC_ROWS).chain((row) =>
  fc.record({
    kind: fc.constant('atomic' as const),
    op: fc.constant(row.name),
    size: fc.constantFrom(...row.sizes),
    dst: reg,
    src: reg,
    off: s16,
  }),
);

const legacy = fc
  .record({ kind: fc.constantFrom('ld_abs' as const, 'ld_ind' as const), size: narrow, src: reg, imm: s32 })
  .map((insn): Insn => (insn.kind === 'ld_abs' ? { ...insn, src: 0 } : insn));

const jump = fc.oneof(
  fc.record({ kind: fc.constant('ja' as const), width: fc.constant(16 as const), off: s16 }),
  fc.record({ kind: fc.constant('ja' as const), width: fc.constant(32 as const), off: s32 }),
  fc.record({ kind: fc.constant('may_goto' as const), off: s16 }),
  fc
    .tuple(fc.constantFrom(...JUMP_ROWS.map((row) => row.name)), width, reg, operand, s16)
    .map(([op, w, dst, source, off]): Insn => ({ kind: 'jcc', op, width: w, dst, off, ...source })),
);

const call = fc.oneof(
  fc
    .record({
      kind: fc.constant('call' as const),
      target: fc.constantFrom(...(Object.keys(CALL_SRC) as (keyof typeof CALL_SRC)[])),
      imm: s32,
      off: s16,
    })
    .map((insn): Insn => (insn.target === 'kfunc' ? insn : { ...insn, off: 0 })),
  fc.record({ kind: fc.constant('callx' as const), dst: reg }),
  fc.constant({ kind: 'exit' as const }),
);

const insn: fc.Arbitrary<Insn> = fc.oneof<fc.Arbitrary<Insn>[]>(
  alu,
  movsx,
  swap,
  lddw,
  memory,
  signExtendingLoad,
  atomic,
  legacy,
  jump,
  call,
);

/** Lists of instructions, wide ones followed by their empty second slot. */
const slots = fc
  .array(insn, { minLength: 1, maxLength: 30 })
  .map((list) =>
    list.flatMap((each): (Insn | undefined)[] => (each.kind === 'lddw' ? [each, undefined] : [each])),
  );

const dialects = ['llvm', 'mnemonic'] as const;

/** Code that refers only to itself, so that labels can be found: distances folded into the program. */
const selfContained = slots.map((list) => list.map((each, pc) => fold(each, pc, list)));

function fold(each: Insn | undefined, pc: number, list: readonly (Insn | undefined)[]): Insn | undefined {
  const starts = list.flatMap((other, at) => (other === undefined ? [] : [at]));
  const near = (distance: number): number => (starts[Math.abs(distance) % starts.length] ?? 0) - (pc + 1);
  switch (each?.kind) {
    case 'ja':
    case 'jcc':
    case 'may_goto':
      return { ...each, off: near(each.off) };
    case 'call':
      return each.target === 'local' ? { ...each, imm: near(each.imm) } : each;
    case 'lddw':
      return each.src === 4
        ? { ...each, imm: BigInt.asUintN(32, BigInt(near(Number(each.imm & 0xffn)))) }
        : each;
    default:
      return each;
  }
}

describe('round trips', () => {
  it('decode undoes encode', () => {
    fc.assert(
      fc.property(slots, (list) => {
        expect(decode(encode(list))).toEqual(list);
      }),
      settings,
    );
  });

  it('bytes either decode and encode to themselves or are refused with one line', () => {
    const nearMiss = fc
      .tuple(slots, fc.array(fc.tuple(fc.nat(), fc.nat({ max: 255 })), { maxLength: 3 }))
      .map(([list, changes]) => {
        const bytes = encode(list);
        for (const [at, value] of changes) bytes[at % bytes.length] = value;
        return bytes;
      });
    const noise = fc.uint8Array({ minLength: 8, maxLength: 8 });
    fc.assert(
      fc.property(fc.oneof(nearMiss, noise), (bytes) => {
        let list: ReturnType<typeof decode>;
        try {
          list = decode(bytes);
        } catch (error) {
          expect(error).toBeInstanceOf(OracleError);
          expect((error as OracleError).message).toMatch(/^decode: insn \d+ \(opcode 0x..\): .+$/);
          return;
        }
        expect(encode(list)).toEqual(bytes);
      }),
      { ...settings, numRuns: 20_000 },
    );
  });

  it.each(dialects)('assemble undoes disassemble, line by line (%s)', (dialect) => {
    fc.assert(
      fc.property(slots, (list) => {
        const text = list
          .map((each) => (each === undefined ? '' : disassemble(each, { dialect })))
          .join('\n');
        expect(assemble(text, { dialect }).insns).toEqual(list);
      }),
      settings,
    );
  });

  it.each(dialects)('assemble undoes the listing of a whole program with labels (%s)', (dialect) => {
    fc.assert(
      fc.property(selfContained, (list) => {
        expect(assemble(disassembleProgram({ insns: list }, { dialect }), { dialect }).insns).toEqual(list);
      }),
      settings,
    );
  });

  it('a disassembled instruction is read in its dialect without saying which', () => {
    fc.assert(
      fc.property(fc.constantFrom(...dialects), insn, (dialect, each) => {
        expect(assemble(disassemble(each, { dialect })).insns[0]).toEqual(each);
      }),
      settings,
    );
  });
});
