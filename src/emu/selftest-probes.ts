/**
 * The emulator's self-test: what is run. A probe is one x86 form the JIT can emit, in a small function that takes
 * its operands from a block of memory and puts its results back there, so that it runs the same on a CPU.
 *
 * Operands: rax first, rcx second, rdx third; memory at [rsi].
 */
import { Assembler } from '../x86/assembler.ts';
import type { Form, Shape } from '../x86/form.ts';
import { ALL_FORMS, CDQ, CMP, CQO, JMP, LEAVE, MOV, OR, POP_R64, PUSH_R64, RET, XOR } from '../x86/forms.ts';
import { RAX, RBP, RCX, RDX, RSI, RSP } from '../x86/reg.ts';

/** The block of memory: five words. Bits of rflags: SDM 1 §3.4.3. */
export const BLOCK = { rax: 0, rcx: 1, rdx: 2, flags: 3, memory: 4 } as const;
export const BLOCK_WORDS = 5;
export const STATUS_FLAGS = 0x8d5n;
const AF = 0x10n;
const OF = 0x800n;
const CF = 0x1n;

export interface Probe {
  /** e.g. `add_rm64_imm8 rax, -128` */
  readonly name: string;
  /** The form as the SDM prints it. */
  readonly notation: string;
  /** The whole function: block in rdi, ends in ret. */
  readonly code: Uint8Array;
  /** Status flags the SDM defines after it. */
  readonly definedFlags: bigint;
}

/** Start values: rax, rcx, rdx, rflags, memory. Chosen so that each of compare, carry, sign and overflow happens. */
// biome-ignore format: one state a line
export const STATES: readonly BigUint64Array[] = [
  [0n,                     0n,                     0n,                     0x002n, 0n],
  [1n,                     0xffff_ffff_ffff_ffffn, 0x0000_0000_ffff_ffffn, 0x8d7n, 1n],
  [0x7fff_ffff_ffff_ffffn, 1n,                     0x8000_0000_0000_0000n, 0x002n, 0x8000_0000_0000_0000n],
  [0x8000_0000_0000_0000n, 0xffff_ffff_ffff_fff0n, 63n,                    0x8d7n, 0xffff_ffff_ffff_ffffn],
  [0x0000_0000_8000_0000n, 0x0000_0000_8000_0000n, 31n,                    0x002n, 0x0000_0000_7fff_ffffn],
  [0xdead_beef_0000_0001n, 0x1234_5678_ffff_ffffn, 32n,                    0x8d7n, 0x0bad_f00d_0000_0001n],
  [0x0000_0000_7fff_ffffn, 0x0000_0000_0000_0080n, 0x0000_0000_0000_ffffn, 0x002n, 0xffff_ffff_8000_0000n],
  [0x0123_4567_89ab_cdefn, 33n,                    0xfedc_ba98_7654_3210n, 0x8d7n, 0x0123_4567_89ab_cdefn],
  [0xfedc_ba98_7654_3210n, 0xffff_0000_0000_001fn, 64n,                    0x002n, 0x0123_4567_89ab_cdefn],
  [0xa5a5_5a5a_0f0f_8080n, 0xa5a5_5a5a_0f0f_8080n, 0xffff_ffff_ffff_ffffn, 0x8d7n, 0x8080_8080_7f7f_7f7fn],
].map((words) => BigUint64Array.from(words));

const IMM8 = [1, -128, 127];
const IMM32 = [0x1234_5678, -0x8000_0000];
const SHIFT_COUNTS = [0, 1, 31, 33, 63];

/** One or more probes for each form but int3, whose trap has no result. */
export function probes(): Probe[] {
  const list = ALL_FORMS.filter(({ name }) => name !== 'int3');
  return list.flatMap((form) => snippets(form).map(({ operands, emit }) => probe(form, operands, emit)));
}

interface Snippet {
  readonly operands: string;
  readonly emit: (asm: Assembler) => void;
}

function probe(form: Form, operands: string, emit: (asm: Assembler) => void): Probe {
  const asm = new Assembler(128);
  asm.raw(ENTER);
  emit(asm);
  asm.raw(EXIT);
  const name = operands === '' ? form.name : `${form.name} ${operands}`;
  const lock = form.lock ? 'lock ' : '';
  return {
    name: lock + name,
    notation: form.notation,
    code: asm.bytes().slice(),
    definedFlags: definedFlags(form),
  };
}

