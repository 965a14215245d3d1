/** Addresses of functions and callbacks that are off. They show in the lane of callbacks alone. */
import type { Insn, Slots } from '../bpf/insn.ts';
import { targetOf } from '../bpf/program.ts';
import type { LowerContext } from '../jit/lower/context.ts';
import type { Target } from '../jit/target.ts';
import { MOV } from '../x86/forms.ts';
import { RSI } from '../x86/reg.ts';
import { asIf, type Mutant } from './mutant.ts';

const GUILTY_ADDRESS = { stages: ['insn'], insn: /code_addr| ll$/ } as const;

const isAddress = (insn: Insn): boolean => insn.kind === 'lddw' && insn.src === 4;

const takesAddress = (slots: Slots, pc: number, start: number): boolean => {
  const insn = slots[pc];
  return insn !== undefined && isAddress(insn) && targetOf(pc, insn) === start;
};

/** Changes functions whose address is taken, and no others; of a `helper`, those that it is called with. */
export const inCallbacks =
  (change: (target: Target) => Partial<Target>, helper?: number) =>
  (target: Target): Target => {
    const changed = { ...target, ...change(target) };
    let now: Target = target;
    return {
      ...target,
      rewrite(slots, subprog, depth, into) {
        now = isCallback(slots, subprog.start, helper) ? changed : target;
        return target.rewrite(slots, subprog, depth, into);
      },
      prologue: (context) => now.prologue(context),
      lowerExit: (context, which) => now.lowerExit(context, which),
    };
  };

const isCallback = (slots: Slots, start: number, helper: number | undefined): boolean =>
  slots.some((_, pc) => {
    if (!takesAddress(slots, pc, start)) return false;
    const next = slots.slice(pc).find((insn) => insn?.kind === 'call');
    return helper === undefined || (next?.kind === 'call' && next.imm === helper);
  });

const withoutSaved = (context: LowerContext): LowerContext => ({
  ...context,
  frame: { ...context.frame, saved: [] },
});

const WITHOUT_LANE: readonly Mutant[] = [
  {
    name: 'function-address-past-prologue',
    breaks: 'the address of a function is that of its first instruction, behind its prologue',
    guilty: GUILTY_ADDRESS,
    source: 'linux jit_subprogs(): addrs[0] is the end of the prologue (7c2e988f400e)',
    mutate: (target) => ({
      ...target,
      functionAddress: (base, fn) => target.functionAddress(base, fn) + BigInt(fn.prologueBytes),
    }),
  },
  {
    name: 'function-address-not-relocated',
    breaks: 'the address of a function is its offset in the image',
    guilty: GUILTY_ADDRESS,
    source: 'linux 69c087ba6225 jit_subprogs()',
    mutate: (target) => ({ ...target, functionAddress: (_, fn) => target.functionAddress(0n, fn) }),
  },
  {
    name: 'function-address-from-wrong-slot',
    breaks: 'the distance of a function counts from the load of its address instead of from behind it',
    guilty: GUILTY_ADDRESS,
    source: 'libbpf R_BPF_64_64 against .text: BPF_PSEUDO_FUNC',
    mutate: asIf((insn) =>
      insn.kind === 'lddw' && isAddress(insn)
        ? { ...insn, imm: BigInt.asUintN(32, insn.imm - 1n) }
        : undefined,
    ),
  },
  {
    name: 'callback-restores-nothing',
    breaks: 'functions that helpers call give back none of the callee-saved registers they use',
    guilty: { stages: ['epilogue'], insn: /^exit/ },
    source: 'psABI §3.2.1; linux emit_return(): pop_callee_regs()',
    mutate: inCallbacks((target) => ({
      lowerExit(context, which) {
        const inner = withoutSaved(context);
        target.lowerExit(inner, which);
        context.jump = inner.jump;
      },
    })),
  },
  {
    name: 'callback-context-32-bits',
    breaks: 'functions that helpers call get the lower half of their second argument',
    guilty: { stages: ['prologue'] },
    source: 'linux bpf_callback_t: arguments of 64 bits',
    mutate: inCallbacks((target) => ({
      prologue(context) {
        target.prologue(context);
        context.asm.mr(MOV.rm32_r32, RSI, RSI);
      },
    })),
  },
];

export const CALLBACK_MUTANTS: readonly Mutant[] = WITHOUT_LANE.map((mutant) => ({
  ...mutant,
  lane: 'callbacks',
}));
