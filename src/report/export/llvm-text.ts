/**
 * Native instructions as the disassembler of LLVM 19 prints them in AT&T syntax with immediates in hex, which is what
 * the kernel's selftests compare with `__jited`. By iced-x86, and the spellings in which LLVM differs from it.
 */
import { disassembleNative, type NativeInsn } from '../../x86/disasm.ts';

export interface LlvmInsn {
  readonly offset: number;
  readonly length: number;
  /** With the prefix `lock`, if it has one. */
  readonly mnemonic: string;
  readonly operands: string;
}

/** Of bytes [start, end) of code whose first byte is at address 0: jumps and calls have an offset as operand. */
export function llvmInsns(code: Uint8Array, start: number, end: number): LlvmInsn[] {
  const insns = disassembleNative(code, { base: 0n, start, end, syntax: 'att', suffixes: true });
  return insns.map((insn) => asLlvm(insn, code.subarray(insn.offset, insn.offset + insn.length)));
}

function asLlvm({ offset, length, text }: NativeInsn, bytes: Uint8Array): LlvmInsn {
  const [, mnemonic = text, written = ''] = /^((?:lock )?\S+)\s*(.*)$/.exec(text) ?? [];
  const operands = withoutShiftByOne(mnemonic, product(mnemonic, immediate(mnemonic, written, bytes)), bytes);
  return { offset, length, mnemonic: mnemonic === 'leaveq' ? 'leave' : mnemonic, operands };
}

/** Bytes of an immediate that fills its operand, by the mnemonic's suffix; shorter ones are extended, with a sign. */
const FULL_IMMEDIATE: Readonly<Record<string, 2 | 4>> = { w: 2, l: 4 };

/** One that fills its operand has no sign. */
function immediate(mnemonic: string, operands: string, bytes: Uint8Array): string {
  const size = FULL_IMMEDIATE[mnemonic.at(-1) ?? ''];
  const found = /^\$-(0x[0-9a-f]+)/.exec(operands);
  if (found === null || size === undefined || bytes.length <= size) return operands;
  const full = BigInt.asUintN(8 * size, -BigInt(found[1] as string));
  const last = bytes.subarray(bytes.length - size).reduceRight((value, byte) => value * 256 + byte, 0);
  return BigInt(last) === full ? `$0x${full.toString(16)}${operands.slice(found[0].length)}` : operands;
}

/** A product with an immediate names its register twice: as destination, as source. */
const product = (mnemonic: string, operands: string): string =>
  mnemonic.startsWith('imul') ? operands.replace(/^(\$\S+), (%\w+)$/, '$1, $2, $2') : operands;

/** SDM 2B, SAL/SAR/SHL/SHR: opcode D1 shifts by one and has no immediate; C1 has one, as its last byte. */
function withoutShiftByOne(mnemonic: string, operands: string, bytes: Uint8Array): string {
  const isShift = /^(?:sh[lr]|sar|ro[lr])[bwlq]$/.test(mnemonic);
  return isShift && bytes.at(-1) !== 1 ? operands.replace(/^\$0x1, /, '') : operands;
}
