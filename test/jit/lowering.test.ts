/**
 * Native bytes of each BPF instruction, written by hand from Linux's arch/x86/net/bpf_jit_comp.c (function names
 * in the comments). r0..r9 are rax rdi rsi rdx rcx r8 rbx r13 r14 r15, r10 is rbp; scratch is r11 and r10.
 */
import { describe, expect, it } from 'vitest';
import type { Insn } from '../../src/bpf/insn.ts';
import { CALLEE_BASE, CALLEE_STRIDE } from '../../src/core/layout.ts';
import { type CompiledSubprog, defaultAddresses, type JitOptions } from '../../src/jit/compile.ts';
import {
  alu,
  atomic,
  exit,
  helper,
  ja,
  jcc,
  kfunc,
  lddw,
  ldx,
  ldxs,
  link,
  mov,
  movsx,
  passArg,
  store,
  swap,
  takeArg,
} from '../kit/insns.ts';
import { compile, type NativeEntry, nativeEntries } from './entries.ts';

const spaced = (bytes: Uint8Array): string =>
  Buffer.from(bytes)
    .toString('hex')
    .replace(/(..)(?!$)/g, '$1 ');

/** Bytes of the entries that stem from the first instruction. */
function bytesOf(insns: readonly Insn[], options: JitOptions = {}): string {
  const { image, subprogs } = compile(link([insns]), options);
  const mine = nativeEntries(subprogs[0] as CompiledSubprog).filter(
    ({ entry }) => entry.pc === 0 && entry.pass === undefined,
  );
  return mine.map(({ offset, length }) => spaced(image.code.subarray(offset, offset + length))).join(' ');
}

type Row = readonly [bpf: string, insn: Insn, want: string];

// biome-ignore-start format: tables, one instruction per line
/** simple_alu_opcodes, BPF_X: op rm, r. */
const ALU_X: readonly Row[] = [
  ['r1 += r2', alu(64, 'add', 'r1', 'r2'), '48 01 f7'],
  ['w1 += w2', alu(32, 'add', 'r1', 'r2'), '01 f7'],
  ['r0 += r5', alu(64, 'add', 'r0', 'r5'), '4c 01 c0'],
  ['r5 += r0', alu(64, 'add', 'r5', 'r0'), '49 01 c0'],
  ['w5 += w0', alu(32, 'add', 'r5', 'r0'), '41 01 c0'],
  ['w0 += w9', alu(32, 'add', 'r0', 'r9'), '44 01 f8'],
  ['r9 += r7', alu(64, 'add', 'r9', 'r7'), '4d 01 ef'],
  ['r6 += r10', alu(64, 'add', 'r6', 'r10'), '48 01 eb'],
  ['r1 -= r2', alu(64, 'sub', 'r1', 'r2'), '48 29 f7'],
  ['w8 -= w6', alu(32, 'sub', 'r8', 'r6'), '41 29 de'],
  ['r1 &= r2', alu(64, 'and', 'r1', 'r2'), '48 21 f7'],
  ['r1 |= r2', alu(64, 'or', 'r1', 'r2'), '48 09 f7'],
  ['r1 ^= r2', alu(64, 'xor', 'r1', 'r2'), '48 31 f7'],
  ['w3 ^= w3', alu(32, 'xor', 'r3', 'r3'), '31 d2'],
  ['r1 *= r2', alu(64, 'mul', 'r1', 'r2'), '48 0f af fe'],
  ['w1 *= w2', alu(32, 'mul', 'r1', 'r2'), '0f af fe'],
  ['r9 *= r0', alu(64, 'mul', 'r9', 'r0'), '4c 0f af f8'],
  ['r0 *= r9', alu(64, 'mul', 'r0', 'r9'), '49 0f af c7'],
];

