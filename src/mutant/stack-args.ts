/** Arguments in the wrong place, and frames that hold them badly. */

import type { LowerContext } from '../jit/lower/context.ts';
import { epilogue, prologue } from '../jit/lower/frame.ts';
import { load, store, storeImm } from '../jit/lower/memory.ts';
import { movReg64 } from '../jit/lower/move.ts';
import { gprOf } from '../jit/regmap.ts';
import type { Target } from '../jit/target.ts';
import { ADD, LEAVE, MOV, POP_R64, PUSH_R64, RET, XOR } from '../x86/forms.ts';
import { R9, R10, R11, R13, RBP, RSP } from '../x86/reg.ts';
import { convention, framed, type Mutant } from './mutant.ts';

const LINUX_LAYOUT = 'linux 324c3ca6eed6 (stack arguments)';
const SEED = 'lore 0903790e-a63c-4b62-b751-ce08ffcf8f57 (v3 08/11 and its review)';

/** rbp-relative place of an outgoing argument, as Linux computes it. */
const place = ({ frame }: LowerContext, off: number): number =>
  frame.outgoingBase - frame.outgoing - off - 16;

/** Swaps the words of arguments 7 and 8 right before a call. */
function swap78({ asm }: LowerContext): void {
  load(asm, 8, R10, RSP, 0);
  load(asm, 8, R11, RSP, 8);
  store(asm, 8, RSP, 0, R11);
  store(asm, 8, RSP, 8, R10);
}

const beforeCall =
  (
    when: (kind: 'bpf' | 'helper' | 'kfunc', context: LowerContext) => boolean,
    emit: (context: LowerContext) => void,
  ) =>
  (target: Target): Target => ({
    ...target,
    lowerCall(context, callee) {
      if (when(callee.kind, context)) emit(context);
      target.lowerCall(context, callee);
    },
  });

/** Every EXIT gets an epilogue of its own; `later` emits those after the first. */
const laterExits =
  (later: (context: LowerContext) => void) =>
  (target: Target): Target => ({
    ...target,
    lowerExit(context, which) {
      if (which === 'first') target.lowerExit(context, which);
      else later(context);
    },
  });

