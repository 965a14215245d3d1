/**
 * How long an instruction is, and whether it does the same anywhere: a debugger's question, cheaper than decoding.
 * SDM 2A §2.1 (format), §2.2.1 (REX), §2.3 (VEX); SDM 2D, appendix A (opcode maps).
 */
import { prefixesOf } from './prefixes.ts';

export interface InsnLayout {
  readonly length: number;
  /** Neither a relative jump nor a call nor an operand relative to rip: a copy elsewhere does the same. */
  readonly movable: boolean;
}

const OPERAND_SIZE = 0x66;
const ADDRESS_SIZE = 0x67;

/**
 * What follows an opcode:
 *   .  nothing              m  ModRM           b  imm8            w  imm16
 *   z  imm16 or imm32       M  ModRM, imm8     Z  ModRM, z        v  imm16, imm32 or imm64
 *   o  an address           e  imm16, imm8     f  ModRM, imm8 if /0 or /1     F  ModRM, z if /0 or /1
 *   r  rel8   R  rel32      c  ModRM; /2 and /3 are calls         ?  another map, a prefix, or not known here
 */
// biome-ignore format: opcodes 00 to FF, 16 a row
export const ONE_BYTE = [
  'mmmmbz??mmmmbz??', 'mmmmbz??mmmmbz??', 'mmmmbz??mmmmbz??', 'mmmmbz??mmmmbz??',
  '????????????????', '................', '???m????zZbM....', 'rrrrrrrrrrrrrrrr',
  'MZ?Mmmmmmmmmmmmm', '..........?.....', 'oooo....bz......', 'bbbbbbbbvvvvvvvv',
  'MMw.??MZe.w..b?.', 'mmmm???.mmmmmmmm', 'rrrrbbbbRR?r....', '?.??..fF......mc',
].join('');

/** After 0F. syscall and sysenter leave their address in rcx or lose it: not known here. */
// biome-ignore format: opcodes 00 to FF, 16 a row
export const TWO_BYTE = [
  '??m???....?.?m.?', 'mmmmmmmmmmmmmmmm', '????????mmmmmmmm', '....???.????????',
  'mmmmmmmmmmmmmmmm', 'mmmmmmmmmmmmmmmm', 'mmmmmmmmmmmmmmmm', 'MMMMmmm.??mmmmmm',
  'RRRRRRRRRRRRRRRR', 'mmmmmmmmmmmmmmmm', '...mMm??...mMmmm', 'mmmmmmmmm?Mmmmmm',
  'mmMmMMMm........', 'mmmmmmmmmmmmmmmm', 'mmmmmmmmmmmmmmmm', 'mmmmmmmmmmmmmmmm',
].join('');

/** Undefined for what is not in the tables, and where the bytes end too early. */
export function insnLayout(bytes: Uint8Array): InsnLayout | undefined {
  const { opcode: at, legacy, rexW } = prefixesOf(bytes);
  const found = opcodeAt(bytes, at);
  if (found === undefined) return undefined;
  const { kind, after } = found;
  const tail = 'mMZfFc'.includes(kind) ? modrm(bytes, after) : NO_MODRM;
  if (tail === undefined || isXop(bytes, at, tail)) return undefined;
  const sizes = { rexW, short: legacy.has(OPERAND_SIZE) && !rexW, address32: legacy.has(ADDRESS_SIZE) };
  const length = after + tail.length + immediateBytes(kind, tail.digit, sizes);
  const isRelative = 'rR'.includes(kind) || (kind === 'c' && (tail.digit === 2 || tail.digit === 3));
  const movable = tail.movable && !isRelative && !isXbegin(bytes, at);
  return length > bytes.length ? undefined : { length, movable };
}

/** c7 f8, whose operand is a relative address. */
const isXbegin = (bytes: Uint8Array, at: number): boolean => bytes[at] === 0xc7 && bytes[at + 1] === 0xf8;

/** 8f with anything but /0, which is pop, is a prefix of some AMD CPUs. */
const isXop = (bytes: Uint8Array, at: number, { digit }: ModRm): boolean => bytes[at] === 0x8f && digit !== 0;

interface Opcode {
  readonly kind: string;
  /** Index of what follows it. */
  readonly after: number;
}

function opcodeAt(bytes: Uint8Array, at: number): Opcode | undefined {
  const first = bytes[at];
  if (first === undefined) return undefined;
  if (first === 0xc4 || first === 0xc5) return vex(bytes, at);
  if (first !== 0x0f) return known(ONE_BYTE[first], at + 1);
  const second = bytes[at + 1] ?? 0;
  if (second === 0x38) return known('m', at + 3);
  if (second === 0x3a) return known('M', at + 3);
  return known(TWO_BYTE[second], at + 2);
}

/** SDM 2A §2.3.5: C5 and a byte, or C4 and two, of which the first names the map: 1 is 0F, 2 0F 38, 3 0F 3A. */
function vex(bytes: Uint8Array, at: number): Opcode | undefined {
  const isLong = bytes[at] === 0xc4;
  const map = isLong ? (bytes[at + 1] ?? 0) & 0x1f : 1;
  const opcode = at + (isLong ? 3 : 2);
  if (map === 1) return known(TWO_BYTE[bytes[opcode] ?? 0], opcode + 1);
  return known(map === 2 ? 'm' : map === 3 ? 'M' : '?', opcode + 1);
}

const known = (kind: string | undefined, after: number): Opcode | undefined =>
  kind === undefined || kind === '?' ? undefined : { kind, after };

interface ModRm {
  readonly length: number;
  /** The reg field. */
  readonly digit: number;
  readonly movable: boolean;
}

const NO_MODRM: ModRm = { length: 0, digit: 0, movable: true };

/** ModRM, SIB and displacement. SDM 2A §2.1.5, tables 2-2 and 2-3; §2.2.1.6 (rip-relative). */
function modrm(bytes: Uint8Array, at: number): ModRm | undefined {
  const byte = bytes[at];
  if (byte === undefined) return undefined;
  const mod = byte >> 6;
  const rm = byte & 7;
  const digit = (byte >> 3) & 7;
  if (mod === 3) return { length: 1, digit, movable: true };
  const sib = rm === 4 ? 1 : 0;
  const base = sib === 1 ? (bytes[at + 1] ?? 0) & 7 : rm;
  const displacement = mod === 1 ? 1 : mod === 2 || base === 5 ? 4 : 0;
  return { length: 1 + sib + displacement, digit, movable: mod !== 0 || rm !== 5 };
}

interface Sizes {
  readonly rexW: boolean;
  /** Immediates of 16 bits. */
  readonly short: boolean;
  readonly address32: boolean;
}

function immediateBytes(kind: string, digit: number, { rexW, short, address32 }: Sizes): number {
  const z = short ? 2 : 4;
  switch (kind) {
    case 'b':
    case 'M':
    case 'r':
      return 1;
    case 'w':
      return 2;
    case 'e':
      return 3;
    case 'R':
      return 4;
    case 'z':
    case 'Z':
      return z;
    case 'v':
      return rexW ? 8 : z;
    case 'o':
      return address32 ? 4 : 8;
    case 'f':
      return digit < 2 ? 1 : 0;
    case 'F':
      return digit < 2 ? z : 0;
    default:
      return 0;
  }
}
