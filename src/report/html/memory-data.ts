/** Which words of memory the page shows: those that a step changes, that differ, and all of a small context. */
import type { Program } from '../../bpf/program.ts';
import { type Cell, cellDiffers } from '../../oracle/cells.ts';
import type { StepTrace } from '../../oracle/step-trace.ts';

const SMALL_CONTEXT_BYTES = 64;
/** Words shown; a program that fills a whole map shows the first ones it writes. */
const MAX_WORDS = 64;

/** Cells with their names, `context+16` or `.data+8`, by region and offset. */
export function shownMemory({ steps }: StepTrace, { data }: Program, contextSize: number): Map<Cell, string> {
  const words = new Map<Cell, Word>();
  for (const [i, { changes }] of steps.entries()) {
    for (const [cell, value] of changes) {
      const word = wordOf(cell);
      if (word === undefined || words.size >= MAX_WORDS) continue;
      const isSmall = word.region === 0 && contextSize <= SMALL_CONTEXT_BYTES;
      if (i > 0 || isSmall || cellDiffers(value)) words.set(cell, word);
    }
  }
  const regions = ['context', ...data.map(({ name }) => name)];
  const sorted = [...words].sort(([, a], [, b]) => a.region - b.region || a.offset - b.offset);
  return new Map(sorted.map(([cell, { region, offset }]) => [cell, `${regions[region]}+${offset}`]));
}

interface Word {
  readonly region: number;
  readonly offset: number;
}

/** `m1+16`: byte 16 of region 1. */
function wordOf(cell: Cell): Word | undefined {
  const [, region, offset] = /^m(\d+)\+(\d+)$/.exec(cell) ?? [];
  return region === undefined ? undefined : { region: Number(region), offset: Number(offset) };
}
