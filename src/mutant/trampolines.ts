/** Trampolines that put arguments or results elsewhere. They show in the lane of trampolines alone. */
import { wordsIn } from '../core/native.ts';
import { load, store } from '../jit/lower/memory.ts';
import type { ArgWord } from '../jit/native-args.ts';
import type { Target } from '../jit/target.ts';
import { arrayOffset } from '../jit/trampoline/args.ts';
import type { TrampolineFrame } from '../jit/trampoline/frame.ts';
import type { TrampolineParts } from '../jit/trampoline/parts.ts';
import { Assembler } from '../x86/assembler.ts';
import { RAX, RBP } from '../x86/reg.ts';
import { ARG_REGS } from '../x86/sysv.ts';
import type { Mutant } from './mutant.ts';

const WORD = 8;
const SAVE = { stages: ['trampoline'], insn: /^save/ } as const;

/** Changes parts of the trampoline. */
const trampoline =
  (change: (from: TrampolineParts) => Partial<TrampolineParts>) =>
  (target: Target): Target => ({
    ...target,
    trampoline: { ...target.trampoline, ...change(target.trampoline) },
  });

/** Saves words as if the frame, or the word, were another one. */
const savedAs = (other: (frame: TrampolineFrame, word: ArgWord) => readonly [TrampolineFrame, ArgWord]) =>
  trampoline(({ saveWord }) => ({
    saveWord(asm, frame, word, index) {
      saveWord(asm, ...other(frame, word), index);
    },
  }));

/** Where the words would be if arguments were counted otherwise. */
const placedAs = (
  place: (args: readonly { readonly bytes: number; readonly align: 8 | 16 }[]) => ArgWord[],
) =>
  trampoline(({ layOut }) => ({
    layOut: (proto) => ({ ...layOut(proto), words: place(proto.args) }),
  }));

type Place = Pick<ArgWord, 'in' | 'index'>;

/**
 * One argument after the other: with gaps before an __int128 on the stack; with registers for what comes behind an
 * argument on the stack; with arguments split between the last register and the stack.
 */
export function counted(
  args: readonly { readonly bytes: number; readonly align: 8 | 16 }[],
  {
    gaps,
    backfill,
    splits,
  }: { readonly gaps: boolean; readonly backfill: boolean; readonly splits: boolean },
): ArgWord[] {
  let [regs, stack] = [0, 0];
  return args.flatMap((type): ArgWord[] => {
    const count = wordsIn(type);
    const places: Place[] = [];
    if (!splits && regs + count > ARG_REGS.length && !backfill) regs = ARG_REGS.length;
    const fits = splits || regs + count <= ARG_REGS.length;
    if (!fits && gaps && type.align === 16) stack += stack % 2;
    for (let k = 0; k < count; k++)
      places.push(
        fits && regs < ARG_REGS.length ? { in: 'reg', index: regs++ } : { in: 'stack', index: stack++ },
      );
    return places.map((each) => ({ ...each, bytes: type.bytes }));
  });
}

