/**
 * The recorder's code, which the guest runs: it notes all registers and part of the stack, at each call of a subprog,
 * each return from one and each call of a helper or kfunc, so that the host need not stop the guest there.
 *
 *   call thunk      (in the place of a call of a subprog) → note; replace the return address by `back`; go on in its slot
 *   back            (where subprogs return to)            → note; go on at the return address that was replaced
 *   program thunk   (where tail calls enter a subprog)    → note; go on in its slot
 *   callee's stub   (at the address of a helper or kfunc) → note; destroy what a callee may; return the next answer
 *
 * Whatever is out of bounds (rsp, the log, the answers) ends in ud2. Flags and registers are as if nothing had
 * been there; of memory it writes its own, the return addresses and the callee's argument words.
 */
import { clobberedReg } from '../../core/junk.ts';
import { STACK_BASE, STACK_SIZE } from '../../core/layout.ts';
import { Assembler } from '../../x86/assembler.ts';
import { ADD, CMP, INT3, JCC, JMP, MOV, POP_R64, PUSH_RM64, RET, SHL, SUB, TEST } from '../../x86/forms.ts';
import { type Gpr, RAX, RCX, RDI, RDX, RSI, RSP } from '../../x86/reg.ts';
import { CLOBBERED_FLAGS, CLOBBERED_GPRS } from '../clobber.ts';
import { GPR_COUNT } from '../engine.ts';
import { MOV_MOFFS64_RAX, POPFQ, PUSHFQ, withWords } from '../raw-insns.ts';
import {
  CALLEE_ID,
  dataWord,
  FLAGS_WORD,
  LOG_BYTES,
  MAX_SUBPROGS,
  MAX_WINDOW,
  PROGRAM_ID,
  PROGRAM_SLOTS,
  PROGRAM_THUNKS,
  RECORD,
  RECORDER_CODE,
  RECORDER_DATA,
  RECORDER_LOG,
  RETURN_ID,
  recordBytes,
  SLOT_BYTES,
  THUNK_BYTES,
  THUNKS,
  WINDOW_UNIT,
  WORD,
} from './layout.ts';

const UD2 = Uint8Array.of(0x0f, 0x0b);
/** SDM 2A: `mov rax, moffs64`, `jmp [disp32]`, `mov dword [disp32], imm32`, `push imm32`. */
const MOV_RAX_MOFFS64 = [0x48, 0xa1];
const JMP_DISP32 = [0xff, 0x24, 0x25];
const MOV_DISP32_IMM32 = [0xc7, 0x04, 0x25];
const PUSH_IMM32 = [0x68];
const REL32_BYTES = 5;
const JCC_BYTES = 6;
/** Registers the recorder works with, rax apart: put back from the record. */
const USED: readonly Gpr[] = [RCX, RDX, RSI, RDI, RSP];
/** rsp may lie where a window fits on both sides of it. */
const LOWEST_RSP = STACK_BASE + BigInt(MAX_WINDOW);
const RSP_ROOM = STACK_SIZE - 2 * MAX_WINDOW;

/** The code, and the offsets in it that others must know. */
export interface RecorderCode {
  readonly bytes: Uint8Array;
  /** Where subprogs return to. */
  readonly back: number;
  readonly callee: number;
}

let made: RecorderCode | undefined;

/** From RECORDER_CODE on, thunks included. */
export function recorderCode(): RecorderCode {
  made ??= makeCode();
  return made;
}

function makeCode(): RecorderCode {
  const asm = new Assembler(0x2000);
  asm.raw(UD2);
  const enter = enterCode(asm);
  const back = backCode(asm);
  const callee = calleeCode(asm);
  const program = programCode(asm);
  if (asm.length > THUNKS - RECORDER_CODE)
    throw new RangeError('the code of the recorder runs into its thunks');
  thunks(asm, THUNKS, { firstId: 0, to: RECORDER_CODE + enter });
  thunks(asm, PROGRAM_THUNKS, { firstId: PROGRAM_ID, to: RECORDER_CODE + program });
  return { bytes: asm.bytes().slice(), back: RECORDER_CODE + back, callee: RECORDER_CODE + callee };
}

/** One for each subprog, from `start` on. */
function thunks(
  asm: Assembler,
  start: number,
  { firstId, to }: { readonly firstId: number; readonly to: number },
): void {
  while (asm.length < start - RECORDER_CODE) asm.none(INT3);
  for (let subprog = 0; subprog < MAX_SUBPROGS; subprog++) {
    asm.raw(entryOf(firstId + subprog, start + THUNK_BYTES * subprog, to));
  }
}

/** What stands at `address` where the callee of an index is called. */
export function calleeStub(index: number, address: number): Uint8Array {
  const known = stubs[index];
  if (known?.address === address) return known.bytes;
  const bytes = entryOf(CALLEE_ID + index, address, recorderCode().callee);
  stubs[index] = { address, bytes };
  return bytes;
}

