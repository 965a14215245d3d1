/**
 * Machine code of the host that libunicorn calls at each basic block. It counts fuel; what is watched it leaves to
 * JavaScript, or, in a run that is noted (block-notes.ts), notes by itself, and answers for callees:
 *
 *   note = address; registers; the stack on both sides of rsp. Where a watched block returns to is watched, too. A
 *   callee's registers and words become what callees leave (clobber.ts), rax its result.
 *
 * What finds no room, or no answer, is left to JavaScript as well.
 */
import { CALLBACK_BASE, CALLEE_BASE, STACK_BASE, STACK_SIZE } from '../core/layout.ts';
import { Assembler } from '../x86/assembler.ts';
import {
  ADD,
  CALL_RM64,
  CMP,
  JCC,
  JMP,
  JMP_RM64,
  MOV,
  MOVZX,
  POP_R64,
  PUSH_R64,
  RET,
  SUB,
} from '../x86/forms.ts';
import { type Gpr, R8, R12, RAX, RBP, RBX, RCX, RDI, RDX, RSI, RSP } from '../x86/reg.ts';
import { CLOBBERED_GPRS } from './clobber.ts';
import { REG_FILE_WORDS, RFLAGS } from './engine.ts';
import { MAX_BELOW } from './note-plan.ts';
import { destroyWords } from './recorder/code.ts';
import { RECORD } from './recorder/layout.ts';

/** Words of the structure the hooks get as user pointer. Pointers are those of the host. */
export const GATE = {
  fuel: 0,
  /** One byte for each value of an address's low 16 bits. */
  filter: 1,
  slowPath: 2,
  /** Of the hook of instructions: the last one that started. */
  lastInsn: 3,
  /** A marked block that is passed over, once. */
  skip: 4,
  /** Where the next note goes, and where none fits any more; both 0: the run is not noted. */
  log: 5,
  logEnd: 6,
  /** uc_reg_read_batch, and what it takes to read a register file into `regs`. */
  read: 7,
  regIds: 8,
  regPlaces: 9,
  regs: 10,
  /** Where in the host the stack's lowest window starts, words of a window, and bytes of it below rsp. */
  window: 11,
  windowWords: 12,
  below: 13,
  /** Next answer, and the end of them: pairs of words to destroy and a result. */
  answer: 14,
  answerEnd: 15,
  /** What the first word destroyed becomes. */
  clobber: 16,
  /** uc_reg_write_batch, and what it takes to write what a callee leaves; the result is the first word of `left`. */
  write: 17,
  leftIds: 18,
  leftPlaces: 19,
  left: 20,
  words: 21,
} as const;

/** What the filter says of a block: that it is watched; or that something returns there. */
export const MARK = { watched: 1, returnedTo: 2 } as const;
/** What callees leave, in the order of GATE.left: indexes of a register file. */
export const LEFT_REGS: readonly number[] = [RAX, ...CLOBBERED_GPRS, RFLAGS];
/** At `skip`: no block is there. */
export const NOWHERE = -1n;

const LOWEST_RSP = STACK_BASE + BigInt(MAX_BELOW);
const RSP_ROOM = STACK_SIZE - 2 * MAX_BELOW;
const CALLEES = Number(CALLEE_BASE);
const CALLEE_ROOM = Number(CALLBACK_BASE - CALLEE_BASE);
const GUEST_RSP = 8 * (RECORD.regs + RSP);

/** SDM 2A and 2B: `dec qword [rcx]`, `cmp byte [rax], imm8`, `rep movsq`. */
const DEC_FUEL = Uint8Array.of(0x48, 0xff, 0x09);
const CMP_AT_RAX = [0x80, 0x38];
const REP_MOVSQ = Uint8Array.of(0xf3, 0x48, 0xa5);

/** A jump forward, from the end of its displacement. */
type Jump = number;