/** BPF_K: 83 ib; the form with rax in its opcode; 81 id. */
const ALU_K: readonly Row[] = [
  ['r1 += 1', alu(64, 'add', 'r1', 1), '48 83 c7 01'],
  ['w1 += 1', alu(32, 'add', 'r1', 1), '83 c7 01'],
  ['r9 += -128', alu(64, 'add', 'r9', -128), '49 83 c7 80'],
  ['r9 += -129', alu(64, 'add', 'r9', -129), '49 81 c7 7f ff ff ff'],
  ['r0 += 127', alu(64, 'add', 'r0', 127), '48 83 c0 7f'],
  ['r0 += 128', alu(64, 'add', 'r0', 128), '48 05 80 00 00 00'],
  ['w0 += 128', alu(32, 'add', 'r0', 128), '05 80 00 00 00'],
  ['r5 += 128', alu(64, 'add', 'r5', 128), '49 81 c0 80 00 00 00'],
  ['w5 += 128', alu(32, 'add', 'r5', 128), '41 81 c0 80 00 00 00'],
  ['r0 -= 0x12345678', alu(64, 'sub', 'r0', 0x12345678), '48 2d 78 56 34 12'],
  ['r2 -= 5', alu(64, 'sub', 'r2', 5), '48 83 ee 05'],
  ['r0 &= 255', alu(64, 'and', 'r0', 255), '48 25 ff 00 00 00'],
  ['r3 &= -8', alu(64, 'and', 'r3', -8), '48 83 e2 f8'],
  ['r3 &= 255', alu(64, 'and', 'r3', 255), '48 81 e2 ff 00 00 00'],
  ['r0 |= 0x8000', alu(64, 'or', 'r0', 0x8000), '48 0d 00 80 00 00'],
  ['r4 |= 3', alu(64, 'or', 'r4', 3), '48 83 c9 03'],
  ['w0 ^= -0x80000000', alu(32, 'xor', 'r0', -0x80000000), '35 00 00 00 80'],
  ['r7 ^= -1', alu(64, 'xor', 'r7', -1), '49 83 f5 ff'],
  ['r1 *= 3', alu(64, 'mul', 'r1', 3), '48 6b ff 03'],
  ['w9 *= 3', alu(32, 'mul', 'r9', 3), '45 6b ff 03'],
  ['r5 *= 1000', alu(64, 'mul', 'r5', 1000), '4d 69 c0 e8 03 00 00'],
  ['w0 *= 1000', alu(32, 'mul', 'r0', 1000), '69 c0 e8 03 00 00'],
  ['r0 = -r0', alu(64, 'neg', 'r0', 0), '48 f7 d8'],
  ['w8 = -w8', alu(32, 'neg', 'r8', 0), '41 f7 de'],
];

/** emit_mov_reg, emit_mov_imm32, emit_mov_imm64, emit_movsx_reg. */
const MOVES: readonly Row[] = [
  ['r1 = r2', mov('r1', 'r2'), '48 89 f7'],
  ['r1 = r1', mov('r1', 'r1'), ''],
  ['w1 = w1', alu(32, 'mov', 'r1', 'r1'), '89 ff'],
  ['w9 = w5', alu(32, 'mov', 'r9', 'r5'), '45 89 c7'],
  ['r2 = r10', mov('r2', 'r10'), '48 89 ee'],
  ['r1 = 0', mov('r1', 0), '31 ff'],
  ['r9 = 0', mov('r9', 0), '45 31 ff'],
  ['r1 = 1', mov('r1', 1), 'bf 01 00 00 00'],
  ['r9 = 0x7fffffff', mov('r9', 0x7fffffff), '41 bf ff ff ff 7f'],
  ['r1 = -1', mov('r1', -1), '48 c7 c7 ff ff ff ff'],
  ['r5 = -0x80000000', mov('r5', -0x80000000), '49 c7 c0 00 00 00 80'],
  ['w1 = 0', alu(32, 'mov', 'r1', 0), '31 ff'],
  ['w1 = -1', alu(32, 'mov', 'r1', -1), 'bf ff ff ff ff'],
  ['r1 = 0 ll', lddw('r1', 0n), '31 ff'],
  ['r1 = 5 ll', lddw('r1', 5n), 'bf 05 00 00 00'],
  ['r7 = 0xffffffff ll', lddw('r7', 0xffff_ffffn), '41 bd ff ff ff ff'],
  ['r7 = -5 ll', lddw('r7', -5n), '49 c7 c5 fb ff ff ff'],
  ['r0 = 1<<32 ll', lddw('r0', 1n << 32n), '48 b8 00 00 00 00 01 00 00 00'],
  ['r8 = 0x1122334455667788 ll', lddw('r8', 0x1122334455667788n), '49 be 88 77 66 55 44 33 22 11'],
  ['r0 = -1<<31 - 1 ll', lddw('r0', -0x8000_0001n), '48 b8 ff ff ff 7f ff ff ff ff'],
  ['r1 = (s8)r2', movsx(64, 8, 'r1', 'r2'), '48 0f be fe'],
  ['r1 = (s16)r9', movsx(64, 16, 'r1', 'r9'), '49 0f bf ff'],
  ['r5 = (s32)r6', movsx(64, 32, 'r5', 'r6'), '4c 63 c3'],
  ['w1 = (s8)w2', movsx(32, 8, 'r1', 'r2'), '40 0f be fe'],
  ['w0 = (s8)w3', movsx(32, 8, 'r0', 'r3'), '40 0f be c2'],
  ['w9 = (s8)w5', movsx(32, 8, 'r9', 'r5'), '45 0f be f8'],
  ['w1 = (s16)w2', movsx(32, 16, 'r1', 'r2'), '0f bf fe'],
  ['w9 = (s16)w2', movsx(32, 16, 'r9', 'r2'), '44 0f bf fe'],
];

const SHIFTS: readonly Row[] = [
  ['r1 <<= 1', alu(64, 'lsh', 'r1', 1), '48 d1 e7'],
  ['w9 <<= 1', alu(32, 'lsh', 'r9', 1), '41 d1 e7'],
  ['r1 <<= 0', alu(64, 'lsh', 'r1', 0), '48 c1 e7 00'],
  ['r1 <<= 63', alu(64, 'lsh', 'r1', 63), '48 c1 e7 3f'],
  ['w3 >>= 31', alu(32, 'rsh', 'r3', 31), 'c1 ea 1f'],
  ['r5 >>= 8', alu(64, 'rsh', 'r5', 8), '49 c1 e8 08'],
  ['r0 s>>= 32', alu(64, 'arsh', 'r0', 32), '48 c1 f8 20'],
  ['w0 s>>= 1', alu(32, 'arsh', 'r0', 1), 'd1 f8'],
];

