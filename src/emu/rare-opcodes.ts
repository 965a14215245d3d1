/** Bytes of code that may be instructions libunicorn needs help with: one look at all of it, for nearly none has any. */

/** `FF /3` or `FF /5` with mod 3: far-branches.ts. */
export const FAR_BRANCH = 1;
/** `0F B1`: cmpxchg32.ts. */
export const CMPXCHG = 2;

/** ModRM with mod 3 and reg 3 or 5. */
export const isFarThroughRegister = (modrm: number): boolean =>
  modrm >= 0xc0 && (((modrm >> 3) & 7) === 3 || ((modrm >> 3) & 7) === 5);

/** Of which a byte may be the first, and of which the second. */
const FIRST = Uint8Array.from({ length: 256 }, (_, byte) =>
  byte === 0xff ? FAR_BRANCH : byte === 0x0f ? CMPXCHG : 0,
);
const SECOND = Uint8Array.from({ length: 256 }, (_, byte) =>
  isFarThroughRegister(byte) ? FAR_BRANCH : byte === 0xb1 ? CMPXCHG : 0,
);

/** Which of them are there, as bits. */
export function rareOpcodes(code: Uint8Array): number {
  let [found, begun] = [0, 0];
  let at = 0;
  // Four a turn: two thirds of the time.
  for (const end = code.length - 3; at < end; at += 4) {
    const [a, b, c, d] = [code[at], code[at + 1], code[at + 2], code[at + 3]] as [
      number,
      number,
      number,
      number,
    ];
    const first = (begun & (SECOND[a] as number)) | ((FIRST[a] as number) & (SECOND[b] as number));
    found |=
      first | ((FIRST[b] as number) & (SECOND[c] as number)) | ((FIRST[c] as number) & (SECOND[d] as number));
    begun = FIRST[d] as number;
  }
  for (; at < code.length; at++) {
    const byte = code[at] as number;
    found |= begun & (SECOND[byte] as number);
    begun = FIRST[byte] as number;
  }
  return found;
}
