import { describe, expect, it } from 'vitest';
import { judgingOptions } from '../../src/cli/judging-options.ts';

describe('judgingOptions', () => {
  it.each([
    ['check a.s', []],
    ['check --mem 00ff a.s --reporter html --output r.html b.s', ['--mem', '00ff']],
    ['--debug check --no-bmi2 --reporter=json --output=x a.s', ['--no-bmi2']],
    ['check --expect-failures list --jit mutant:x -- a.s', ['--jit', 'mutant:x']],
  ])('of %j leaves what decides how cases are judged', (line, options) => {
    expect(judgingOptions(line.split(' '), { command: 'check', operands: ['a.s', 'b.s'] })).toEqual(options);
  });
});
