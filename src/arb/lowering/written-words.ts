/**
 * As Written, for a JIT whose validator knows of each 8 bytes of the stack only how wide the last store to them
 * was: a load must not be wider.
 */
import { Written } from './written.ts';

const WORDS = 64;

export class WrittenWords extends Written {
  readonly #widths: Uint8Array;

  constructor(bits?: number[], widths: Uint8Array = new Uint8Array(WORDS)) {
    super(bits);
    this.#widths = widths;
  }

  override has(off: number, size: number): boolean {
    return super.has(off, size) && size <= (this.#widths[wordOf(off)] as number);
  }

  override add(off: number, size: number): void {
    super.add(off, size);
    this.#widths[wordOf(off)] = size;
  }

  override keepCommon(other: Written): void {
    super.keepCommon(other);
    if (!(other instanceof WrittenWords)) return;
    for (let k = 0; k < WORDS; k++)
      this.#widths[k] = Math.min(this.#widths[k] as number, other.#widths[k] as number);
  }

  override copy(): WrittenWords {
    return new WrittenWords(this.bits(), this.#widths.slice());
  }
}

/** Words counted down from r10: bytes -8..-1 are the first one. */
const wordOf = (off: number): number => (-off - 1) >> 3;
