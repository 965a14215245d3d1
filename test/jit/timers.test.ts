/** What timers call, in native code: frames, private stacks, and both sides on engines. */
import { afterAll, describe, expect, it } from 'vitest';
import { CONVENTION_NAMES } from '../../src/bpf/calling.ts';
import { Checker } from '../../src/checker.ts';
import type { Image } from '../../src/core/image.ts';
import { openSilicon } from '../../src/emu/silicon/silicon.ts';
import { compile } from '../../src/jit/compile.ts';
import { LINUX_TARGET } from '../../src/jit/target.ts';
import { mutantNamed } from '../../src/mutant/index.ts';
import { frameCell, rowAddress } from '../../src/oracle/cells.ts';
import { frameRows, isLink } from '../../src/oracle/frame-rows.ts';
import { lastState } from '../../src/oracle/step-trace.ts';
import { programOf } from '../kit/callbacks.ts';
import { siliconMissing } from '../kit/silicon.ts';
import { ADD_KEY, arm, start, timer, timerText } from '../kit/timers.ts';

const TWELVE = `r6 = r3
  *(u64 *)(r11 - 8) = r1
  *(u64 *)(r11 - 16) = 7
  *(u64 *)(r11 - 24) = 8
  *(u64 *)(r11 - 32) = 9
  *(u64 *)(r11 - 40) = 10
  *(u64 *)(r11 - 48) = 11
  *(u64 *)(r11 - 56) = r3
  r4 = 4
  r5 = 5
  call twelve
  *(u64 *)(r6 + 16) = r0
  r0 = 0`;

const LAST = `# oracle: proto twelve=12
twelve:
  r0 = *(u64 *)(r11 + 56)
  r0 = *(u64 *)(r0 + 16)
  r1 = *(u64 *)(r11 + 16)
  r0 += r1
  exit`;

const once = (tick: string, others = ''): string => timerText(`${arm('tick')}\n  r0 = 7`, tick, others);

const silicon = new Checker(siliconMissing() === undefined ? { engine: [openSilicon] } : {});
const watched = new Checker();
afterAll(() => {
  silicon.close();
  watched.close();
});

describe('both sides agree', () => {
  const TEXTS = [
    ['a function', once(ADD_KEY)],
    ['one that calls another of 12 arguments', once(TWELVE, LAST)],
    ['one that starts itself for ever', once(`${ADD_KEY}\n  ${start()}\n  r0 = 0`)],
    [
      'one that cancels itself',
      once(`${timer()}\n  call 172\n  r1 = 0x35d180000018 ll\n  *(u64 *)(r1 + 0) = r0`),
    ],
    ['one whose result is not 0', once('r0 = 99')],
    ['one that faults', once('r0 = *(u64 *)(r1 - 8)')],
    ['none, after all', timerText(`${arm('tick')}\n  ${timer()}\n  call 172\n  r0 += 6`, ADD_KEY)],
  ] as const;

  it.each(TEXTS)('%s, under all conventions', (what, text) => {
    const expected = what === 'one that faults' ? {} : { expected: 7n };
    for (const convention of CONVENTION_NAMES) {
      const one = new Checker({ jit: { convention } });
      const result = one.check(programOf(text), expected);
      one.close();
      expect(result.verdict, convention).toBe('agree');
    }
    expect(silicon.check(programOf(text), expected).verdict).toBe('agree');
  });

  it('where main ends by an exception', () => {
    const text = timerText(`${arm('tick')}\n  r1 = 3\n  call bpf_throw\n  r0 = 7`, ADD_KEY);
    expect(watched.check(programOf(text), { expected: 3n }).verdict).toBe('agree');
  });

  it('of an image that does not say where its frames are', () => {
    const bare = new Checker({
      compile: (program) => {
        const { frames: _, ...image } = compile(program).image;
        return image;
      },
    });
    expect(bare.check(programOf(once(TWELVE, LAST))).verdict).toBe('agree');
    bare.close();
  });
});

