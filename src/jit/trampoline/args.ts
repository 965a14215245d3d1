/** Argument words of native code: into the array, back into registers, and on to the stack of the traced function. */
import type { Assembler } from '../../x86/assembler.ts';
import type { Gpr } from '../../x86/reg.ts';
import { RAX, RBP } from '../../x86/reg.ts';
import { ARG_REGS } from '../../x86/sysv.ts';
import { load, store, storeImm } from '../lower/memory.ts';
import type { ArgWord } from '../native-args.ts';
import { stackWords } from '../native-args.ts';
import type { TrampolineFrame } from './frame.ts';

const WORD = 8;
/** An argument of so few bytes may lie on the stack with anything above it. */
const NARROW = 4;

const regOf = ({ index }: ArgWord): Gpr => ARG_REGS[index] as Gpr;

/** Offset of a word of the array from rbp. */
export const arrayOffset = ({ array }: TrampolineFrame, word: number): number => WORD * word - array;

/** All eight bytes, whatever the C type: linux 02a6dfa8ff43. */
export function saveWord(asm: Assembler, frame: TrampolineFrame, word: ArgWord, index: number): void {
  const at = arrayOffset(frame, index);
  if (word.in === 'reg') store(asm, WORD, RBP, at, regOf(word));
  else copyStackWord(asm, frame, word, at);
}

/** A compiler may make room for 4 bytes only, if there is one stack word alone: linux 473e3150e30a. */
function copyStackWord(
  asm: Assembler,
  { words, stackArgs }: TrampolineFrame,
  word: ArgWord,
  at: number,
): void {
  load(asm, WORD, RAX, RBP, stackArgs + WORD * word.index);
  store(asm, WORD, RBP, at, RAX);
  if (stackWords(words) === 1 && word.bytes <= NARROW) storeImm(asm, 4, RBP, at + 4, 0);
}

/** A word that travels in a register. */
export function restoreWord(asm: Assembler, frame: TrampolineFrame, word: ArgWord, index: number): void {
  load(asm, WORD, regOf(word), RBP, arrayOffset(frame, index));
}

/** A word that travels on the stack, for the traced function. Destroys rax. */
export function restackWord(asm: Assembler, frame: TrampolineFrame, word: ArgWord): void {
  copyStackWord(asm, frame, word, WORD * word.index - frame.bytes);
}
