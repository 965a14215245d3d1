/**
 * How long the instructions are that JITs write most: without legacy prefixes, and the same anywhere. Far fewer than
 * insn-length.ts knows, whose tables it uses; without an object for each.
 */
import { ONE_BYTE, TWO_BYTE } from './insn-length.ts';

/** What follows an opcode: bytes of its immediate, and these. */
const MODRM = 0x10;
/** The immediate is there for /0 and /1 alone: F6, F7. */
const FIRST_TWO = 0x20;
/** It has 8 bytes under REX.W. */
const WIDE = 0x40;
const KNOWN = 0x80;
const IMM_BYTES = 0x0f;
/** Of the letters of insn-length.ts; without 66 and 67, immediates have 4 bytes and addresses 8. */
const FORMS: Readonly<Record<string, number>> = {
  '.': KNOWN,
  m: KNOWN | MODRM,
  b: KNOWN | 1,
  w: KNOWN | 2,
  z: KNOWN | 4,
  M: KNOWN | MODRM | 1,
  Z: KNOWN | MODRM | 4,
  v: KNOWN | WIDE | 4,
  f: KNOWN | MODRM | FIRST_TWO | 1,
  F: KNOWN | MODRM | FIRST_TWO | 4,
};
const formsOf = (letters: string): Uint8Array => Uint8Array.from(letters, (letter) => FORMS[letter] ?? 0);
const ONE = formsOf(ONE_BYTE);
const TWO = formsOf(TWO_BYTE);
const ESCAPE = 0x0f;
const POP = 0x8f;
const MOV_IMM = 0xc7;
const REX_W = 8;

/** mod 0 and a SIB, whose base 5 stands for a displacement. */
const SIB_ALONE = 0x04;
/** Of ModRM, SIB and displacement; 0 where it is relative to rip. SDM 2A §2.1.5, tables 2-2 and 2-3. */
const OPERAND_BYTES = Uint8Array.from({ length: 256 }, (_, modrm) => {
  const [mod, rm] = [modrm >> 6, modrm & 7];
  if (mod === 3) return 1;
  if (mod === 0 && rm === 5) return 0;
  const displacement = [0, 1, 4][mod] as number;
  return 1 + (rm === 4 ? 1 : 0) + displacement;
});

/** Bytes of the instruction at `start`; 0 for any other, and where the code ends in it. */
export function plainLength(code: Uint8Array, start: number): number {
  let at = start;
  const first = code[at] as number;
  const rex = (first & 0xf0) === 0x40 ? first : 0;
  if (rex !== 0) at++;
  const opcode = code[at++] as number;
  // XOP is a form of it.
  if (opcode === POP) return 0;
  const form = opcode === ESCAPE ? (TWO[code[at++] as number] as number) : (ONE[opcode] as number);
  if (!(form & KNOWN)) return 0;
  let imm = form & IMM_BYTES;
  if (form & WIDE && rex & REX_W) imm = 8;
  if (form & MODRM) {
    const modrm = (code[at] as number) | 0;
    // xbegin is /7, and no other is anything.
    if (opcode === MOV_IMM && (modrm & 0x38) !== 0) return 0;
    if (form & FIRST_TWO && ((modrm >> 3) & 7) >= 2) imm = 0;
    const operand = OPERAND_BYTES[modrm] as number;
    if (operand === 0) return 0;
    if ((modrm & 0xc7) === SIB_ALONE && ((code[at + 1] as number) & 7) === 5) at += 4;
    at += operand;
  }
  const length = at + imm - start;
  return start + length <= code.length ? length : 0;
}
