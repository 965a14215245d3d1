/**
 * Constants of a program that stand in code which promises to have none (Image.isBlinded): whoever may choose them
 * chooses native instructions, too. Looked for byte by byte, as they would be jumped to, whatever they are part of.
 */
import type { Insn } from '../bpf/insn.ts';
import type { Program } from '../bpf/program.ts';
import type { Image } from '../core/image.ts';
import { type Culprit, stageOf } from './locate.ts';
import type { Divergence } from './verdict.ts';

/** Constants of fewer significant bits are no code, and could stand anywhere by chance. */
const SIGNIFICANT_BITS = 16;
const BYTES = 4;

const NONE: readonly Exposed[] = [];

export interface Exposed extends Divergence {
  readonly culprit: Culprit;
}

/** In the order of the slots; nothing of an image without a pc map, or that promises nothing. */
export function exposedConstants({ insns }: Program, image: Image): readonly Exposed[] {
  const { isBlinded, pcMap, code } = image;
  if (isBlinded !== true) return NONE;
  const starts = [...(pcMap ?? [])].sort((a, b) => a[1] - b[1]);
  return starts.flatMap(([pc, start], k) => {
    const insn = insns[pc];
    const wanted = insn === undefined ? [] : constantsOf(insn).filter(isTelling);
    return wanted.flatMap((value) => {
      const at = indexOfWord(code.subarray(start, starts[k + 1]?.[1]), value);
      return at < 0 ? [] : [exposed({ insns }, pc, value, start + at)];
    });
  });
}

const exposed = (program: Pick<Program, 'insns'>, pc: number, value: number, offset: number): Exposed => ({
  subject: { kind: 'constant', value },
  want: { kind: 'bytes', bytes: new Uint8Array() },
  got: { kind: 'bytes', bytes: wordBytes(value) },
  pc,
  culprit: { pc, offset, stage: stageOf(program, pc) },
});

/** Words of 32 bits that an author chooses. Shift counts and narrow stores are too short to count. */
function constantsOf(insn: Insn): number[] {
  switch (insn.kind) {
    case 'alu':
    case 'jcc':
      return insn.source === 'K' ? [insn.imm] : [];
    case 'st':
      return insn.size >= BYTES ? [insn.imm] : [];
    case 'lddw':
      // Where a function lies is nobody's choice.
      if (insn.src !== 0) return [];
      return [insn.imm, insn.imm >> 32n].map((half) => Number(BigInt.asIntN(32, half)));
    default:
      return [];
  }
}

const isTelling = (value: number): boolean =>
  value >= 2 ** SIGNIFICANT_BITS || value < -(2 ** SIGNIFICANT_BITS);

/** Little-endian. */
const wordBytes = (value: number): Uint8Array => new Uint8Array(Int32Array.of(value).buffer);

function indexOfWord(code: Uint8Array, value: number): number {
  const bytes = wordBytes(value);
  for (let at = 0; at + BYTES <= code.length; at++) {
    if (bytes.every((byte, k) => code[at + k] === byte)) return at;
  }
  return -1;
}
