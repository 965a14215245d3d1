/**
 * The program of the guest's process: an ELF file of one page, made here. It asks to be traced and stops; from
 * then on it is a shell for whatever the host maps into it. Its only other code are the gates, through which the
 * host has it do system calls: `syscall`, and `int3` to come back; and the same for a list of them; and the door
 * (door-code.ts).
 *
 * ELF-64 object file format (file header, program header); psABI §3.4 (process entry).
 */
import { Assembler } from '../../x86/assembler.ts';
import { ADD, CMP, INT3, JCC, MOV, NEG } from '../../x86/forms.ts';
import { type Gpr, R8, R9, R10, RAX, RBP, RBX, RDI, RDX, RSI } from '../../x86/reg.ts';
import { doorCode } from './door-code.ts';
import { PTRACE, SYS } from './linux.ts';

/** Where the page lies in the guest's address space: far from all regions, and no pattern code is likely to hit. */
export const GUEST_PAGE = 0x6b3d_51c7_e000n;
export const GUEST_PAGE_SIZE = 0x1000;
/** The page after it: code the host puts there while the guest runs (breakpoints.ts), then calls to do (call-list.ts). */
export const SLOT_PAGE = GUEST_PAGE + BigInt(GUEST_PAGE_SIZE);
export const LIST_PAGE_OFFSET = 0x800;
/** What the door's code works with: what the host says, and after it what it says to the host. */
export const DOOR_ENTRY = SLOT_PAGE + BigInt(GUEST_PAGE_SIZE);
export const DOOR_ENTRY_SIZE = 0x4000;
export const DOOR_EXIT = DOOR_ENTRY + BigInt(DOOR_ENTRY_SIZE);
/** First address after all of them. */
export const OWN_END = DOOR_EXIT + BigInt(GUEST_PAGE_SIZE);
/** First address above all that a process may map. */
export const TASK_SIZE = 0x7fff_ffff_f000n;

/** The guest's only open file: what its memory is mapped from. */
export const GUEST_FD = 0;

/** CPU time between two ticks of the timer. */
export const TICK_MS = 5;

const CODE_OFFSET = 0x100;
const GATE_OFFSET = 0x180;
const SYSENTER_OFFSET = 0x190;
const LIST_OFFSET = 0x1a0;
const DATA_OFFSET = 0x200;
const DOOR_OFFSET = 0x240;

/** `syscall; int3` */
export const GATE = GUEST_PAGE + BigInt(GATE_OFFSET);
/** Does the calls from [rbx] up to rbp, LIST_CALL_WORDS each, until one fails. */
export const LIST_GATE = GUEST_PAGE + BigInt(LIST_OFFSET);
/** Number, and arguments. */
export const LIST_CALL_WORDS = 7;
/** Where a run may return to, to be over. */
export const DOOR = GUEST_PAGE + BigInt(DOOR_OFFSET);
/** `sysenter` */
export const SYSENTER = GUEST_PAGE + BigInt(SYSENTER_OFFSET);
/** An empty signal set. */
export const EMPTY_SIGSET = GUEST_PAGE + BigInt(DATA_OFFSET);
/** struct itimerval: every TICK_MS. */
export const TICK_TIMER = EMPTY_SIGSET + 8n;

export const SYSCALL = Uint8Array.of(0x0f, 0x05);
/** Of a system call: its number, then its arguments. psABI appendix A.2.1. */
const CALL_GPRS: readonly Gpr[] = [RAX, RDI, RSI, RDX, R10, R8, R9];
const JCC_BYTES = 2;

const door = () => doorCode({ at: DOOR, entry: DOOR_ENTRY, exit: DOOR_EXIT });
/** Where the guest rests when it has come out by the door: it goes in again from there. */
export const DOOR_REST = DOOR + BigInt(door().rest);

/** The file's bytes. */
export function guestElf(): Uint8Array {
  const file = new Uint8Array(GUEST_PAGE_SIZE);
  const view = new DataView(file.buffer);
  fileHeader(file, view);
  segment(view, 64, { type: 1, flags: 5, size: BigInt(GUEST_PAGE_SIZE) });
  // PT_GNU_STACK without execute permission; the stack is unmapped at once.
  segment(view, 120, { type: 0x6474_e551, flags: 6, size: 0n });
  file.set(entryCode(), CODE_OFFSET);
  file.set([...SYSCALL, 0xcc], GATE_OFFSET);
  file.set([0x0f, 0x34], SYSENTER_OFFSET);
  file.set(listCode(), LIST_OFFSET);
  file.set(door().bytes, DOOR_OFFSET);
  const microseconds = BigInt(TICK_MS * 1000);
  [0n, 0n, microseconds, 0n, microseconds].forEach((word, i) => {
    view.setBigUint64(DATA_OFFSET + 8 * i, word, true);
  });
  return file;
}

function fileHeader(file: Uint8Array, view: DataView): void {
  file.set([0x7f, 0x45, 0x4c, 0x46, 2, 1, 1]); // 64-bit, little-endian, version 1
  view.setUint16(16, 2, true); // ET_EXEC
  view.setUint16(18, 62, true); // EM_X86_64
  view.setUint32(20, 1, true);
  view.setBigUint64(24, GUEST_PAGE + BigInt(CODE_OFFSET), true);
  view.setBigUint64(32, 64n, true); // e_phoff
  view.setUint16(52, 64, true); // e_ehsize
  view.setUint16(54, 56, true); // e_phentsize
  view.setUint16(56, 2, true); // e_phnum
}

interface Segment {
  readonly type: number;
  readonly flags: number;
  readonly size: bigint;
}

function segment(view: DataView, at: number, { type, flags, size }: Segment): void {
  view.setUint32(at, type, true);
  view.setUint32(at + 4, flags, true);
  const address = size === 0n ? 0n : GUEST_PAGE;
  [0n, address, address, size, size, BigInt(GUEST_PAGE_SIZE)].forEach((word, i) => {
    view.setBigUint64(at + 8 + 8 * i, word, true);
  });
}

function listCode(): Uint8Array {
  const asm = new Assembler(64);
  for (const [i, gpr] of CALL_GPRS.entries()) asm.mem(MOV.r64_rm64, RBX, 8 * i, gpr);
  asm.raw(SYSCALL);
  asm.mi(CMP.rm64_imm8, RAX, 0);
  asm.rel(JCC.l.rel8, 0);
  const failed = asm.length;
  asm.mi(ADD.rm64_imm8, RBX, 8 * LIST_CALL_WORDS);
  asm.mr(CMP.rm64_r64, RBX, RBP);
  asm.rel(JCC.b.rel8, -(asm.length + JCC_BYTES));
  asm.patch8(failed - 1, asm.length - failed);
  asm.none(INT3);
  return asm.copy();
}

/** ptrace(PTRACE_TRACEME); int3. Exits with the error's number if it may not be traced. */
function entryCode(): Uint8Array {
  const asm = new Assembler(128);
  asm.oi(MOV.r32_imm32, RAX, SYS.ptrace);
  asm.oi(MOV.r32_imm32, RDI, PTRACE.traceMe);
  asm.raw(SYSCALL);
  asm.mi(CMP.rm64_imm8, RAX, 0);
  asm.rel(JCC.ne.rel8, 1);
  asm.none(INT3);
  asm.m(NEG.rm32, RAX);
  asm.mr(MOV.rm32_r32, RDI, RAX);
  asm.oi(MOV.r32_imm32, RAX, SYS.exit_group);
  asm.raw(SYSCALL);
  return asm.bytes().slice();
}
