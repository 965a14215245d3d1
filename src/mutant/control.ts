/** Jumps, calls, prologues and epilogues that go or leave things elsewhere. */
import type { Insn, JccInsn } from '../bpf/insn.ts';
import { epilogue } from '../jit/lower/frame.ts';
import { gprOf } from '../jit/regmap.ts';
import type { Target } from '../jit/target.ts';
import { CMP, JCC, LEAVE, MOV, POP_R64, RET, SUB } from '../x86/forms.ts';
import { R10, RBP, RBX, RSP } from '../x86/reg.ts';
import { asIf, framed, instead, type Mutant } from './mutant.ts';

const isJcc = (insn: Insn): insn is JccInsn => insn.kind === 'jcc';

/** Frames that save other registers than are used. */
const saving =
  (change: (saved: readonly number[]) => readonly number[]) =>
  (target: Target): Target => ({
    ...target,
    layOut(entries, stackDepth, outgoingArgs, needs) {
      const frame = target.layOut(entries, stackDepth, outgoingArgs, needs);
      const saved = change(frame.saved);
      return {
        ...frame,
        saved,
        outgoingBase: frame.outgoingBase - 8 * (saved.length - frame.saved.length),
        bytes: frame.bytes + 8 * (saved.length - frame.saved.length),
      };
    },
  });

