import { describe, expect, it } from 'vitest';
import { compile } from '../../src/jit/compile.ts';
import { type FrameRow, frameRows } from '../../src/oracle/frame-rows.ts';
import { programOf } from '../kit/mutated-checker.ts';
import { image } from './fakes.ts';

const PROGRAM = programOf(
  `
  r6 = r1
  *(u64 *)(r10 - 16) = 1
  *(u64 *)(r11 - 8) = 6
  *(u64 *)(r11 - 16) = 7
  *(u64 *)(r11 - 24) = 8
  r1 = 1
  r2 = 2
  r3 = 3
  r4 = 4
  r5 = 5
  call sum
  exit
sum:
  r0 = *(u64 *)(r11 + 24)
  exit
`,
  { sum: 8 },
);

const shown = ({ role, fpOffset }: FrameRow): string =>
  `${fpOffset} ${role.kind}${'position' in role ? ` ${role.position}` : ''}${'reg' in role ? ` ${role.reg}` : ''}`;

it("a caller's frame: canary, link, stack, saved registers, outgoing arguments", () => {
  expect(frameRows(PROGRAM, compile(PROGRAM).image, 0).map(shown)).toEqual([
    '16 canary',
    '8 return-address',
    '0 saved-fp',
    '-8 bpf-stack',
    '-16 bpf-stack',
    '-24 saved-reg 3',
    '-32 outgoing 8',
    '-40 outgoing 7',
  ]);
});

it("a callee's frame: incoming arguments from the 7th on, the highest first", () => {
  expect(frameRows(PROGRAM, compile(PROGRAM).image, 1).map(shown)).toEqual([
    '24 incoming 8',
    '16 incoming 7',
    '8 return-address',
    '0 saved-fp',
  ]);
});

it('a convention with argument 6 in memory, and words of its own, draws those', () => {
  const made = compile(PROGRAM).image;
  const args = {
    ...made.args,
    bpf: made.args.bpf.map((place, i) => (i < 5 ? place : { in: 'stack' as const, index: i - 5 })),
  };
  const frames = [{ stackDepth: 8, saved: [3], bytes: 48, outgoing: 24 }];
  expect(frameRows(PROGRAM, { ...made, args, frames }, 0).map(shown)).toEqual([
    '16 canary',
    '8 return-address',
    '0 saved-fp',
    '-8 bpf-stack',
    '-16 saved-reg 3',
    '-24 own',
    '-32 outgoing 8',
    '-40 outgoing 7',
    '-48 outgoing 6',
  ]);
});

it('a frame whose BPF stack is elsewhere: what it keeps, then that stack, counted from r10', () => {
  const program = programOf('r6 = 1\n*(u64 *)(r10 - 64) = 1\nr0 = r6\nexit\n');
  const rows = frameRows(program, compile(program, { privateStack: true }).image, 0).map(shown);
  expect(rows.slice(0, 6)).toEqual([
    '16 canary',
    '8 return-address',
    '0 saved-fp',
    '-8 saved-reg 3',
    '-8 private-stack',
    '-16 private-stack',
  ]);
  expect(rows).toHaveLength(4 + 64 / 8);
});

describe('a function that a helper calls', () => {
  const calling = (more: string): string[] => {
    const text = `r1 = 3\nr2 = each ll\nr3 = 0\nr4 = 0\ncall 181\n${more}exit\n.type each, @function\neach:\nr0 = 0\nexit\n`;
    const program = programOf(text);
    return frameRows(program, compile(program).image, 1).map(shown);
  };
  const OWN = ['8 return-address', '0 saved-fp'];

  it("has the helper's frame above it, eight words", () => {
    const words = ['72', '64', '56', '48', '40', '32', '24', '16'];
    expect(calling('')).toEqual([...words.map((at) => `${at} helper`), ...OWN]);
  });

  it('has none drawn if others call it too', () => {
    expect(calling('call each\n')).toEqual(OWN);
  });

  it('has none if a timer calls it', () => {
    expect(calling('r2 = each ll\ncall 170\n')).toEqual(OWN);
  });
});

it('an image that does not state its frames has no picture', () => {
  const { frames: _, ...silent } = image();
  expect(frameRows(PROGRAM, silent, 0)).toEqual([]);
});