/** emit_shiftx: C4, ~R ~X ~B mmmmm, W ~vvvv L pp. */
const SHIFTS_BMI2: readonly Row[] = [
  ['r1 <<= r2', alu(64, 'lsh', 'r1', 'r2'), 'c4 e2 c9 f7 ff'],
  ['w1 <<= w2', alu(32, 'lsh', 'r1', 'r2'), 'c4 e2 49 f7 ff'],
  ['r1 >>= r2', alu(64, 'rsh', 'r1', 'r2'), 'c4 e2 cb f7 ff'],
  ['r1 s>>= r2', alu(64, 'arsh', 'r1', 'r2'), 'c4 e2 ca f7 ff'],
  ['r9 <<= r5', alu(64, 'lsh', 'r9', 'r5'), 'c4 42 b9 f7 ff'],
  ['w4 >>= w0', alu(32, 'rsh', 'r4', 'r0'), 'c4 e2 7b f7 c9'],
  ['r0 <<= r4', alu(64, 'lsh', 'r0', 'r4'), '48 d3 e0'],
  ['w9 s>>= w4', alu(32, 'arsh', 'r9', 'r4'), '41 d3 ff'],
  ['r4 >>= r4', alu(64, 'rsh', 'r4', 'r4'), '48 d3 e9'],
];

/** Through cl: push rcx; mov rcx, src; shift; pop rcx. rcx itself goes through r11. */
const SHIFTS_CL: readonly Row[] = [
  ['r1 <<= r2', alu(64, 'lsh', 'r1', 'r2'), '51 48 89 f1 48 d3 e7 59'],
  ['w0 >>= w9', alu(32, 'rsh', 'r0', 'r9'), '51 4c 89 f9 d3 e8 59'],
  ['r4 s>>= r0', alu(64, 'arsh', 'r4', 'r0'), '49 89 cb 48 89 c1 49 d3 fb 4c 89 d9'],
  ['w4 <<= w5', alu(32, 'lsh', 'r4', 'r5'), '49 89 cb 4c 89 c1 41 d3 e3 4c 89 d9'],
  ['r1 <<= r4', alu(64, 'lsh', 'r1', 'r4'), '48 d3 e7'],
  ['r4 <<= r4', alu(64, 'lsh', 'r4', 'r4'), '48 d3 e1'],
];

const SWAPS: readonly Row[] = [
  ['r1 = be16 r1', swap('be', 16, 'r1'), '66 c1 cf 08 0f b7 ff'],
  ['r5 = be16 r5', swap('be', 16, 'r5'), '66 41 c1 c8 08 45 0f b7 c0'],
  ['r1 = be32 r1', swap('be', 32, 'r1'), '0f cf'],
  ['r9 = be32 r9', swap('be', 32, 'r9'), '41 0f cf'],
  ['r0 = be64 r0', swap('be', 64, 'r0'), '48 0f c8'],
  ['r7 = be64 r7', swap('be', 64, 'r7'), '49 0f cd'],
  ['r1 = bswap16 r1', swap('bswap', 16, 'r1'), '66 c1 cf 08 0f b7 ff'],
  ['r1 = bswap32 r1', swap('bswap', 32, 'r1'), '0f cf'],
  ['r6 = bswap64 r6', swap('bswap', 64, 'r6'), '48 0f cb'],
  ['r1 = le16 r1', swap('le', 16, 'r1'), '0f b7 ff'],
  ['r9 = le16 r9', swap('le', 16, 'r9'), '45 0f b7 ff'],
  ['r1 = le32 r1', swap('le', 32, 'r1'), '89 ff'],
  ['r8 = le32 r8', swap('le', 32, 'r8'), '45 89 f6'],
  ['r1 = le64 r1', swap('le', 64, 'r1'), ''],
];

