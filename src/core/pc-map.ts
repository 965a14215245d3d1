/** Where the native code of each BPF slot begins. */

/** A BPF slot, and the offset in the image of the first byte of its code. */
export type PcRow = readonly [pc: number, offset: number];

/** Rows by ascending offset; a slot may have several, or none. */
export class PcMap implements Iterable<PcRow> {
  /** Slot, offset, slot, offset, …: an array for each row would take four times the room. */
  readonly #numbers: number[];
  #length = 0;

  /** `room`: the rows it may have. */
  constructor(room: number) {
    this.#numbers = new Array<number>(2 * room);
  }

  static of(rows: readonly PcRow[]): PcMap {
    const map = new PcMap(rows.length);
    for (const [pc, offset] of rows) map.add(pc, offset);
    return map;
  }

  /** Of an offset that is not below the one before. */
  add(pc: number, offset: number): void {
    const at = 2 * this.#length++;
    this.#numbers[at] = pc;
    this.#numbers[at + 1] = offset;
  }

  /** The first ones of these slots [from, to), as they change, at these addresses counted from an offset. */
  addFirsts(pcs: Int32Array, addrs: Int32Array, from: number, to: number, offset: number): void {
    const numbers = this.#numbers;
    let at = 2 * this.#length;
    let last = -1;
    for (let i = from; i < to; i++) {
      const pc = pcs[i] as number;
      if (pc === last) continue;
      numbers[at] = pc;
      numbers[at + 1] = offset + (addrs[i] as number);
      at += 2;
      last = pc;
    }
    this.#length = at >> 1;
  }

  get length(): number {
    return this.#length;
  }

  /** Of a row, by its index. */
  pcOf(row: number): number {
    return this.#numbers[2 * row] as number;
  }
  offsetOf(row: number): number {
    return this.#numbers[2 * row + 1] as number;
  }

  /** Offset of the first row of a slot. */
  startOf(pc: number): number | undefined {
    for (let row = 0; row < this.#length; row++) if (this.pcOf(row) === pc) return this.offsetOf(row);
    return undefined;
  }

  /** Index of the last row that begins at an offset or before it; -1 if there is none. */
  rowBefore(offset: number): number {
    let low = 0;
    let high = this.#length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.offsetOf(middle) <= offset) low = middle + 1;
      else high = middle;
    }
    return low - 1;
  }

  /** Slot of the last row that begins at an offset itself. */
  pcStartingAt(offset: number): number | undefined {
    const row = this.rowBefore(offset);
    return row >= 0 && this.offsetOf(row) === offset ? this.pcOf(row) : undefined;
  }

  has(pc: number, offset: number): boolean {
    for (let row = this.rowBefore(offset); row >= 0 && this.offsetOf(row) === offset; row--)
      if (this.pcOf(row) === pc) return true;
    return false;
  }

  *[Symbol.iterator](): Iterator<PcRow> {
    for (let row = 0; row < this.#length; row++) yield [this.pcOf(row), this.offsetOf(row)];
  }
}
