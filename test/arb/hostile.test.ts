import fc from 'fast-check';
import { afterAll, describe, expect, it } from 'vitest';
import { applyEdit } from '../../src/arb/hostile/edit.ts';
import {
  type Hostile,
  type HostileRule,
  hostileProgram,
  lower,
  lowerHostile,
  RUN_RULES,
} from '../../src/arb/index.ts';
import { decode } from '../../src/bpf/decode.ts';
import { encode } from '../../src/bpf/encode.ts';
import { Checker } from '../../src/checker.ts';

const PROGRAMS: readonly Hostile[] = fc.sample(hostileProgram(), { seed: 6, numRuns: 600 });
const checker = new Checker();
afterAll(() => checker.close());

const breaks = ({ breaches }: Hostile, rule: HostileRule): boolean => breaches.some((b) => b.rule === rule);

describe('hostileProgram', () => {
  it.each([...RUN_RULES])('breaks %s, often alone', (rule) => {
    const breaking = PROGRAMS.filter((hostile) => breaks(hostile, rule));
    expect(breaking.length).toBeGreaterThan(PROGRAMS.length / 12);
    expect(breaking.some(({ breaches }) => breaches.every((b) => b.rule === rule))).toBe(true);
  });

  it('breaks at least one rule', () => {
    expect(PROGRAMS.filter(({ breaches }) => breaches.length === 0)).toEqual([]);
  });

  it('keeps the wire format', () => {
    for (const { program } of PROGRAMS) expect(decode(encode(program.insns))).toEqual(program.insns);
  });

  it('runs: what was not promised is poison, and diverges only where a caller passes less than is taken', () => {
    const verdicts = new Map<string, number>();
    for (const hostile of PROGRAMS) {
      const { program, input } = hostile;
      const options = { memory: input.memory, insnLimit: 20_000, lint: false };
      const { verdict, reason } = checker.check(program, options);
      const name = verdict === 'inconclusive' ? `${verdict}: ${reason?.kind}` : verdict;
      verdicts.set(name, (verdicts.get(name) ?? 0) + 1);
      if (verdict === 'diverge') expect(breaks(hostile, 'missing-argument')).toBe(true);
      expect(verdict).not.toBe('skipped');
    }
    expect(verdicts.get('agree')).toBeGreaterThan(300);
    expect(verdicts.get('inconclusive: poison')).toBeGreaterThan(50);
  });
});

describe('lowerHostile', () => {
  it('without edits gives the valid program', () => {
    for (const { spec } of PROGRAMS.slice(0, 50)) {
      const { program, breaches } = lowerHostile({ base: spec.base, edits: [] });
      expect(breaches).toEqual([]);
      expect(program).toEqual(lower(spec.base).program);
    }
  });
});

describe('applyEdit', () => {
  it.each([...RUN_RULES])(
    '%s: changes or adds one instruction, or nothing where the rule cannot be broken',
    (rule) => {
      const changes = PROGRAMS.slice(0, 100).map(({ spec }) => {
        const { program } = lower(spec.base);
        const { insns } = applyEdit(program, { rule, at: 3, pick: 5 });
        const added = insns.length - program.insns.length;
        return added === 0 ? insns.filter((insn, pc) => insn !== program.insns[pc]).length : added;
      });
      expect(Math.max(...changes)).toBe(1);
    },
  );
});
