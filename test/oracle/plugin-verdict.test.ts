/** Verdicts on r0 alone, where the reference says nothing of it. */
import { describe, expect, it } from 'vitest';
import { toCase } from '../../src/checker.ts';
import { interpret } from '../../src/interp/interpret.ts';
import { pluginVerdict } from '../../src/oracle/plugin-verdict.ts';
import { exit, ja, link, mov } from '../kit/insns.ts';

const judge = (program: ReturnType<typeof link>, expected?: bigint) => {
  const subject = toCase(program, { insnLimit: 100, ...(expected === undefined ? {} : { expected }) });
  return pluginVerdict(subject, interpret(subject.program, subject.env), { kind: 'exit', r0: 1n });
};

describe('pluginVerdict', () => {
  it('blames the reference too, where it is not what is stated', () => {
    const { divergences } = judge(link([[mov('r0', 1), exit]]), 2n);
    expect(divergences.map(({ subject }) => subject)).toEqual([
      { kind: 'stated', side: 'reference' },
      { kind: 'stated', side: 'native' },
    ]);
  });

  it('proves nothing by programs that do not end, or that rely on what is undefined', () => {
    const endless = judge(link([[ja(-1), exit]]));
    expect([endless.verdict, endless.reason]).toEqual(['inconclusive', { kind: 'insn-limit', limit: 100 }]);
    const undefinedR0 = judge(link([[exit]]));
    expect([undefinedR0.verdict, undefinedR0.reason?.kind]).toEqual(['inconclusive', 'poison']);
  });
});
