/** Loads, stores and atomics of the wrong width, sign, register or address. */
import type { AtomicInsn, Insn } from '../bpf/insn.ts';
import { load, store } from '../jit/lower/memory.ts';
import { gprOf, SAVED_R0 } from '../jit/regmap.ts';
import type { Target } from '../jit/target.ts';
import { AND, JCC, LOCK_CMPXCHG, MOV, OR, XOR } from '../x86/forms.ts';
import { R11, RAX } from '../x86/reg.ts';
import { asIf, instead, type Mutant, patched } from './mutant.ts';

const LOOP_OPS = { fetch_and: AND, fetch_or: OR, fetch_xor: XOR } as const;
type LoopOp = keyof typeof LOOP_OPS;
const isLoop = (insn: Insn): insn is AtomicInsn & { readonly op: LoopOp } =>
  insn.kind === 'atomic' && insn.op in LOOP_OPS;

/** The fetch loop with r0 not replaced by its copy in some operand. */
const fetchLoop = (fault: {
  readonly keepsSrc: boolean;
  readonly keepsBase: boolean;
  readonly result: 'old' | 'new';
}) =>
  instead(({ asm }, insn) => {
    if (!isLoop(insn)) return false;
    const wide = insn.size === 8;
    const away = (gpr: number, keep: boolean): number => (gpr === RAX && !keep ? SAVED_R0 : gpr);
    const base = away(gprOf(insn.dst), fault.keepsBase);
    const src = away(gprOf(insn.src), fault.keepsSrc);
    const pair = LOOP_OPS[insn.op];
    asm.mr(MOV.rm64_r64, SAVED_R0, RAX);
    const loop = asm.length;
    load(asm, insn.size, RAX, base, insn.off);
    asm.mr(wide ? MOV.rm64_r64 : MOV.rm32_r32, R11, RAX);
    asm.mr(wide ? pair.rm64_r64 : pair.rm32_r32, R11, src);
    asm.mem(wide ? LOCK_CMPXCHG.rm64_r64 : LOCK_CMPXCHG.rm32_r32, base, insn.off, R11);
    asm.rel(JCC.ne.rel8, loop - (asm.length + 2));
    asm.mr(wide ? MOV.rm64_r64 : MOV.rm32_r32, src, fault.result === 'old' ? RAX : R11);
    asm.mr(MOV.rm64_r64, RAX, SAVED_R0);
    return true;
  });

const withoutZext = (target: Target): Target => ({
  ...target,
  lowerInsn(context, convention, insn, pc) {
    // The move that the rewrite put behind the cmpxchg is the only `w0 = w0` a rewrite makes.
    const isZext =
      insn.kind === 'alu' &&
      insn.op === 'mov' &&
      insn.width === 32 &&
      insn.source === 'X' &&
      insn.dst === 0 &&
      insn.src === 0;
    if (!isZext || !followsCmpxchg(context.asm.bytes())) target.lowerInsn(context, convention, insn, pc);
  },
});

/** Whether the code so far ends in a `lock cmpxchg` with a 32-bit operand. */
function followsCmpxchg(code: Uint8Array): boolean {
  for (let length = 5; length <= 9; length++) {
    const at = code.length - length;
    const rex = ((code[at + 1] ?? 0) & 0xf8) === 0x40 ? 1 : 0;
    if (code[at] === 0xf0 && code[at + 1 + rex] === 0x0f && code[at + 2 + rex] === 0xb1) return true;
  }
  return false;
}

