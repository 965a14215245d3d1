import { describe, expect, it } from 'vitest';
import { lint } from '../../src/lint/lint.ts';
import { pathLines } from '../../src/report/lint-words.ts';
import { programOf } from './kit.ts';

/** The way to the finding of a rule, in words. */
function wayTo(rule: string, text: string): string[] {
  const program = programOf(text);
  const finding = lint(program).findings.find((found) => found.rule === rule);
  if (finding === undefined) expect.fail(`${rule} is not broken`);
  return pathLines(finding.path, program);
}

const REGS = 'r1 = 1\nr2 = 2\nr3 = 3\nr4 = 4\nr5 = 5\n';
const SIX = 'six:\nr0 = *(u64 *)(r11 + 8)\nexit\n';

describe('the path of a finding', () => {
  it('names the branch that leaves a slot unset', () => {
    const text = `main:\n${REGS}if r1 == 0 goto other\n*(u64 *)(r11 - 8) = 6\nother:\ncall six\nexit\n${SIX}`;
    expect(wayTo('missing-argument', text)).toEqual([
      'since the start of main, where insn 5 (if r1 == 0 goto +1) is taken',
    ]);
  });

  it('names a branch that is not taken', () => {
    const text = `main:\n${REGS}if r1 == 0 goto store\ngoto on\nstore:\n*(u64 *)(r11 - 8) = 6\non:\ncall six\nexit\n${SIX}`;
    expect(wayTo('missing-argument', text)).toEqual([
      'since the start of main, where insn 5 (if r1 == 0 goto +1) is not taken',
    ]);
  });

  it('names no branch where all lead there', () => {
    const diamonds = Array.from({ length: 5 }, (_, k) => `if r1 == ${k} goto +1\nr6 = ${k}\n`).join('');
    expect(wayTo('missing-argument', `main:\n${REGS}${diamonds}call six\nexit\n${SIX}`)).toEqual([
      'since the start of main',
    ]);
  });

  it('names only the branches it depends on', () => {
    const text = `main:
${REGS}if r1 == 1 goto +1
r6 = 1
if r1 == 2 goto skip
*(u64 *)(r11 - 8) = 6
skip:
if r1 == 3 goto +1
r6 = 3
call six
exit
${SIX}`;
    expect(wayTo('missing-argument', text)).toEqual([
      'since the start of main, where insn 7 (if r1 == 2 goto +1) is taken',
    ]);
  });

  it('names the call that has used a slot up', () => {
    const text = `main:\n${REGS}*(u64 *)(r11 - 8) = 6\ncall six\n${REGS}call six\nexit\n${SIX}`;
    expect(wayTo('stale-argument', text)).toEqual(['since insn 6: call six']);
  });

  it('names the call before a load that comes too late, and the branch to it', () => {
    const text = `main:\n${REGS}*(u64 *)(r11 - 8) = 6\ncall late\nexit
late:\nif r1 s> 0 goto there\ngoto on\nthere:\ncall 7\non:\nr0 = *(u64 *)(r11 + 8)\nexit\n`;
    expect(wayTo('late-load', text)).toEqual(['since insn 10: call 7']);
  });

  it('goes round a loop', () => {
    const text = `main:\n${REGS}*(u64 *)(r11 - 8) = 6\ncall loop\nexit
loop:\nr6 = r1\nagain:\nr0 = *(u64 *)(r11 + 8)\ncall 7\nr6 += -1\nif r6 != 0 goto again\nexit\n`;
    expect(wayTo('late-load', text)).toEqual([
      'since insn 10: call 7, where insn 12 (if r6 != 0 goto -4) is taken',
    ]);
  });

  it('goes on in the caller that passes what is not there', () => {
    const text = `main:\ncall 7\nif r0 == 1 goto on\nr2 = 2\non:\ncall two\nexit\ntwo:\nr0 = r2\nexit\n`;
    expect(wayTo('unset-register', `# oracle: proto two=2\n${text}`)).toEqual([
      'since the start of two',
      'called at insn 3, since insn 0: call 7, where insn 1 (if r0 == 1 goto +1) is taken',
    ]);
  });

  it('goes on through a stack argument', () => {
    const text = `main:\n*(u64 *)(r10 - 8) = 0\n${REGS}*(u64 *)(r11 - 8) = 42\ncall deref\nexit
deref:\nr0 = *(u64 *)(r11 + 8)\nr0 = *(u64 *)(r0 + 0)\nexit\n`;
    expect(wayTo('no-address', text)).toEqual([
      'since insn 9: r0 = *(u64 *)(r11 + 8)',
      'called at insn 7, since insn 6: *(u64 *)(r11 - 8) = 42',
    ]);
  });
});
