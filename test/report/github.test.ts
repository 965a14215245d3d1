import { describe, expect, it } from 'vitest';
import { github } from '../../src/report/github.ts';
import { githubSummary } from '../../src/report/github-summary.ts';
import { visible } from '../../src/report/visible.ts';
import { findingOf, HOSTILE, listOf, ofEachStatus } from '../kit/findings.ts';

interface Command {
  readonly name: string;
  readonly properties: Readonly<Record<string, string>>;
  readonly text: string;
}

/** A line as the runner reads it: TryParseV2 of src/Runner.Common/ActionCommand.cs in actions/runner. */
function parse(line: string): Command | undefined {
  const end = line.indexOf('::', 2);
  if (!line.trimStart().startsWith('::') || end < 0) return undefined;
  const [, name = '', list = ''] = /^(\S*)\s*(.*)$/s.exec(line.slice(2, end)) ?? [];
  const pairs = list
    .split(',')
    .filter((pair) => pair.trim() !== '')
    .map((pair) => {
      const at = pair.indexOf('=');
      return [pair.slice(0, at), decode(pair.slice(at + 1), PROPERTY)] as const;
    });
  return { name, properties: Object.fromEntries(pairs), text: decode(line.slice(end + 2), TEXT) };
}

const TEXT = [
  ['%0D', '\r'],
  ['%0A', '\n'],
  ['%25', '%'],
] as const;
const PROPERTY = [
  ['%0D', '\r'],
  ['%0A', '\n'],
  ['%3A', ':'],
  ['%2C', ','],
  ['%25', '%'],
] as const;

const decode = (text: string, marks: readonly (readonly [string, string])[]): string =>
  marks.reduce((rest, [mark, char]) => rest.replaceAll(mark, char), text);

const commands = (output: string): (Command | undefined)[] => output.trimEnd().split('\n').map(parse);

describe('github', () => {
  it('is a command a line', () => {
    expect(github(listOf(findingOf('fail', 'a.o')))).toBe(
      '::error file=a.o,line=3,title=A case that proves nothing%3A a.o::a.o%0Aa.o%0A  a.o\n' +
        '::notice title=bpf-oracle check::1 ran\n',
    );
  });

  it.each(HOSTILE)('gives the runner back a name with %s', (_what, text) => {
    const [fail, error, unproven, known, end, ...more] = commands(github(ofEachStatus(text)));
    expect(more).toEqual([]);
    expect([fail, error, unproven, known, end].map((command) => command?.name)).toEqual([
      'error',
      'error',
      'warning',
      'notice',
      'notice',
    ]);
    const file = text === '' ? 'a.o' : text;
    expect(fail?.properties).toEqual({
      file,
      line: '3',
      title: `A case that proves nothing: ${visible(text)}`,
    });
    expect(fail?.text).toBe([text, text, `  ${text}`].map(visible).join('\n'));
  });

  it('is an error where nothing ran', () => {
    const [last] = commands(github(listOf(findingOf('skip', 'a')))).slice(-1);
    expect(last).toEqual({ name: 'error', properties: { title: 'bpf-oracle check' }, text: '1 ran' });
  });

  it('keeps to what GitHub shows of a step, and counts the rest', () => {
    const many = Array.from({ length: 200 }, (_, i) => findingOf('fail', `${i}.o`));
    const errors = commands(github(listOf(...many))).filter((command) => command?.name === 'error');
    expect(errors).toHaveLength(9);
    expect(errors.at(-1)?.text).toBe('192 more like these: GitHub shows 10 of a step');
  });
});

describe('githubSummary', () => {
  it('counts, lists what did not pass and shows what fails', () => {
    const text = githubSummary(
      listOf(findingOf('pass', 'a'), findingOf('fail', 'b.o'), findingOf('skip', 'c')),
    );
    expect(text).toBe(
      `\
## bpf-oracle check

2 ran

| failed | not judged | inconclusive | expected failures | skipped | passed |
|---:|---:|---:|---:|---:|---:|
| 1 | 0 | 0 | 0 | 1 | 1 |

| | what | where | found |
|---|---|---|---|
| failed | b.o | b.o&#58;3 | b.o |

<details><summary>b.o</summary>

<pre>b.o
  b.o</pre>
</details>

`.replace('2 ran', '3 ran'),
    );
  });

  it.each(HOSTILE)('lets no mark through of a name with %s', (_what, text) => {
    const lines = githubSummary(ofEachStatus(text)).split('\n');
    const rows = lines.filter((line) =>
      /^\| (failed|not judged|inconclusive|expected failures) \| (?!not judged)/.test(line),
    );
    expect(rows).toHaveLength(4);
    for (const row of rows) {
      expect(row.split('|')).toHaveLength(6);
      expect(row).not.toMatch(/[<>`*_[\]@!]/);
      expect(decoded(row)).toContain(visible(text));
    }
  });

  it('stays below what GitHub takes', () => {
    const many = Array.from({ length: 5000 }, (_, i) => findingOf('fail', `${i}${'`'.repeat(60)}`));
    const text = githubSummary(listOf(...many));
    expect(text.length).toBeLessThan(1024 * 1024);
    expect(text).toContain('… and 4900 more');
  });
});

const decoded = (text: string): string =>
  text.replace(/&#(\d+);/g, (_, code: string) => String.fromCodePoint(Number(code)));
