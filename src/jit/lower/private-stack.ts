/** The private frame pointer, r9: `emit_priv_frame_ptr()`, `push_r9()`, `pop_r9()`. */
import type { PrivateStack } from '../../core/image.ts';
import { CPU_OFFSET, THIS_CPU_OFF } from '../../core/percpu.ts';
import type { Assembler } from '../../x86/assembler.ts';
import { MOV, POP_R64, PUSH_R64 } from '../../x86/forms.ts';
import { R9 } from '../../x86/reg.ts';
import type { LowerContext } from './context.ts';

/** `add r9, gs:[disp32]` but for its displacement: 65, REX.WR 03 /r with a SIB that has neither base nor index. */
const ADD_THIS_CPU = Uint8Array.of(0x65, 0x4c, 0x03, 0x0c, 0x25);

/** r9 = the per-CPU address + what lies between this CPU's area and that. */
export function emitPrivateFp(asm: Assembler, { fp }: PrivateStack): void {
  asm.oi(MOV.r64_imm64, R9, fp - CPU_OFFSET);
  asm.raw(ADD_THIS_CPU);
  asm.raw(new Uint8Array(Int32Array.of(Number(THIS_CPU_OFF)).buffer));
}

/** A call, with r9 as before it afterwards. */
export function keepingR9<T>(
  context: LowerContext,
  callee: T,
  call: (context: LowerContext, callee: T) => void,
): void {
  const { asm, frame } = context;
  const keeps = frame.privateStack !== undefined;
  if (keeps) asm.o(PUSH_R64, R9);
  call(context, callee);
  if (keeps) asm.o(POP_R64, R9);
}
