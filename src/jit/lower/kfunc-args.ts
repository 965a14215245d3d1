/**
 * Arguments of kfuncs that have some of two words: from where BPF has put word after word to where C expects them. A
 * parallel move right before the call, with r11 and r10 to help; what C wants where it is stays there.
 */
import type { Assembler } from '../../x86/assembler.ts';
import { type Gpr, R10, R11, RSP } from '../../x86/reg.ts';
import { ARG_REGS } from '../../x86/sysv.ts';
import type { ArgWord } from '../native-args.ts';
import { load, store } from './memory.ts';
import { movReg64 } from './move.ts';

const WORD = 8;

type Place = Pick<ArgWord, 'in' | 'index'> | 'saved';

export interface Move {
  readonly from: Place;
  readonly to: Place;
}

/** Word k of BPF is where argument k + 1 of one word each would be. */
export const movesOf = (words: readonly ArgWord[]): Move[] =>
  words
    .map((word, k): Move => ({ from: placeOfWord(k), to: { in: word.in, index: word.index } }))
    .filter(({ from, to }) => !isSame(from, to));

const placeOfWord = (k: number): Place =>
  k < ARG_REGS.length ? { in: 'reg', index: k } : { in: 'stack', index: k - ARG_REGS.length };

/** In an order that overwrites nothing that is still to be moved; of a cycle, one word is kept in r11 meanwhile. */
export function emitMoves(asm: Assembler, moves: readonly Move[]): void {
  let left = [...moves];
  while (left.length > 0) {
    const free = left.find(({ to }) => !left.some(({ from }) => isSame(from, to)));
    if (free !== undefined) {
      emitMove(asm, free);
      left = left.filter((move) => move !== free);
      continue;
    }
    const { from } = left[0] as Move;
    emitMove(asm, { from, to: 'saved' });
    left = left.map((move) => (move.from === from ? { ...move, from: 'saved' } : move));
  }
}

export function emitMove(asm: Assembler, { from, to }: Move): void {
  const [source, target] = [regOf(from), regOf(to)];
  if (source !== undefined && target !== undefined) movReg64(asm, target, source);
  else if (source !== undefined) store(asm, WORD, RSP, offsetOf(to), source);
  else {
    const by = target ?? R10;
    load(asm, WORD, by, RSP, offsetOf(from));
    if (target === undefined) store(asm, WORD, RSP, offsetOf(to), by);
  }
}

const regOf = (place: Place): Gpr | undefined => {
  if (place === 'saved') return R11;
  return place.in === 'reg' ? ARG_REGS[place.index] : undefined;
};

/** From rsp right before the call, of a place that is no register. */
const offsetOf = (place: Place): number => WORD * (place as Pick<ArgWord, 'index'>).index;

const isSame = (a: Place, b: Place): boolean =>
  a === b || (a !== 'saved' && b !== 'saved' && a.in === b.in && a.index === b.index);
