import { describe, expect, it } from 'vitest';
import { encode } from '../../src/bpf/encode.ts';
import { load } from '../../src/bpf/load.ts';
import { Checker } from '../../src/checker.ts';
import { caseText } from '../../src/fuzz/case-file.ts';
import { caseAt } from '../../src/fuzz/generate.ts';
import { judgeCase } from '../../src/fuzz/judge.ts';

const checker = new Checker();

function savedAndLoaded(index: number) {
  const path = { index, choices: [] };
  const subject = caseAt(7, path);
  const result = judgeCase(checker, subject, 7, path);
  const text = caseText(subject, result, { seed: 7, path, bucket: 'r0' });
  return { subject, result, text, loaded: load(new TextEncoder().encode(text), { fileName: 'saved.data' }) };
}

describe('caseText', () => {
  it.each(Array.from({ length: 40 }, (_, i) => i))('of case %i is read back to the same case', (index) => {
    const { subject, loaded } = savedAndLoaded(index);
    const [want, got] = [subject.program, loaded.program];
    expect(loaded.skip).toBeUndefined();
    expect(encode(got.insns)).toEqual(encode(want.insns));
    expect(got.subprogs.map(({ start, end, args }) => [start, end, args])).toEqual(
      want.subprogs.map(({ start, end, args }) => [start, end, args]),
    );
    expect([...got.callees].map(([key, { args }]) => [key, args])).toEqual(
      [...want.callees].map(([key, { args }]) => [key, args]),
    );
    expect(got.data).toEqual(want.data);
    expect(loaded.memory ?? new Uint8Array()).toEqual(subject.input.memory);
  });

  it('runs to the same end as the case it was made of', () => {
    const { subject, result, loaded } = savedAndLoaded(11);
    const again = checker.check(loaded, { memory: subject.input.memory });
    expect(again.verdict).toBe('agree');
    expect(again.want?.outcome).toEqual(result.want?.outcome);
    expect(again.want?.trace.total).toBe(result.want?.trace.total);
  });

  it('holds a listing as clang writes it, and where it comes from', () => {
    const { text } = savedAndLoaded(3);
    expect(text).toMatch(/^# {3}exit$/m);
    expect(text).toMatch(/^# oracle: seed 7$/m);
    expect(text).toMatch(/^# oracle: path 3$/m);
    expect(text).toMatch(/^# oracle: bucket r0$/m);
  });
});
