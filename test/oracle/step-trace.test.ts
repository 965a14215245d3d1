import { describe, expect, it } from 'vitest';
import { cellDiffers, poisonMask } from '../../src/oracle/cells.ts';
import { lastState, type StepTrace } from '../../src/oracle/step-trace.ts';
import { explainMutant, programOf } from '../kit/mutated-checker.ts';

const CALLS = programOf(
  `
  r6 = 1
  *(u64 *)(r11 - 8) = 6
  *(u64 *)(r11 - 16) = 7
  *(u64 *)(r11 - 24) = 8
  *(u32 *)(r10 - 4) = 9
  r1 = 1
  r2 = 2
  r3 = 3
  r4 = 4
  r5 = 5
  call sum
  r0 += r6
  exit
sum:
  r0 = *(u64 *)(r11 + 24)
  exit
`,
  { sum: 8 },
);

const LOOP = programOf(`
  r0 = 0
  r2 = 300
l:
  r0 += 1
  r2 += -1
  if r2 != 0 goto l
  w0 = -w0
  exit
`);

function traceOf(...parameters: Parameters<typeof explainMutant>): StepTrace {
  const { trace } = explainMutant(...parameters);
  if (trace === null) expect.fail('not localised');
  return trace;
}

const pcs = ({ steps }: StepTrace): number[] => steps.map(({ pc }) => pc);

describe('a trace', () => {
  it('has the state before each instruction, up to the one after the guilty one', () => {
    expect(pcs(traceOf('swap-args-7-8-bpf', CALLS))).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 13]);
  });

  it('shows of each step only what changed', () => {
    const { steps } = traceOf('swap-args-7-8-bpf', CALLS);
    expect([...(steps[1]?.changes ?? [])]).toEqual([['r6', { want: 1n, got: 1n, poison: 0 }]]);
    expect([...(steps[2]?.changes ?? [])]).toEqual([['out6', { want: 6n, got: 6n, poison: 0 }]]);
  });

  it('holds values as they are in the end', () => {
    const trace = traceOf('swap-args-7-8-bpf', CALLS);
    const state = lastState(trace);
    const fp = state.get('r10')?.want ?? 0n;
    const at = (offset: number) => state.get(`@${(fp + BigInt(offset)).toString(16)}`);
    expect(trace.steps.at(-1)?.depth).toBe(1);
    expect(at(16)).toEqual({ want: 7n, got: 8n, poison: 0 });
    expect(at(24)).toEqual({ want: 8n, got: 7n, poison: 0 });
    expect(at(8)).toMatchObject({ poison: 0 });
    expect([...state].filter(([, value]) => cellDiffers(value))).toHaveLength(2);
  });

  it('knows which bytes of a word nobody may rely on', () => {
    const trace = traceOf('swap-args-7-8-bpf', CALLS);
    const main = trace.steps[5];
    const stored = [...(main?.changes ?? [])].filter(([cell]) => cell.startsWith('@'));
    expect(stored).toEqual([
      [expect.anything(), expect.objectContaining({ want: 9n << 32n, poison: 0b1111 })],
    ]);
  });

  it('is as long as was asked for: the last steps', () => {
    const trace = traceOf('neg32-as-64', LOOP, { steps: 3 });
    expect(pcs(trace)).toEqual([4, 5, 6]);
    expect(trace.first).toBe(2 + 300 * 3 - 1);
    expect(lastState(trace).get('r0')).toEqual({
      want: 0xffff_fed4n,
      got: 0xffff_ffff_ffff_fed4n,
      poison: 0,
    });
  });

  it('starts at the first step of a run that is shorter', () => {
    const trace = traceOf('neg32-as-64', LOOP, { steps: 1000 });
    expect(trace.first).toBe(0);
    expect(trace.steps).toHaveLength(2 + 300 * 3 + 2);
  });

  it('shows context memory, eight bytes at a time', () => {
    const program = programOf('*(u16 *)(r1 + 10) = 513\nw0 = -1\nw0 = -w0\nexit\n');
    const { steps } = traceOf('neg32-as-64', program, { memory: new Uint8Array(20) });
    expect([...(steps[0]?.changes ?? [])].map(([cell]) => cell)).toEqual(
      expect.arrayContaining(['m0+0', 'm0+8', 'm0+16']),
    );
    expect(steps[1]?.changes.get('m0+8')).toEqual({ want: 0x0201_0000n, got: 0x0201_0000n, poison: 0 });
  });

  it('ends before an instruction that native code does not come out of', () => {
    const program = programOf('r0 = 1\nr2 = 0\nr0 /= r2\nexit\n');
    const { trace, localisation } = explainMutant('no-div-by-zero-guard', program);
    expect(localisation).toMatchObject({ pc: 2, differences: [] });
    expect(trace?.steps.map(({ pc }) => pc)).toEqual([0, 1, 2]);
  });

  it('is not made of what agrees', () => {
    const { trace, result } = explainMutant('no-div-by-zero-guard', programOf('r0 = 1\nexit\n'));
    expect(result.verdict).toBe('agree');
    expect(trace).toBeNull();
  });
});

it('poison hides bytes, not words', () => {
  expect(poisonMask(0b1010_0001)).toBe(0xff00_ff00_0000_00ffn);
  expect(cellDiffers({ want: 0x10n, got: 0x11n, poison: 0b1 })).toBe(false);
  expect(cellDiffers({ want: 0x100n, got: 0x211n, poison: 0b1 })).toBe(true);
  expect(cellDiffers({ want: undefined, got: 1n, poison: 0xff })).toBe(false);
});
