/** Who is at fault where no BPF register shows it right away: the instruction that did it, not the exit it shows at. */
import { describe, expect, it } from 'vitest';
import type { Program } from '../../src/bpf/program.ts';
import { whatDiffers } from '../../src/report/explain/what.ts';
import { explainMutant, programOf } from '../kit/mutated-checker.ts';

function culprit(mutant: string, program: Program): { pc: number | null; stage: string; what: string[] } {
  const explained = explainMutant(mutant, program);
  const { pc = null, stage = 'none' } = explained.result.culprit ?? {};
  return { pc, stage, what: whatDiffers(explained) };
}

const ARGS = 'r1 = 1\nr2 = 2\nr3 = 3\nr4 = 4\nr5 = 5\n';

describe('a word that a frame keeps for its caller', () => {
  const program = programOf(
    `main:
      ${ARGS}
      *(u64 *)(r11 - 8) = 6
      *(u64 *)(r11 - 16) = 7
      call seven
      call none
      exit
    `,
    { seven: 7, none: 0 },
  );

  it('is the fault of the store that writes over it', () => {
    const { pc, stage, what } = culprit('outgoing-max-from-last-call', program);
    expect({ pc, stage }).toEqual({ pc: 6, stage: 'insn' });
    expect(what).toEqual(['saved rbp is 0x7, should be 0x1a7e060606060606']);
  });

  it('is the fault of the prologue that does not save it where it says', () => {
    const saves = programOf(
      `main:\nr6 = 9\n${ARGS}*(u64 *)(r11 - 8) = 6\n*(u64 *)(r11 - 16) = 7\ncall seven\nr0 += r6\nexit\n`,
      {
        seven: 7,
      },
    );
    const { pc, stage, what } = culprit('saved-below-outgoing', saves);
    expect({ pc, stage }).toEqual({ pc: null, stage: 'prologue' });
    expect(what.join('; ')).toContain('saved rbx (r6) is');
  });
});

describe('code behind the place a call returns to', () => {
  it('is the call, where its callee returned as it should', () => {
    const passes = programOf(
      `main:
        ${ARGS}
        *(u64 *)(r11 - 8) = 6
        *(u64 *)(r11 - 16) = 7
        call f
        r0 += 1
        ${ARGS}
        *(u64 *)(r11 - 8) = 6
        *(u64 *)(r11 - 16) = 7
        call f
        exit
      f:
        r0 = *(u64 *)(r11 + 16)
        exit
      `,
      { f: 7 },
    );
    const { pc, stage, what } = culprit('caller-pops-arguments', passes);
    expect({ pc, stage }).toEqual({ pc: 7, stage: 'call' });
    expect(what).toEqual(['rsp is 8 bytes too high']);
  });

  it('is not looked at where the callee did not', () => {
    const keeps = programOf('main:\nr6 = 1\ncall f\nr0 += r6\nexit\nf:\nr6 = 3\nr0 = r6\nexit\n', { f: 0 });
    const { pc, stage } = culprit('exit-forgets-last-pop', keeps);
    expect({ pc, stage }).toEqual({ pc: 6, stage: 'epilogue' });
  });
});

describe('an exit at the end of the image that became no code', () => {
  it('is at fault for what native code does behind the image', () => {
    const twice = programOf('main:\nif r1 == 0 goto +2\nr0 = 1\nexit\nr0 = 2\nr0 += 3\nexit\n');
    const { pc, stage } = culprit('second-exit-falls-through', twice);
    expect({ pc, stage }).toEqual({ pc: 5, stage: 'epilogue' });
  });
});
