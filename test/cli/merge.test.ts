/** `--shard` of check, conformance and replay, and `merge` of what the parts wrote. */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { partOfFiles } from '../../src/cli/shard-option.ts';
import { cli, dir, example, file } from './cli.ts';

const data = (result: number): string => `-- asm\nmov %r0, ${result}\nexit\n-- result\n0x2\n`;
const folder = join(dir, 'tests');
mkdirSync(folder);
for (let i = 0; i < 9; i++) writeFileSync(join(folder, `${i}.data`), data(i === 6 ? 1 : 2));

const files = [
  example('kfunc-12-args.s'),
  file('wrong.data', data(3)),
  file('known.data', data(4)),
  example('fibonacci.asm'),
  file('bad.s', 'garbage'),
  join(dir, 'none.s'),
  file('skipped.data', '-- asm\nexit\n'),
  example('gcd.bin'),
  example('call-graph-8.s'),
];

/** Runs a command whole and in parts, and merges the parts. */
async function inParts(argv: readonly string[], count: number, name = 'part') {
  const whole = join(dir, 'whole.json');
  const one = await cli([...argv, '--reporter', 'json', '--output', whole]);
  const parts = Array.from({ length: count }, (_, i) => join(dir, `${name}-${i + 1}.json`));
  const codes: number[] = [];
  for (const [i, part] of parts.entries()) {
    const shard = ['--shard', `${i + 1}/${count}`, '--reporter', 'json', '--output', part];
    codes.push((await cli([...argv, ...shard])).code);
  }
  const shuffled = [...parts].reverse();
  const merged = await cli(['merge', ...shuffled, '--reporter', 'json']);
  return { one, codes, parts, merged, whole: readFileSync(whole, 'utf8') };
}

describe('merge of the parts of a run', () => {
  const list = file('known.txt', 'known.data # bug 7\n');
  const stale = file('stale.txt', 'known.data # bug 7\ngcd.bin # none\nabsent.data # none\n');

  it.each<[string, readonly string[], number]>([
    ['check', ['check', ...files], 4],
    ['check in more parts than files', ['check', ...files.slice(0, 2)], 3],
    ['check in one part', ['check', ...files], 1],
    ['check with expected failures', ['check', ...files, '--expect-failures', list], 4],
    ['check with a list that does not hold', ['check', ...files, '--expect-failures', stale], 3],
    ['check of what reads badly alone', ['check', join(dir, 'none.s')], 1],
    ['conformance', ['conformance', folder], 4],
    ['replay', ['replay', folder], 2],
  ])('%s is the document of the single run, byte for byte, with its exit code', async (_, argv, count) => {
    const { one, codes, merged, whole } = await inParts(argv, count);
    expect(merged.stdout).toBe(whole);
    expect(merged.code).toBe(one.code);
    expect(codes).toHaveLength(count);
  });

  it('says on standard error which expected failures do not hold', async () => {
    const { merged, one } = await inParts(['check', ...files, '--expect-failures', stale], 3);
    const staleLines = (text: string) =>
      text.split('\n').filter((line) => line.includes('expected failures'));
    expect(staleLines(merged.stderr)).toEqual(staleLines(one.stderr));
    expect(staleLines(merged.stderr)).toHaveLength(2);
  });

  it('is written by any reporter', async () => {
    const { parts } = await inParts(['check', ...files, '--expect-failures', list], 3);
    const text = await cli(['merge', ...parts]);
    expect(text.stdout).toMatch(
      /^diverge +.*wrong\.data +2 differences\n {2}what +want +got\n {2}interpreter r0 /m,
    );
    expect(text.stdout).toMatch(/^expected +.*known\.data +2 differences, as expected: bug 7$/m);
    expect(text.stdout).toMatch(
      /^6 ran: 4 agree, 1 diverge, 1 expected failure, 0 inconclusive; 3 skipped\n$/m,
    );
    const junit = await cli(['merge', ...parts, '--reporter', 'junit']);
    expect(junit.stdout).toContain('<testsuites name="bpf-oracle check" tests="9" failures="1" errors="2">');
    const github = await cli(['merge', ...parts, '--reporter', 'github']);
    expect(github.stdout).toMatch(
      /^::error file=.*wrong\.data,title=Not the stated r0%3A .*wrong\.data::interp/m,
    );
  });
});

