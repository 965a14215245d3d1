/**
 * What goes wrong in the layouts of the mail thread, where calls do more than `call`: arguments that are pushed again
 * at each call (v3), a word that is taken away for kfuncs and r9 that is kept (reply).
 */
import type { ConventionName } from '../bpf/calling.ts';
import { type CallTarget, emitCall } from '../jit/lower/call.ts';
import type { LowerContext } from '../jit/lower/context.ts';
import { moveRsp } from '../jit/lower/frame.ts';
import { load } from '../jit/lower/memory.ts';
import { keepingR9 } from '../jit/lower/private-stack.ts';
import { gprOf } from '../jit/regmap.ts';
import type { Target } from '../jit/target.ts';
import { ADD, POP_R64, PUSH_R64, PUSH_RM64, SUB } from '../x86/forms.ts';
import { R9, RBP, RSP } from '../x86/reg.ts';
import { convention, type Mutant } from './mutant.ts';

const SEED = 'lore 0903790e-a63c-4b62-b751-ce08ffcf8f57 (v3 08/11)';
const REPLY = 'lore 0903790e-a63c-4b62-b751-ce08ffcf8f57 (reply to its review)';
const CALL = { stages: ['call'], insn: /^call/ } as const;
/** A wrong rsp may show as the callee's frame is made. */
const CALL_OR_ENTRY = { stages: ['call', 'prologue'], insn: /^call/ } as const;
const WORD = 8;

/** Calls of one convention, made otherwise. */
const calling =
  (lower: (context: LowerContext, callee: CallTarget) => void) =>
  (target: Target): Target => ({ ...target, lowerCall: lower });

/** A slot of the area of v3, from rbp; 0 is argument 6. */
const slotAt = ({ frame }: LowerContext, slot: number): number =>
  frame.outgoingBase - frame.outgoing + WORD * slot;

/** How v3 makes a call: which slots it pushes, from where, and how many words it drops. */
interface Copies {
  /** Slots that are to be pushed, the last one first; `first`: 1 where argument 6 is in r9. */
  readonly order?: (slots: number[], first: number) => number[];
  readonly push?: (context: LowerContext, slot: number) => void;
  readonly dropped?: (words: number, first: number) => number;
  readonly keeping?: (context: LowerContext, copies: () => void, rest: () => void) => void;
}

const pushFromArea = (context: LowerContext, slot: number): void =>
  context.asm.memOne(PUSH_RM64, RBP, slotAt(context, slot));

const v3 = ({
  order = (slots) => slots,
  push = pushFromArea,
  dropped = (words) => words,
  keeping = (context, copies, rest) =>
    keepingR9(context, undefined, () => {
      copies();
      rest();
    }),
}: Copies) =>
  calling((context, callee) => {
    const { asm } = context;
    const first = callee.kind !== 'bpf' && callee.stackArgs > 0 ? 1 : 0;
    const words = callee.stackArgs - first;
    const slots = Array.from({ length: words }, (_, k) => callee.stackArgs - 1 - k);
    const copies = (): void => {
      for (const slot of order(slots, first)) push(context, slot);
    };
    keeping(context, copies, () => {
      if (first > 0) load(asm, WORD, R9, RBP, slotAt(context, 0));
      emitCall(context, callee);
      moveRsp(asm, ADD, WORD * dropped(words, first));
    });
  });

