/**
 * The driver: machine code of the host that lets the traced guest run until it stops, so that a stop costs one
 * call out of JavaScript and not six. It works on a record of 64-bit words, whose address it is given (rdi):
 *
 *   set the guest's registers, resume, wait, get registers and siginfo
 *
 * psABI §3.2.3 (arguments), appendix A.2.1 (system calls: number in rax; rdi, rsi, rdx, r10; destroys rcx, r11).
 */
import { Assembler } from '../../x86/assembler.ts';
import { ADD, AND, CMP, JCC, JMP, MOV, POP_R64, PUSH_R64, RET, TEST, XOR } from '../../x86/forms.ts';
import { type Gpr, R10, RAX, RBX, RDI, RDX, RSI } from '../../x86/reg.ts';
import { RFLAGS } from '../engine.ts';
import { NOT_THE_GUESTS } from './door-code.ts';
import { SYSCALL } from './guest-elf.ts';
import { NT_X86_XSTATE, PTRACE, SYS, WAIT_ALL } from './linux.ts';

/** Words of the record. */
export const RECORD = {
  pid: 0,
  /** PTRACE.cont, sysemu or sysemuSingleStep */
  request: 1,
  /** struct iovec with the x87 and vector state to set first; 0: leave it */
  xstate: 2,
  /** As wait4 gives it. */
  status: 3,
  /** What setting the state, or resuming, returned: 0, or minus an errno. */
  error: 4,
  /** A register file (engine.ts), then rip. */
  regs: 6,
  /** struct user_regs_struct */
  user: 24,
  /** siginfo_t */
  siginfo: 52,
} as const;
export const RECORD_WORDS = 68;

/** Index of rip behind the registers of RECORD.regs. */
export const RIP = RFLAGS + 1;
/** Index in user_regs_struct of rax rcx rdx rbx rsp rbp rsi rdi r8..r15, rflags, rip. */
// biome-ignore format: the order of a register file
const USER_REGS = [10, 11, 12, 5, 19, 4, 13, 14, 9, 8, 7, 6, 3, 2, 1, 0, 18, 16] as const;
const USER_ORIG_RAX = 15;
export const USER_RIP = 16;
const EINTR = 4;

/** `void drive(record *)`: all of it. */
export const driverCode = (): Uint8Array =>
  routine((asm) => {
    copyIn(asm);
    const unreset = setXstate(asm);
    ptrace(asm, PTRACE.setRegs, RECORD.user);
    const unset = jumpIfFailed(asm);
    const unresumed = resume(asm);
    look(asm);
    unreset();
    unset();
    unresumed();
  });

/** `void go(record *)`: resumes the guest as it is, waits, and gets rip, where the user registers have it. */
export const goCode = (): Uint8Array =>
  routine((asm) => {
    const unresumed = resume(asm);
    asm.oi(MOV.r32_imm32, RDI, PTRACE.peekUser);
    asm.oi(MOV.r32_imm32, RDX, 8 * USER_RIP);
    address(asm, R10, RECORD.user + USER_RIP);
    ptraceCall(asm);
    unresumed();
  });

/** `void look(record *)`: gets registers and siginfo of a guest that has stopped. */
export const lookCode = (): Uint8Array => routine(look);

function routine(body: (asm: Assembler) => void): Uint8Array {
  const asm = new Assembler(2048);
  asm.o(PUSH_R64, RBX);
  asm.mr(MOV.rm64_r64, RBX, RDI);
  body(asm);
  asm.o(POP_R64, RBX);
  asm.none(RET);
  return asm.bytes().slice();
}

/** And waits. Returns where to go if it cannot be resumed. */
function resume(asm: Assembler): () => void {
  load(asm, RDI, RECORD.request);
  asm.mr(XOR.rm32_r32, RDX, RDX);
  asm.mr(XOR.rm32_r32, R10, R10);
  ptraceCall(asm);
  const failed = jumpIfFailed(asm);
  wait(asm);
  return failed;
}

