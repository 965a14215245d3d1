/** Native code as text, by iced-x86: independent of our own tables, so a listing shows what the bytes say. */
import { iced } from './iced.ts';

/** How assembly is written: as GNU as and bpftool do, or as Intel's manual does. */
export const SYNTAXES = ['att', 'intel'] as const;
export type Syntax = (typeof SYNTAXES)[number];

/** One native instruction. */
export interface NativeInsn {
  /** Offset of its first byte in the code. */
  readonly offset: number;
  readonly length: number;
  readonly text: string;
}

export interface DisassembleOptions {
  /** Address of the first byte, for the targets of jumps and calls. */
  readonly base: bigint;
  /** @defaultValue 'att' */
  readonly syntax?: Syntax;
  /** AT&T with the suffix of a size on each mnemonic, and signed immediates: nearer to LLVM. @defaultValue false */
  readonly suffixes?: boolean;
  /** What to write for the target of a call or jump. @defaultValue its address */
  readonly symbol?: (address: bigint) => string | undefined;
  /** First byte to decode. @defaultValue 0 */
  readonly start?: number;
  /** Where no further instruction starts; the last one may reach past it. @defaultValue the end of the code */
  readonly end?: number;
}

/** SDM 2A §2.3.11. */
const MAX_INSN_BYTES = 15;

/** Bytes that are no instruction are shown as `(bad)`. */
export function disassembleNative(code: Uint8Array, options: DisassembleOptions): NativeInsn[] {
  const { base, symbol, start = 0, end = code.length, syntax = 'att', suffixes = false } = options;
  const { Decoder, DecoderOptions, Formatter, FormatterSyntax, Instruction } = iced();
  const decoder = new Decoder(64, code.subarray(start, end + MAX_INSN_BYTES - 1), DecoderOptions.None);
  const formatter = new Formatter(syntax === 'att' ? FormatterSyntax.Gas : FormatterSyntax.Intel);
  const insn = new Instruction();
  const out: NativeInsn[] = [];
  try {
    decoder.ip = base + BigInt(start);
    formatter.hexPrefix = '0x';
    formatter.hexSuffix = '';
    formatter.uppercaseHex = false;
    // iced 1.21 looks at the low 32 bits alone to see what is small: it shows 1 << 32 as 0.
    formatter.smallHexNumbersInDecimal = false;
    formatter.branchLeadingZeros = false;
    formatter.spaceAfterOperandSeparator = true;
    formatter.gasShowMnemonicSizeSuffix = suffixes;
    formatter.signedImmediateOperands = suffixes;
    while (decoder.canDecode && start + decoder.position < end) {
      const offset = start + decoder.position;
      decoder.decodeOut(insn);
      const named =
        insn.isInvalid || insn.nearBranchTarget === 0n ? undefined : symbol?.(insn.nearBranchTarget);
      const text = insn.isInvalid ? '(bad)' : formatter.format(insn);
      out.push({
        offset,
        length: insn.length,
        text: named === undefined ? text : `${text.split(' ')[0]} ${named}`,
      });
    }
  } finally {
    insn.free();
    formatter.free();
    decoder.free();
  }
  return out;
}