/** emit_ldx, emit_ldsx, emit_stx, emit_st: disp8 even for 0, else disp32. */
const MEMORY: readonly Row[] = [
  ['r0 = *(u8 *)(r1 + 0)', ldx(1, 'r0', 'r1', 0), '48 0f b6 47 00'],
  ['r0 = *(u16 *)(r1 + 2)', ldx(2, 'r0', 'r1', 2), '48 0f b7 47 02'],
  ['r0 = *(u32 *)(r1 + 4)', ldx(4, 'r0', 'r1', 4), '8b 47 04'],
  ['r5 = *(u32 *)(r7 + 0)', ldx(4, 'r5', 'r7', 0), '45 8b 45 00'],
  ['r0 = *(u64 *)(r1 + 127)', ldx(8, 'r0', 'r1', 127), '48 8b 47 7f'],
  ['r0 = *(u64 *)(r1 + 128)', ldx(8, 'r0', 'r1', 128), '48 8b 87 80 00 00 00'],
  ['r9 = *(u64 *)(r10 - 128)', ldx(8, 'r9', 'r10', -128), '4c 8b 7d 80'],
  ['r9 = *(u64 *)(r10 - 129)', ldx(8, 'r9', 'r10', -129), '4c 8b bd 7f ff ff ff'],
  ['r1 = *(s8 *)(r2 + 1)', ldxs(1, 'r1', 'r2', 1), '48 0f be 7e 01'],
  ['r1 = *(s16 *)(r2 + 1)', ldxs(2, 'r1', 'r2', 1), '48 0f bf 7e 01'],
  ['r1 = *(s32 *)(r2 + 1)', ldxs(4, 'r1', 'r2', 1), '48 63 7e 01'],
  ['*(u8 *)(r1 + 0) = r0', store(1, 'r1', 0, 'r0'), '88 47 00'],
  ['*(u8 *)(r0 + 0) = r1', store(1, 'r0', 0, 'r1'), '40 88 78 00'],
  ['*(u8 *)(r0 + 0) = r2', store(1, 'r0', 0, 'r2'), '40 88 70 00'],
  ['*(u8 *)(r1 + 0) = r10', store(1, 'r1', 0, 'r10'), '40 88 6f 00'],
  ['*(u8 *)(r10 - 1) = r5', store(1, 'r10', -1, 'r5'), '44 88 45 ff'],
  ['*(u8 *)(r9 + 0) = r6', store(1, 'r9', 0, 'r6'), '41 88 5f 00'],
  ['*(u16 *)(r1 + 0) = r2', store(2, 'r1', 0, 'r2'), '66 89 77 00'],
  ['*(u16 *)(r7 + 0) = r2', store(2, 'r7', 0, 'r2'), '66 41 89 75 00'],
  ['*(u32 *)(r1 + 0) = r2', store(4, 'r1', 0, 'r2'), '89 77 00'],
  ['*(u64 *)(r1 + 200) = r9', store(8, 'r1', 200, 'r9'), '4c 89 bf c8 00 00 00'],
  ['*(u8 *)(r1 + 0) = 0xff', store(1, 'r1', 0, 0xff), 'c6 47 00 ff'],
  ['*(u8 *)(r9 + 0) = 1', store(1, 'r9', 0, 1), '41 c6 47 00 01'],
  ['*(u16 *)(r1 + 0) = 0x1234', store(2, 'r1', 0, 0x1234), '66 c7 47 00 34 12'],
  ['*(u16 *)(r5 + 0) = 1', store(2, 'r5', 0, 1), '66 41 c7 40 00 01 00'],
  ['*(u32 *)(r1 + 0) = -1', store(4, 'r1', 0, -1), 'c7 47 00 ff ff ff ff'],
  ['*(u64 *)(r10 - 8) = -1', store(8, 'r10', -8, -1), '48 c7 45 f8 ff ff ff ff'],
  ['*(u64 *)(r10 - 512) = 1', store(8, 'r10', -512, 1), '48 c7 85 00 fe ff ff 01 00 00 00'],
];

/** emit_atomic_rmw, emit_atomic_ld_st, and the cmpxchg loop of do_jit. */
const ATOMICS: readonly Row[] = [
  ['lock *(u64 *)(r1 + 8) += r2', atomic('add', 8, 'r1', 8, 'r2'), 'f0 48 01 77 08'],
  ['lock *(u32 *)(r1 + 8) += r2', atomic('add', 4, 'r1', 8, 'r2'), 'f0 01 77 08'],
  ['lock *(u64 *)(r1 + 0) |= r9', atomic('or', 8, 'r1', 0, 'r9'), 'f0 4c 09 7f 00'],
  ['lock *(u64 *)(r1 + 0) &= r2', atomic('and', 8, 'r1', 0, 'r2'), 'f0 48 21 77 00'],
  ['lock *(u32 *)(r7 + 0) ^= r2', atomic('xor', 4, 'r7', 0, 'r2'), 'f0 41 31 75 00'],
  ['fetch_add u64 r1, r2', atomic('fetch_add', 8, 'r1', 0, 'r2'), 'f0 48 0f c1 77 00'],
  ['fetch_add u32 r10 - 4, r0', atomic('fetch_add', 4, 'r10', -4, 'r0'), 'f0 0f c1 45 fc'],
  ['xchg u64 r1, r2', atomic('xchg', 8, 'r1', 0, 'r2'), '48 87 77 00'],
  ['xchg u32 r1, r2', atomic('xchg', 4, 'r1', 0, 'r2'), '87 77 00'],
  ['cmpxchg u64 r1, r2', atomic('cmpxchg', 8, 'r1', 0, 'r2'), 'f0 48 0f b1 77 00'],
  [
    'fetch_or u64 r1, r2',
    atomic('fetch_or', 8, 'r1', 0, 'r2'),
    '49 89 c2 48 8b 47 00 49 89 c3 49 09 f3 f0 4c 0f b1 5f 00 75 ee 48 89 c6 4c 89 d0',
  ],
  [
    'fetch_and u32 r1 + 200, r2',
    atomic('fetch_and', 4, 'r1', 200, 'r2'),
    '49 89 c2 8b 87 c8 00 00 00 41 89 c3 41 21 f3 f0 44 0f b1 9f c8 00 00 00 75 e9 89 c6 4c 89 d0',
  ],
  [
    'fetch_xor u64 r0, r0',
    atomic('fetch_xor', 8, 'r0', 0, 'r0'),
    '49 89 c2 49 8b 42 00 49 89 c3 4d 31 d3 f0 4d 0f b1 5a 00 75 ee 49 89 c2 4c 89 d0',
  ],
  ['r0 = load_acquire u8 r1', atomic('load_acquire', 1, 'r0', 0, 'r1'), '48 0f b6 47 00'],
  ['r0 = load_acquire u64 r1', atomic('load_acquire', 8, 'r0', 0, 'r1'), '48 8b 47 00'],
  ['store_release u16 r1, r2', atomic('store_release', 2, 'r1', 0, 'r2'), '66 89 77 00'],
  ['store_release u8 r0, r1', atomic('store_release', 1, 'r0', 0, 'r1'), '40 88 78 00'],
];