export const CONTROL_MUTANTS: readonly Mutant[] = [
  {
    name: 'second-exit-falls-through',
    breaks: 'only the first EXIT has an epilogue; later ones fall into what follows',
    guilty: { stages: ['epilogue'], insn: /^exit/ },
    source: 'linux 9383191da4e4',
    mutate: (target) => ({
      ...target,
      lowerExit(context, which) {
        if (which === 'first') target.lowerExit(context, which);
      },
    }),
  },
  {
    name: 'exit-pops-reversed',
    breaks: 'callee-saved registers are popped in the order they were pushed',
    guilty: { stages: ['epilogue'], insn: /^exit/ },
    source: 'jit-bugs mutation list 10',
    mutate: framed((frame) => ({ saved: [...frame.saved].reverse() }), 'exit'),
  },
  {
    name: 'exit-forgets-last-pop',
    breaks: 'the last callee-saved register is not popped',
    guilty: { stages: ['epilogue'], insn: /^exit/ },
    source: 'linux pop_callee_regs(); Jitterbug epilogue specification',
    mutate: (target) => ({
      ...target,
      lowerExit(context, which) {
        if (which === 'later') return target.lowerExit(context, which);
        const { asm, frame } = context;
        if (frame.saved.length === 0) return epilogue(context);
        if (frame.outgoing > 0) asm.mi(SUB.rm64_imm32, RSP, -frame.outgoing);
        for (const gpr of [...frame.saved].reverse().slice(0, -1)) asm.o(POP_R64, gpr);
        asm.none(LEAVE);
        asm.none(RET);
      },
    }),
  },
  {
    name: 'r6-not-saved',
    breaks: 'rbx (r6) is used but not saved',
    guilty: { stages: ['epilogue'], insn: /^exit/ },
    source: 'linux detect_reg_usage(); ubpf 86a5001d',
    mutate: saving((saved) => saved.filter((gpr) => gpr !== RBX)),
  },
  {
    name: 'r9-not-saved',
    breaks: 'r15 (r9) is used but not saved',
    guilty: { stages: ['epilogue'], insn: /^exit/ },
    source: 'linux detect_reg_usage()',
    mutate: saving((saved) => saved.filter((gpr) => gpr !== gprOf(9))),
  },
  {
    name: 'fp-after-sub',
    breaks: 'the frame pointer is taken after the stack was reserved: r10 points below the frame',
    guilty: { stages: ['prologue'] },
    source: 'ubpf 8be50595 (#9)',
    mutate: (target) => ({
      ...target,
      prologue(context) {
        target.prologue(context);
        if (context.frame.stackDepth > 0) context.asm.mi(SUB.rm64_imm32, RBP, context.frame.stackDepth);
      },
    }),
  },
  {
    name: 'stack-8-too-small',
    breaks: 'the BPF stack is 8 bytes smaller than the program uses',
    guilty: { stages: ['epilogue', 'insn'], insn: /./ },
    source: 'linux round_up(stack_depth, 8); ubpf a2c93ea6 (#566)',
    mutate: (target) => ({
      ...target,
      layOut(entries, stackDepth, outgoingArgs, needs) {
        return target.layOut(entries, Math.max(0, stackDepth - 8), outgoingArgs, needs);
      },
    }),
  },
  {
    name: 'jump-to-first-insn',
    breaks: 'a jump to the first instruction of a function goes to its prologue',
    guilty: { stages: ['insn'], insn: /goto/ },
    source: 'linux 7c2e988f400e; ubpf 5a4f6c69 (#450)',
    mutate: (target) => ({
      ...target,
      distance(code, addrs, i) {
        const d = target.distance(code, addrs, i);
        return code.jump[i] !== 3 && code.target[i] === 0 ? d - (code.starts[0] ?? 0) : d;
      },
    }),
  },
  {
    name: 'short-jump-too-far',
    breaks: 'a jump over 128 to 131 bytes forward is cut to 8 bits',
    guilty: { stages: ['insn', 'epilogue'], insn: /goto|^exit/ },
    source: 'linux c8831bdbfbab (imm8 limit); solana rbpf 899cd91',
    mutate: (target) => ({
      ...target,
      distance(code, addrs, i) {
        const d = target.distance(code, addrs, i);
        return d >= 128 && d <= 131 ? d - 256 : d;
      },
    }),
  },
  {
    name: 'backward-jump-stale',
    breaks: 'backward jumps over long distances are computed from the addresses of the pass before',
    guilty: { stages: ['insn', 'epilogue'], insn: /goto|^exit/ },
    source: 'linux e4d4d456436b (CVE-2021-29154)',
    mutate: (target) => ({
      ...target,
      distance(code, addrs, i) {
        const d = target.distance(code, addrs, i);
        return d < -128 ? d + 3 : d;
      },
    }),
  },
  {
    name: 'jump-over-lddw-short',
    breaks: 'a jump over a wide instruction counts it as one slot',
    guilty: { stages: ['insn'], insn: /goto/ },
    source: 'solana rbpf a278fbb (#140)',
    mutate: (target) => ({
      ...target,
      distance(code, addrs, i) {
        const to = code.target[i] ?? -1;
        const last = (column: Int32Array): number => (column[to] ?? 0) - (column[to - 1] ?? 0);
        const overWide = code.jump[i] !== 3 && to > i + 1 && last(code.slots) === 2;
        return target.distance(code, addrs, i) - (overWide ? last(code.starts) : 0);
      },
    }),
  },
  {
    name: 'jset-as-jeq-zero',
    breaks: 'jset jumps when no bit is set',
    guilty: { stages: ['insn'], insn: /^if .* & / },
    source: 'linux 80f1f8503635 (JSET)',
    mutate: instead((context, insn) => {
      if (!isJcc(insn) || insn.op !== 'jset' || insn.source !== 'X') return false;
      context.asm.mr(insn.width === 64 ? CMP.rm64_r64 : CMP.rm32_r32, gprOf(insn.dst), gprOf(insn.src));
      context.jump = JCC.ne;
      return true;
    }),
  },
  {
    name: 'jset32-reads-64',
    breaks: 'a 32-bit jset looks at the upper halves',
    guilty: { stages: ['insn'], insn: /^if w.* & / },
    source: 'linux 80f1f8503635',
    mutate: asIf((insn) =>
      isJcc(insn) && insn.op === 'jset' && insn.width === 32 ? { ...insn, width: 64 } : undefined,
    ),
  },
  {
    name: 'jmp32-compares-64',
    breaks: '32-bit comparisons of registers compare 64 bits',
    guilty: { stages: ['insn'], insn: /^if w/ },
    source: 'jit-bugs class: JMP32',
    mutate: asIf((insn) =>
      isJcc(insn) && insn.op !== 'jset' && insn.width === 32 && insn.source === 'X'
        ? { ...insn, width: 64 }
        : undefined,
    ),
  },
  {
    name: 'jgt-imm-zero-extended',
    breaks: 'unsigned comparisons with a negative immediate zero-extend it',
    guilty: { stages: ['insn'], insn: /^if r/ },
    source: 'ubpf e8de891f (#444)',
    mutate: instead((context, insn) => {
      if (
        !isJcc(insn) ||
        !['jgt', 'jlt', 'jge', 'jle'].includes(insn.op) ||
        insn.width !== 64 ||
        insn.source !== 'K' ||
        insn.imm >= 0
      )
        return false;
      context.asm.oi(MOV.r32_imm32, R10, insn.imm);
      context.asm.mr(CMP.rm64_r64, gprOf(insn.dst), R10);
      const conditions = { jgt: JCC.a, jlt: JCC.b, jge: JCC.ae, jle: JCC.be } as const;
      context.jump = conditions[insn.op as keyof typeof conditions];
      return true;
    }),
  },
  {
    name: 'jsgt-unsigned',
    breaks: 'signed greater-than compares as unsigned',
    guilty: { stages: ['insn'], insn: /s> / },
    source: 'linux emit_cond_jmp; rbpf b4bef82',
    mutate: asIf((insn) => (isJcc(insn) && insn.op === 'jsgt' ? { ...insn, op: 'jgt' } : undefined)),
  },
  {
    name: 'jle-as-jlt',
    breaks: 'less-or-equal jumps only when less',
    guilty: { stages: ['insn'], insn: /<= / },
    source: 'rbpf b4bef82',
    mutate: asIf((insn) => (isJcc(insn) && insn.op === 'jle' ? { ...insn, op: 'jlt' } : undefined)),
  },
  {
    name: 'call-off-by-prologue-nop',
    breaks:
      'calls of subprogs skip the first instruction after their prologue (one byte early or late in the target)',
    guilty: { stages: ['prologue'] },
    source: 'linux 9d98aa088386, 6a537453000a (call target off by the accounting length)',
    mutate: (target) => ({
      ...target,
      prologue(context) {
        target.prologue(context);
        context.asm.o(POP_R64, R10);
      },
    }),
  },
  {
    name: 'direction-flag-left-set',
    breaks: 'the prologue leaves the direction flag set',
    guilty: { stages: ['prologue'] },
    source: 'psABI §3.2.1: DF is clear at entry and return',
    mutate: (target) => ({
      ...target,
      prologue(context) {
        target.prologue(context);
        context.asm.raw(Uint8Array.of(0xfd));
      },
    }),
  },
  {
    name: 'leave-without-frame',
    breaks: 'the epilogue adds the stack depth to rsp and pops rbp, forgetting what was pushed below',
    guilty: { stages: ['epilogue'], insn: /^exit/ },
    source: 'ubpf 425765c8 (#296)',
    mutate: (target) => ({
      ...target,
      lowerExit(context, which) {
        if (which === 'later') return target.lowerExit(context, which);
        const { asm, frame } = context;
        asm.mi(SUB.rm64_imm32, RSP, -(frame.stackDepth + frame.outgoing));
        asm.o(POP_R64, RBP);
        asm.none(RET);
      },
    }),
  },
];