/** By index: callees of one index are at one address as a rule. */
const stubs: { readonly address: number; readonly bytes: Uint8Array }[] = [];

/** 16 bytes: says who is entered, and jumps. */
function entryOf(id: number, address: number, to: number): Uint8Array {
  const asm = new Assembler(32);
  asm.raw(withWords(MOV_DISP32_IMM32, dataWord(WORD.id), id));
  asm.rel(JMP.rel32, to - (address + asm.length + REL32_BYTES));
  return asm.copy();
}

function enterCode(asm: Assembler): number {
  const start = asm.length;
  note(asm, 'call');
  asm.mem(MOV.r64_rm64, RAX, 8 * (RECORD.regs + RSP), RDI);
  asm.mem(MOV.r64_rm64, RDI, 0, RCX);
  asm.mem(MOV.r64_rm64, RDX, 8 * WORD.shadowTop, RSI);
  asm.mi(CMP.rm64_imm32, RSI, dataWord(WORD.shadowEnd));
  failIf(asm, JCC.ae.rel32);
  asm.mem(MOV.rm64_r64, RSI, 0, RCX);
  asm.mi(ADD.rm64_imm8, RSI, 8);
  asm.mem(MOV.rm64_r64, RDX, 8 * WORD.shadowTop, RSI);
  // `back` follows this code; its address is known when it has been written.
  asm.memImm(MOV.rm64_imm32, RDI, 0, 0);
  const backAt = asm.length - 4;
  asm.mem(MOV.r32_rm32, RAX, 8 * RECORD.id, RCX);
  asm.mi(SHL.rm64_imm8, RCX, 3);
  asm.mem(MOV.r64_rm64, RCX, dataWord(WORD.targets), RCX);
  asm.mem(MOV.rm64_r64, RDX, 8 * WORD.target, RCX);
  goOn(asm);
  asm.patch32(backAt, RECORDER_CODE + asm.length);
  return start;
}

function backCode(asm: Assembler): number {
  const start = asm.length;
  note(asm, 'return');
  asm.mem(MOV.r64_rm64, RDX, 8 * WORD.shadowTop, RSI);
  asm.mi(SUB.rm64_imm8, RSI, 8);
  asm.mi(CMP.rm64_imm32, RSI, dataWord(WORD.shadow));
  failIf(asm, JCC.b.rel32);
  asm.mem(MOV.rm64_r64, RDX, 8 * WORD.shadowTop, RSI);
  asm.mem(MOV.r64_rm64, RSI, 0, RCX);
  asm.mem(MOV.rm64_r64, RDX, 8 * WORD.target, RCX);
  goOn(asm);
  return start;
}

function programCode(asm: Assembler): number {
  const start = asm.length;
  note(asm, 'call');
  asm.mem(MOV.r32_rm32, RAX, 8 * RECORD.id, RCX);
  asm.mi(SHL.rm64_imm8, RCX, Math.log2(SLOT_BYTES));
  asm.mi(ADD.rm64_imm32, RCX, PROGRAM_SLOTS - SLOT_BYTES * PROGRAM_ID);
  asm.mem(MOV.rm64_r64, RDX, 8 * WORD.target, RCX);
  goOn(asm);
  return start;
}

function calleeCode(asm: Assembler): number {
  const start = asm.length;
  note(asm, 'call');
  asm.mem(MOV.r64_rm64, RDX, 8 * WORD.answer, RSI);
  asm.mem(MOV.r64_rm64, RDX, 8 * WORD.answerEnd, RCX);
  asm.mr(CMP.rm64_r64, RSI, RCX);
  failIf(asm, JCC.ae.rel32);
  asm.mem(MOV.r64_rm64, RSI, 8, RCX);
  asm.mem(MOV.rm64_r64, RDX, 8 * WORD.target, RCX);
  asm.mem(MOV.r64_rm64, RSI, 0, RCX);
  asm.mi(ADD.rm64_imm8, RSI, 16);
  asm.mem(MOV.rm64_r64, RDX, 8 * WORD.answer, RSI);
  asm.mem(MOV.r64_rm64, RDX, 8 * WORD.clobber, RSI);
  asm.mem(MOV.r64_rm64, RAX, 8 * (RECORD.regs + RSP), RDI);
  destroyWords(asm);
  asm.raw(withWords(PUSH_IMM32, CLOBBERED_FLAGS));
  asm.raw(POPFQ);
  asm.mem(MOV.r64_rm64, RAX, 8 * (RECORD.regs + RSP), RSP);
  for (const gpr of CLOBBERED_GPRS) asm.oi(MOV.r64_imm64, gpr, clobberedReg(gpr));
  asm.raw(withAddress(MOV_RAX_MOFFS64, dataWord(WORD.target)));
  asm.none(RET);
  return start;
}