/** With 2 bytes of jump to the next instruction but one, which is `r0 = 0` (31 c0). */
const JUMPS: readonly Row[] = [
  ['if r1 == r2', jcc(64, 'jeq', 'r1', 'r2', 1), '48 39 f7 74 02'],
  ['if w1 == w2', jcc(32, 'jeq', 'r1', 'r2', 1), '39 f7 74 02'],
  ['if r9 != r5', jcc(64, 'jne', 'r9', 'r5', 1), '4d 39 c7 75 02'],
  ['if r1 > r2', jcc(64, 'jgt', 'r1', 'r2', 1), '48 39 f7 77 02'],
  ['if r1 < r2', jcc(64, 'jlt', 'r1', 'r2', 1), '48 39 f7 72 02'],
  ['if r1 >= r2', jcc(64, 'jge', 'r1', 'r2', 1), '48 39 f7 73 02'],
  ['if r1 <= r2', jcc(64, 'jle', 'r1', 'r2', 1), '48 39 f7 76 02'],
  ['if r1 s> r2', jcc(64, 'jsgt', 'r1', 'r2', 1), '48 39 f7 7f 02'],
  ['if r1 s< r2', jcc(64, 'jslt', 'r1', 'r2', 1), '48 39 f7 7c 02'],
  ['if r1 s>= r2', jcc(64, 'jsge', 'r1', 'r2', 1), '48 39 f7 7d 02'],
  ['if r1 s<= r2', jcc(64, 'jsle', 'r1', 'r2', 1), '48 39 f7 7e 02'],
  ['if r1 & r2', jcc(64, 'jset', 'r1', 'r2', 1), '48 85 f7 75 02'],
  ['if w9 & w5', jcc(32, 'jset', 'r9', 'r5', 1), '45 85 c7 75 02'],
  ['if r1 & 1', jcc(64, 'jset', 'r1', 1, 1), '48 f7 c7 01 00 00 00 75 02'],
  ['if w0 & 0', jcc(32, 'jset', 'r0', 0, 1), 'f7 c0 00 00 00 00 75 02'],
  ['if r1 == 0', jcc(64, 'jeq', 'r1', 0, 1), '48 85 ff 74 02'],
  ['if w9 s< 0', jcc(32, 'jslt', 'r9', 0, 1), '45 85 ff 7c 02'],
  ['if r1 == 127', jcc(64, 'jeq', 'r1', 127, 1), '48 83 ff 7f 74 02'],
  ['if r9 == -128', jcc(64, 'jeq', 'r9', -128, 1), '49 83 ff 80 74 02'],
  ['if r0 == 128', jcc(64, 'jeq', 'r0', 128, 1), '48 81 f8 80 00 00 00 74 02'],
  ['if w5 > -129', jcc(32, 'jgt', 'r5', -129, 1), '41 81 f8 7f ff ff ff 77 02'],
  ['goto +1', ja(1), 'eb 02'],
  ['gotol +1', { kind: 'ja', width: 32, off: 1 }, 'eb 02'],
  ['goto +0', ja(0), ''],
  ['goto -1', ja(-1), 'eb fe'],
  ['if r1 == r2 goto -1', jcc(64, 'jeq', 'r1', 'r2', -1), '48 39 f7 74 fb'],
  ['if r1 == r2 goto +0', jcc(64, 'jeq', 'r1', 'r2', 0), '48 39 f7 74 00'],
];

