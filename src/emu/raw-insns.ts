/** Instructions for guests that no JIT needs, and so the assembler has no forms for. SDM 2A and 2B. */
export const PUSHFQ = Uint8Array.of(0x9c);
export const POPFQ = Uint8Array.of(0x9d);
/** `mov moffs64, rax`: its address follows. */
export const MOV_MOFFS64_RAX = [0x48, 0xa3];

/** An opcode, and words of 32 bits behind it: displacements, immediates, halves of an address. */
export function withWords(opcode: readonly number[], ...words: readonly number[]): Uint8Array {
  const bytes = new Uint8Array(opcode.length + 4 * words.length);
  bytes.set(opcode);
  const view = new DataView(bytes.buffer);
  words.forEach((word, i) => {
    view.setInt32(opcode.length + 4 * i, word, true);
  });
  return bytes;
}