describe('a function that a timer calls', () => {
  it('has no private stack, and nor has what it calls', () => {
    const deep = '*(u64 *)(r10 - 64) = 1';
    const text = timerText(
      `${deep}\n  ${arm('tick')}\n  call leaf\n  r0 = 7`,
      `${deep}\n  call leaf\n  r0 = 0`,
      `leaf:\n  ${deep}\n  r0 = 0\n  exit`,
    );
    const { image } = compile(programOf(text), { privateStack: true });
    expect(image.frames?.map(({ privateStack }) => privateStack !== undefined)).toEqual([true, false, false]);
    expect(watched.check(programOf(text), { jit: { privateStack: true } }).verdict).toBe('agree');
  });

  it('makes no tail calls', () => {
    const jump = 'r1 = 0\n  r2 = 0x3a4080000000 ll\n  r3 = 0\n  call 12\n  r0 = 0';
    const text = `# oracle: prog-array jumps main\n${once(jump)}`;
    expect(() => compile(programOf(text))).toThrow('tick: cannot tail call within callback');
  });

  it('throws nothing: no verdict', () => {
    expect(watched.check(programOf(once('r1 = 1\n  call bpf_throw\n  r0 = 0')))).toMatchObject({
      verdict: 'skipped',
      reason: { kind: 'unsupported', what: 'bpf_throw in a callback' },
    });
  });
});

/** The JIT with a bug, as it is or with an image that lacks something. */
function explain(name: string, text: string, change: (image: Image) => Image = (image) => image) {
  const target = mutantNamed(name)?.mutate(LINUX_TARGET) ?? LINUX_TARGET;
  const checker = new Checker({ compile: (each) => change(compile(each, {}, target).image) });
  try {
    return checker.explain(programOf(text));
  } finally {
    checker.close();
  }
}

const withoutMap = ({ pcMap: _, callSites: __, ...image }: Image): Image => image;

describe('what goes wrong in a function that a timer calls', () => {
  it('is seen by who called it, in all it owes', () => {
    const { result, localisation } = explain('timer-callback-saves-nothing', once(TWELVE, LAST));
    expect(result.divergences[0]?.subject).toMatchObject({ kind: 'abi', rule: 'callee-saved', what: 'rbx' });
    expect(localisation).toMatchObject({ stage: 'epilogue' });
  });

  it('is shown in a frame whose caller is nobody of the program', () => {
    const text = once(TWELVE, LAST);
    const { result, trace } = explain('timer-callback-value-32-bits', text);
    const image = result.image as Image;
    const cells = trace === null ? new Map() : lastState(trace);
    const links = frameRows(programOf(text), image, 1).filter(({ role }) => isLink(role));
    expect(links.map(({ role }) => role.kind)).toEqual(['return-address', 'saved-fp', 'saved-reg']);
    for (const row of links)
      expect(cells.get(frameCell(rowAddress(cells, row) ?? 0n)), row.role.kind).toMatchObject({
        want: undefined,
      });
  });

  it('is in the window where there is no pc map', () => {
    const program = programOf(once(TWELVE, LAST));
    const { localisation } = explain('timer-callback-saves-nothing', once(TWELVE, LAST), withoutMap);
    expect(localisation?.window?.pcs.map((pc) => program.insns[pc]?.kind)).toContain('exit');
    const { localisation: entered } = explain('timer-callback-value-32-bits', once(TWELVE, LAST), withoutMap);
    expect(entered?.window?.prologue).toBe(1);
  });

  it('is the doing of the call that gave a timer a wrong time', () => {
    const late = timerText(
      `${arm('tick', { nsecs: -1 })}\n  ${arm('tock', { index: 1 })}\n  r0 = 7`,
      ADD_KEY,
      '# oracle: proto tock=u64,u64,u64\ntock:\n  r0 = 0\n  exit',
    );
    const program = programOf(late);
    const { localisation } = explain('timer-start-32-bits', late);
    expect(localisation).toMatchObject({ stage: 'call', steps: 10 });
    expect(program.insns[localisation?.pc ?? 0]).toMatchObject({ kind: 'call', imm: 171 });
    // An instruction before it is to blame where state shows it.
    const { localisation: earlier } = explain('mov64-imm-zero-extended', late);
    expect(earlier).toMatchObject({ stage: 'insn', steps: 8 });
  });
});

describe('a guest whose function is no code', () => {
  const outcomeAt = (off: string) =>
    watched.runNative(
      programOf(once(ADD_KEY).replace('r2 = tick ll', `r2 = tick ll\n  r3 = ${off} ll\n  r2 += r3`)),
    ).outcome;

  it('faults there', () => {
    // Within the first instruction.
    expect(outcomeAt('2')).toMatchObject({ kind: 'fault' });
    expect(outcomeAt('0x5000000000')).toMatchObject({ kind: 'fault', fault: { kind: 'fetch' } });
    // No address at all.
    expect(outcomeAt('0x8000000000000000')).toMatchObject({ kind: 'fault' });
  });
});