/** rcx words from [rdi + 8] on become rsi, rsi + 1, … */
export function destroyWords(asm: Assembler): void {
  const again = asm.length;
  asm.mr(TEST.rm64_r64, RCX, RCX);
  asm.rel(JCC.e.rel32, 0);
  const from = asm.length;
  asm.mi(ADD.rm64_imm8, RDI, 8);
  asm.mem(MOV.rm64_r64, RDI, 0, RSI);
  asm.mi(ADD.rm64_imm8, RSI, 1);
  asm.mi(SUB.rm64_imm8, RCX, 1);
  asm.rel(JMP.rel32, again - (asm.length + REL32_BYTES));
  asm.patch32(from - 4, asm.length - from);
}

/**
 * Writes a record, from rsp upwards for a call, from below rsp for a return. Leaves its address in rax, that of the
 * data in rdx, and rsp at a stack of the recorder's own.
 */
function note(asm: Assembler, kind: 'call' | 'return'): void {
  asm.raw(withAddress(MOV_MOFFS64_RAX, dataWord(WORD.spare)));
  asm.raw(withAddress(MOV_RAX_MOFFS64, dataWord(WORD.log)));
  for (let gpr = 1; gpr < GPR_COUNT; gpr++) asm.mem(MOV.rm64_r64, RAX, 8 * (RECORD.regs + gpr), gpr);
  asm.oi(MOV.r32_imm32, RSP, dataWord(WORD.stackTop));
  asm.raw(PUSHFQ);
  asm.o(POP_R64, RCX);
  asm.mem(MOV.rm64_r64, RAX, 8 * FLAGS_WORD, RCX);
  asm.oi(MOV.r32_imm32, RDX, RECORDER_DATA);
  asm.mem(MOV.r64_rm64, RDX, 8 * WORD.spare, RCX);
  asm.mem(MOV.rm64_r64, RAX, 8 * RECORD.regs, RCX);
  if (kind === 'return') asm.oi(MOV.r32_imm32, RCX, RETURN_ID);
  else asm.mem(MOV.r32_rm32, RDX, 8 * WORD.id, RCX);
  asm.mem(MOV.rm64_r64, RAX, 8 * RECORD.id, RCX);
  checkBounds(asm);
  copyWindow(asm, kind);
}

/** rsi: the guest's rsp. */
function checkBounds(asm: Assembler): void {
  asm.mem(MOV.r64_rm64, RAX, 8 * (RECORD.regs + RSP), RSI);
  asm.oi(MOV.r64_imm64, RCX, -LOWEST_RSP);
  asm.mr(ADD.rm64_r64, RCX, RSI);
  asm.mi(CMP.rm64_imm32, RCX, RSP_ROOM);
  failIf(asm, JCC.a.rel32);
  asm.mi(CMP.rm64_imm32, RAX, RECORDER_LOG + LOG_BYTES - recordBytes(MAX_WINDOW / WINDOW_UNIT));
  failIf(asm, JCC.a.rel32);
}

function copyWindow(asm: Assembler, kind: 'call' | 'return'): void {
  asm.mem(MOV.r64_rm64, RDX, 8 * WORD.windows, RCX);
  if (kind === 'return') {
    asm.mr(MOV.rm64_r64, RDI, RCX);
    asm.mi(SHL.rm64_imm8, RDI, Math.log2(WINDOW_UNIT));
    asm.mr(SUB.rm64_r64, RSI, RDI);
  }
  asm.mr(MOV.rm64_r64, RDI, RAX);
  asm.mi(ADD.rm64_imm32, RDI, 8 * RECORD.window);
  const again = asm.length;
  for (let at = 0; at < WINDOW_UNIT; at += 8) {
    asm.mem(MOV.r64_rm64, RSI, at, RDX);
    asm.mem(MOV.rm64_r64, RDI, at, RDX);
  }
  asm.mi(ADD.rm64_imm8, RSI, WINDOW_UNIT);
  asm.mi(ADD.rm64_imm8, RDI, WINDOW_UNIT);
  asm.mi(SUB.rm64_imm8, RCX, 1);
  asm.rel(JCC.ne.rel32, again - (asm.length + JCC_BYTES));
  asm.oi(MOV.r32_imm32, RDX, RECORDER_DATA);
  asm.mem(MOV.rm64_r64, RDX, 8 * WORD.log, RDI);
}

/** Puts everything back and jumps to the target. */
function goOn(asm: Assembler): void {
  asm.memOne(PUSH_RM64, RAX, 8 * FLAGS_WORD);
  asm.raw(POPFQ);
  for (const gpr of USED) asm.mem(MOV.r64_rm64, RAX, 8 * (RECORD.regs + gpr), gpr);
  asm.mem(MOV.r64_rm64, RAX, 8 * RECORD.regs, RAX);
  asm.raw(withWords(JMP_DISP32, dataWord(WORD.target)));
}

/** To the ud2 at the start. */
const failIf = (asm: Assembler, form: typeof JCC.a.rel32): void => asm.rel(form, -(asm.length + JCC_BYTES));

function withAddress(opcode: readonly number[], address: number): Uint8Array {
  return withWords(opcode, address, 0);
}
