/**
 * Accesses to the arena, at [reg + r12 + off]: `emit_ldx_index()`, `emit_stx_index()`, `emit_st_index()`,
 * `emit_atomic_rmw_index()`. Each has its entry in the exception table.
 */
import type { AtomicInsn, LdxInsn, StInsn, StxInsn } from '../../bpf/insn.ts';
import type { Size } from '../../bpf/load-store.ts';
import { type Assembler, fitsInt8 } from '../../x86/assembler.ts';
import { type Gpr, R12, RAX } from '../../x86/reg.ts';
import { gprOf } from '../regmap.ts';
import type { LowerContext } from './context.ts';

/** Prefixes before REX, opcode, and whether the operands are of 64 bits. */
interface Op {
  readonly prefix?: number | undefined;
  readonly wide: boolean;
  readonly opcode: readonly number[];
}

const LOCK = 0xf0;

// biome-ignore-start format: tables by access size in bytes
const LOADS: Readonly<Record<Size, Op>> = {
  1: { wide: false, opcode: [0x0f, 0xb6] },
  2: { wide: false, opcode: [0x0f, 0xb7] },
  4: { wide: false, opcode: [0x8b] },
  8: { wide: true, opcode: [0x8b] },
};
const SIGNED: Readonly<Record<Size, Op>> = {
  1: { wide: true, opcode: [0x0f, 0xbe] },
  2: { wide: true, opcode: [0x0f, 0xbf] },
  4: { wide: true, opcode: [0x63] },
  8: LOADS[8],
};
const STORES: Readonly<Record<Size, Op>> = {
  1: { wide: false, opcode: [0x88] },
  2: { prefix: 0x66, wide: false, opcode: [0x89] },
  4: { wide: false, opcode: [0x89] },
  8: { wide: true, opcode: [0x89] },
};
const STORE_IMM: Readonly<Record<Size, Op>> = {
  1: { wide: false, opcode: [0xc6] },
  2: { prefix: 0x66, wide: false, opcode: [0xc7] },
  4: { wide: false, opcode: [0xc7] },
  8: { wide: true, opcode: [0xc7] },
};
// biome-ignore-end format: tables by access size in bytes

type Modify = Exclude<
  AtomicInsn['op'],
  'load_acquire' | 'store_release' | 'fetch_and' | 'fetch_or' | 'fetch_xor'
>;

const MODIFY: Readonly<Record<Modify, readonly number[]>> = {
  add: [0x01],
  or: [0x09],
  and: [0x21],
  xor: [0x31],
  fetch_add: [0x0f, 0xc1],
  xchg: [0x87],
  cmpxchg: [0x0f, 0xb1],
};

/** Whether an atomic takes a loop, which no exception table goes with. */
export const isLoop = ({ op }: AtomicInsn): boolean =>
  op === 'fetch_and' || op === 'fetch_or' || op === 'fetch_xor';

export function lowerArena(context: LowerContext, insn: LdxInsn | StxInsn | StInsn | AtomicInsn): void {
  const { asm, faults } = context;
  const start = asm.length;
  const clear = emit(asm, insn);
  faults.push({ start, end: asm.length, clear });
}

/** Register that is loaded. */
function emit(asm: Assembler, insn: LdxInsn | StxInsn | StInsn | AtomicInsn): Gpr | undefined {
  const { size, off } = insn;
  const dst = gprOf(insn.dst);
  if (insn.kind === 'st') {
    indexed(asm, STORE_IMM[size], dst, 0, off);
    asm.raw(new Uint8Array(Int32Array.of(insn.imm).buffer), 0, Math.min(size, 4));
    return undefined;
  }
  const src = gprOf(insn.src);
  if (insn.kind === 'ldx' || (insn.kind === 'atomic' && insn.op === 'load_acquire')) {
    const isSigned = insn.kind === 'ldx' && insn.sign;
    indexed(asm, (isSigned ? SIGNED : LOADS)[size], src, dst, off);
    return dst;
  }
  if (insn.kind === 'stx' || insn.op === 'store_release') {
    indexed(asm, STORES[size], dst, src, off);
    return undefined;
  }
  const prefix = insn.op === 'xchg' ? undefined : LOCK;
  indexed(asm, { prefix, wide: size === 8, opcode: MODIFY[insn.op as Modify] }, dst, src, off);
  if (insn.op === 'cmpxchg') return RAX;
  return insn.op === 'xchg' || insn.op === 'fetch_add' ? src : undefined;
}

/** ModRM of SIB, [base + r12 + disp8 or disp32]; REX.X is set by r12. SDM 2A §2.2.1.2, table 2-3. */
function indexed(asm: Assembler, { prefix, wide, opcode }: Op, base: Gpr, reg: Gpr, off: number): void {
  const short = fitsInt8(off);
  const rex = 0x42 | (wide ? 8 : 0) | (reg > 7 ? 4 : 0) | (base > 7 ? 1 : 0);
  const modrm = (short ? 0x44 : 0x84) | ((reg & 7) << 3);
  const sib = ((R12 & 7) << 3) | (base & 7);
  asm.raw(Uint8Array.of(...(prefix === undefined ? [] : [prefix]), rex, ...opcode, modrm, sib));
  asm.raw(new Uint8Array(Int32Array.of(off).buffer), 0, short ? 1 : 4);
}