const WITHOUT_LANE: readonly Mutant[] = [
  {
    name: 'trampoline-stack-args-one-too-low',
    breaks: 'behind a patched call, stack arguments are taken from one return address too low: [rbp + 16]',
    guilty: SAVE,
    source: 'linux save_args(): stack_args_off 16 and 24',
    mutate: savedAs((frame, word) => [{ ...frame, stackArgs: 16 }, word]),
  },
  {
    name: 'trampoline-stack-args-one-too-high',
    breaks: 'behind a jump or a call by pointer, argument 7 is taken for argument 8: [rbp + 24]',
    guilty: SAVE,
    source: 'linux save_args(): stack_args_off 16 and 24',
    mutate: savedAs((frame, word) => [{ ...frame, stackArgs: 24 }, word]),
  },
  {
    name: 'trampoline-saves-c-size',
    breaks: 'narrow arguments are saved by the size of their C type',
    guilty: SAVE,
    source: 'linux 02a6dfa8ff43',
    mutate: trampoline(({ saveWord }) => ({
      saveWord(asm, frame, word, index) {
        const size = word.bytes;
        if (word.in === 'reg' && (size === 1 || size === 2 || size === 4))
          store(asm, size, RBP, arrayOffset(frame, index), ARG_REGS[word.index] as number);
        else saveWord(asm, frame, word, index);
      },
    })),
  },
  {
    name: 'trampoline-garbage-above-narrow',
    breaks: 'what lies above a stack argument of 4 bytes stays',
    guilty: SAVE,
    source: 'linux 473e3150e30a',
    mutate: savedAs((frame, word) => [frame, { ...word, bytes: WORD }]),
  },
  {
    name: 'trampoline-clears-every-narrow',
    breaks: 'the upper half of narrow arguments in registers is cleared, too',
    guilty: SAVE,
    source: 'hazard: clean_stack_garbage() on what was saved in full',
    mutate: trampoline(({ saveWord }) => ({
      saveWord(asm, frame, word, index) {
        if (word.in === 'stack' || word.bytes > 4) return saveWord(asm, frame, word, index);
        saveWord(asm, frame, word, index);
        load(asm, 4, RAX, RBP, arrayOffset(frame, index));
        store(asm, WORD, RBP, arrayOffset(frame, index), RAX);
      },
    })),
  },
  {
    name: 'trampoline-frame-too-small-for-128',
    breaks: 'arguments of 16 bytes are given one word of the frame',
    // What is below the array overwrites it, or is overwritten: seen wherever that is first used.
    guilty: { stages: ['trampoline'] },
    source: 'linux 814cba835ef6',
    mutate: trampoline(({ layOut }) => ({
      layOut(proto) {
        const frame = layOut(proto);
        const lost = WORD * proto.args.filter((type) => wordsIn(type) > 1).length;
        const { array, count, rbx, runCtx, bytes } = frame;
        return {
          ...frame,
          array: array - lost,
          count: count - lost,
          rbx: rbx - lost,
          runCtx: runCtx - lost,
          bytes: bytes - lost,
        };
      },
    })),
  },
  {
    name: 'trampoline-loses-rdx',
    breaks: 'of a result of 16 bytes the second word is lost',
    guilty: { stages: ['trampoline'], insn: /^(?:leave|result)/ },
    source: 'linux c48796aa6c39',
    mutate: trampoline(({ loadResult }) => ({
      loadResult: (asm, frame) => {
        load(asm, WORD, RAX, RBP, -WORD * frame.resultWords);
        if (frame.resultWords <= 1) loadResult(new Assembler(64), frame);
      },
    })),
  },
  {
    name: 'trampoline-odd-int128',
    breaks: 'an __int128 on the stack is looked for at an odd word: no gap before it',
    guilty: SAVE,
    source: 'linux save_args(), as it landed: nr_stack_slots counts no gaps',
    mutate: placedAs((args) => counted(args, { gaps: false, backfill: true, splits: false })),
  },
  {
    name: 'trampoline-no-backfill',
    breaks:
      'behind an argument on the stack, later ones are taken from the stack although a register is free',
    guilty: SAVE,
    source: 'linux save_args(): disorder of the args',
    mutate: placedAs((args) => counted(args, { gaps: true, backfill: false, splits: false })),
  },
  {
    name: 'trampoline-splits-struct',
    breaks: 'an argument of two words is taken from the last register and the stack',
    guilty: SAVE,
    source: 'psABI §3.2.3: the whole argument is passed on the stack',
    mutate: placedAs((args) => counted(args, { gaps: true, backfill: true, splits: true })),
  },
  {
    name: 'trampoline-forgets-r9',
    breaks: 'the sixth register is not given back to the traced function',
    guilty: { stages: ['trampoline'], insn: /^restore/ },
    source: 'linux restore_regs(): nr_regs == 5 ? X86_REG_R9',
    mutate: trampoline(({ restoreWord }) => ({
      restoreWord(asm, frame, word, index) {
        if (word.index < ARG_REGS.length - 1) restoreWord(asm, frame, word, index);
      },
    })),
  },
  {
    name: 'trampoline-restacks-one-too-high',
    breaks: 'the traced function gets its stack arguments one word too high',
    guilty: { stages: ['trampoline'], insn: /^restack/ },
    source: 'linux save_args(for_call_origin)',
    mutate: trampoline(({ restackWord }) => ({
      restackWord: (asm, frame, word) => restackWord(asm, frame, { ...word, index: word.index + 1 }),
    })),
  },
];

export const TRAMPOLINE_MUTANTS: readonly Mutant[] = WITHOUT_LANE.map((mutant) => ({
  ...mutant,
  lane: 'trampolines',
}));