describe('merge refuses', () => {
  it('what are not all the parts of one run, in one line', async () => {
    const { parts, whole } = await inParts(['check', ...files], 3);
    const [a = '', b = '', c = ''] = parts;
    const text = readFileSync(b, 'utf8');
    const changed = (name: string, from: string | RegExp, to: string): string => {
      expect(text).toMatch(from);
      return file(`${name}.json`, text.replace(from, to));
    };
    const other = (await inParts(['check', ...files.slice(1)], 3, 'other')).parts;
    const cases: readonly (readonly [readonly string[], RegExp])[] = [
      [[a, b], /^merge: .*part-1\.json .*part-2\.json: missing: 3\/3; give all parts$/],
      [[a, b, b], /^merge: .*part-2\.json: it is part 2\/3, as is .*part-2\.json; give each once$/],
      [[a, b, c, a], /^merge: .*part-1\.json: it is part 1\/3, as is /],
      [
        [file('whole-2.json', whole)],
        /^merge: .*: it is of a whole run; give the parts that --shard i\/n made$/,
      ],
      [
        [a, other[1] ?? '', c],
        /^merge: .*other-2\.json: its files is 8 files, sha256 .*, that of .*part-1\.json 9 files/,
      ],
      [
        [a, changed('version', /"version": ".*"/, '"version": "9.9.9"'), c],
        /: its version is 9\.9\.9, that of /,
      ],
      [
        [a, changed('settings', /"lint": "true"/, '"lint": "false"'), c],
        /: its lint is false, that of .* true; /,
      ],
      [[a, changed('count', /"count": 3/, '"count": 4'), c], /: it is part 2\/4, .*part-1\.json part 1\/3$/],
      [[changed('index', /"index": 2/, '"index": 7')], /: there is no part 7\/3; it was changed$/],
      [
        [a, changed('position', /"of": 9/, '"of": 2'), c],
        /stands at a place that is not its own; it was changed$/,
      ],
      [
        [a, file('cut.json', text.slice(0, 900)), c],
        /^read report: .*cut\.json: it is no whole JSON document \(/,
      ],
      [
        [a, changed('schema', 'check@1', 'check@2'), c],
        /: its schema is "bpf-oracle\/check@2"; this build reads /,
      ],
      [
        [a, changed('verdict', /"verdict": "agree"/, '"verdict": "fine"'), c],
        /: at results\.\d+\.verdict: Invalid type/,
      ],
      [[a, changed('trouble', /"trouble": \d/, '"trouble": 9'), c], /: at shard\.trouble: Invalid type/],
      [[a, file('list.json', '[]'), c], /: its schema is missing; this build reads /],
      [[join(dir, 'absent.json')], /^read: .*absent\.json: no such file; check the path$/],
      [[file('empty.json', '')], /^read: .*empty\.json: is empty$/],
    ];
    for (const [paths, want] of cases) {
      const { code, stdout, stderr } = await cli(['merge', ...paths]);
      expect({ code, stdout }, `${paths.map((path) => basename(path)).join(' ')}: ${stderr}`).toEqual({
        code: 2,
        stdout: '',
      });
      expect(stderr.replace(/^bpf-oracle: /, '').trimEnd()).toMatch(want);
      expect(stderr.split('\n')).toHaveLength(2);
    }
  });

  it.each(['0/4', '5/4', '1/0', '1', 'a/b', '1/4/4', '-1/4', '1/99999', '1.5/4'])(
    '--shard %s',
    async (shard) => {
      const { code, stderr } = await cli(['check', 'x', '--shard', shard]);
      expect(code).toBe(2);
      expect(stderr).toMatch(/^bpf-oracle: usage: check: .*It must be two numbers such as 2\/4/);
    },
  );

  it.each<[readonly string[], RegExp]>([
    [['--shard', '1/2'], /fuzz --shard: --seed: name one/],
    [['--shard', '1/2', '--seed', '1', '--path', '3'], /fuzz --shard: --path 3: one case has no parts/],
    [['--shard', '1/2', '--seed', '1', '--max-failures', '1'], /fuzz --shard: --max-failures: /],
    [['--shard', '1/2', '--seed', '1', '--lane', 'hostile'], /fuzz --shard: --lane hostile: /],
  ])('fuzz %j', async (argv, want) => {
    const { code, stderr } = await cli(['fuzz', ...argv]);
    expect(code).toBe(2);
    expect(stderr).toMatch(want);
  });
});

describe('partOfFiles', () => {
  it('deals every file to one part, which does not depend on the order they are listed in', () => {
    const names = fc.uniqueArray(fc.string(), { maxLength: 40 });
    fc.assert(
      fc.property(names, fc.integer({ min: 1, max: 9 }), (files, count) => {
        const parts = Array.from({ length: count }, (_, i) => partOfFiles(files, { index: i + 1, count }));
        const sizes = parts.map(({ paths }) => paths.length);
        expect(Math.max(...sizes) - Math.min(...sizes)).toBeLessThanOrEqual(1);
        expect(parts.flatMap(({ paths }) => paths).toSorted()).toEqual(files.toSorted());
        for (const { paths, positions } of parts) expect(paths).toEqual(positions.map((at) => files[at]));
        const others = [...files].reverse();
        parts.forEach(({ paths }, i) => {
          expect(partOfFiles(others, { index: i + 1, count }).paths.toSorted()).toEqual(paths.toSorted());
        });
      }),
      { seed: 1, numRuns: 300 },
    );
  });
});
