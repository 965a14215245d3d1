/** Bytes of code that may be instructions libunicorn needs help with: one look at all of it, for nearly none has any. */

/** `FF /3` or `FF /5` with mod 3: far-branches.ts. */
export const FAR_BRANCH = 1;
/** `0F B1`: cmpxchg32.ts. */
export const CMPXCHG = 2;

/** Which of them are there, as bits. */
export function rareOpcodes(code: Uint8Array): number {
  let found = 0;
  for (let at = code.length - 1, next = 0; at >= 0; at--) {
    const byte = code[at] as number;
    if (byte === 0xff && isFarThroughRegister(next)) found |= FAR_BRANCH;
    else if (byte === 0x0f && next === 0xb1) found |= CMPXCHG;
    next = byte;
  }
  return found;
}

/** ModRM with mod 3 and reg 3 or 5. */
export const isFarThroughRegister = (modrm: number): boolean =>
  modrm >= 0xc0 && (((modrm >> 3) & 7) === 3 || ((modrm >> 3) & 7) === 5);
