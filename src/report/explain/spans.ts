/** Lines of coloured text, cut to the width of a terminal before they are painted. */
import pc from 'picocolors';

/** What a piece of text is, not how it looks. */
export type Style = 'guilty' | 'wrong' | 'right' | 'dim' | 'head';

export interface Span {
  readonly text: string;
  readonly style?: Style;
}

export type Line = readonly Span[];

type Colors = ReturnType<typeof pc.createColors>;

const PAINT = {
  guilty: (colors: Colors, text: string) => colors.bold(colors.red(text)),
  wrong: (colors: Colors, text: string) => colors.red(text),
  right: (colors: Colors, text: string) => colors.green(text),
  dim: (colors: Colors, text: string) => colors.dim(text),
  head: (colors: Colors, text: string) => colors.bold(text),
} as const satisfies Record<Style, (colors: Colors, text: string) => string>;

export const span = (text: string, style?: Style): Span => (style === undefined ? { text } : { text, style });

/** Text that is too long ends in `…`. */
export const clip = (text: string, width: number): string =>
  text.length <= width ? text : `${text.slice(0, Math.max(width - 1, 0))}…`;

/** The line as text, at most `width` characters, without blanks at its end. */
export function paint(line: Line, width: number, color: boolean): string {
  const colors = pc.createColors(color);
  const out: string[] = [];
  let left = width;
  const end = line.findLastIndex(({ text }) => text.trim() !== '');
  for (const [i, { text, style }] of line.slice(0, end + 1).entries()) {
    const shown = clip(i === end ? text.trimEnd() : text, left);
    out.push(style === undefined || shown.trim() === '' ? shown : PAINT[style](colors, shown));
    left -= shown.length;
    if (shown.length < text.trimEnd().length) break;
  }
  return out.join('').trimEnd();
}

/** Rows whose columns are as wide as their widest cell, two blanks apart. */
export function aligned(rows: readonly Line[]): Line[] {
  const widths: number[] = [];
  for (const row of rows) {
    for (const [i, { text }] of row.entries()) widths[i] = Math.max(widths[i] ?? 0, text.length);
  }
  return rows.map((row) =>
    row.map((cell, i) => ({ ...cell, text: `${cell.text.padEnd(widths[i] ?? 0)}  ` })),
  );
}
