/** Which words of the context and of the data sections change from step to step. */
import type { NativeStep, ReferenceStep, StepView } from '../core/step.ts';
import { bytesValue, type See } from './cells.ts';

const WORD = 8;
/** Of a larger region only what changes is seen, not what it held at first. */
const MAX_FIRST_BYTES = 4096;

type Regions = ReturnType<StepView['memory']>;

/** Keeps a copy of all memory, and compares it eight bytes at a time. */
export class MemoryCells {
  #before: {
    readonly want: Uint8Array;
    readonly poison: Uint8Array | undefined;
    readonly got: Uint8Array;
  }[] = [];

  /** Tells of each word that differs from the step before, on either side. */
  changed(want: ReferenceStep, got: NativeStep, see: See): void {
    const seen = got.memory();
    for (const [index, region] of want.memory().entries()) this.#region(index, region, seen[index], see);
  }

  #region(index: number, want: Regions[number], got: Regions[number] | undefined, see: See): void {
    const { bytes, poison } = want;
    const other = got?.bytes ?? new Uint8Array();
    const before = this.#before[index];
    const copy = (): void => {
      this.#before[index] = { want: bytes.slice(), poison: poison?.slice(), got: other.slice() };
    };
    if (before === undefined) copy();
    if (before === undefined && bytes.length > MAX_FIRST_BYTES) return;
    let changed = false;
    for (let at = 0; at < bytes.length; at += WORD) {
      const isSame =
        before !== undefined &&
        sameWord(before.want, bytes, at) &&
        sameWord(before.poison, poison, at) &&
        sameWord(before.got, other, at);
      if (isSame) continue;
      see(`m${index}+${at}`, {
        ...bytesValue(bytes, poison, at),
        got: bytesValue(other, undefined, at).want,
      });
      changed = true;
    }
    if (changed) copy();
  }
}

function sameWord(a: Uint8Array | undefined, b: Uint8Array | undefined, at: number): boolean {
  for (let i = at; i < at + WORD; i++) if ((a?.[i] ?? 0) !== (b?.[i] ?? 0)) return false;
  return true;
}
