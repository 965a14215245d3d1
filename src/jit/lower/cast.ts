/** Addresses of another kind: `do_jit()`, case MOV of 64 bits from a register; the verifier's rewrite of cast_kern. */
import type { CastInsn } from '../../bpf/insn.ts';
import { ARENA_USER_BASE } from '../../core/layout.ts';
import { THIS_CPU_OFF } from '../../core/percpu.ts';
import type { Assembler } from '../../x86/assembler.ts';
import { CMOVE_R64_RM64, OR, ROL_RM64_IMM8, SHL, TEST, XOR } from '../../x86/forms.ts';
import { type Gpr, RAX } from '../../x86/reg.ts';
import { AUX, gprOf } from '../regmap.ts';
import type { LowerContext } from './context.ts';
import { movReg, movReg64 } from './move.ts';

const HALF_BITS = 32;
const USER_HIGH = Number(ARENA_USER_BASE >> 32n);

export function lowerCast({ asm }: LowerContext, { to, dst, src }: CastInsn): void {
  const [into, from] = [gprOf(dst), gprOf(src)];
  switch (to) {
    case 'kernel':
      // The verifier makes a 32-bit move of it.
      movReg(asm, 32, into, from);
      return;
    case 'user':
      castUser(asm, into, from);
      return;
    case 'percpu':
      movReg64(asm, into, from);
      asm.raw(addThisCpuOff(into));
      return;
  }
}

/** The upper half becomes that of user space; 0 stays 0. */
function castUser(asm: Assembler, into: Gpr, from: Gpr): void {
  if (into !== from) movReg(asm, 32, into, from);
  asm.mi(SHL.rm64_imm8, into, HALF_BITS);
  if (into === RAX) asm.i(OR.rax_imm32, USER_HIGH);
  else asm.mi(OR.rm64_imm32, into, USER_HIGH);
  asm.mi(ROL_RM64_IMM8, into, HALF_BITS);
  asm.mr(XOR.rm64_r64, AUX, AUX);
  asm.mr(TEST.rm32_r32, into, into);
  asm.mr(CMOVE_R64_RM64, AUX, into);
}

/** `add reg, gs:[disp32]`: 65, REX.W 03 /r with SIB of neither base nor index. SDM 2A §2.1.5, table 2-3. */
function addThisCpuOff(reg: Gpr): Uint8Array {
  const disp = new Uint8Array(Int32Array.of(Number(THIS_CPU_OFF)).buffer);
  return Uint8Array.of(0x65, 0x48 | (reg > 7 ? 4 : 0), 0x03, 0x04 | ((reg & 7) << 3), 0x25, ...disp);
}
