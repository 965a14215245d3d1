import { createHash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { skipped } from '../../../src/oracle/case.ts';
import { htmlReport } from '../../../src/report/html/html.ts';
import type { PageReport } from '../../../src/report/html/page-data.ts';
import { explainMutant, programOf } from '../../kit/mutated-checker.ts';

const ASSETS = { script: 'document.title = "drawn";', style: 'body { color: red }' };

const HOSTILE = [
  '</script><script>alert(1)</script>',
  '<!--<script>',
  '"><img src=x onerror=alert(1)>',
  'line\nbreak\r\n\u2028\u2029',
  '\u202eright to left \u{1f600} \ud800',
  '&lt;b&gt; %3Cscript%3E `x`',
];

const document = (names: readonly string[]): string =>
  htmlReport(
    {
      kind: 'cases',
      command: 'check',
      results: names.map((name) => skipped(name, { kind: 'file', why: name })),
    },
    { version: '1.2.3', page: ASSETS },
  );

/** Text of the data block with an id. */
function blockOf(html: string, id: string): string {
  const [, text] = new RegExp(`<script type="application/json" id="${id}">([^<]*)</script>`).exec(html) ?? [];
  if (text === undefined) throw new Error(`no block ${id}`);
  return text;
}

describe('the document', () => {
  it('has its own script and its data blocks, and no markup from names', () => {
    const html = document(HOSTILE);
    expect(html.match(/<\/?script\b[^>]*>/g)).toEqual([
      '<script type="application/json" id="report">',
      '</script>',
      '<script>',
      '</script>',
    ]);
    expect(html).not.toMatch(/<img|<!--/);
  });

  it('keeps names as they are, whatever is in them', () => {
    const { rows }: PageReport = JSON.parse(blockOf(document(HOSTILE), 'report'));
    expect(rows.map(({ name }) => name)).toEqual(HOSTILE);
    expect(rows.map(({ what }) => what)).toEqual(HOSTILE);
  });

  it('may load nothing, and run and style only what it holds', () => {
    const digest = (text: string): string => createHash('sha256').update(text).digest('base64');
    const [, policy] = /Content-Security-Policy" content="([^"]*)"/.exec(document([])) ?? [];
    expect(policy?.split('; ')).toEqual([
      "default-src 'none'",
      `script-src 'sha256-${digest(ASSETS.script)}'`,
      `style-src 'sha256-${digest(ASSETS.style)}'`,
      "base-uri 'none'",
      "form-action 'none'",
    ]);
  });

  it('names no other place', () => {
    expect(document(['a'])).not.toMatch(/https?:|\b(src|href)=/);
  });

  it('holds each case that diverges in a block of its own, behind the script', () => {
    const explained = explainMutant('fp-after-sub', programOf('*(u64 *)(r10 - 8) = 1\nr0 = 0\nexit\n'));
    const { result } = explained;
    const agreed = skipped('other', { kind: 'file', why: 'no' });
    const html = htmlReport(
      { kind: 'cases', command: 'check', results: [agreed, result], explained: [null, explained] },
      { version: '1', page: ASSETS },
    );
    expect(JSON.parse(blockOf(html, 'case-1')).trace.steps.length).toBeGreaterThan(0);
    expect(html.indexOf('id="case-1"')).toBeGreaterThan(html.indexOf(ASSETS.script));
    expect(html).not.toContain('id="case-0"');
  });
});
