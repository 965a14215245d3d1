/** Byte order: `do_jit()`, cases END. RFC 9669 §4.2. Little-endian host: `le` only truncates. */
import type { SwapInsn } from '../../bpf/insn.ts';
import { BSWAP, MOV, MOVZX, ROR_RM16_IMM8 } from '../../x86/forms.ts';
import { gprOf } from '../regmap.ts';
import type { LowerContext } from './context.ts';

export function lowerSwap({ asm }: LowerContext, insn: SwapInsn): void {
  const dst = gprOf(insn.dst);
  const swaps = insn.op !== 'le';
  switch (insn.bits) {
    case 16:
      if (swaps) asm.mi(ROR_RM16_IMM8, dst, 8);
      asm.mr(MOVZX.r32_rm16, dst, dst);
      break;
    case 32:
      if (swaps) asm.o(BSWAP.r32, dst);
      else asm.mr(MOV.rm32_r32, dst, dst);
      break;
    case 64:
      if (swaps) asm.o(BSWAP.r64, dst);
      break;
  }
}
