/**
 * Keeps libunicorn from ending this process: far calls and jumps through a register (FF /3 and FF /5, mod 3) are #UD
 * on a CPU, but libunicorn 2.0.1 to 2.1 translate them with an address nobody computed, and its translator aborts.
 * UD2 stands in for each that code can reach: it is as long, and the same fault.
 */
import { iced } from '../x86/iced.ts';

const OPCODE = 0xff;
/** ModRM with mod 3 and reg 3 or 5. */
const isFarThroughRegister = (modrm: number): boolean =>
  modrm >= 0xc0 && (((modrm >> 3) & 7) === 3 || ((modrm >> 3) & 7) === 5);
const UD2 = [0x0f, 0x0b];

/** The same code, or a copy without them. */
export function withoutFarBranches(code: Uint8Array): Uint8Array {
  if (!looksLikeOne(code)) return code;
  const places = placesIn(code);
  if (places.length === 0) return code;
  const safe = code.slice();
  for (const at of places) safe.set(UD2, at);
  return safe;
}

/** Most such bytes are part of a constant. */
function looksLikeOne(code: Uint8Array): boolean {
  for (let at = code.indexOf(OPCODE); at >= 0; at = code.indexOf(OPCODE, at + 1))
    if (isFarThroughRegister(code[at + 1] ?? 0)) return true;
  return false;
}

/** Opcodes of those among the instructions from the start on, and from the targets of direct branches on. */
function placesIn(code: Uint8Array): number[] {
  const { Decoder, DecoderOptions } = iced();
  const decoder = new Decoder(64, code, DecoderOptions.None);
  const starts = new Set<number>();
  const places: number[] = [];
  const pending = [0];
  for (let from = pending.pop(); from !== undefined; from = pending.pop()) {
    for (let at = from; at < code.length && !starts.has(at); ) {
      starts.add(at);
      decoder.position = at;
      decoder.ip = BigInt(at);
      const insn = decoder.decode();
      const place = insn.isInvalid ? opcodeAt(code, at) : undefined;
      if (place !== undefined) places.push(place);
      // What else is no instruction may be the beginning of one.
      const next = place === undefined ? at + (insn.isInvalid ? 1 : insn.length) : place + UD2.length;
      const target = insn.nearBranchTarget;
      insn.free();
      if (target > 0n && target < BigInt(code.length)) pending.push(Number(target));
      at = next;
    }
  }
  decoder.free();
  return places;
}

/** Where the opcode of such a branch is, behind its prefixes; undefined if it is none. */
function opcodeAt(code: Uint8Array, start: number): number | undefined {
  let at = start;
  while (at < code.length && isPrefix(code[at] ?? 0)) at++;
  return code[at] === OPCODE && isFarThroughRegister(code[at + 1] ?? 0) ? at : undefined;
}

/** Legacy prefixes and REX: SDM 2A §2.1.1, §2.2.1. */
const isPrefix = (byte: number): boolean =>
  (byte & 0xf0) === 0x40 || [0x26, 0x2e, 0x36, 0x3e, 0x64, 0x65, 0x66, 0x67, 0xf0, 0xf2, 0xf3].includes(byte);