/** DIV and MOD by a constant: push rax, rdx unless dst; mov r11, imm; dividend to rax; divide; result; pop. */
const DIVISIONS: readonly Row[] = [
  ['r1 /= 7', alu(64, 'div', 'r1', 7), '50 52 49 c7 c3 07 00 00 00 48 89 f8 31 d2 49 f7 f3 48 89 c7 5a 58'],
  ['w1 /= 7', alu(32, 'div', 'r1', 7), '50 52 49 c7 c3 07 00 00 00 89 f8 31 d2 41 f7 f3 89 c7 5a 58'],
  ['r0 /= 7', alu(64, 'div', 'r0', 7), '52 49 c7 c3 07 00 00 00 31 d2 49 f7 f3 5a'],
  ['r3 /= 7', alu(64, 'div', 'r3', 7), '50 49 c7 c3 07 00 00 00 48 89 d0 31 d2 49 f7 f3 48 89 c2 58'],
  ['r0 %= 7', alu(64, 'mod', 'r0', 7), '52 49 c7 c3 07 00 00 00 31 d2 49 f7 f3 48 89 d0 5a'],
  ['r3 %= 7', alu(64, 'mod', 'r3', 7), '50 49 c7 c3 07 00 00 00 48 89 d0 31 d2 49 f7 f3 58'],
  ['w9 %= -1', alu(32, 'mod', 'r9', -1), '50 52 49 c7 c3 ff ff ff ff 44 89 f8 31 d2 41 f7 f3 41 89 d7 5a 58'],
  ['r1 s/= 7', alu(64, 'sdiv', 'r1', 7), '50 52 49 c7 c3 07 00 00 00 48 89 f8 48 99 49 f7 fb 48 89 c7 5a 58'],
  ['w1 s%= -7', alu(32, 'smod', 'r1', -7), '50 52 49 c7 c3 f9 ff ff ff 89 f8 99 41 f7 fb 89 d7 5a 58'],
];

/** The same by a register, behind its guard: rax and rdx as divisors go to r11 first. w0: no move is left out. */
const DIVISIONS_X: readonly Row[] = [
  ['r1 /= r2', alu(64, 'div', 'r1', 'r2'), '50 52 48 89 f8 31 d2 48 f7 f6 48 89 c7 5a 58'],
  ['w1 %= w9', alu(32, 'mod', 'r1', 'r9'), '50 52 89 f8 31 d2 41 f7 f7 89 d7 5a 58'],
  ['r1 /= r0', alu(64, 'div', 'r1', 'r0'), '50 52 49 89 c3 48 89 f8 31 d2 49 f7 f3 48 89 c7 5a 58'],
  ['r1 s%= r3', alu(64, 'smod', 'r1', 'r3'), '50 52 49 89 d3 48 89 f8 48 99 49 f7 fb 48 89 d7 5a 58'],
  ['w0 /= w1', alu(32, 'div', 'r0', 'r1'), '52 31 d2 f7 f7 5a'],
  ['w3 %= w1', alu(32, 'mod', 'r3', 'r1'), '50 89 d0 31 d2 f7 f7 58'],
  ['r0 /= r0', alu(64, 'div', 'r0', 'r0'), '52 49 89 c3 31 d2 49 f7 f3 5a'],
];

/** linux 324c3ca6eed6: argument 6 in r9, 7 and up at their final place. */
const STACK_ARGS: readonly Row[] = [
  ['*(u64 *)(r11 - 8) = r0', passArg(6, 'r0'), '49 89 c1'],
  ['*(u64 *)(r11 - 8) = r1', passArg(6, 'r1'), '49 89 f9'],
  ['*(u64 *)(r11 - 8) = r5', passArg(6, 'r5'), '4d 89 c1'],
  ['*(u64 *)(r11 - 8) = r6', passArg(6, 'r6'), '49 89 d9'],
  ['*(u64 *)(r11 - 8) = r9', passArg(6, 'r9'), '4d 89 f9'],
  ['*(u64 *)(r11 - 8) = r10', passArg(6, 'r10'), '49 89 e9'],
  ['*(u64 *)(r11 - 8) = 0', passArg(6, 0), '45 31 c9'],
  ['*(u64 *)(r11 - 8) = 6', passArg(6, 6), '41 b9 06 00 00 00'],
  ['*(u64 *)(r11 - 8) = -6', passArg(6, -6), '49 c7 c1 fa ff ff ff'],
  ['r0 = *(u64 *)(r11 + 8)', takeArg('r0', 6), '4c 89 c8'],
  ['r1 = *(u64 *)(r11 + 8)', takeArg('r1', 6), '4c 89 cf'],
  ['r9 = *(u64 *)(r11 + 8)', takeArg('r9', 6), '4d 89 cf'],
  ['r0 = *(u64 *)(r11 + 16)', takeArg('r0', 7), '48 8b 45 10'],
  ['r3 = *(u64 *)(r11 + 56)', takeArg('r3', 12), '48 8b 55 38'],
  ['r9 = *(u64 *)(r11 + 40)', takeArg('r9', 10), '4c 8b 7d 28'],
  ['*(u64 *)(r11 - 16) = r1', passArg(7, 'r1'), '48 89 7d f8'],
  ['*(u64 *)(r11 - 16) = 5', passArg(7, 5), '48 c7 45 f8 05 00 00 00'],
  ['*(u64 *)(r11 - 24) = r1, M = 3', passArg(8, 'r1'), '48 89 7d f8'],
  ['*(u64 *)(r11 - 56) = -1, M = 7', passArg(12, -1), '48 c7 45 f8 ff ff ff ff'],
];
// biome-ignore-end format: tables, one instruction per line

