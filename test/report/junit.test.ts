import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { parse } from 'junit2json';
import { describe, expect, it } from 'vitest';
import { junit } from '../../src/report/junit.ts';
import { visible } from '../../src/report/visible.ts';
import { findingOf, HOSTILE, listOf, ofEachStatus } from '../kit/findings.ts';

const XSD = fileURLToPath(new URL('../vectors/report/junit.xsd', import.meta.url));
const hasXmllint = spawnSync('xmllint', ['--version']).status === 0;

const all = listOf(...HOSTILE.flatMap(([, text]) => ofEachStatus(text).findings));

describe('junit', () => {
  it('is what people see in a CI page', () => {
    expect(junit(listOf(findingOf('pass', 'a.o:main'), findingOf('fail', 'b.o')))).toBe(`\
<?xml version="1.0" encoding="UTF-8"?>
<testsuites name="bpf-oracle check" tests="2" failures="1" errors="0" time="1.500">
  <testsuite name="bpf-oracle check" tests="2" failures="1" errors="0" time="1.500" skipped="0">
    <testcase name="a.o:main" classname="bpf-oracle.check" file="a.o:main">
      <system-out>a.o:main</system-out>
    </testcase>
    <testcase name="b.o" classname="bpf-oracle.check" file="b.o">
      <failure message="b.o" type="test/rule">b.o
  b.o</failure>
    </testcase>
    <system-out>2 ran</system-out>
  </testsuite>
</testsuites>
`);
  });

  it.runIf(hasXmllint)('keeps to the schema, whatever names hold (needs xmllint)', () => {
    const ran = spawnSync('xmllint', ['--noout', '--schema', XSD, '-'], { input: junit(all) });
    expect(ran.stderr.toString()).toBe('- validates\n');
  });

  it.each(HOSTILE)('gives a parser back a name with %s', async (_what, text) => {
    const suites = await parse(junit(ofEachStatus(text)));
    const suite = suites != null && 'testsuite' in suites ? suites.testsuite?.[0] : undefined;
    expect(suite).toMatchObject({ tests: 6, failures: 1, errors: 1, skipped: 3 });
    const cases = suite?.testcase ?? [];
    // This parser takes an empty name for a number.
    const name = text === '' ? Number.NaN : visible(text);
    expect(cases).toHaveLength(6);
    for (const one of cases) expect(one.name).toBe(name);
    expect(cases[1]?.failure?.[0]?.message).toBe(name);
    expect(`${cases[1]?.failure?.[0]?.inner ?? ''}`).toContain(visible(text));
    expect(cases[2]?.skipped?.[0]?.message).toBe(`expected failure: ${visible(text)}`);
    expect(cases[3]?.skipped?.[0]?.message).toBe(`inconclusive: ${visible(text)}`);
    expect(cases[5]?.error?.[0]?.message).toBe(name);
  });

  it('has a suite where nothing ran', async () => {
    expect(await parse(junit({ ...listOf(), seconds: null }))).toMatchObject({
      tests: 0,
      testsuite: [{ tests: 0, failures: 0 }],
    });
  });
});