export const MEMORY_MUTANTS: readonly Mutant[] = [
  {
    name: 'stxb-without-rex',
    breaks: 'byte stores of r1, r2 and r10 write bh, dh and ch: no REX for dil, sil, bpl',
    guilty: { stages: ['insn'], insn: /^\*\(u8 \*\)/ },
    source: 'linux aee194b14dd2',
    mutate: patched(
      (insn) =>
        insn.kind === 'stx' && insn.size === 1 && [1, 2, 10].includes(insn.src) && gprOf(insn.dst) < 8,
      (bytes) => bytes.slice(1),
    ),
  },
  {
    name: 'stxh-writes-32',
    breaks: 'a 16-bit store writes 32 bits: no operand-size prefix',
    guilty: { stages: ['insn'], insn: /^\*\(u16 \*\)/ },
    source: 'ubpf 11bbc5f8, 5ac0c7c6 (widths)',
    mutate: patched(
      (insn) => insn.kind === 'stx' && insn.size === 2,
      (bytes) => bytes.slice(1),
    ),
  },
  {
    name: 'st-dw-writes-32',
    breaks: 'a 64-bit store of an immediate writes 32 bits',
    guilty: { stages: ['insn'], insn: /^\*\(u64 \*\).* = -?\d/ },
    source: 'jit-bugs class: imm sign extension',
    mutate: asIf((insn) => (insn.kind === 'st' && insn.size === 8 ? { ...insn, size: 4 } : undefined)),
  },
  {
    name: 'ldxw-sign-extends',
    breaks: 'a 32-bit load sign-extends',
    guilty: { stages: ['insn'], insn: /= \*\(u32 \*\)/ },
    source: 'linux 5fa9a98fb103 (upper word of a narrow load)',
    mutate: asIf((insn) =>
      insn.kind === 'ldx' && insn.size === 4 && insn.src < 11 ? { ...insn, sign: true } : undefined,
    ),
  },
  {
    name: 'ldxb-reads-16',
    breaks: 'an 8-bit load reads 16 bits',
    guilty: { stages: ['insn'], insn: /= \*\(u8 \*\)/ },
    source: 'ubpf 11bbc5f8',
    mutate: asIf((insn) =>
      insn.kind === 'ldx' && insn.size === 1 && !insn.sign ? { ...insn, size: 2 } : undefined,
    ),
  },
  {
    name: 'ldsx-zero-extends',
    breaks: 'sign-extending loads zero-extend',
    guilty: { stages: ['insn'], insn: /= \*\(s\d/ },
    source: 'linux 1f9a1ea821ff (sign-extension loads)',
    mutate: asIf((insn) => (insn.kind === 'ldx' && insn.sign ? { ...insn, sign: false } : undefined)),
  },
  {
    name: 'disp8-wraps',
    breaks: 'displacements from 128 to 255 are taken for 8-bit ones',
    guilty: { stages: ['insn'], insn: /\*\(\w+ \*\)\(r\d+ \+ (1[2-9]\d|2[0-5]\d)\)/ },
    source: 'linux is_imm8(); jit-bugs §5',
    mutate: asIf((insn) =>
      (insn.kind === 'ldx' || insn.kind === 'stx') && insn.off >= 128 && insn.off < 256
        ? { ...insn, off: insn.off - 256 }
        : undefined,
    ),
  },
  {
    name: 'base-r13-loses-rex-b',
    breaks: 'loads through r7 (r13) read through rbp',
    guilty: { stages: ['insn'], insn: /= \*\(u64 \*\)\(r7/ },
    source: 'linux 5bbbce02e500; ubpf 86a5001d',
    mutate: patched(
      (insn) => insn.kind === 'ldx' && insn.src === 7 && insn.size === 8,
      (bytes) => [(bytes[0] ?? 0) & ~1, ...bytes.slice(1)],
    ),
  },
  {
    name: 'stx-dst-src-exchanged-rex',
    breaks: 'REX.R and REX.B of 64-bit stores are exchanged',
    // may_goto keeps its count by a store of its own.
    guilty: { stages: ['insn'], insn: /^\*\(u64 \*\)|^may_goto/ },
    source: 'linux 5bbbce02e500',
    mutate: patched(
      (insn) => insn.kind === 'stx' && insn.size === 8 && insn.dst < 11,
      (bytes) => {
        const rex = bytes[0] ?? 0;
        return [(rex & ~5) | ((rex & 1) << 2) | ((rex & 4) >> 2), ...bytes.slice(1)];
      },
    ),
  },
  {
    name: 'fetch-loop-src-r0',
    breaks: 'fetch-and/or/xor with src = r0: the loop overwrites the operand',
    guilty: { stages: ['insn'], insn: /atomic_fetch_(and|or|xor)/ },
    source: 'linux b29dd96b905f; ubpf a25446f7 (#546)',
    mutate: fetchLoop({ keepsSrc: true, keepsBase: false, result: 'old' }),
  },
  {
    name: 'fetch-loop-dst-r0',
    breaks: 'fetch-and/or/xor with the address in r0: the loaded value becomes the address',
    guilty: { stages: ['insn'], insn: /atomic_fetch_(and|or|xor)/ },
    source: 'linux ced185824c89; ubpf HEAD 2a8edd11',
    mutate: fetchLoop({ keepsSrc: false, keepsBase: true, result: 'old' }),
  },
  {
    name: 'fetch-returns-new',
    breaks: 'fetch-and/or/xor returns the new value',
    guilty: { stages: ['insn'], insn: /atomic_fetch_(and|or|xor)/ },
    source: 'ubpf 21907f34 (#710), class: which value comes back',
    mutate: fetchLoop({ keepsSrc: false, keepsBase: false, result: 'new' }),
  },
  {
    name: 'cmpxchg32-no-zext',
    breaks: 'a 32-bit cmpxchg that succeeds leaves the upper half of r0',
    guilty: { stages: ['insn'], insn: /cmpxchg32/ },
    source: 'linux 39491867ace5',
    mutate: withoutZext,
  },
  {
    name: 'cmpxchg32-as-64',
    breaks: 'a 32-bit cmpxchg compares and writes 64 bits',
    guilty: { stages: ['insn'], insn: /cmpxchg/ },
    source: 'ubpf #596',
    mutate: asIf((insn) =>
      insn.kind === 'atomic' && insn.op === 'cmpxchg' ? { ...insn, size: 8 } : undefined,
    ),
  },
  {
    name: 'atomic-add-not-stored',
    breaks: 'fetch_add exchanges instead of adding',
    guilty: { stages: ['insn'], insn: /atomic_fetch_add/ },
    source: 'ubpf #596 (opcode bits)',
    mutate: asIf((insn) =>
      insn.kind === 'atomic' && insn.op === 'fetch_add' ? { ...insn, op: 'xchg' } : undefined,
    ),
  },
  {
    name: 'atomic-or-as-xor',
    breaks: 'atomic or without fetch computes xor',
    guilty: { stages: ['insn'], insn: /^lock .*\|=/ },
    source: 'linux simple_alu_opcodes[]',
    mutate: asIf((insn) => (insn.kind === 'atomic' && insn.op === 'or' ? { ...insn, op: 'xor' } : undefined)),
  },
  {
    name: 'fetch-flag-ignored',
    breaks: 'fetch_add does not bring back the old value',
    guilty: { stages: ['insn'], insn: /atomic_fetch_add/ },
    source: 'ubpf #596',
    mutate: asIf((insn) =>
      insn.kind === 'atomic' && insn.op === 'fetch_add' ? { ...insn, op: 'add' } : undefined,
    ),
  },
  {
    name: 'store-release-8',
    breaks: 'a 16-bit store-release writes 8 bits',
    guilty: { stages: ['insn'], insn: /store_release/ },
    source: 'linux 880442305a39 (load-acquire and store-release)',
    mutate: instead(({ asm }, insn) => {
      if (insn.kind !== 'atomic' || insn.op !== 'store_release' || insn.size !== 2) return false;
      store(asm, 1, gprOf(insn.dst), insn.off, gprOf(insn.src));
      return true;
    }),
  },
];