const rows = (table: readonly Row[], options: JitOptions = {}): void => {
  it.each(table)('%s', (_bpf, insn, want) => {
    expect(bytesOf([insn, mov('r0', 0), exit], options)).toBe(want);
  });
};

describe('arithmetic by register', () => rows(ALU_X));
describe('arithmetic by immediate', () => rows(ALU_K));
describe('moves', () => rows(MOVES));
describe('shifts by immediate', () => rows(SHIFTS));
describe('shifts by register with BMI2', () => rows(SHIFTS_BMI2, { bmi2: true }));
describe('shifts by register without BMI2', () => rows(SHIFTS_CL, { bmi2: false }));
describe('byte swaps', () => rows(SWAPS));
describe('loads and stores', () => rows(MEMORY));
describe('atomics', () => rows(ATOMICS));
describe('jumps', () => rows(JUMPS));
describe('divisions', () => {
  rows(DIVISIONS);

  it.each(DIVISIONS_X)('%s', (_bpf, insn, want) => {
    const program = link([[insn, exit]]);
    const { image, subprogs } = compile(program);
    const entries = nativeEntries(subprogs[0] as CompiledSubprog);
    const made = entries.find(({ entry }) => entry.insn === program.insns[0]);
    const { offset, length } = made as NativeEntry;
    expect(spaced(image.code.subarray(offset, offset + length))).toBe(want);
  });
});

describe('stack arguments', () => {
  rows(STACK_ARGS);

  it('are stored at disp32 where the frame is deep', () => {
    const insns = [passArg(7, 'r8'), store(8, 'r10', -128, 0), mov('r0', 0), exit];
    // D = 128, r14 is saved: base -136, argument 7 at -144.
    expect(bytesOf(insns)).toBe('4c 89 b5 70 ff ff ff');
  });

  it('of f(1..8) lie where the worked example says: D = 16, r6 and r7, M = 3', () => {
    const program = link([
      [passArg(7, 7), passArg(8, 'r6'), passArg(6, 6), mov('r7', 0), store(8, 'r10', -16, 1), kfunc(1), exit],
    ]);
    const { image, subprogs } = compile(program);
    const [main] = subprogs as [CompiledSubprog];
    expect(main.frame).toMatchObject({ stackDepth: 16, saved: [3, 13], outgoing: 16, bytes: 48 });
    const text = nativeEntries(main).map(({ offset, length }) =>
      spaced(image.code.subarray(offset, offset + length)),
    );
    expect(text.slice(0, 3)).toEqual(['48 c7 45 d0 07 00 00 00', '48 89 5d d8', '41 b9 06 00 00 00']);
    expect(text[5]).toMatch(/^e8/);
    expect(text[6]).toBe('48 83 c4 10 41 5d 5b c9 c3');
  });
});

const HEAD = '0f 1f 44 00 00 0f 1f 00 55 48 89 e5';

/** Frames: what main does, its prologue after HEAD, its epilogue. */
// biome-ignore format: a table
const FRAMES: readonly (readonly [what: string, insns: readonly Insn[], prologue: string, epilogue: string])[] = [
  ['nothing', [], '', 'c9 c3'],
  ['8 bytes of stack', [store(8, 'r10', -8, 0)], '48 81 ec 08 00 00 00', 'c9 c3'],
  ['1 byte of stack, rounded up', [store(1, 'r10', -1, 0)], '48 81 ec 08 00 00 00', 'c9 c3'],
  ['512 bytes of stack', [store(8, 'r10', -512, 0)], '48 81 ec 00 02 00 00', 'c9 c3'],
  ['r6', [mov('r6', 1)], '53', '5b c9 c3'],
  ['r7', [mov('r7', 1)], '41 55', '41 5d c9 c3'],
  ['r8', [mov('r8', 1)], '41 56', '41 5e c9 c3'],
  ['r9', [mov('r9', 1)], '41 57', '41 5f c9 c3'],
  ['r6 as a source', [mov('r1', 'r6')], '53', '5b c9 c3'],
  ['r9 as an address', [store(1, 'r9', 0, 0)], '41 57', '41 5f c9 c3'],
  ['r6..r9', [mov('r9', 1), mov('r8', 1), mov('r7', 1), mov('r6', 1)],
    '53 41 55 41 56 41 57', '41 5f 41 5e 41 5d 5b c9 c3'],
  ['argument 6', [passArg(6, 1)], '', 'c9 c3'],
  ['argument 7', [passArg(7, 1)], '48 83 ec 08', '48 83 c4 08 c9 c3'],
  ['argument 12', [passArg(12, 1)], '48 83 ec 30', '48 83 c4 30 c9 c3'],
  ['stack, r6 and r8, argument 9', [store(8, 'r10', -24, 0), mov('r6', 'r8'), passArg(9, 1)],
    '48 81 ec 18 00 00 00 53 41 56 48 83 ec 18', '48 83 c4 18 41 5e 5b c9 c3'],
];

