import { describe, expect, it } from 'vitest';
import type { Cell, CellValue } from '../../../src/oracle/cells.ts';
import { cellDiffers } from '../../../src/oracle/cells.ts';
import type { Explained } from '../../../src/oracle/explained.ts';
import { gotText, wantText } from '../../../src/report/explain/cell-text.ts';
import { TraceReader } from '../../../src/report/html/page/trace-reader.ts';
import type { PageTrace } from '../../../src/report/html/page-data.ts';
import { pageTrace } from '../../../src/report/html/trace-data.ts';
import { explainMutant, programOf } from '../../kit/mutated-checker.ts';

/** Calls in a loop, then one with swapped arguments. */
const LOOP = programOf(
  `
  r6 = 0
again:
  r1 = r6
  call leaf
  *(u64 *)(r10 - 8) = r0
  r6 += 1
  if r6 < 100 goto again
  *(u64 *)(r11 - 8) = 6
  *(u64 *)(r11 - 16) = 7
  *(u64 *)(r11 - 24) = 8
  r1 = 1
  r2 = 2
  r3 = 3
  r4 = 4
  r5 = 5
  call sum
  exit
leaf:
  r0 = r1
  *(u32 *)(r10 - 16) = 1
  r0 += 1
  exit
sum:
  r0 = *(u64 *)(r11 + 24)
  exit
`,
  { leaf: 1, sum: 8 },
);

function traceOf(explained: Explained): PageTrace {
  if (explained.trace === null) throw new Error('no trace');
  const trace = pageTrace(explained.result, explained, explained.trace);
  if (trace === null) throw new Error('no page trace');
  return JSON.parse(JSON.stringify(trace));
}

const digits = (text: string | null): string | null =>
  text === null ? null : text.slice(2).padStart(16, '0');

/** A cell as the recorder has it, in the words of the page. */
const expected = (value: CellValue) => ({
  want: digits(wantText(value)),
  got: cellDiffers(value) || value.want === undefined ? digits(gotText(value)) : undefined,
  differs: cellDiffers(value),
});

const padded = (hex: string | null | undefined) => (typeof hex === 'string' ? hex.padStart(16, '0') : hex);

describe('a trace in the page', () => {
  const explained = explainMutant('swap-args-7-8-bpf', LOOP, { memory: Uint8Array.of(1, 2, 3) });
  const trace = traceOf(explained);
  const reader = new TraceReader(trace);

  it('has at every step, in any order, the state that was recorded', () => {
    const { steps = [] } = explained.trace ?? {};
    expect(reader.steps).toBe(steps.length);
    expect(steps.length).toBeGreaterThan(700);
    const state = new Map<Cell, CellValue>();
    const states = steps.map(({ changes }) => {
      for (const [cell, value] of changes) state.set(cell, value);
      return new Map(state);
    });
    for (const i of [...states.keys()].toSorted((a, b) => ((a * 7919) % 701) - ((b * 7919) % 701))) {
      const { cells, pc, depth } = reader.at(i);
      expect([pc, depth]).toEqual([steps[i]?.pc, steps[i]?.depth]);
      for (const [cell, value] of states[i] ?? []) {
        const index = reader.cell(cell);
        if (index === undefined) continue;
        const { want, got, differs } = cells[index] ?? {};
        expect({ want: padded(want), got: padded(got), differs }).toEqual(expected(value));
      }
    }
  });

  it('shows the difference at its last step', () => {
    const last = reader.steps - 1;
    expect(reader.firstDifference()).toBe(last);
    expect(reader.at(last).differences).toBe(2);
    expect(reader.at(last - 1).differences).toBe(0);
  });

  it('marks what a step changes', () => {
    const step = trace.steps.findIndex(([pc]) => pc === 4);
    const r0 = reader.cell('r0') ?? -1;
    expect(reader.at(step).cells[r0]?.changed).toBe(false);
    const incremented = trace.steps.findIndex(([pc]) => pc === 19);
    expect(reader.at(incremented).cells[r0]).toMatchObject({ want: '1', changed: true });
  });

  it('finds the next step that runs an instruction, and after the last one the first', () => {
    const runs = [...trace.steps.keys()].filter((i) => trace.steps[i]?.[0] === 1);
    expect(runs.length).toBe(100);
    expect(reader.nextAt(1, runs[4] ?? 0)).toBe(runs[5]);
    expect(reader.nextAt(1, runs.at(-1) ?? 0)).toBe(runs[0]);
    expect(reader.nextAt(999, 0)).toBeUndefined();
  });

  it('names the rows of frames, and counts the bytes nobody writes', () => {
    const main = trace.frames.find(({ name }) => name === 'main');
    expect(main?.slots.map(([, at, name]) => `${at} ${name}`)).toEqual(
      expect.arrayContaining(['rbp+8 return address', 'rbp-8 BPF stack r10-8', 'rsp outgoing arg 7']),
    );
    const leaf = trace.frames.find(({ name }) => name === 'leaf');
    expect(leaf?.slots.map(([, , name]) => name)).toContain('8 bytes nobody writes');
  });

  it('costs some tens of bytes a step', () => {
    expect(JSON.stringify(trace.steps).length / trace.steps.length).toBeLessThan(90);
  });

  it('begins where the recording does', () => {
    const short = traceOf(explainMutant('swap-args-7-8-bpf', LOOP, { steps: 50 }));
    expect(short.steps.length).toBe(50);
    expect(short.skipped + 50).toBe(trace.steps.length);
    expect(short.steps.at(-1)?.[0]).toBe(trace.steps.at(-1)?.[0]);
  });

  it('says where native code went if it left the path', () => {
    const text = 'r1 = 1\nif r1 <= 1 goto l\nr0 = 0\nexit\nl:\nr0 = 1\nexit\n';
    const astray = traceOf(explainMutant('jle-as-jlt', programOf(text)));
    expect(astray.steps.at(-1)?.[4]).toBeGreaterThan(0);
    expect(new TraceReader(astray).firstDifference()).toBe(astray.steps.length - 1);
  });
});