// biome-ignore format: an instruction a line
const ENTER = Uint8Array.of(
  0x57,                    // push rdi
  0xff, 0x77, 0x18,        // push qword [rdi + 8 * flags]
  0x9d,                    // popfq
  0x48, 0x8b, 0x07,        // mov rax, [rdi]
  0x48, 0x8b, 0x4f, 0x08,  // mov rcx, [rdi + 8 * rcx]
  0x48, 0x8b, 0x57, 0x10,  // mov rdx, [rdi + 8 * rdx]
  0x48, 0x8d, 0x77, 0x20,  // lea rsi, [rdi + 8 * memory]
);
// biome-ignore format: an instruction a line
const EXIT = Uint8Array.of(
  0x9c,                    // pushfq
  0x41, 0x58,              // pop r8
  0x5f,                    // pop rdi
  0x48, 0x89, 0x07,        // mov [rdi], rax
  0x48, 0x89, 0x4f, 0x08,  // mov [rdi + 8 * rcx], rcx
  0x48, 0x89, 0x57, 0x10,  // mov [rdi + 8 * rdx], rdx
  0x4c, 0x89, 0x47, 0x18,  // mov [rdi + 8 * flags], r8
  0xfc,                    // cld
  0xc3,                    // ret
);

/** Ways to use a form, by its shape. */
function snippets(form: Form): Snippet[] {
  if (isShape(form, 'none')) return [plain(form)];
  if (isShape(form, 'o')) return [opcodeReg(form)];
  if (isShape(form, 'oi'))
    return [1n, -1n].map((imm) => ({ operands: `rax, ${imm}`, emit: (a) => a.oi(form, RAX, imm) }));
  if (isShape(form, 'm')) return [single(form)];
  if (isShape(form, 'mi')) return withImmediate(form);
  if (isShape(form, 'mr')) return twoOperands(form);
  if (isShape(form, 'mri')) {
    return immediates(form).map((imm) => ({
      operands: `rax, rcx, ${imm}`,
      emit: (a) => a.mri(form, RCX, RAX, imm),
    }));
  }
  if (isShape(form, 'i')) return IMM32.map((imm) => ({ operands: `${imm}`, emit: (a) => a.i(form, imm) }));
  if (isShape(form, 'rel')) return [branch(form)];
  if (isShape(form, 'vex')) return [{ operands: 'rax, rcx, rdx', emit: (a) => a.vex(form, RAX, RCX, RDX) }];
  return [];
}

const isShape = <S extends Shape>(form: Form, shape: S): form is Form<S> => form.shape === shape;

function plain(form: Form<'none'>): Snippet {
  switch (form.name) {
    case 'leave':
      return { operands: 'undoes push rbp; mov rbp, rsp; push rcx', emit: emitFrame };
    case 'ret':
      return { operands: 'of call_rel32', emit: emitCall };
    default:
      return { operands: '', emit: (asm) => asm.none(form) };
  }
}

function emitFrame(asm: Assembler): void {
  asm.o(PUSH_R64, RBP);
  asm.mr(MOV.rm64_r64, RBP, RSP);
  asm.o(PUSH_R64, RCX);
  asm.none(LEAVE);
}

/** call over a jump to a ret, which comes back to the jump, which goes over the ret. */
function emitCall(asm: Assembler): void {
  asm.raw(Uint8Array.of(0xe8, 2, 0, 0, 0));
  asm.rel(JMP.rel8, 1);
  asm.none(RET);
}

/** rax becomes the address 8 bytes on from the pop, behind the int3; then it is cleared, as no two runs share it. */
function emitJump(asm: Assembler): void {
  asm.raw(Uint8Array.of(0xe8, 0, 0, 0, 0));
  asm.o(POP_R64, RAX);
  asm.raw(Uint8Array.of(0x48, 0x83, 0xc0, 8, 0xff, 0xe0, 0xcc));
  asm.mr(XOR.rm32_r32, RAX, RAX);
}

/** The same, but rax becomes the address of a ret behind a jump over it, 9 bytes on from the pop. */
function emitIndirectCall(asm: Assembler): void {
  asm.raw(Uint8Array.of(0xe8, 0, 0, 0, 0));
  asm.o(POP_R64, RAX);
  asm.raw(Uint8Array.of(0x48, 0x83, 0xc0, 9, 0xff, 0xd0, 0xeb, 1));
  asm.none(RET);
  asm.mr(XOR.rm32_r32, RAX, RAX);
}