function look(asm: Assembler): void {
  ptrace(asm, PTRACE.getRegs, RECORD.user);
  ptrace(asm, PTRACE.getSigInfo, RECORD.siginfo);
  copyOut(asm);
}

/** Registers to user_regs_struct; orig_rax -1 keeps the kernel from restarting a system call. */
function copyIn(asm: Assembler): void {
  USER_REGS.forEach((slot, i) => {
    load(asm, RAX, RECORD.regs + i);
    store(asm, RECORD.user + slot, RAX);
  });
  asm.memImm(MOV.rm64_imm32, RBX, 8 * (RECORD.user + USER_ORIG_RAX), -1);
}

function copyOut(asm: Assembler): void {
  USER_REGS.forEach((slot, i) => {
    load(asm, RAX, RECORD.user + slot);
    if (i === RFLAGS) asm.mi(AND.rm64_imm32, RAX, ~NOT_THE_GUESTS);
    store(asm, RECORD.regs + i, RAX);
  });
}

/** The x87 and vector state, if asked. Returns where to go if it fails. */
function setXstate(asm: Assembler): () => void {
  load(asm, R10, RECORD.xstate);
  asm.mr(TEST.rm64_r64, R10, R10);
  const none = jump(asm, JCC.e.rel32);
  asm.oi(MOV.r32_imm32, RDI, PTRACE.setRegSet);
  asm.oi(MOV.r32_imm32, RDX, NT_X86_XSTATE);
  ptraceCall(asm);
  const failed = jumpIfFailed(asm);
  none();
  return failed;
}

/** Keeps what a call returned, and jumps if it is an error: then there is nothing to wait for. */
function jumpIfFailed(asm: Assembler): () => void {
  store(asm, RECORD.error, RAX);
  asm.mr(TEST.rm64_r64, RAX, RAX);
  return jump(asm, JCC.ne.rel32);
}

/** wait4, until it is not interrupted. Status 0 if there is nothing to wait for. */
function wait(asm: Assembler): void {
  asm.memImm(MOV.rm64_imm32, RBX, 8 * RECORD.status, 0);
  const again = asm.length;
  asm.oi(MOV.r32_imm32, RAX, SYS.wait4);
  load(asm, RDI, RECORD.pid);
  address(asm, RSI, RECORD.status);
  asm.oi(MOV.r32_imm32, RDX, WAIT_ALL);
  asm.mr(XOR.rm32_r32, R10, R10);
  asm.raw(SYSCALL);
  asm.mi(CMP.rm64_imm8, RAX, -EINTR);
  const done = jump(asm, JCC.ne.rel32);
  asm.rel(JMP.rel32, again - asm.length - 5);
  done();
}

/** ptrace(request, pid, 0, record + word) */
function ptrace(asm: Assembler, request: number, word: number): void {
  asm.oi(MOV.r32_imm32, RDI, request);
  asm.mr(XOR.rm32_r32, RDX, RDX);
  address(asm, R10, word);
  ptraceCall(asm);
}

function ptraceCall(asm: Assembler): void {
  asm.oi(MOV.r32_imm32, RAX, SYS.ptrace);
  load(asm, RSI, RECORD.pid);
  asm.raw(SYSCALL);
}

const load = (asm: Assembler, reg: Gpr, word: number): void => asm.mem(MOV.r64_rm64, RBX, 8 * word, reg);
const store = (asm: Assembler, word: number, reg: Gpr): void => asm.mem(MOV.rm64_r64, RBX, 8 * word, reg);

function address(asm: Assembler, reg: Gpr, word: number): void {
  asm.mr(MOV.rm64_r64, reg, RBX);
  asm.mi(ADD.rm64_imm32, reg, 8 * word);
}

/** A jump whose target is where its result is called. */
function jump(asm: Assembler, form: typeof JCC.e.rel32): () => void {
  asm.rel(form, 0);
  const from = asm.length;
  return () => asm.patch32(from - 4, asm.length - from);
}
