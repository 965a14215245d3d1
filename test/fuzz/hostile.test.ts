import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { RUN_RULES } from '../../src/arb/index.ts';
import { Checker } from '../../src/checker.ts';
import { HOSTILE_ENDS, type HostileReport, runHostile } from '../../src/fuzz/hostile.ts';
import { hostileJson, hostileText } from '../../src/report/fuzz-hostile.ts';

const PROGRAMS = 400;

describe('the hostile lane', () => {
  let checker: Checker;
  let report: HostileReport;
  beforeAll(async () => {
    checker = new Checker();
    report = await runHostile(3, checker, (programs) => programs >= PROGRAMS);
  });
  afterAll(() => checker.close());

  it.each([...RUN_RULES])('breaks %s, and says how it went', (rule) => {
    const ends = report.rules.get(rule);
    expect([...(ends?.values() ?? [])].reduce((a, b) => a + b, 0)).toBeGreaterThan(PROGRAMS / 20);
    expect(ends?.get('exits') ?? 0).toBeGreaterThan(0);
  });

  it('runs each program to an end it has a name for', () => {
    expect(report.programs).toBe(PROGRAMS);
    for (const ends of report.rules.values())
      for (const end of ends.keys()) expect(HOSTILE_ENDS).toContain(end);
  });

  it('calls nothing a failure', () => {
    const run = { seed: 3, seconds: 1, report };
    expect(JSON.parse(hostileJson(run))).toMatchObject({ lane: 'hostile', programs: PROGRAMS, failures: [] });
    expect(hostileText(run)).toContain('none of this is a bug of the JIT');
  });

  it('is the same for the same seed', async () => {
    const again = await runHostile(3, checker, (programs) => programs >= PROGRAMS);
    expect(again.rules).toEqual(report.rules);
  });
});
