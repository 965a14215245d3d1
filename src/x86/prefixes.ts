/** Prefixes of an instruction: SDM 2A §2.1.1 legacy prefixes, §2.2.1 REX. */

/** lock, repne, rep, cs, ss, ds, es, fs, gs, operand size, address size. */
const LEGACY = new Set([0xf0, 0xf2, 0xf3, 0x2e, 0x36, 0x3e, 0x26, 0x64, 0x65, 0x66, 0x67]);
const REX_W = 0x08;

export const isPrefix = (byte: number): boolean => (byte & 0xf0) === 0x40 || LEGACY.has(byte);
/** REX with its W set: what follows has operands of 64 bits. */
export const isRexW = (byte: number): boolean => (byte & 0xf8) === 0x48;

export interface Prefixed {
  /** Index of the first opcode byte. */
  readonly opcode: number;
  readonly legacy: ReadonlySet<number>;
  readonly rexW: boolean;
}

/** Splits the prefixes off. */
export function prefixesOf(insn: Uint8Array): Prefixed {
  const legacy = new Set<number>();
  let at = 0;
  for (let byte = insn[at]; byte !== undefined && LEGACY.has(byte); byte = insn[++at]) legacy.add(byte);
  const next = insn[at] ?? 0;
  const isRex = next >> 4 === 4;
  return { opcode: isRex ? at + 1 : at, legacy, rexW: isRex && (next & REX_W) !== 0 };
}