function opcodeReg(form: Form<'o'>): Snippet {
  switch (form.name) {
    case 'push_r64':
      return {
        operands: 'rcx; pop rax',
        emit: emitAll(
          (a) => a.o(form, RCX),
          (a) => a.o(POP_R64, RAX),
        ),
      };
    case 'pop_r64':
      return {
        operands: 'rdx after push rax',
        emit: emitAll(
          (a) => a.o(PUSH_R64, RAX),
          (a) => a.o(form, RDX),
        ),
      };
    default:
      return { operands: 'rax', emit: (asm) => asm.o(form, RAX) };
  }
}

const emitAll =
  (...steps: readonly Snippet['emit'][]): Snippet['emit'] =>
  (asm) => {
    for (const step of steps) step(asm);
  };

/** Divisions get a dividend that fits and a divisor that is odd, so that none of them traps. */
function single(form: Form<'m'>): Snippet {
  if (form.name === 'jmp_rm64') return { operands: 'rax, over an int3', emit: emitJump };
  if (form.name === 'call_rm64') return { operands: 'rax, of a ret', emit: emitIndirectCall };
  if (form.name === 'push_rm64') {
    const emit = emitAll(
      (a) => a.memOne(form, RSI, 0),
      (a) => a.o(POP_R64, RAX),
    );
    return { operands: '[rsi]; pop rax', emit };
  }
  const signed = form.name.startsWith('idiv');
  if (!signed && !form.name.startsWith('div')) return { operands: 'rax', emit: (asm) => asm.m(form, RAX) };
  const emit = (asm: Assembler): void => {
    asm.mi(OR.rm64_imm8, RCX, 1);
    if (!signed) asm.mr(XOR.rm32_r32, RDX, RDX);
    else asm.none(form.rex === 0x48 ? CQO : CDQ);
    asm.m(form, RCX);
  };
  return { operands: 'rcx | 1', emit };
}

function withImmediate(form: Form<'mi'>): Snippet[] {
  return immediates(form).flatMap((imm): Snippet[] => {
    const register = { operands: `rax, ${imm}`, emit: (asm: Assembler) => asm.mi(form, RAX, imm) };
    const memory = { operands: `[rsi], ${imm}`, emit: (asm: Assembler) => asm.memImm(form, RSI, 0, imm) };
    return form.name.startsWith('mov') ? [memory] : [register];
  });
}

function immediates(form: Form): readonly number[] {
  if (/^(sh|sa|ro)/.test(form.name)) return form.name.startsWith('ror') ? [8] : SHIFT_COUNTS;
  return form.immBytes === 1 ? IMM8 : IMM32;
}

function twoOperands(form: Form<'mr'>): Snippet[] {
  if (form.name === 'lea_r64_m')
    return [{ operands: 'rax, [rcx + 8]', emit: (asm) => asm.mem(form, RCX, 8, RAX) }];
  const loads = /_r(8|16|32|64)_rm/.test(form.name);
  const reg = loads ? RAX : RCX;
  const memory: Snippet = {
    operands: loads ? 'rax, [rsi]' : '[rsi], rcx',
    emit: (asm) => asm.mem(form, RSI, 0, reg),
  };
  const register: Snippet = { operands: 'rax, rcx', emit: (asm) => asm.mr(form, loads ? RCX : RAX, reg) };
  return form.lock || form.name.startsWith('xchg') ? [memory] : [register, memory];
}

/** Taken branches skip `xor edx, edx`. */
function branch(form: Form<'rel'>): Snippet {
  if (form.name === 'call_rel32') return { operands: 'and back', emit: emitCall };
  const emit = (asm: Assembler): void => {
    asm.mr(CMP.rm64_r64, RAX, RCX);
    asm.rel(form, 2);
    asm.mr(XOR.rm32_r32, RDX, RDX);
  };
  return { operands: 'after cmp rax, rcx', emit };
}

/** SDM 2, "Flags Affected": what is not undefined. */
function definedFlags({ name }: Form): bigint {
  const mnemonic = name.split('_')[0] ?? '';
  if (/^(and|or|xor|test|j)/.test(mnemonic)) return STATUS_FLAGS & ~AF;
  if (/^(shl|shr|sar)$/.test(mnemonic))
    return STATUS_FLAGS & ~AF & (name.endsWith('_1') ? STATUS_FLAGS : ~OF);
  if (mnemonic === 'ror' || mnemonic === 'rol') return STATUS_FLAGS & ~OF;
  if (mnemonic === 'imul') return CF | OF;
  return /^i?div$/.test(mnemonic) ? 0n : STATUS_FLAGS;
}
