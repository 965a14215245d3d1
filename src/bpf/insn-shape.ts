/**
 * The one shape that instructions of programs have: every object has all fields that any kind has, in one order.
 * What goes through programs reads `kind` of each instruction; JavaScript engines find it at once where all objects
 * are alike, and search for it where there are sixteen sorts of them. Each knows its words on the wire, too: who
 * encodes a program need not ask of every instruction what it is.
 */
import type { Mutable } from '../core/mutable.ts';
import type { Insn, JaInsn, JccInsn, MayGotoInsn } from './insn.ts';

/** What any instruction may have; undefined where its kind has no such field. */
class Fields {
  kind: Insn['kind'];
  op: string | undefined = undefined;
  width: number | undefined = undefined;
  source: 'K' | 'X' | undefined = undefined;
  dst: number | undefined = undefined;
  src: number | undefined = undefined;
  off: number | undefined = undefined;
  imm: number | bigint | undefined = undefined;
  size: number | undefined = undefined;
  sign: boolean | undefined = undefined;
  bits: number | undefined = undefined;
  access: string | undefined = undefined;
  to: string | undefined = undefined;
  target: string | undefined = undefined;
  /** The words of its first slot on the wire. */
  #word: number;
  #imm: number;

  constructor(kind: Insn['kind'], word: number, imm: number) {
    this.kind = kind;
    this.#word = word | 0;
    this.#imm = imm | 0;
  }

  static wordOf(insn: object): number {
    // To ask first whether it has one costs more than what most ask this for.
    try {
      return (insn as Fields).#word;
    } catch {
      return 0;
    }
  }

  static put(insn: object, words: Int32Array, at: number): boolean {
    // As above.
    try {
      words[at] = (insn as Fields).#word;
      words[at + 1] = (insn as Fields).#imm;
      return true;
    } catch {
      return false;
    }
  }

  /** A jump. */
  land(off: number): void {
    this.off = off;
    if (this.width === 32 && this.kind === 'ja') this.#imm = off;
    else this.#word = (this.#word & 0xffff) | (off << 16);
  }
}

/** Of a kind, with the words of its first slot on the wire. */
export const fresh = <K extends Insn['kind']>(
  kind: K,
  word: number,
  imm: number,
): Mutable<Extract<Insn, { kind: K }>> =>
  new Fields(kind, word, imm) as unknown as Mutable<Extract<Insn, { kind: K }>>;

/** Whether it was made here. */
export const isUniform = (insn: Insn): boolean => insn instanceof Fields;

/** Of an instruction that was made here, the first word on the wire, which is never 0; else 0. */
export const wordOf = (insn: Insn): number => Fields.wordOf(insn);

/** Writes the two words of its first slot, if it was made here: opcode, dst, src and off; and imm. */
export const putWords = (insn: Insn, words: Int32Array, at: number): boolean => Fields.put(insn, words, at);

/** Makes a jump go to the slot that is `off` behind the next one. Made here it must be, and for its slot alone. */
export const land = (jump: JaInsn | JccInsn | MayGotoInsn, off: number): void =>
  (jump as unknown as Fields).land(off);
