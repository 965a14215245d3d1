/**
 * Mutants: deliberately broken JITs. Each is Linux's target (jit/target.ts), or that of
 * another convention, with one part replaced, so the
 * shipped JIT carries no trace of them, and each re-enacts a bug some JIT really had, or a hazard of the
 * stack-argument layouts. An oracle that lets one live is not finished.
 */
import type { ConventionName } from '../bpf/calling.ts';
import type { Insn } from '../bpf/insn.ts';
import type { LaneName } from '../core/lane-names.ts';
import type { Convention } from '../jit/convention/convention.ts';
import type { Frame } from '../jit/frame.ts';
import type { Hardening } from '../jit/hardening.ts';
import type { LowerContext } from '../jit/lower/context.ts';
import type { Target } from '../jit/target.ts';
import { Assembler } from '../x86/assembler.ts';

export interface Mutant {
  /** Kebab-case, e.g. `swap-args-7-8-kfunc`. */
  readonly name: string;
  /** What is broken, in a sentence. */
  readonly breaks: string;
  /** Where localisation should point: part of the code, and LLVM text of the BPF instruction, or a trampoline's step. */
  readonly guilty: {
    readonly stages: readonly ('prologue' | 'insn' | 'call' | 'epilogue' | 'trampoline')[];
    readonly insn?: RegExp;
  };
  /** How the JIT is set up where it shows. @defaultValue plain */
  readonly jit?: Hardening;
  /** The one whose lowering it breaks. @defaultValue 'linux' */
  readonly convention?: ConventionName;
  /** Cases it shows on, by `fuzz --lane`. @defaultValue 'valid' */
  readonly lane?: LaneName;
  /** The real bug: project and commit, issue or review. */
  readonly source: string;
  readonly mutate: (target: Target) => Target;
}

/** Lowers some instructions otherwise: `lower` returns true for those it took. */
export const instead =
  (lower: (context: LowerContext, insn: Insn) => boolean) =>
  (target: Target): Target => ({
    ...target,
    lowerInsn(context, convention, insn, pc) {
      if (!lower(context, insn)) target.lowerInsn(context, convention, insn, pc);
    },
  });

/** Lowers another instruction in the place of some. */
export const asIf =
  (other: (insn: Insn) => Insn | undefined) =>
  (target: Target): Target => ({
    ...target,
    lowerInsn(context, convention, insn, pc) {
      target.lowerInsn(context, convention, other(insn) ?? insn, pc);
    },
  });

/** Changes the native bytes of some instructions; `patch` gets what the target emits, without its jump. */
export const patched =
  (
    when: (insn: Insn, context: LowerContext) => boolean,
    patch: (bytes: readonly number[]) => readonly number[],
  ) =>
  (target: Target): Target => ({
    ...target,
    lowerInsn(context, convention, insn, pc) {
      if (!when(insn, context)) {
        target.lowerInsn(context, convention, insn, pc);
        return;
      }
      const at = context.asm.length;
      const inner: LowerContext = { ...context, asm: new Assembler(64), faults: [], jump: undefined };
      target.lowerInsn(inner, convention, insn, pc);
      context.jump = inner.jump;
      for (const { start, end, clear } of inner.faults)
        context.faults.push({ start: at + start, end: at + end, clear });
      context.asm.raw(Uint8Array.from(patch([...inner.asm.bytes()])));
    },
  });

/** Replaces parts of the convention. */
export const convention =
  (change: (from: Convention) => Partial<Convention>) =>
  (target: Target): Target => ({
    ...target,
    convention: { ...target.convention, ...change(target.convention) },
  });

/** Another frame than the one the target lays out, for the code only: the image still promises the right one. */
export const framed =
  (change: (frame: Frame) => Partial<Frame>, where: 'prologue' | 'body' | 'exit') =>
  (target: Target): Target => {
    const broken = (context: LowerContext): LowerContext => ({
      ...context,
      frame: { ...context.frame, ...change(context.frame) },
    });
    switch (where) {
      case 'prologue':
        return { ...target, prologue: (context) => target.prologue(broken(context)) };
      case 'exit':
        return {
          ...target,
          lowerExit(context, which) {
            const inner = broken(context);
            target.lowerExit(inner, which);
            context.jump = inner.jump;
          },
        };
      case 'body':
        return {
          ...target,
          lowerInsn(context, convention, insn, pc) {
            const inner = broken(context);
            target.lowerInsn(inner, convention, insn, pc);
            context.jump = inner.jump;
          },
        };
    }
  };
