/**
 * How many native bytes DPDK's JIT makes of an instruction: the emit_*() of bpf_jit_x86.c (DPDK 22.11), counted
 * instead of written. Jumps are left out: how long one is, is read off the code.
 */

/** Native registers by number; r10 and r11 are the JIT's own, and r9 holds constants to divide by. */
const RAX = 0;
const RCX = 1;
const RDX = 2;
const RSI = 6;
const RDI = 7;
const R8 = 8;
const DIV_IMM = 9;
const TMP1 = 10;
const TMP0 = 11;
/** ebpf2x86[]. */
const REGS: readonly number[] = [RAX, RDI, RSI, RDX, RCX, R8, 3, 13, 14, 15, 5];

/** One slot of bytecode. */
export interface Slot {
  readonly opcode: number;
  readonly dst: number;
  readonly src: number;
  readonly off: number;
  readonly imm: number;
  /** The immediate of the slot behind it. */
  readonly nextImm: number;
}

/** Instruction classes and fields: RFC 9669 §3. */
export const CLASS = { ld: 0, ldx: 1, st: 2, stx: 3, alu: 4, jmp: 5, alu64: 7 } as const;
const SOURCE_X = 0x08;
const SIZE = { w: 0x00, h: 0x08, b: 0x10, dw: 0x18 } as const;
const SIZE_MASK = 0x18;
const MODE_ATOMIC = 0xc0;
const MODE_MASK = 0xe0;

export const isRegister = ({ opcode }: Slot): boolean => (opcode & SOURCE_X) !== 0;

/** Of all but jumps, calls and exits; undefined for what this JIT does not take. */
export function sizeOf(slot: Slot): number | undefined {
  const { opcode, nextImm } = slot;
  const dst = REGS[slot.dst] ?? 0;
  const size = opcode & SIZE_MASK;
  switch (opcode & 7) {
    case CLASS.alu:
    case CLASS.alu64:
      return aluSize(slot);
    case CLASS.ld:
      return rex(nextImm !== 0, 0, dst) + 1 + (nextImm === 0 ? 4 : 8);
    case CLASS.ldx: {
      const opcodes = size === SIZE.b || size === SIZE.h ? 2 : 1;
      return rex(size !== SIZE.w, dst, REGS[slot.src] ?? 0) + opcodes + 1 + immSize(slot.off);
    }
    case CLASS.st:
    case CLASS.stx:
      return storeSize(slot);
    default:
      return undefined;
  }
}

/** What stands before the jump of a conditional jump: TEST or CMP, always of 64 bits. */
export const compareSize = (slot: Slot): number => (isRegister(slot) ? 3 : 3 + immSize(slot.imm));

/** What stands before the jump to the end in a division by a register: TEST and CMOVE. */
export function checkSize({ opcode, src }: Slot): number {
  const wide = (opcode & 7) === CLASS.alu64;
  const from = REGS[src] ?? 0;
  return rex(wide, from, from) + 2 + rex(wide, RAX, from) + 3;
}

/** ALU operations: the upper half of the opcode. */
const OP = {
  mul: 0x2,
  div: 0x3,
  lsh: 0x6,
  rsh: 0x7,
  neg: 0x8,
  mod: 0x9,
  mov: 0xb,
  arsh: 0xc,
  end: 0xd,
} as const;

export const isDivision = ({ opcode }: Slot): boolean => {
  const isAlu = (opcode & 7) === CLASS.alu || (opcode & 7) === CLASS.alu64;
  return isAlu && (opcode >> 4 === OP.div || opcode >> 4 === OP.mod);
};

function aluSize(slot: Slot): number {
  const { opcode, imm } = slot;
  const wide = (opcode & 7) === CLASS.alu64;
  const [dst, src] = [REGS[slot.dst] ?? 0, REGS[slot.src] ?? 0];
  const short = rex(wide, 0, dst) + 2;
  switch (opcode >> 4) {
    case OP.mul:
      return mulSize(slot, dst, src);
    case OP.div:
    case OP.mod:
      return divisionSize(slot, dst, src);
    case OP.lsh:
    case OP.rsh:
    case OP.arsh:
      if (!isRegister(slot)) return short + immSize(imm);
      return (src === RCX ? 0 : 6) + rex(wide, 0, dst === RCX ? src : dst) + 2;
    case OP.neg:
      return short;
    case OP.mov:
      if (!isRegister(slot)) return imm === 0 ? rex(wide, dst, dst) + 2 : short + 4;
      return wide ? move(src, dst) : rex(false, src, dst) + 2;
    case OP.end:
      return endSize(slot, dst);
    default:
      return isRegister(slot) ? rex(wide, src, dst) + 2 : short + immSize(imm);
  }
}

/** emit_mul(). */
function mulSize(slot: Slot, dst: number, src: number): number {
  const operand = isRegister(slot) ? move(src === RAX ? TMP0 : src, RDX) : constant(slot.imm);
  const restored = (dst === RDX ? 0 : 3) + (dst === RAX ? 0 : 6);
  return 6 + move(dst, RAX) + operand + rex((slot.opcode & 7) === CLASS.alu64, RAX, RDX) + 2 + restored;
}

/** emit_div() without the check for 0. */
function divisionSize(slot: Slot, dst: number, src: number): number {
  const isX = isRegister(slot);
  const divisor = isX ? (src === RAX ? TMP0 : src === RDX ? TMP1 : src) : DIV_IMM;
  const kept = (dst === RAX ? 0 : 3) + (dst === RDX ? 0 : 3);
  const filled = move(dst, RAX) + constant(0) + (isX ? 0 : constant(slot.imm));
  const wide = (slot.opcode & 7) === CLASS.alu64;
  const result = move(slot.opcode >> 4 === OP.div ? RAX : RDX, dst);
  return kept + filled + rex(wide, 0, divisor) + 2 + result + kept;
}

/** emit_be2le() and emit_le2be(). */
function endSize(slot: Slot, dst: number): number {
  const extended = rex(false, dst, dst);
  if (slot.imm === 16) return extended + 3 + (isRegister(slot) ? 4 + extended : 0);
  if (isRegister(slot)) return rex(slot.imm === 64, 0, dst) + 2;
  return slot.imm === 32 ? extended + 2 : 0;
}

function storeSize({ opcode, dst, src, off }: Slot): number | undefined {
  const size = opcode & SIZE_MASK;
  const isStx = (opcode & 7) === CLASS.stx;
  const [to, from] = [REGS[dst] ?? 0, isStx ? (REGS[src] ?? 0) : 0];
  const isLow = isStx && size === SIZE.b && (from === RDI || from === RSI);
  const prefixes = rex(size === SIZE.dw || isLow, from, to);
  if ((opcode & MODE_MASK) === MODE_ATOMIC) return isStx ? prefixes + 3 + immSize(off) : undefined;
  const imm = isStx ? 0 : size === SIZE.b ? 1 : size === SIZE.h ? 2 : 4;
  return (size === SIZE.h ? 1 : 0) + prefixes + 2 + immSize(off) + imm;
}

const rex = (isNeeded: boolean, reg: number, rm: number): number =>
  isNeeded || reg >= R8 || rm >= R8 ? 1 : 0;

/** emit_mov_reg() of 64 bits: nothing if they are the same. */
const move = (from: number, to: number): number => (from === to ? 0 : 3);

/** emit_mov_imm() of 64 bits. */
const constant = (imm: number): number => (imm === 0 ? 3 : 7);

const immSize = (value: number): number => (value >= -128 && value <= 127 ? 1 : 4);
