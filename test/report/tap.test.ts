import { Parser, type Result } from 'tap-parser';
import { describe, expect, it } from 'vitest';
import { tap } from '../../src/report/tap.ts';
import { visible } from '../../src/report/visible.ts';
import { findingOf, HOSTILE, listOf, ofEachStatus } from '../kit/findings.ts';

interface Read {
  readonly results: {
    readonly ok: boolean;
    readonly count: number;
    readonly fail: number;
    readonly skip: number;
  };
  readonly points: readonly Result[];
}

/** Reads a document as strictly as TAP can be read. */
function read(text: string): Read {
  const points: Result[] = [];
  let results: Read['results'] | undefined;
  const parser = new Parser({ strict: true }, (final) => {
    results = final;
  });
  parser.on('assert', (point: Result) => points.push(point));
  parser.end(text);
  if (results === undefined) expect.fail('the parser came to no end');
  return { results, points };
}

describe('tap', () => {
  it('is what people see', () => {
    expect(
      tap(listOf(findingOf('pass', 'a.o:main'), findingOf('known', 'b.o'), findingOf('fail', 'c.o'))),
    ).toBe(`\
TAP version 14
1..3
ok 1 - a.o:main
ok 2 - b.o # XFAIL b.o
not ok 3 - c.o
  ---
  message: "c.o"
  severity: fail
  rule: "test/rule"
  at:
    file: "c.o"
    source: "c.o:3"
    insn: 7
  detail:
    - "c.o"
    - "  c.o"
  ...
# 3 ran
`);
  });

  it.each(HOSTILE)('gives a parser back a name with %s', (_what, text) => {
    const { results, points } = read(tap(ofEachStatus(text)));
    expect(results).toMatchObject({ ok: false, count: 6, fail: 2, skip: 2 });
    const [pass, fail, , unproven, skip, error] = points;
    expect(pass?.name).toBe(visible(text).trim());
    expect(fail?.name).toBe(visible(text).trim());
    expect(fail?.diag).toMatchObject({
      message: visible(text),
      detail: [visible(text), `  ${visible(text)}`],
    });
    expect(unproven?.skip).toBe(`inconclusive: ${visible(text).trim()}`.trim());
    expect(skip?.skip).toBeTruthy();
    expect(error?.diag).toMatchObject({ severity: 'error' });
  });

  it('is no failure where nothing fails, and says so where nothing ran', () => {
    expect(read(tap(listOf(findingOf('pass', 'a'), findingOf('known', 'b')))).results.ok).toBe(true);
    expect(tap(listOf())).toContain('1..0 # SKIP nothing ran\n');
  });
});
