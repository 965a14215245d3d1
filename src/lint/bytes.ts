/** Sets of bytes, one bit each. What lies outside a set's range belongs to no set. */
export type ByteSet = Int32Array;

export const byteSet = (bytes: number): ByteSet => new Int32Array(bytes / 32);

const limit = (set: ByteSet): number => set.length * 32;

/** Whether all bytes of [at, at + size) that are in range are in the set. */
export function hasBytes(set: ByteSet, at: number, size: number): boolean {
  const end = Math.min(at + size, limit(set));
  for (let k = Math.max(at, 0); k < end; k++)
    if (((set[k >> 5] as number) & (1 << (k & 31))) === 0) return false;
  return true;
}

export function addBytes(set: ByteSet, at: number, size: number): void {
  const end = Math.min(at + size, limit(set));
  for (let k = Math.max(at, 0); k < end; k++) set[k >> 5] = (set[k >> 5] as number) | (1 << (k & 31));
}

/** Keeps what is in both; whether anything went. */
export function meetBytes(into: ByteSet, from: ByteSet): boolean {
  let changed = false;
  for (let k = 0; k < into.length; k++) {
    const both = (into[k] as number) & (from[k] as number);
    changed ||= both !== into[k];
    into[k] = both;
  }
  return changed;
}

/** Whether `set` has all bytes of `wanted` moved by `by`, which all are in range. */
export function hasAllBytes(set: ByteSet, wanted: ByteSet, by: number): boolean {
  let has = true;
  eachRun(wanted, (at, size) => {
    has &&= at + by >= 0 && at + by + size <= limit(set) && hasBytes(set, at + by, size);
  });
  return has;
}

/** Calls `visit` for each run of bytes in the set. */
export function eachRun(set: ByteSet, visit: (at: number, size: number) => void): void {
  const end = limit(set);
  let start = -1;
  for (let k = 0; k <= end; k++) {
    const word = set[k >> 5];
    if (start < 0 && word === 0) {
      // None of these 32.
      k |= 31;
      continue;
    }
    const isIn = k < end && ((word as number) & (1 << (k & 31))) !== 0;
    if (isIn && start < 0) start = k;
    if (!isIn && start >= 0) {
      visit(start, k - start);
      start = -1;
    }
  }
}
