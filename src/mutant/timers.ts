/** Functions that timers call, taken for functions that BPF calls. They show in the lane of timers alone. */
import { TIMER_SET_CALLBACK, TIMER_START } from '../core/timer.ts';
import type { Frame } from '../jit/frame.ts';
import type { LowerContext } from '../jit/lower/context.ts';
import type { Target } from '../jit/target.ts';
import { Assembler } from '../x86/assembler.ts';
import { LEAVE, MOV, POP_R64, PUSH_R64 } from '../x86/forms.ts';
import { RAX, RBP, RCX, RDI, RDX, RSI, RSP } from '../x86/reg.ts';
import { inCallbacks } from './callbacks.ts';
import type { Mutant } from './mutant.ts';

const AT_ENTRY = { stages: ['prologue'], insn: /^exit/ } as const;
const AT_EXIT = { stages: ['epilogue'], insn: /^exit/ } as const;

const inTimers = (change: (target: Target) => Partial<Target>) => inCallbacks(change, TIMER_SET_CALLBACK);

/** Another frame from the first instruction to the last. */
const framed = (change: (frame: Frame) => Partial<Frame>) =>
  inTimers((target) => ({
    prologue: (context) => target.prologue(withFrame(context, change)),
    lowerExit(context, which) {
      const inner = withFrame(context, change);
      target.lowerExit(inner, which);
      context.jump = inner.jump;
    },
  }));

const withFrame = (context: LowerContext, change: (frame: Frame) => Partial<Frame>): LowerContext => ({
  ...context,
  frame: { ...context.frame, ...change(context.frame) },
});

/** More code behind the prologue. */
const entering = (more: (asm: Assembler) => void) =>
  inTimers((target) => ({
    prologue(context) {
      target.prologue(context);
      more(context.asm);
    },
  }));

/** `leave` without its pop of rbp. */
function exitKeepingRbp(target: Target, context: LowerContext, which: 'first' | 'later'): void {
  const inner: LowerContext = { ...context, asm: new Assembler(64), jump: undefined };
  target.lowerExit(inner, which);
  context.jump = inner.jump;
  const leave = new Assembler(1);
  leave.none(LEAVE);
  const bytes = inner.asm.bytes();
  const at = bytes.lastIndexOf(leave.bytes()[0] as number);
  if (at < 0) return;
  context.asm.raw(bytes, 0, at);
  context.asm.mr(MOV.rm64_r64, RSP, RBP);
  context.asm.o(POP_R64, RCX);
  context.asm.raw(bytes, at + 1, bytes.length);
}

const WITHOUT_LANE: readonly Mutant[] = [
  {
    name: 'timer-callback-saves-nothing',
    breaks: 'what a timer calls keeps room for callee-saved registers, and saves none',
    guilty: AT_EXIT,
    source: 'psABI §3.2.1; linux emit_prologue(): push_callee_regs()',
    mutate: framed(({ saved, outgoing }) => ({ saved: [], outgoing: outgoing + 8 * saved.length })),
  },
  {
    name: 'timer-callback-keeps-rbp',
    breaks: 'what a timer calls leaves its frame without giving rbp back',
    guilty: AT_EXIT,
    source: 'psABI §3.2.1: C compiled without frame pointers has a value of its own in rbp',
    mutate: inTimers((target) => ({
      lowerExit: (context, which) => exitKeepingRbp(target, context, which),
    })),
  },
  {
    name: 'timer-callback-counts-tail-calls',
    breaks: 'what a timer calls follows the pointer to the count of tail calls that functions get in rax',
    guilty: AT_ENTRY,
    source: 'linux 116e04ba1459 emit_prologue_tail_call(): rax of a function',
    mutate: entering((asm) => asm.mem(MOV.r64_rm64, RAX, 0, RAX)),
  },
  {
    name: 'timer-callback-without-map',
    breaks: 'what a timer calls gets key and value as its first arguments',
    guilty: AT_ENTRY,
    source: 'linux bpf_timer_cb(): callback_fn(map, key, value, 0, 0)',
    mutate: entering((asm) => {
      asm.mr(MOV.rm64_r64, RDI, RSI);
      asm.mr(MOV.rm64_r64, RSI, RDX);
    }),
  },
  {
    name: 'timer-callback-value-32-bits',
    breaks: 'what a timer calls gets the lower half of its third argument',
    guilty: AT_ENTRY,
    source: 'linux bpf_callback_t: arguments of 64 bits',
    mutate: entering((asm) => asm.mr(MOV.rm32_r32, RDX, RDX)),
  },
  {
    name: 'timer-callback-on-frame-of-caller',
    breaks: 'what a timer calls saves rbp, and goes on with that of its caller',
    guilty: AT_ENTRY,
    source: 'linux emit_prologue(): mov rbp, rsp',
    mutate: inTimers((target) => ({
      prologue: (context) => target.prologue({ ...context, enterException: (asm) => asm.o(PUSH_R64, RBP) }),
    })),
  },
  {
    name: 'timer-callback-without-outgoing-area',
    breaks: 'what a timer calls, which gets no stack arguments, makes no room for those it passes',
    guilty: AT_ENTRY,
    source: 'linux 324c3ca6eed6: the outgoing area of a program that has no incoming one',
    mutate: framed(() => ({ outgoing: 0 })),
  },
  {
    name: 'timer-start-32-bits',
    breaks: 'the time of bpf_timer_start() is cut to 32 bits',
    guilty: { stages: ['call'], insn: /^call/ },
    source: 'linux bpf_timer_start(): u64 nsecs',
    mutate: (target) => ({
      ...target,
      lowerCall(context, callee) {
        if (callee.kind === 'helper' && callee.id === TIMER_START) context.asm.mr(MOV.rm32_r32, RSI, RSI);
        target.lowerCall(context, callee);
      },
    }),
  },
];

export const TIMER_MUTANTS: readonly Mutant[] = WITHOUT_LANE.map((mutant) => ({
  ...mutant,
  lane: 'timers',
}));
