/** Values of cells as text: hex, with `??` for each byte that is poison. */
import { hex64 } from '../../core/u64.ts';
import type { CellValue } from '../../oracle/cells.ts';

/** What the reference has; null where nobody may rely on any of it. */
export function wantText({ want, poison }: CellValue): string | null {
  if (want === undefined) return null;
  const text = hex64(want);
  if (poison === 0) return text;
  const bytes = Array.from({ length: 8 }, (_, i) =>
    (poison >> (7 - i)) % 2 === 1 ? '??' : text.slice(2 + 2 * i, 4 + 2 * i),
  );
  return `0x${bytes.join('')}`;
}

/** What the native side has; null where it has nothing. */
export const gotText = ({ got }: CellValue): string | null => (got === undefined ? null : hex64(got));
