/**
 * The door: code by which a guest ends a run and begins the next by itself, so that neither its registers nor its
 * vector state need be set and read from outside, which takes longer than the switch to it and back.
 *
 *   door:  registers and flags to the exit page, whether segment registers are as they were, and a mark; int3
 *   rest:  vector state, flags and registers from the entry pages; on to where they say
 *
 * A guest that comes here on its own account ends its run, or runs again what it ran; it can spoil the exit page alone.
 */
import { Assembler } from '../../x86/assembler.ts';
import { AND, INT3, MOV, OR, POP_R64, PUSH_RM64, XOR } from '../../x86/forms.ts';
import { RAX, RCX, RDX, RSP } from '../../x86/reg.ts';
import { GPR_COUNT, REG_FILE_WORDS, RFLAGS } from '../engine.ts';
import { MOV_MOFFS64_RAX, POPFQ, PUSHFQ, withWords } from '../raw-insns.ts';

/** Words of both: a register file (engine.ts); then where to go on, or the mark and what is in segment registers. */
export const DOOR_TARGET = REG_FILE_WORDS;
export const DOOR_MARK = REG_FILE_WORDS;
export const DOOR_SEGMENTS = REG_FILE_WORDS + 1;
export const DOOR_WORDS = REG_FILE_WORDS + 2;
/** In the entry pages; XRSTOR wants a multiple of 64. */
export const XSTATE_OFFSET = 0x100;
/** A stack for two words of flags, in the exit page. */
const STACK_TOP = 0x800n;

/** IF and RF: the kernel's, not the guest's. SDM 1 §3.4.3. */
export const NOT_THE_GUESTS = 0x1_0200;

/** SDM 2C: `xrstor64 [rcx + disp32]`; SDM 2A: `jmp [rip + disp32]`. */
const XRSTOR64_RCX = [0x48, 0x0f, 0xae, 0xa9];
const JMP_RIP = [0xff, 0x25];
/** Into rdx: ds, es, fs, gs, which are 0 at the start; and the bases of fs and gs. */
// biome-ignore format: an instruction a line
const SEGMENTS = [
  [0x8c, 0xda],                   // mov edx, ds
  [0x8c, 0xc2],                   // mov edx, es
  [0x8c, 0xe2],                   // mov edx, fs
  [0x8c, 0xea],                   // mov edx, gs
  [0xf3, 0x48, 0x0f, 0xae, 0xc2], // rdfsbase rdx
  [0xf3, 0x48, 0x0f, 0xae, 0xca], // rdgsbase rdx
];
const DISP32_BYTES = 4;

export interface DoorPlaces {
  /** Where the code is to run. */
  readonly at: bigint;
  readonly entry: bigint;
  readonly exit: bigint;
}

export interface DoorCode {
  readonly bytes: Uint8Array;
  /** Offset of `rest`. */
  readonly rest: number;
}

export function doorCode({ at, entry, exit }: DoorPlaces): DoorCode {
  const asm = new Assembler(512);
  leave(asm, exit);
  asm.none(INT3);
  const rest = asm.length;
  enter(asm, entry, exit);
  const after = at + BigInt(asm.length + JMP_RIP.length + DISP32_BYTES);
  asm.raw(withWords(JMP_RIP, Number(entry + BigInt(8 * DOOR_TARGET) - after)));
  return { bytes: asm.copy(), rest };
}

function leave(asm: Assembler, exit: bigint): void {
  const store = new Uint8Array(MOV_MOFFS64_RAX.length + 8);
  store.set(MOV_MOFFS64_RAX);
  new DataView(store.buffer).setBigUint64(MOV_MOFFS64_RAX.length, exit, true);
  asm.raw(store);
  asm.oi(MOV.r64_imm64, RAX, exit);
  for (let gpr = 1; gpr < GPR_COUNT; gpr++) asm.mem(MOV.rm64_r64, RAX, 8 * gpr, gpr);
  asm.oi(MOV.r64_imm64, RSP, exit + STACK_TOP);
  asm.raw(PUSHFQ);
  asm.o(POP_R64, RCX);
  asm.mi(AND.rm64_imm32, RCX, ~NOT_THE_GUESTS);
  asm.mem(MOV.rm64_r64, RAX, 8 * RFLAGS, RCX);
  asm.mr(XOR.rm32_r32, RCX, RCX);
  for (const insn of SEGMENTS) {
    asm.raw(Uint8Array.from(insn));
    asm.mr(OR.rm64_r64, RCX, RDX);
  }
  asm.mem(MOV.rm64_r64, RAX, 8 * DOOR_SEGMENTS, RCX);
  asm.memImm(MOV.rm64_imm32, RAX, 8 * DOOR_MARK, 1);
}

function enter(asm: Assembler, entry: bigint, exit: bigint): void {
  asm.oi(MOV.r64_imm64, RCX, entry);
  // All components there are: those the state does not hold get their first values.
  asm.oi(MOV.r32_imm32, RAX, 0xffff_ffff);
  asm.oi(MOV.r32_imm32, RDX, 0xffff_ffff);
  asm.raw(withWords(XRSTOR64_RCX, XSTATE_OFFSET));
  asm.oi(MOV.r64_imm64, RSP, exit + STACK_TOP);
  asm.memOne(PUSH_RM64, RCX, 8 * RFLAGS);
  asm.raw(POPFQ);
  for (let gpr = 0; gpr < GPR_COUNT; gpr++) if (gpr !== RCX) asm.mem(MOV.r64_rm64, RCX, 8 * gpr, gpr);
  asm.mem(MOV.r64_rm64, RCX, 8 * RCX, RCX);
}
