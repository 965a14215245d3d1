/**
 * Order of code sections. As for libbpf, `.text` holds functions the programs call and the other sections hold
 * programs, so `.text` goes last: the program begins at slot 0 wherever it stood in the file.
 */
import type { Insn } from '../insn.ts';
import { atDistance, targetOf } from '../program.ts';

/** Code from `start` to the next section's start. */
export interface CodeSection {
  readonly name: string;
  readonly start: number;
}

export interface PlacedCode {
  readonly insns: (Insn | undefined)[];
  readonly functionNames: ReadonlyMap<number, string>;
  /** Line of the text by slot; both slots of a wide instruction have one. */
  readonly lines: readonly number[];
}

/** `.text` behind the others, in place of any order; the others keep theirs. */
export function textLast<T extends { readonly name: string | undefined }>(sections: readonly T[]): T[] {
  const isText = ({ name }: T): boolean => name === '.text';
  return [...sections.filter((section) => !isText(section)), ...sections.filter(isText)];
}

/** Moves the code of `.text` behind that of the other sections; calls keep their targets. */
export function moveTextLast(code: PlacedCode, sections: readonly CodeSection[]): PlacedCode {
  const moved = newSlots(code.insns.length, sections);
  if (moved.every((slot, pc) => slot === pc)) return code;
  const insns = new Array<Insn | undefined>(code.insns.length);
  const lines = new Array<number>(code.insns.length);
  code.insns.forEach((insn, pc) => {
    insns[moved[pc] as number] = insn === undefined ? undefined : retarget(insn, pc, moved);
    lines[moved[pc] as number] = code.lines[pc] as number;
  });
  const functionNames = [...code.functionNames].map(([pc, name]) => [moved[pc] ?? pc, name] as const);
  return { insns, functionNames: new Map(functionNames.sort(([a], [b]) => a - b)), lines };
}

/** Where each slot goes. */
function newSlots(count: number, sections: readonly CodeSection[]): number[] {
  const ranges = sections.map((section, i) => ({ ...section, end: sections[i + 1]?.start ?? count }));
  const moved = new Array<number>(count);
  let next = 0;
  for (const { start, end } of textLast(ranges)) {
    for (let pc = start; pc < end; pc++) moved[pc] = next++;
  }
  return moved;
}

function retarget(insn: Insn, pc: number, moved: readonly number[]): Insn {
  const target = targetOf(pc, insn);
  const newTarget = target === undefined ? undefined : moved[target];
  if (newTarget === undefined) return insn;
  return atDistance(insn, newTarget - ((moved[pc] as number) + 1));
}