/** psABI §3.2.3: rdi = uc, rsi = address, edx = size, rcx = the gate's words. */
export function blockHook(): Uint8Array {
  const asm = new Assembler(1024);
  asm.raw(DEC_FUEL);
  const usedUp = jump(asm, JCC.l.rel32);
  asm.mr(MOVZX.r32_rm16, RSI, RAX);
  compareMark(asm, RCX, 0);
  const marked = jump(asm, JCC.ne.rel32);
  asm.mr(MOV.rm64_r64, RAX, RSI);
  const called = jumpIfCallee(asm);
  asm.none(RET);
  land(asm, marked);
  asm.mem(CMP.rm64_r64, RCX, 8 * GATE.skip, RSI);
  const seen = jump(asm, JCC.ne.rel32);
  asm.memImm(MOV.rm64_imm32, RCX, 8 * GATE.skip, Number(NOWHERE));
  asm.none(RET);
  land(asm, seen);
  land(asm, called);
  asm.mem(MOV.r64_rm64, RCX, 8 * GATE.log, R8);
  asm.mem(CMP.rm64_r64, RCX, 8 * GATE.logEnd, R8);
  const full = jump(asm, JCC.be.rel32);
  note(asm);
  land(asm, usedUp);
  land(asm, full);
  asm.memOne(JMP_RM64, RCX, 8 * GATE.slowPath);
  return asm.copy();
}

const SAVED: readonly Gpr[] = [RBX, RBP, R12];

/** Returns, or goes on behind itself with what it was called with. rbx: the words, rbp: the note, r12: uc. */
function note(asm: Assembler): void {
  for (const gpr of SAVED) asm.o(PUSH_R64, gpr);
  asm.mr(MOV.rm64_r64, RBX, RCX);
  asm.mr(MOV.rm64_r64, RBP, R8);
  asm.mr(MOV.rm64_r64, R12, RDI);
  asm.mem(MOV.rm64_r64, RBP, 8 * RECORD.id, RSI);
  callBatch(asm, { call: GATE.read, ids: GATE.regIds, places: GATE.regPlaces, count: REG_FILE_WORDS });
  asm.mr(MOV.rm64_r64, RDI, RBP);
  asm.mi(ADD.rm64_imm8, RDI, 8 * RECORD.regs);
  asm.mem(MOV.r64_rm64, RBX, 8 * GATE.regs, RSI);
  asm.oi(MOV.r32_imm32, RCX, REG_FILE_WORDS);
  asm.raw(REP_MOVSQ);
  rspOffset(asm);
  asm.mi(CMP.rm64_imm32, RAX, RSP_ROOM);
  const outside = jump(asm, JCC.a.rel32);
  asm.mem(MOV.r64_rm64, RBX, 8 * GATE.window, RSI);
  asm.mr(ADD.rm64_r64, RSI, RAX);
  asm.mem(MOV.r64_rm64, RBX, 8 * GATE.windowWords, RCX);
  asm.raw(REP_MOVSQ);
  asm.mem(MOV.rm64_r64, RBX, 8 * GATE.log, RDI);
  asm.mem(MOV.r64_rm64, RBP, 8 * RECORD.id, RAX);
  const isCallee = jumpIfCallee(asm);
  const done = watchReturn(asm);
  land(asm, isCallee);
  const unanswered = answer(asm);
  for (const from of done) land(asm, from);
  restore(asm);
  asm.none(RET);
  land(asm, outside);
  land(asm, unanswered);
  asm.mr(MOV.rm64_r64, RDI, R12);
  asm.mem(MOV.r64_rm64, RBP, 8 * RECORD.id, RSI);
  asm.mr(MOV.rm64_r64, RCX, RBX);
  restore(asm);
}

