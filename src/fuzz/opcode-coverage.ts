/** Which forms of instructions the cases held, and with which operands. Counted in the program, run or not. */
import {
  ALL_OPCODE_FORMS,
  formIndex,
  type OpcodeForm,
  type OperandSets,
  valueClass,
} from '../bpf/opcode-forms.ts';

/** Counts that can be sent to another process. */
export interface OpcodeCounts {
  /** By index in ALL_OPCODE_FORMS. */
  readonly counts: Float64Array;
  /** Values seen of dst, src, imm and off, four sets a form. */
  readonly seen: Uint16Array;
}

/** What was seen of one form. */
export interface SeenForm {
  readonly form: OpcodeForm;
  readonly count: number;
  readonly seen: OperandSets;
}

const DST = 0;
const SRC = 1;
const IMM = 2;
const OFF = 3;
const SETS = 4;

/** Little-endian, without a view: making one takes as long as counting some instructions. */
const int32 = (bytes: Uint8Array, at: number): number =>
  (bytes[at] as number) |
  ((bytes[at + 1] as number) << 8) |
  ((bytes[at + 2] as number) << 16) |
  ((bytes[at + 3] as number) << 24);

export class OpcodeCoverage {
  readonly #counts = new Float64Array(ALL_OPCODE_FORMS.length);
  readonly #seen = new Uint16Array(ALL_OPCODE_FORMS.length * SETS);

  /** Counts the instructions of an encoded program. */
  add(code: Uint8Array): void {
    for (let at = 0; at < code.length; at += 8) {
      const head = int32(code, at);
      const opcode = head & 0xff;
      const regs = (head >> 8) & 0xff;
      const off = head >> 16;
      const imm = int32(code, at + 4);
      const index = formIndex(opcode, regs >> 4, off, imm);
      if (index === undefined) continue;
      this.#counts[index] = (this.#counts[index] as number) + 1;
      this.#see(index, DST, regs & 15);
      this.#see(index, SRC, regs >> 4);
      this.#see(index, IMM, valueClass(imm));
      this.#see(index, OFF, valueClass(off));
      // The second half of a wide instruction is no instruction.
      if (opcode === 0x18) at += 8;
    }
  }

  #see(index: number, set: number, bit: number): void {
    const at = index * SETS + set;
    this.#seen[at] = (this.#seen[at] as number) | (1 << bit);
  }

  merge({ counts, seen }: OpcodeCounts): void {
    counts.forEach((count, i) => {
      this.#counts[i] = (this.#counts[i] as number) + count;
    });
    seen.forEach((set, i) => {
      this.#seen[i] = (this.#seen[i] as number) | set;
    });
  }

  counts(): OpcodeCounts {
    return { counts: this.#counts, seen: this.#seen };
  }

  /** Every form, seen or not; sets hold only values the form can have. */
  forms(): SeenForm[] {
    return ALL_OPCODE_FORMS.map((form, index): SeenForm => {
      const set = (which: number): number => this.#seen[index * SETS + which] as number;
      const { possible } = form;
      return {
        form,
        count: this.#counts[index] as number,
        seen: {
          dst: set(DST) & possible.dst,
          src: set(SRC) & possible.src,
          imm: set(IMM) & possible.imm,
          off: set(OFF) & possible.off,
        },
      };
    });
  }
}
