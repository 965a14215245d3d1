/** Wire fields to loads, stores and atomics. RFC 9669 §5. */
import { ATOMIC_ROWS } from './atomic.ts';
import { bad, base, reg, unknown, type Wire, zero } from './decode-wire.ts';
import type { AtomicInsn, Insn } from './insn.ts';
import { ACCESS_MODE, CLASS_LDX, CLASS_ST, CLASS_STX, MODE, SIZE_ROWS, type Size } from './load-store.ts';

export function decodeLegacyLoad(w: Wire): Insn {
  const mode = w.opcode & 0xe0;
  const size = sizeOf(w.opcode);
  if ((mode !== MODE.abs && mode !== MODE.ind) || size === 8) throw unknown(w);
  zero(w, 'dst', 'off');
  if (mode === MODE.abs) zero(w, 'src');
  return {
    kind: mode === MODE.abs ? 'ld_abs' : 'ld_ind',
    size,
    src: mode === MODE.ind ? reg(w, 'src') : 0,
    imm: w.imm,
  };
}

export function decodeMemory(w: Wire): Insn {
  const mode = w.opcode & 0xe0;
  const size = sizeOf(w.opcode);
  const cls = w.opcode & 7;
  if (mode === MODE.mem && cls === CLASS_LDX) {
    zero(w, 'imm');
    return { kind: 'ldx', size, sign: false, dst: reg(w, 'dst'), src: base(w, 'src', size), off: w.off };
  }
  if (mode === MODE.memsx && cls === CLASS_LDX && size !== 8) {
    zero(w, 'imm');
    return { kind: 'ldx', size, sign: true, dst: reg(w, 'dst'), src: reg(w, 'src'), off: w.off };
  }
  if (mode === MODE.mem && cls === CLASS_STX) {
    zero(w, 'imm');
    return { kind: 'stx', size, dst: base(w, 'dst', size), src: reg(w, 'src'), off: w.off };
  }
  if (mode === MODE.mem && cls === CLASS_ST) {
    zero(w, 'src');
    return { kind: 'st', size, dst: base(w, 'dst', size), off: w.off, imm: w.imm };
  }
  if (mode === MODE.atomic && cls === CLASS_STX) return decodeAtomic(w, size);
  return decodeLinuxAccess(w, mode, size);
}

/** What Linux's verifier makes of loads and stores. */
function decodeLinuxAccess(w: Wire, mode: number, size: Size): Insn {
  const cls = w.opcode & 7;
  const { probe, arena } = ACCESS_MODE;
  if (cls === CLASS_LDX) {
    const access = mode === probe.mem || mode === probe.memsx ? 'probe' : 'arena';
    const sign = mode === ACCESS_MODE[access].memsx;
    if ((sign && size === 8) || (!sign && mode !== ACCESS_MODE[access].mem)) throw unknown(w);
    zero(w, 'imm');
    return { kind: 'ldx', size, sign, dst: reg(w, 'dst'), src: reg(w, 'src'), off: w.off, access };
  }
  if (mode === arena.mem && cls === CLASS_STX) {
    zero(w, 'imm');
    return { kind: 'stx', size, dst: reg(w, 'dst'), src: reg(w, 'src'), off: w.off, access: 'arena' };
  }
  if (mode === arena.mem && cls === CLASS_ST) {
    zero(w, 'src');
    return { kind: 'st', size, dst: reg(w, 'dst'), off: w.off, imm: w.imm, access: 'arena' };
  }
  if (mode === arena.atomic && cls === CLASS_STX) return { ...decodeAtomic(w, size), access: 'arena' };
  throw unknown(w);
}

function decodeAtomic(w: Wire, size: Size): AtomicInsn {
  const row = ATOMIC_ROWS.find((r) => r.imm === w.imm);
  if (row === undefined) throw bad(w, 'imm', w.imm, 'no such atomic operation', 'opcode');
  if (!(row.sizes as readonly Size[]).includes(size)) throw unknown(w);
  return { kind: 'atomic', op: row.name, size, dst: reg(w, 'dst'), src: reg(w, 'src'), off: w.off };
}

function sizeOf(opcode: number): Size {
  const row = SIZE_ROWS.find((r) => r.bits === (opcode & 0x18));
  return row === undefined ? 4 : row.bytes;
}
