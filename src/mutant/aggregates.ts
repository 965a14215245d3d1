/** Kfuncs whose arguments or results of two words go astray. They show in the lane of aggregates alone. */
import { type Signature, wordsIn } from '../core/native.ts';
import type { CallTarget } from '../jit/lower/call.ts';
import { emitMove, movesOf } from '../jit/lower/kfunc-args.ts';
import type { ArgWord } from '../jit/native-args.ts';
import type { Target } from '../jit/target.ts';
import type { Mutant } from './mutant.ts';
import { counted } from './trampolines.ts';

const CALL = { stages: ['call'], insn: /^call/ } as const;

/** Calls kfuncs that have types as if they were others. */
const calling =
  (change: (callee: CallTarget & { readonly words: readonly ArgWord[] }) => Partial<CallTarget>) =>
  (target: Target): Target => ({
    ...target,
    lowerCall(context, callee) {
      const { words } = callee;
      target.lowerCall(
        context,
        words === undefined ? callee : { ...callee, ...change({ ...callee, words }) },
      );
    },
  });

/** The types again, as far as places depend on them. */
function typesOf(words: readonly ArgWord[], aligned: readonly boolean[]): Signature['args'] {
  const types: Signature['args'][number][] = [];
  for (let k = 0; k < words.length; ) {
    const { bytes } = words[k] as ArgWord;
    types.push({ text: '', bytes, align: aligned[k] === true ? 16 : 8 });
    k += wordsIn({ bytes });
  }
  return types;
}

/** Whether a gap lies before a word of the stack. */
const gaps = (words: readonly ArgWord[]): boolean[] =>
  words.map((word) => {
    if (word.in === 'reg' || word.index === 0) return false;
    return !words.some((other) => other.in === 'stack' && other.index === word.index - 1);
  });

const WITHOUT_LANE: readonly Mutant[] = [
  {
    name: 'kfunc-no-backfill',
    breaks: 'behind an argument on the stack, later ones go there too although a register is free',
    guilty: CALL,
    source: 'psABI §3.2.3: the next available register is used',
    mutate: calling(({ words }) => ({
      words: counted(typesOf(words, gaps(words)), { gaps: true, backfill: false, splits: false }),
    })),
  },
  {
    name: 'kfunc-odd-int128',
    breaks: 'an __int128 on the stack begins at an odd word: no gap before it',
    guilty: CALL,
    source: 'linux aggregate_arg_kfunc.c: padding, even slot',
    mutate: calling(({ words }) => ({
      words: counted(typesOf(words, gaps(words)), { gaps: false, backfill: true, splits: false }),
    })),
  },
  {
    name: 'kfunc-splits-struct',
    breaks: 'a struct goes half into the last register, half on to the stack: no word is moved for it',
    guilty: CALL,
    source: 'linux aggregate_arg_kfunc.c: straddling register and stack',
    mutate: calling(({ words }) => ({
      words: counted(typesOf(words, gaps(words)), { gaps: true, backfill: true, splits: true }),
    })),
  },
  {
    name: 'kfunc-moves-in-order',
    breaks: 'words are moved one after the other: a cycle overwrites what it has not read',
    guilty: CALL,
    source: 'hazard: parallel moves',
    mutate: (target) => ({
      ...target,
      lowerCall(context, { words, ...callee }) {
        for (const move of movesOf(words ?? [])) emitMove(context.asm, move);
        target.lowerCall(context, callee);
      },
    }),
  },
  {
    name: 'kfunc-loses-rdx',
    breaks: 'of a result of two words the second does not get to r2',
    guilty: CALL,
    source: 'linux bpf_jit_supports_kfunc_ret_reg_pair()',
    mutate: calling(() => ({ returnsTwo: false })),
  },
];

export const AGGREGATE_MUTANTS: readonly Mutant[] = WITHOUT_LANE.map((mutant) => ({
  ...mutant,
  lane: 'aggregates',
}));