/** rdi: the end of the note. Where the block was entered from is watched, unless something returned to it. */
function watchReturn(asm: Assembler): Jump[] {
  asm.mem(MOVZX.r32_rm16, RBP, 8 * RECORD.id, RAX);
  compareMark(asm, RBX, MARK.watched);
  const isReturn = jump(asm, JCC.ne.rel32);
  asm.mem(MOV.r64_rm64, RBX, 8 * GATE.below, RAX);
  asm.mr(SUB.rm64_r64, RDI, RAX);
  asm.mem(MOVZX.r32_rm16, RDI, 0, RAX);
  compareMark(asm, RBX, 0);
  const isMarked = jump(asm, JCC.ne.rel32);
  asm.memImm(MOV.rm8_imm8, RAX, 0, MARK.returnedTo);
  return [isReturn, isMarked, jump(asm, JMP.rel32)];
}

/** Answers for a callee; jumps if there is no answer. */
function answer(asm: Assembler): Jump {
  asm.mem(MOV.r64_rm64, RBX, 8 * GATE.answer, RSI);
  asm.mem(CMP.rm64_r64, RBX, 8 * GATE.answerEnd, RSI);
  const unanswered = jump(asm, JCC.be.rel32);
  asm.mem(MOV.r64_rm64, RSI, 0, RCX);
  asm.mem(MOV.r64_rm64, RSI, 8, RDX);
  asm.mi(ADD.rm64_imm8, RSI, 16);
  asm.mem(MOV.rm64_r64, RBX, 8 * GATE.answer, RSI);
  asm.mem(MOV.r64_rm64, RBX, 8 * GATE.left, RAX);
  asm.mem(MOV.rm64_r64, RAX, 0, RDX);
  rspOffset(asm);
  asm.mr(MOV.rm64_r64, RDI, RAX);
  for (const word of [GATE.window, GATE.below]) {
    asm.mem(MOV.r64_rm64, RBX, 8 * word, RDX);
    asm.mr(ADD.rm64_r64, RDI, RDX);
  }
  asm.mem(MOV.r64_rm64, RBX, 8 * GATE.clobber, RSI);
  destroyWords(asm);
  callBatch(asm, { call: GATE.write, ids: GATE.leftIds, places: GATE.leftPlaces, count: LEFT_REGS.length });
  return unanswered;
}

/** rax: the guest's rsp, counted from the lowest there may be. */
function rspOffset(asm: Assembler): void {
  asm.mem(MOV.r64_rm64, RBP, GUEST_RSP, RAX);
  asm.oi(MOV.r64_imm64, RDX, -LOWEST_RSP);
  asm.mr(ADD.rm64_r64, RAX, RDX);
}

/** rax: an address. */
function jumpIfCallee(asm: Assembler): Jump {
  asm.mi(SUB.rm64_imm32, RAX, CALLEES);
  asm.mi(CMP.rm64_imm32, RAX, CALLEE_ROOM);
  return jump(asm, JCC.b.rel32);
}

/** rax: the low 16 bits of an address, then where its mark is. */
function compareMark(asm: Assembler, words: Gpr, mark: number): void {
  asm.mem(MOV.r64_rm64, words, 8 * GATE.filter, RDX);
  asm.mr(ADD.rm64_r64, RAX, RDX);
  asm.raw(Uint8Array.of(...CMP_AT_RAX, mark));
}

/** Words of the structure for a call of libunicorn with registers of uc, which is in r12. */
interface Batch {
  readonly call: number;
  readonly ids: number;
  readonly places: number;
  readonly count: number;
}

function callBatch(asm: Assembler, { call, ids, places, count }: Batch): void {
  asm.mr(MOV.rm64_r64, RDI, R12);
  asm.mem(MOV.r64_rm64, RBX, 8 * ids, RSI);
  asm.mem(MOV.r64_rm64, RBX, 8 * places, RDX);
  asm.oi(MOV.r32_imm32, RCX, count);
  asm.memOne(CALL_RM64, RBX, 8 * call);
}

function restore(asm: Assembler): void {
  for (const gpr of SAVED.toReversed()) asm.o(POP_R64, gpr);
}

function jump(asm: Assembler, form: typeof JMP.rel32): Jump {
  asm.rel(form, 0);
  return asm.length;
}

const land = (asm: Assembler, from: Jump): void => asm.patch32(from - 4, asm.length - from);
