/** Cells: the places of a run that have a value on both sides, by name. */
import type { Word } from '../core/execution.ts';
import type { U64 } from '../core/u64.ts';
import type { FrameRow } from './frame-rows.ts';

/**
 * A place that has a value on both sides: `r0` … `r10`; `rsp`; `fp`, the frame's own, where r10 is none; `in6`, `out6`: an argument in a native register;
 * `@7ffe9a00eff0`: eight bytes of a stack frame, by their address in hex; `m0+16`: eight bytes (at the end of a
 * region fewer) of the context, `m1+16`: of the first data section, and so on.
 */
export type Cell = string;

/** Both sides of a cell. */
export interface CellValue {
  /** The reference's; undefined where all of it is poison. */
  readonly want: Word;
  /** The native side's; undefined where it has nothing to show. */
  readonly got: Word;
  /** Bit i: byte i of `want` is poison. */
  readonly poison: number;
}

/** Takes in the value of a cell. */
export type See = (cell: Cell, value: CellValue) => void;

export const frameCell = (address: U64): Cell => `@${address.toString(16)}`;

/** Where a row of the running frame lies, by the cells of a step; undefined where that is not known. */
export function rowAddress(
  cells: ReadonlyMap<Cell, CellValue>,
  { role, fpOffset }: { readonly role: Pick<FrameRow['role'], 'kind'>; readonly fpOffset: number },
): Word {
  const r10 = cells.get('r10')?.want;
  const fp = role.kind === 'private-stack' ? r10 : (cells.get('fp')?.want ?? r10);
  return fp === undefined ? undefined : fp + BigInt(fpOffset);
}

/** Whether the sides differ; poison never does. */
export function cellDiffers({ want, got, poison }: CellValue): boolean {
  if (want === undefined) return false;
  if (got === undefined || poison === 0) return want !== got;
  return ((want ^ got) & ~poisonMask(poison)) !== 0n;
}

/** Bytes by bits: 0b101 is 0xff00ff. */
export function poisonMask(poison: number): U64 {
  let mask = 0n;
  for (let i = 7; i >= 0; i--) mask = (mask << 8n) | ((poison >> i) % 2 === 1 ? 0xffn : 0n);
  return mask;
}

/** A value that is poison as a whole or not at all. */
export const whole = (want: Word, got: Word): CellValue => ({
  want,
  got,
  poison: want === undefined ? 0xff : 0,
});

export const isSame = (a: CellValue, b: CellValue): boolean =>
  a.want === b.want && a.got === b.got && a.poison === b.poison;

/** Eight bytes from an offset on, little-endian; those before and after the array count as poison. */
export function bytesValue(
  bytes: Uint8Array,
  poisoned: Uint8Array | undefined,
  offset: number,
): { readonly want: Word; readonly poison: number } {
  let want = 0n;
  let poison = 0;
  for (let i = 7; i >= 0; i--) {
    const at = offset + i;
    const isPoison = at < 0 || at >= bytes.length || poisoned?.[at] === 1;
    want = (want << 8n) | BigInt(isPoison ? 0 : (bytes[at] ?? 0));
    if (isPoison) poison |= 1 << i;
  }
  return { want: poison === 0xff ? undefined : want, poison };
}
