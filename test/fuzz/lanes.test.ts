import { describe, expect, it } from 'vitest';
import { check } from '../../src/checker.ts';
import { LANE_NAMES } from '../../src/core/lane-names.ts';
import { digestOf } from '../../src/fuzz/digest.ts';
import { INSN_LIMIT } from '../../src/fuzz/judge.ts';
import { LaneCounts } from '../../src/fuzz/lane-counts.ts';
import { LANES, laneAt, laneNamed, MIX_LENGTH, type Mix, shareOf, validMix } from '../../src/fuzz/lanes.ts';
import { draftAt, generatorFingerprint, mixedCaseAt } from '../../src/fuzz/mix.ts';

const ALL: Mix = { ...validMix(), lanes: [...LANE_NAMES] };

describe('the mix', () => {
  it('has each lane of the list, no two at one residue, and two thirds of valid programs', () => {
    expect(LANES.map(({ name }) => name)).toEqual([...LANE_NAMES]);
    const residues = LANES.flatMap((lane) => lane.residues);
    expect(new Set(residues).size).toBe(residues.length);
    expect(residues.every((at) => at >= 0 && at < MIX_LENGTH)).toBe(true);
    expect(shareOf('valid', ALL)).toBeGreaterThanOrEqual((2 * MIX_LENGTH) / 3);
    for (const { name, residues: own } of LANES.slice(1)) expect(shareOf(name, ALL)).toBe(own.length);
  });

  it('gives the cases of a lane that is left out to the first one', () => {
    const mix = { lanes: LANE_NAMES.filter((name) => name !== 'tail-calls') };
    expect(laneNamed('tail-calls').residues.map((at) => laneAt(at, mix))).toEqual(['valid', 'valid']);
    expect(shareOf('valid', { lanes: ['valid'] })).toBe(MIX_LENGTH);
    expect(laneAt(0, { lanes: ['tail-calls'] })).toBe('tail-calls');
    expect(laneAt(3, { lanes: [] })).toBe('valid');
    expect(() => laneNamed('hostile' as 'valid')).toThrow('no lane hostile');
  });

  it.each(LANES.map(({ name }) => name))('makes the same case of %s as that lane alone', (name) => {
    const index = laneNamed(name).residues[0] ?? 0;
    const path = { index, choices: [] };
    const alone = mixedCaseAt(5, path, { ...ALL, lanes: [name] });
    expect(digestOf(mixedCaseAt(5, path, ALL))).toBe(digestOf(alone));
    expect(digestOf(mixedCaseAt(6, path, ALL))).not.toBe(digestOf(alone));
  });

  it.each(LANES.map(({ name }) => name))('shrinks cases of %s along paths that can be followed', (name) => {
    const mix = { ...ALL, lanes: [name] };
    let draft = draftAt(3, { index: 7, choices: [] }, mix);
    const choices: number[] = [];
    for (let step = 0; step < 4; step++) {
      const [, second] = [...draft.simpler()];
      if (second === undefined) break;
      draft = second;
      choices.push(1);
      const { program, input, jit = {} } = draft.subject;
      const result = check(program, { memory: input.memory, insnLimit: INSN_LIMIT, jit });
      expect(result.verdict, `${choices}`).toBe('agree');
    }
    expect(choices.length).toBeGreaterThan(0);
    expect(digestOf(mixedCaseAt(3, { index: 7, choices }, mix))).toBe(digestOf(draft.subject));
    expect(() => draftAt(3, { index: 7, choices: [100_000] }, mix)).toThrow('no shrink 100000');
  });

  it('is named by its fingerprint, with what lanes it has', () => {
    const prints = [ALL, validMix(), { ...ALL, lanes: ['tail-calls'] } as Mix].map((mix) =>
      generatorFingerprint(mix),
    );
    expect(new Set(prints).size).toBe(3);
  });
});

describe('lane counts', () => {
  it('add up, whoever counted', () => {
    const [one, other] = [new LaneCounts(), new LaneCounts()];
    one.add('valid', 'agree');
    other.add('valid', 'diverge');
    other.add('tail-calls', 'skipped');
    one.merge(other.counts());
    expect(one.counts()).toEqual({
      valid: { agree: 1, diverge: 1, inconclusive: 0, skipped: 0 },
      'tail-calls': { agree: 0, diverge: 0, inconclusive: 0, skipped: 1 },
    });
  });
});