describe('prologue and epilogue', () => {
  it.each(FRAMES)('for %s', (_what, insns, prologue, epilogue) => {
    const { image, subprogs } = compile(link([[...insns, exit]]));
    const [main] = subprogs as [CompiledSubprog];
    const last = nativeEntries(main).at(-1);
    expect(spaced(image.code.subarray(0, main.prologueBytes))).toBe(`${HEAD} ${prologue}`.trim());
    expect(spaced(image.code.subarray(last?.offset, (last?.offset ?? 0) + (last?.length ?? 0)))).toBe(
      epilogue,
    );
  });

  it('has endbr64 at the entry and at the tail-call landing', () => {
    const { image } = compile(link([[store(8, 'r10', -8, 0), exit]]), { endbr: true });
    expect(spaced(image.code.subarray(0, 27))).toBe(`f3 0f 1e fa ${HEAD} f3 0f 1e fa 48 81 ec 08 00 00 00`);
  });

  it('shares the first exit among all', () => {
    const { image, subprogs } = compile(
      link([[jcc(64, 'jeq', 'r1', 0, 2), mov('r0', 1), exit, mov('r0', 2), exit]]),
    );
    const [main] = subprogs as [CompiledSubprog];
    const [first, second] = [nativeEntries(main)[2], nativeEntries(main)[4]];
    expect(spaced(image.code.subarray(first?.offset, (first?.offset ?? 0) + 2))).toBe('c9 c3');
    // c9 c3 | b8 02 00 00 00 | eb f7
    expect(spaced(image.code.subarray(second?.offset, (second?.offset ?? 0) + 2))).toBe('eb f7');
  });

  it('fills the gap between subprogs with int3', () => {
    const { image } = compile(
      link([
        [{ kind: 'call', target: 'local', imm: 1, off: 0 }, exit],
        [mov('r0', 0), exit],
      ]),
    );
    const [, second] = image.subprogEntries as [number, number];
    expect(second % 16).toBe(0);
    expect(spaced(image.code.subarray(17, second))).toBe(
      spaced(new Uint8Array(second - 19).fill(0xcc)).replace(/^/, 'c9 c3 '),
    );
  });
});

describe('calls', () => {
  it('are one call rel32, from the end of the call', () => {
    const { image } = compile(link([[kfunc(1), exit]]), {
      base: 0x4000_0000n,
      calleeAddress: () => 0x5000_0000n,
    });
    // The call ends at 12 + 5.
    expect(spaced(image.code.subarray(12, 17))).toBe('e8 ef ff ff 0f');
    expect(image.callSites).toEqual([{ pc: 0, returnOffset: 17, callee: { kind: 'kfunc', id: 1 } }]);
  });

  it('go to one slot each from CALLEE_BASE, in the order of the program, unless told otherwise', () => {
    const program = link([[kfunc(7), helper(7), kfunc(7), kfunc(1), exit]]);
    const addressOf = defaultAddresses(program);
    const slots = [kfunc(7), helper(7), kfunc(1)].map((insn) => {
      const { target, imm } = insn as Extract<Insn, { kind: 'call' }>;
      return addressOf({ kind: target === 'local' ? 'bpf' : target, id: imm }) - CALLEE_BASE;
    });
    expect(slots).toEqual([0n, BigInt(CALLEE_STRIDE), 2n * BigInt(CALLEE_STRIDE)]);
    expect(spaced(compile(program).image.code)).toBe(
      spaced(compile(program, { calleeAddress: addressOf }).image.code),
    );
  });

  it('cannot go to a callee the program does not list', () => {
    const program = { ...link([[kfunc(1), exit]], { name: 'p.o' }), callees: new Map() };
    expect(() => compile(program)).toThrow(
      'jit: p.o: call of kfunc:1: the program does not list this callee: make programs with buildProgram',
    );
  });

  it('refuses a callee out of reach', () => {
    const far = (): bigint => 0x4000_0000n + (1n << 31n) + 17n;
    expect(() => compile(link([[kfunc(1), exit]]), { base: 0x4000_0000n, calleeAddress: far })).toThrow(
      /jit: program: call of kfunc:1: its address 0xc0000011 is out of reach/,
    );
    const near = (): bigint => far() - 1n;
    expect(() =>
      compile(link([[kfunc(1), exit]]), { base: 0x4000_0000n, calleeAddress: near }),
    ).not.toThrow();
  });
});

describe('what the JIT does not do is an input error that names program and instruction', () => {
  it.each<readonly [insn: Insn, what: string]>([
    [{ kind: 'callx', dst: 1 }, 'callx'],
    [{ kind: 'ld_abs', size: 4, src: 0, imm: 0 }, 'ld_abs'],
    [{ kind: 'ld_ind', size: 4, src: 0, imm: 0 }, 'ld_ind'],
    [lddw('r1', 3n, 1), 'lddw with src 1'],
  ])('%s', (insn, what) => {
    const program = link([[mov('r0', 0), insn, exit]], { name: 'p.o' });
    expect(() => compile(program)).toThrow(`jit: p.o: insn 1: ${what} is not supported by the builtin JIT`);
  });
});
