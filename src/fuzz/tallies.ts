/** Counts of what comes once a case, kept so that none of it takes a look-up: by place in a list of names, or by number. */

/** How often each of a few names came. The commonest come first in the list. */
export class NameTally<K extends string> {
  readonly #names: readonly K[];
  readonly #counts: number[];

  constructor(names: readonly K[]) {
    this.#names = names;
    this.#counts = names.map(() => 0);
  }

  add(name: K, n = 1): void {
    for (let at = 0; at < this.#names.length; at++) {
      if (this.#names[at] !== name) continue;
      this.#counts[at] = (this.#counts[at] as number) + n;
      return;
    }
  }

  of(name: K): number {
    return this.#counts[this.#names.indexOf(name)] ?? 0;
  }

  /** Of those that came. */
  counts(): Map<K, number> {
    return new Map(
      this.#names.map((name, at) => [name, this.#counts[at] as number] as const).filter(([, n]) => n > 0),
    );
  }
}

/** Numbers below it have a place each. */
const PLACES = 512;

/** How often each whole number came. */
export class NumberTally {
  readonly #small = new Float64Array(PLACES);
  readonly #others = new Map<number, number>();

  add(value: number, n = 1): void {
    if (value >= 0 && value < PLACES) this.#small[value] = (this.#small[value] as number) + n;
    else this.#others.set(value, (this.#others.get(value) ?? 0) + n);
  }

  /** Of those that came, small ones first. */
  counts(): Map<number, number> {
    const counts = new Map<number, number>();
    for (let value = 0; value < PLACES; value++) {
      const n = this.#small[value] as number;
      if (n > 0) counts.set(value, n);
    }
    for (const [value, n] of this.#others) counts.set(value, n);
    return counts;
  }
}