export const STACK_ARG_MUTANTS: readonly Mutant[] = [
  {
    name: 'swap-args-7-8-kfunc',
    breaks: 'arguments 7 and 8 change places on calls of kfuncs',
    guilty: { stages: ['call'], insn: /^call/ },
    source: 'linux 6e277efbb19d: tests of scalar arguments return sums, which cannot see it',
    mutate: beforeCall((kind, { frame }) => kind === 'kfunc' && frame.outgoing >= 16, swap78),
  },
  {
    name: 'swap-args-7-8-bpf',
    breaks: 'arguments 7 and 8 change places on calls of subprogs',
    guilty: { stages: ['call'], insn: /^call/ },
    source: 'linux 6e277efbb19d: tests of scalar arguments return sums, which cannot see it',
    mutate: beforeCall((kind, { frame }) => kind === 'bpf' && frame.outgoing >= 16, swap78),
  },
  {
    name: 'arg6-left-in-slot',
    breaks: 'argument 6 is stored below the outgoing area and never reaches r9',
    guilty: { stages: ['insn'], insn: /^\*\(u64 \*\)\(r11 - 8\)/ },
    source: SEED,
    mutate: convention((from) => ({
      storeArg(context, insn) {
        if (insn.off === -8) store(context.asm, 8, RBP, place(context, -16) - 8, gprOf(insn.src));
        else from.storeArg(context, insn);
      },
    })),
  },
  {
    name: 'arg6-imm-zero-extended',
    breaks: 'a negative immediate for argument 6 is zero-extended',
    guilty: { stages: ['insn'], insn: /^\*\(u64 \*\)\(r11 - 8\) = -/ },
    source: 'linux b3b45e9d72df (BPF_ST refactor), facts of the layout: mov r9, simm32',
    mutate: convention((from) => ({
      storeArgImm(context, insn) {
        if (insn.off === -8 && insn.imm < 0) context.asm.oi(MOV.r32_imm32, R9, insn.imm);
        else from.storeArgImm(context, insn);
      },
    })),
  },
  {
    name: 'arg6-imm-falls-through',
    breaks:
      'after mov r9, imm the tail of the ordinary store follows: stray ModRM, displacement and immediate',
    guilty: { stages: ['insn'], insn: /^\*\(u64 \*\)\(r11 - 8\) = -?\d/ },
    source:
      'bot+bpf-ci on [PATCH bpf-next v2 4/8] bpf, x86: refactor BPF_ST management in do_jit, 2026-06-04',
    mutate: convention((from) => ({
      storeArgImm(context, insn) {
        from.storeArgImm(context, insn);
        if (insn.off !== -8) return;
        const stray = Uint8Array.of(
          0x45,
          0xf8,
          insn.imm & 255,
          (insn.imm >> 8) & 255,
          (insn.imm >> 16) & 255,
          (insn.imm >> 24) & 255,
        );
        context.asm.raw(stray);
      },
    })),
  },
  {
    name: 'arg6-imm-zero-skipped',
    breaks: 'storing immediate 0 to argument 6 emits nothing',
    guilty: { stages: ['insn'], insn: /^\*\(u64 \*\)\(r11 - 8\) = 0/ },
    source: 'linux 324c3ca6eed6: emit_mov_imm64() has a form of its own for 0',
    mutate: convention((from) => ({
      storeArgImm(context, insn) {
        if (insn.off !== -8 || insn.imm !== 0) from.storeArgImm(context, insn);
      },
    })),
  },
  {
    name: 'arg6-rex-b-r-swapped',
    breaks: 'mov r9, src with REX.B and REX.R exchanged: writes r1 from the twin of src',
    guilty: { stages: ['insn'], insn: /^\*\(u64 \*\)\(r11 - 8\) = r/ },
    source: 'linux 5bbbce02e500 (REX.B for REX.R)',
    mutate: convention((from) => ({
      storeArg(context, insn) {
        if (insn.off === -8 && gprOf(insn.src) < 8)
          context.asm.raw(Uint8Array.of(0x4c, 0x89, 0xc1 | (gprOf(insn.src) << 3)));
        else from.storeArg(context, insn);
      },
    })),
  },
  {
    name: 'r13-for-rbp',
    breaks: 'outgoing arguments are stored through r13 instead of rbp',
    guilty: { stages: ['insn'], insn: /^\*\(u64 \*\)\(r11 - \d+\) = r/ },
    source: 'linux 5bbbce02e500 (a lost REX bit turns one register into its twin)',
    mutate: convention((from) => ({
      storeArg(context, insn) {
        if (insn.off === -8) from.storeArg(context, insn);
        else store(context.asm, 8, R13, place(context, insn.off), gprOf(insn.src));
      },
    })),
  },
  {
    name: 'incoming-arg6-from-memory',
    breaks: 'argument 6 is read from [rbp + 16], as if it came on the stack',
    guilty: { stages: ['insn'], insn: /= \*\(u64 \*\)\(r11 \+ 8\)/ },
    source: SEED,
    mutate: convention((from) => ({
      loadArg(context, insn) {
        if (insn.off === 8) load(context.asm, 8, gprOf(insn.dst), RBP, 16);
        else from.loadArg(context, insn);
      },
    })),
  },
  {
    name: 'incoming-8-too-high',
    breaks: 'arguments 7.. are read 8 bytes too high, as when argument 6 was on the stack',
    guilty: { stages: ['insn'], insn: /= \*\(u64 \*\)\(r11 \+ \d\d/ },
    source: SEED,
    mutate: convention((from) => ({
      loadArg(context, insn) {
        if (insn.off === 8) from.loadArg(context, insn);
        else load(context.asm, 8, gprOf(insn.dst), RBP, insn.off + 8);
      },
    })),
  },
  {
    name: 'incoming-8-too-low',
    breaks: 'arguments 7.. are read 8 bytes too low: argument 7 is the return address',
    guilty: { stages: ['insn'], insn: /= \*\(u64 \*\)\(r11 \+ \d\d/ },
    source: 'linux stack_args_off 16 for 24 in save_args()',
    mutate: convention((from) => ({
      loadArg(context, insn) {
        if (insn.off === 8) from.loadArg(context, insn);
        else load(context.asm, 8, gprOf(insn.dst), RBP, insn.off - 8);
      },
    })),
  },
  {
    name: 'incoming-dword',
    breaks: 'stack arguments are loaded as 32 bits',
    guilty: { stages: ['insn'], insn: /= \*\(u64 \*\)\(r11 \+ \d\d/ },
    source: 'linux 02a6dfa8ff43 (arguments saved by their C size)',
    mutate: convention((from) => ({
      loadArg(context, insn) {
        if (insn.off === 8) from.loadArg(context, insn);
        else load(context.asm, 4, gprOf(insn.dst), RBP, insn.off);
      },
    })),
  },
  {
    name: 'incoming-last-shifted',
    breaks: 'arguments 10.. are read one slot too far',
    guilty: { stages: ['insn'], insn: /= \*\(u64 \*\)\(r11 \+ (40|48|56)/ },
    source: 'linux 157317ba662a: tests with up to 8 arguments never got there',
    mutate: convention((from) => ({
      loadArg(context, insn) {
        from.loadArg(context, insn.off >= 40 ? { ...insn, off: insn.off + 8 } : insn);
      },
    })),
  },
  {
    name: 'outgoing-8-too-high',
    breaks: 'outgoing arguments are stored 8 bytes too high',
    guilty: { stages: ['insn'], insn: /^\*\(u64 \*\)\(r11 - \d\d/ },
    source: `${LINUX_LAYOUT}: native_off + 8`,
    mutate: convention((from) => ({
      storeArg(context, insn) {
        if (insn.off === -8) from.storeArg(context, insn);
        else store(context.asm, 8, RBP, place(context, insn.off) + 8, gprOf(insn.src));
      },
      storeArgImm(context, insn) {
        if (insn.off === -8) from.storeArgImm(context, insn);
        else storeImm(context.asm, 8, RBP, place(context, insn.off) + 8, insn.imm);
      },
    })),
  },
  {
    name: 'outgoing-imm-dword',
    breaks: 'an immediate for arguments 7.. is stored as 32 bits, the upper half stays',
    guilty: { stages: ['insn'], insn: /^\*\(u64 \*\)\(r11 - \d\d\) = -?\d/ },
    source: 'linux b3b45e9d72df (BPF_ST refactor)',
    mutate: convention((from) => ({
      storeArgImm(context, insn) {
        if (insn.off === -8) from.storeArgImm(context, insn);
        else storeImm(context.asm, 4, RBP, place(context, insn.off), insn.imm);
      },
    })),
  },
  {
    name: 'outgoing-disp8-wraps',
    breaks: 'displacements below -128 are cut to 8 bits',
    guilty: { stages: ['insn'], insn: /^\*\(u64 \*\)\(r11 - \d\d\) = r/ },
    source: `${LINUX_LAYOUT}: disp32 form when native_off < -128`,
    mutate: convention((from) => ({
      storeArg(context, insn) {
        if (insn.off === -8) from.storeArg(context, insn);
        else store(context.asm, 8, RBP, (place(context, insn.off) << 24) >> 24, gprOf(insn.src));
      },
    })),
  },
  {
    name: 'outgoing-order-reversed',
    breaks: 'argument 7 is highest: the area is filled the other way round',
    guilty: { stages: ['insn'], insn: /^\*\(u64 \*\)\(r11 - \d\d\) = r/ },
    source: SEED,
    mutate: convention((from) => ({
      storeArg(context, insn) {
        if (insn.off === -8) from.storeArg(context, insn);
        else store(context.asm, 8, RBP, context.frame.outgoingBase + insn.off + 8, gprOf(insn.src));
      },
    })),
  },
  {
    name: 'outgoing-base-forgets-saved',
    breaks: 'the outgoing area is computed as if no callee-saved register were pushed',
    guilty: { stages: ['insn'], insn: /^\*\(u64 \*\)\(r11 - \d\d/ },
    source: 'linux 35b78733160c, 324c3ca6eed6: outgoing_arg_base',
    mutate: framed((frame) => ({ outgoingBase: -frame.stackDepth }), 'body'),
  },
  {
    name: 'outgoing-base-16-off',
    breaks: 'the outgoing area is computed as if two tail-call words stood in the frame',
    guilty: { stages: ['insn'], insn: /^\*\(u64 \*\)\(r11 - \d\d/ },
    source: 'linux 35b78733160c (prevented: tail call with stack arguments)',
    mutate: framed((frame) => ({ outgoingBase: frame.outgoingBase - 16 }), 'body'),
  },
  {
    name: 'outgoing-base-ignores-stack',
    breaks: 'the outgoing area is computed with the stack depth of another subprog (0)',
    guilty: { stages: ['insn'], insn: /^\*\(u64 \*\)\(r11 - \d\d/ },
    source: 'linux ff672c67ee76 (offset from the wrong stack depth)',
    mutate: framed((frame) => ({ outgoingBase: -8 * frame.saved.length }), 'body'),
  },
  {
    name: 'no-outgoing-area',
    breaks: 'the prologue does not reserve the outgoing area, the epilogue does not release it',
    guilty: { stages: ['prologue'] },
    source: LINUX_LAYOUT,
    mutate: (target) =>
      framed(() => ({ outgoing: 0 }), 'exit')(framed(() => ({ outgoing: 0 }), 'prologue')(target)),
  },
  {
    name: 'outgoing-area-8-too-small',
    breaks: 'the outgoing area is 8 bytes too small',
    guilty: { stages: ['prologue'] },
    source: LINUX_LAYOUT,
    mutate: (target) => {
      const less = (frame: { readonly outgoing: number }) => ({ outgoing: Math.max(0, frame.outgoing - 8) });
      return framed(less, 'exit')(framed(less, 'prologue')(target));
    },
  },
  {
    name: 'outgoing-area-8m',
    breaks: 'the area has a word for argument 6 too, at rsp: argument 7 is at [rsp + 8]',
    guilty: { stages: ['prologue'] },
    source: LINUX_LAYOUT,
    mutate: (target) => {
      const more = (frame: { readonly outgoing: number }) => ({
        outgoing: frame.outgoing === 0 ? 0 : frame.outgoing + 8,
      });
      return framed(more, 'exit')(framed(more, 'prologue')(target));
    },
  },
  {
    name: 'outgoing-max-from-last-call',
    breaks: 'the area is as large as the last call of the subprog needs, not as the largest',
    guilty: { stages: ['insn', 'prologue'], insn: /^\*\(u64 \*\)\(r11 - \d\d|^call/ },
    source: LINUX_LAYOUT,
    mutate: (target) => ({
      ...target,
      layOut(entries, stackDepth, outgoingArgs, needs) {
        let last = 0;
        let pending = 0;
        for (const { insn } of entries.list()) {
          if ((insn.kind === 'stx' || insn.kind === 'st') && insn.dst === 11)
            pending = Math.max(pending, -insn.off / 8);
          if (insn.kind === 'call') {
            last = pending;
            pending = 0;
          }
        }
        return target.layOut(entries, stackDepth, Math.min(last, outgoingArgs), needs);
      },
    }),
  },
  {
    name: 'outgoing-not-released',
    breaks: 'the epilogue does not add the outgoing area back to rsp before it pops',
    guilty: { stages: ['epilogue'], insn: /^exit/ },
    source: 'linux 18a37465b0ab (callee-saved registers popped from the arguments)',
    mutate: framed(() => ({ outgoing: 0 }), 'exit'),
  },
  {
    name: 'second-exit-not-released',
    breaks: 'every EXIT but the first forgets the outgoing area',
    guilty: { stages: ['epilogue'], insn: /^exit/ },
    source: 'linux 9383191da4e4 (one epilogue assumed), 18a37465b0ab',
    mutate: laterExits((context) => epilogue({ ...context, frame: { ...context.frame, outgoing: 0 } })),
  },
  {
    name: 'second-exit-pops-reversed',
    breaks: 'every EXIT but the first pops the callee-saved registers in the wrong order',
    guilty: { stages: ['epilogue'], insn: /^exit/ },
    source: 'linux 9383191da4e4 (one epilogue assumed)',
    mutate: laterExits((context) => {
      const saved = [...context.frame.saved].reverse();
      epilogue({ ...context, frame: { ...context.frame, saved } });
    }),
  },
  {
    name: 'push-copies-not-dropped',
    breaks: 'layout v3: arguments are pushed again at each call, and rsp is not put back',
    guilty: { stages: ['call'], insn: /^call/ },
    source: SEED,
    mutate: (target) => ({
      ...target,
      lowerCall(context, callee) {
        const words = context.frame.outgoing / 8;
        for (let k = 0; k < words; k++) {
          load(context.asm, 8, R11, RSP, context.frame.outgoing - 8);
          context.asm.o(PUSH_R64, R11);
        }
        target.lowerCall(context, callee);
      },
    }),
  },
  {
    name: 'r9-destroyed-before-call',
    breaks: 'something between the store of argument 6 and the call uses r9',
    guilty: { stages: ['call'], insn: /^call/ },
    source: 'linux cb6af5314056 (prevented: r9 as private frame pointer)',
    mutate: beforeCall(
      (_, { frame }) => frame.outgoing > 0,
      ({ asm }) => asm.mr(XOR.rm32_r32, R9, R9),
    ),
  },
  {
    name: 'private-stack-restores-r9',
    breaks: 'r9 is pushed at entry and popped before each kfunc call, over argument 6',
    guilty: { stages: ['call'], insn: /^call/ },
    source: 'linux cb6af5314056 (prevented: private stack with stack arguments)',
    mutate: beforeCall(
      (kind, { frame }) => kind === 'kfunc' && frame.stackDepth > 0,
      ({ asm, frame }) => load(asm, 8, R9, RBP, -frame.stackDepth),
    ),
  },
  {
    name: 'saved-below-outgoing',
    breaks: 'the outgoing area is reserved before the callee-saved registers are pushed',
    guilty: { stages: ['epilogue', 'insn', 'prologue'], insn: /^exit|r11|^call|^$/ },
    source: SEED,
    mutate: (target) => ({
      ...target,
      prologue(context) {
        const { frame, asm } = context;
        prologue({
          ...context,
          frame: { ...frame, saved: [], stackDepth: frame.stackDepth + frame.outgoing, outgoing: 0 },
        });
        for (const gpr of frame.saved) asm.o(PUSH_R64, gpr);
      },
      lowerExit(context, which) {
        const { frame, asm } = context;
        if (which === 'later') {
          target.lowerExit(context, which);
          return;
        }
        for (const gpr of [...frame.saved].reverse()) asm.o(POP_R64, gpr);
        asm.none(LEAVE);
        asm.none(RET);
      },
    }),
  },
  {
    name: 'caller-pops-arguments',
    breaks: 'after a call with stack arguments rsp is moved up, as if the arguments had been pushed',
    guilty: { stages: ['call'], insn: /^call/ },
    source: SEED,
    mutate: (target) => ({
      ...target,
      lowerCall(context, callee) {
        target.lowerCall(context, callee);
        if (context.frame.outgoing > 0) context.asm.mi(ADD.rm64_imm8, RSP, 8);
      },
    }),
  },
  {
    name: 'arg6-store-skipped-for-r5',
    breaks: 'moving r5 to argument 6 is taken for a move to itself',
    guilty: { stages: ['insn'], insn: /^\*\(u64 \*\)\(r11 - 8\) = r5/ },
    source: 'linux 324c3ca6eed6: EMIT_mov() emits nothing for equal registers',
    mutate: convention((from) => ({
      storeArg(context, insn) {
        if (insn.off !== -8 || insn.src !== 5) from.storeArg(context, insn);
      },
    })),
  },
  {
    name: 'arg6-store-32-bit',
    breaks: 'argument 6 is moved as 32 bits',
    guilty: { stages: ['insn'], insn: /^\*\(u64 \*\)\(r11 - 8\) = r/ },
    source: 'linux 02a6dfa8ff43 (arguments by their C size)',
    mutate: convention((from) => ({
      storeArg(context, insn) {
        if (insn.off === -8) context.asm.mr(MOV.rm32_r32, R9, gprOf(insn.src));
        else from.storeArg(context, insn);
      },
    })),
  },
  {
    name: 'arg6-load-from-r8',
    breaks: 'argument 6 is read from r8',
    guilty: { stages: ['insn'], insn: /= \*\(u64 \*\)\(r11 \+ 8\)/ },
    source: 'linux reg2hex[]: r8 and r9 differ in one bit',
    mutate: convention((from) => ({
      loadArg(context, insn) {
        if (insn.off === 8) movReg64(context.asm, gprOf(insn.dst), 8);
        else from.loadArg(context, insn);
      },
    })),
  },
];
