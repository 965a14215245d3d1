/** Private stacks whose pointer is set, kept or used otherwise. They show in the lane of private stacks alone. */
import type { Insn } from '../bpf/insn.ts';
import { PRIVATE_STACK_STRIDE, STACK_BASE } from '../core/layout.ts';
import { CPU_OFFSET } from '../core/percpu.ts';
import { emitCall } from '../jit/lower/call.ts';
import type { LowerContext } from '../jit/lower/context.ts';
import type { Target } from '../jit/target.ts';
import { Assembler } from '../x86/assembler.ts';
import { ADD, MOV, PUSH_R64 } from '../x86/forms.ts';
import { R9, RSP } from '../x86/reg.ts';
import { convention, type Mutant } from './mutant.ts';

const IN_PROLOGUE = { stages: ['prologue'] } as const;
const LINUX_PRIVATE = 'linux emit_priv_frame_ptr()';
/** `movabs r9, imm64` and `add r9, gs:[disp32]`, and the first of them. */
const SET_BYTES = 19;
const MOVABS_BYTES = 10;

type Bytes = readonly number[];

/** Changes the bytes that set r9 in prologues. */
const inPrologue =
  (patch: (set: Bytes, context: LowerContext) => Bytes) =>
  (target: Target): Target => ({
    ...target,
    prologue(context) {
      if (context.frame.privateStack === undefined) {
        target.prologue(context);
        return;
      }
      const inner: LowerContext = { ...context, asm: new Assembler(128) };
      target.prologue(inner);
      const bytes = [...inner.asm.bytes()];
      const at = bytes.findIndex((byte, i) => byte === 0x49 && bytes[i + 1] === 0xb9);
      const set = patch(bytes.slice(at, at + SET_BYTES), context);
      context.asm.raw(Uint8Array.from([...bytes.slice(0, at), ...set, ...bytes.slice(at + SET_BYTES)]));
    },
  });

/** Prefixes of `add r9, gs:[disp32]`, which has REX.WR. SDM 2A §2.2.1. */
const REX_R = 0x44;
const REX_WB = 0x49;
const withRex = (set: Bytes, rex: number): Bytes =>
  set.map((byte, i) => (i === MOVABS_BYTES + 1 ? rex : byte));

/** Another address in `movabs r9, imm64`. */
const withAddress = (set: Bytes, address: bigint): Bytes => [
  ...set.slice(0, 2),
  ...new Uint8Array(BigInt64Array.of(address).buffer),
  ...set.slice(MOVABS_BYTES),
];

/** Calls otherwise from subprogs with a private stack. */
const calling =
  (call: (context: LowerContext, emit: () => void) => void) =>
  (target: Target): Target => ({
    ...target,
    lowerCall(context, callee) {
      if (context.frame.privateStack === undefined) target.lowerCall(context, callee);
      else call(context, () => emitCall(context, callee));
    },
  });

const WITHOUT_LANE: readonly Mutant[] = [
  {
    name: 'private-fp-not-set',
    breaks: 'r9 is not set',
    guilty: IN_PROLOGUE,
    source: LINUX_PRIVATE,
    mutate: inPrologue(() => []),
  },
  {
    name: 'private-fp-of-no-cpu',
    breaks: 'the per-CPU address is used without the offset of this CPU',
    guilty: IN_PROLOGUE,
    source: LINUX_PRIVATE,
    mutate: inPrologue((set) => set.slice(0, MOVABS_BYTES)),
  },
  {
    name: 'private-fp-cut-to-32-bits',
    breaks: 'the offset of this CPU is added to the lower half of r9 alone, which clears the upper one',
    guilty: IN_PROLOGUE,
    source: 'linux 462e5e2a5938',
    mutate: inPrologue((set) => withRex(set, REX_R)),
  },
  {
    name: 'private-fp-rex-b-for-r',
    breaks: 'the offset of this CPU is added to rcx, not r9',
    guilty: IN_PROLOGUE,
    source: 'linux 5bbbce02e500',
    mutate: inPrologue((set) => withRex(set, REX_WB)),
  },
  {
    name: 'private-stack-for-all',
    breaks: 'all functions have one private stack between them',
    guilty: IN_PROLOGUE,
    source: 'linux bpf_int_jit_compile(): __alloc_percpu_gfp() for each',
    mutate: inPrologue((set) => withAddress(set, STACK_BASE + BigInt(PRIVATE_STACK_STRIDE) - CPU_OFFSET)),
  },
  {
    name: 'private-fp-at-the-bottom',
    breaks: 'r9 points to the low end of the private stack',
    guilty: IN_PROLOGUE,
    source: 'linux do_jit(): priv_frame_ptr',
    mutate: inPrologue((set, { frame: { privateStack } }) =>
      withAddress(set, (privateStack?.fp ?? 0n) - BigInt(privateStack?.depth ?? 0) - CPU_OFFSET),
    ),
  },
  {
    name: 'private-fp-lost-in-calls',
    breaks: 'r9 is not given back after a call',
    guilty: { stages: ['call'], insn: /^call/ },
    source: 'linux push_r9(), pop_r9()',
    mutate: calling(({ asm }, emit) => {
      asm.o(PUSH_R64, R9);
      emit();
      asm.mi(ADD.rm64_imm8, RSP, 8);
    }),
  },
  {
    name: 'private-fp-pushed-not-popped',
    breaks: 'r9 is pushed before a call, and stays on the stack after it',
    guilty: { stages: ['call', 'epilogue'], insn: /^(?:call|exit)/ },
    source: 'linux push_r9(), pop_r9()',
    mutate: calling((context, emit) => {
      const { asm } = context;
      asm.o(PUSH_R64, R9);
      emit();
      asm.mem(MOV.r64_rm64, RSP, 0, R9);
    }),
  },
  {
    name: 'private-fp-in-memory-operands-only',
    breaks: 'r10 as a value is rbp, though the stack is elsewhere',
    guilty: { stages: ['insn', 'call'], insn: /r10/ },
    source: 'linux do_jit(): src_reg == BPF_REG_FP',
    mutate: (target) => ({
      ...target,
      withPrivateFp: (insn) => (isValueUse(insn) ? insn : target.withPrivateFp(insn)),
    }),
  },
  {
    name: 'private-fp-beside-argument-6',
    breaks: 'subprogs with stack arguments have a private stack too: r9 is both its pointer and argument 6',
    guilty: { stages: ['prologue', 'insn', 'call'] },
    source: 'linux cb6af5314056',
    mutate: convention(() => ({ privateStack: true })),
  },
];

const isValueUse = (insn: Insn): boolean => insn.kind === 'alu' || insn.kind === 'movsx';

export const PRIVATE_STACK_MUTANTS: readonly Mutant[] = WITHOUT_LANE.map((mutant) => ({
  ...mutant,
  lane: 'private-stack',
}));
