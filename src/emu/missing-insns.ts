/**
 * Instructions libunicorn 2.0.1 takes for invalid though the CPU it models has them (all models alike). Code that
 * uses one is not wrong: the engine is at its limit, and says so.
 */
import { prefixesOf } from '../x86/prefixes.ts';

interface MissingInsn {
  readonly name: string;
  /** Opcode bytes after prefixes and REX. */
  readonly opcode: readonly number[];
  /** Mandatory prefix: SDM 2A §2.1.2. */
  readonly prefix?: number;
  /** Reg field of ModRM, where it is part of the opcode. */
  readonly digit?: number;
}

const MISSING_INSNS: readonly MissingInsn[] = [
  { name: 'popcnt', opcode: [0x0f, 0xb8], prefix: 0xf3 },
  { name: 'movbe', opcode: [0x0f, 0x38, 0xf0] },
  { name: 'movbe', opcode: [0x0f, 0x38, 0xf1] },
  { name: 'rdrand', opcode: [0x0f, 0xc7], digit: 6 },
  { name: 'rdseed', opcode: [0x0f, 0xc7], digit: 7 },
];

/** Name of the instruction these bytes start with, if it is one of those. */
export function missingInsn(bytes: Uint8Array): string | undefined {
  const { opcode: at, legacy } = prefixesOf(bytes);
  const found = MISSING_INSNS.find(({ opcode, prefix, digit }) => {
    if (!opcode.every((byte, i) => bytes[at + i] === byte)) return false;
    if (digit !== undefined && (((bytes[at + opcode.length] ?? 0) >> 3) & 7) !== digit) return false;
    return prefix === undefined ? !legacy.has(0xf2) : legacy.has(prefix);
  });
  return found?.name;
}
