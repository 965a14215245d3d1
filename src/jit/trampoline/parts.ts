/** What makes a trampoline the one it is, as one record: a broken one for testing the oracle has one entry replaced. */
import type { Assembler } from '../../x86/assembler.ts';
import { RAX, RBP, RDX } from '../../x86/reg.ts';
import { load, store } from '../lower/memory.ts';
import { restackWord, restoreWord, saveWord } from './args.ts';
import { layOutTrampoline, type TrampolineFrame } from './frame.ts';

const WORD = 8;

export interface TrampolineParts {
  readonly layOut: typeof layOutTrampoline;
  readonly saveWord: typeof saveWord;
  readonly restoreWord: typeof restoreWord;
  readonly restackWord: typeof restackWord;
  readonly saveResult: (asm: Assembler, frame: TrampolineFrame) => void;
  readonly loadResult: (asm: Assembler, frame: TrampolineFrame) => void;
}

/** What the traced function returned: rax, and rdx if it is of two words. */
function saveResult(asm: Assembler, { resultWords }: TrampolineFrame): void {
  store(asm, WORD, RBP, -WORD * resultWords, RAX);
  if (resultWords > 1) store(asm, WORD, RBP, -WORD, RDX);
}

function loadResult(asm: Assembler, { resultWords }: TrampolineFrame): void {
  load(asm, WORD, RAX, RBP, -WORD * resultWords);
  if (resultWords > 1) load(asm, WORD, RDX, RBP, -WORD);
}

export const TRAMPOLINE: TrampolineParts = {
  layOut: layOutTrampoline,
  saveWord,
  restoreWord,
  restackWord,
  saveResult,
  loadResult,
};
