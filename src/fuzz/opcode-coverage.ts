/** Which forms of instructions the cases held, and with which operands. Counted in the program, run or not. */
import { LDDW_OPCODE } from '../bpf/load-store.ts';
import {
  ALL_OPCODE_FORMS,
  formIndex,
  type OpcodeForm,
  type OperandSets,
  valueSet,
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

/** Words of an instruction by its opcode byte: the second half of a wide one is no instruction. */
const STEPS = Uint8Array.from({ length: 256 }, (_, opcode) => (opcode === LDDW_OPCODE ? 4 : 2));

export class OpcodeCoverage {
  readonly #counts = new Float64Array(ALL_OPCODE_FORMS.length);
  readonly #seen = new Uint16Array(ALL_OPCODE_FORMS.length * SETS);
  /** Of each form two: dst and src above it, imm and off above it; hosts are little-endian (core/u64.ts). */
  readonly #pairs = new Int32Array(this.#seen.buffer);

  /** Counts the instructions of an encoded program (encodeWords). */
  add(code: Int32Array): void {
    const counts = this.#counts;
    const pairs = this.#pairs;
    for (let at = 0, head = 0; at < code.length; at += STEPS[head & 0xff] as number) {
      head = code[at] as number;
      const imm = code[at + 1] as number;
      const opcode = head & 0xff;
      const src = (head >> 12) & 15;
      const off = head >> 16;
      const form = formIndex(opcode, src, off, imm);
      if (form < 0) continue;
      counts[form] = (counts[form] as number) + 1;
      const pair = 2 * form;
      pairs[pair] = (pairs[pair] as number) | (1 << ((head >> 8) & 15)) | (0x1_0000 << src);
      pairs[pair + 1] = (pairs[pair + 1] as number) | valueSet(imm) | (valueSet(off) << 16);
    }
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