const V3_MUTANTS: readonly Mutant[] = [
  {
    name: 'v3-copies-first-one-first',
    breaks:
      'v3: the arguments are pushed in their order, so that the last one is where the first one should be',
    guilty: CALL,
    source: SEED,
    mutate: v3({ order: (slots) => slots.toReversed() }),
  },
  {
    name: 'v3-copies-one-less',
    breaks: 'v3: the last argument is not pushed, and rsp goes back by as much',
    guilty: CALL_OR_ENTRY,
    source: SEED,
    mutate: v3({ order: (slots) => slots.slice(1), dropped: (words) => Math.max(words - 1, 0) }),
  },
  {
    name: 'v3-copies-argument-6-for-kfuncs',
    breaks: 'v3: argument 6 of a kfunc is pushed too, though it is in r9',
    guilty: CALL,
    source: SEED,
    mutate: v3({
      order: (slots, first) => (first > 0 ? [...slots, 0] : slots),
      dropped: (words, first) => words + first,
    }),
  },
  {
    name: 'v3-copies-from-rsp',
    breaks: 'v3: the area is looked for from rsp, which each push moves',
    guilty: CALL,
    source: SEED,
    mutate: v3({
      push: (context, slot) => {
        const { asm, frame } = context;
        asm.memOne(PUSH_RM64, RSP, frame.bytes + slotAt(context, slot));
      },
    }),
  },
  {
    name: 'v3-drops-argument-6-of-kfuncs',
    breaks: 'v3: after a call of a kfunc rsp goes back by argument 6 too, which was not pushed',
    guilty: CALL,
    source: SEED,
    mutate: v3({ dropped: (words, first) => words + first }),
  },
  {
    name: 'v3-drops-nothing',
    breaks: 'v3: after a call the pushed arguments stay',
    guilty: CALL,
    source: SEED,
    mutate: v3({ dropped: () => 0 }),
  },
  {
    name: 'v3-r9-saved-below-arguments',
    breaks: 'v3: r9 is pushed after the arguments, which it moves up by a word',
    guilty: CALL_OR_ENTRY,
    lane: 'private-stack',
    source: SEED,
    mutate: v3({
      keeping: (context, copies, rest) => {
        const { asm, frame } = context;
        copies();
        if (frame.privateStack !== undefined) asm.o(PUSH_R64, R9);
        rest();
        if (frame.privateStack !== undefined) asm.o(POP_R64, R9);
      },
    }),
  },
  {
    name: 'v3-takes-arguments-as-linux',
    breaks: 'v3: arguments are taken where Linux has them, which has none in memory for argument 6',
    guilty: { stages: ['insn'], insn: /^r\d = \*\(u64 \*\)\(r11 \+/ },
    source: SEED,
    mutate: convention(() => ({
      loadArg: ({ asm }, insn) => load(asm, WORD, gprOf(insn.dst), RBP, insn.off),
    })),
  },
];

/** How reply makes a call of a kfunc with stack arguments; then r9 comes back. */
const reply = (
  kfunc: (context: LowerContext, call: () => void) => void,
  {
    takes = ({ kind }: CallTarget) => kind === 'kfunc',
    keptAt = (at: number): number | undefined => at,
  } = {},
) =>
  calling((context, callee) => {
    const { asm, frame } = context;
    const call = (): void => emitCall(context, callee);
    if (takes(callee) && callee.stackArgs > 0) kfunc(context, call);
    else call();
    const at = frame.keptR9 === undefined ? undefined : keptAt(frame.keptR9);
    if (at !== undefined) load(asm, WORD, R9, RBP, at);
  });

function popAndMakeAgain({ asm }: LowerContext, call: () => void): void {
  asm.o(POP_R64, R9);
  call();
  moveRsp(asm, SUB, WORD);
}

const REPLY_MUTANTS: readonly Mutant[] = [
  {
    name: 'reply-bottom-word-stays',
    breaks: 'reply: argument 6 of a kfunc is loaded to r9, but its word is not removed',
    guilty: CALL,
    source: REPLY,
    mutate: reply(({ asm }, call) => {
      load(asm, WORD, R9, RSP, 0);
      call();
    }),
  },
  {
    name: 'reply-bottom-word-not-made-again',
    breaks: 'reply: the word that a kfunc takes away is not made again',
    guilty: CALL,
    source: REPLY,
    mutate: reply(({ asm }, call) => {
      asm.o(POP_R64, R9);
      call();
    }),
  },
  {
    name: 'reply-bottom-word-removed-for-all',
    breaks: 'reply: the bottom word is removed for functions too, which take argument 6 there',
    guilty: CALL_OR_ENTRY,
    source: REPLY,
    mutate: reply(popAndMakeAgain, { takes: ({ kind }) => kind !== 'helper' }),
  },
  {
    name: 'reply-r9-not-loaded-again',
    breaks: 'reply: after a call r9 is what the callee left in it',
    guilty: CALL,
    lane: 'private-stack',
    source: REPLY,
    mutate: reply(popAndMakeAgain, { keptAt: () => undefined }),
  },
  {
    name: 'reply-r9-from-last-argument',
    breaks: 'reply: after a call r9 is loaded from the word below the one it was stored to',
    guilty: CALL,
    lane: 'private-stack',
    source: REPLY,
    mutate: reply(popAndMakeAgain, { keptAt: (at) => at - WORD }),
  },
  {
    name: 'reply-tail-call-pointer-below-r9',
    breaks:
      'reply: functions get the pointer to the count from two words below where it is, past a saved register',
    guilty: { stages: ['call', 'prologue', 'insn'], insn: /^call/ },
    lane: 'tail-calls',
    source: 'linux ff672c67ee76; 35b78733160c (prevented: tail calls with stack arguments)',
    mutate: (target) => ({
      ...target,
      lowerCall(context, callee) {
        const { frame } = context;
        const isPast = frame.outgoing > 0;
        const stackDepth = frame.stackDepth + (isPast ? 2 * WORD : 0);
        target.lowerCall({ ...context, frame: { ...frame, stackDepth } }, callee);
      },
    }),
  },
];

const of = (name: ConventionName, mutants: readonly Mutant[]): Mutant[] =>
  mutants.map((mutant) => ({ ...mutant, convention: name }));

/** Those of other conventions than Linux's. */
export const CONVENTION_MUTANTS: readonly Mutant[] = [...of('v3', V3_MUTANTS), ...of('reply', REPLY_MUTANTS)];
