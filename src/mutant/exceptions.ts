/** Exceptions whose boundary or callback is off. They show in the lane of exceptions alone. */
import type { ExceptionParts } from '../jit/exceptions.ts';
import type { Target } from '../jit/target.ts';
import type { Assembler } from '../x86/assembler.ts';
import { MOV, POP_R64 } from '../x86/forms.ts';
import { type Gpr, R12, R14, RBP, RDI, RDX, RSI, RSP } from '../x86/reg.ts';
import type { Mutant } from './mutant.ts';

const IN_CALLBACK = { stages: ['prologue'], insn: /^call/ } as const;
const LINUX_BOUNDARY = 'linux f18b03fabaa9';

const parts =
  (change: (from: ExceptionParts) => Partial<ExceptionParts>) =>
  (target: Target): Target => ({
    ...target,
    exceptions: { ...target.exceptions, ...change(target.exceptions) },
  });

/** The prologue of the callback, step by step. */
const entering = (enter: (asm: Assembler, saved: readonly Gpr[]) => void) => parts(() => ({ enter }));

const move = (asm: Assembler, to: Gpr, from: Gpr): void => asm.mr(MOV.rm64_r64, to, from);

function popAll(asm: Assembler, gprs: readonly Gpr[]): void {
  for (const gpr of gprs) asm.o(POP_R64, gpr);
}

const WITHOUT_LANE: readonly Mutant[] = [
  {
    name: 'exception-pops-arguments',
    breaks: 'the callback pops registers from where the outgoing arguments of main begin',
    guilty: IN_CALLBACK,
    source: 'linux 18a37465b0ab',
    mutate: parts(() => ({ stackOf: () => ({ from: 'rsp', adjust: 0 }) })),
  },
  {
    name: 'exception-adjusts-for-argument-6',
    breaks: 'the place of argument 6, which has none, is counted among the outgoing arguments',
    guilty: IN_CALLBACK,
    source: 'linux 18a37465b0ab',
    mutate: parts(({ stackOf }) => ({
      stackOf: (boundary) => ({ from: 'rsp', adjust: stackOf(boundary).adjust + 8 }),
    })),
  },
  {
    name: 'boundary-without-r12',
    breaks: 'neither main nor the callback knows of r12, which no BPF register lives in',
    guilty: IN_CALLBACK,
    source: `${LINUX_BOUNDARY}: push_r12()`,
    mutate: parts(({ saved }) => ({ saved: saved.filter((gpr) => gpr !== R12) })),
  },
  {
    name: 'boundary-without-r14',
    breaks: 'neither main nor the callback knows of r14',
    guilty: { stages: ['prologue', 'epilogue'] },
    source: `${LINUX_BOUNDARY}: all_callee_regs_used`,
    mutate: parts(({ saved }) => ({ saved: saved.filter((gpr) => gpr !== R14) })),
  },
  {
    name: 'boundary-saves-what-it-uses',
    breaks: 'main saves the registers it uses, the callback pops all',
    guilty: IN_CALLBACK,
    source: `${LINUX_BOUNDARY}: exception_boundary`,
    mutate: (target) => ({
      ...target,
      layOut: (entries, depth, outgoing, { boundary: _, ...needs } = {}) =>
        target.layOut(entries, depth, outgoing, needs),
    }),
  },
  {
    name: 'exception-from-thrower',
    breaks: 'the callback pops registers from the stack of whoever throws',
    guilty: IN_CALLBACK,
    source: `${LINUX_BOUNDARY}: emit_prologue(), mov rsp, rsi`,
    mutate: entering((asm, saved) => {
      move(asm, RBP, RDX);
      popAll(asm, saved.toReversed());
      move(asm, RSP, RBP);
    }),
  },
  {
    name: 'exception-without-frame',
    breaks: 'the callback goes on with rbp as bpf_throw left it',
    guilty: { stages: ['prologue', 'call'], insn: /^call/ },
    source: `${LINUX_BOUNDARY}: emit_prologue(), mov rbp, rdx`,
    mutate: entering((asm, saved) => {
      move(asm, RSP, RSI);
      popAll(asm, saved.toReversed());
      move(asm, RSP, RBP);
    }),
  },
  {
    name: 'exception-keeps-stack',
    breaks: 'the callback makes its frame below that of main',
    guilty: IN_CALLBACK,
    source: `${LINUX_BOUNDARY}: emit_prologue(), mov rsp, rbp`,
    mutate: entering((asm, saved) => {
      move(asm, RSP, RSI);
      move(asm, RBP, RDX);
      popAll(asm, saved.toReversed());
    }),
  },
  {
    name: 'exception-pops-in-order',
    breaks: 'the callback pops registers in the order they were pushed in',
    guilty: IN_CALLBACK,
    source: `${LINUX_BOUNDARY}: pop_callee_regs(), pop_r12()`,
    mutate: entering((asm, saved) => {
      move(asm, RSP, RSI);
      move(asm, RBP, RDX);
      popAll(asm, saved);
      move(asm, RSP, RBP);
    }),
  },
  {
    name: 'exception-loses-cookie',
    breaks: 'the callback gets the stack pointer for the cookie',
    guilty: IN_CALLBACK,
    source: `${LINUX_BOUNDARY}: bpf_exception_cb(cookie, sp, bp)`,
    mutate: parts(({ enter }) => ({
      enter(asm, saved) {
        move(asm, RDI, RSI);
        enter(asm, saved);
      },
    })),
  },
];

export const EXCEPTION_MUTANTS: readonly Mutant[] = WITHOUT_LANE.map((mutant) => ({
  ...mutant,
  lane: 'exceptions',
}));
