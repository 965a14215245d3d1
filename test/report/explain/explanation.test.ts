import { describe, expect, it } from 'vitest';
import { type Explanation, explanation } from '../../../src/report/explain/explanation.ts';
import { explainText } from '../../../src/report/explain/text.ts';
import { explainMutant, explainUnmapped, programOf } from '../../kit/mutated-checker.ts';

const SOURCE = { replay: 'bpf-oracle replay x.data', reshrink: null, origin: null };

const CALLS = programOf(
  `
  r6 = r2
  *(u64 *)(r11 - 8) = 6
  *(u64 *)(r11 - 16) = 7
  *(u64 *)(r11 - 24) = 8
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

const of = (...parameters: Parameters<typeof explainMutant>): Explanation =>
  explanation(explainMutant(...parameters), SOURCE);

describe('an explanation', () => {
  const swapped = of('swap-args-7-8-bpf', CALLS);

  it('is plain data', () => {
    expect(JSON.parse(JSON.stringify(swapped))).toEqual(swapped);
    expect(swapped).toMatchObject({
      schema: 'bpf-oracle/explain@1',
      verdict: 'diverge',
      convention: 'linux',
    });
  });

  it('names the guilty instruction with its native code', () => {
    expect(swapped.culprit).toMatchObject({
      pc: 9,
      insn: 'call sum',
      stage: 'call',
      steps: 9,
      subprogName: 'main',
    });
    expect(swapped.culprit?.native.at(-1)?.att).toMatch(/^call/);
    expect(swapped.listing.filter(({ guilty }) => guilty).map(({ pc }) => pc)).toEqual([9]);
  });

  it('draws the frame as it is after that, with both values', () => {
    expect(swapped.shown).toBe('after');
    expect(swapped.frame?.name).toBe('sum');
    expect(
      swapped.frame?.rows.map(({ name, fp, sp, want, got, differs }) => [name, fp, sp, want, got, differs]),
    ).toEqual([
      ['incoming arg 8', 24, 24, '0x0000000000000008', '0x0000000000000007', true],
      ['incoming arg 7', 16, 16, '0x0000000000000007', '0x0000000000000008', true],
      ['return address', 8, 8, expect.stringMatching(/^0x/), expect.stringMatching(/^0x/), false],
      ['saved rbp', 0, 0, '0x00007ffe9a00eff0', '0x00007ffe9a00eff0', false],
    ]);
  });

  it('lists all registers, and which native one each is in', () => {
    expect(swapped.registers.map(({ name, native }) => `${name} ${native}`)).toEqual([
      ...['r0 rax', 'r1 rdi', 'r2 rsi', 'r3 rdx', 'r4 rcx', 'r5 r8', 'r6 rbx', 'r7 r13', 'r8 r14', 'r9 r15'],
      ...['r10 rbp', 'rsp rsp', 'incoming arg 6 r9'],
    ]);
  });

  it('of a wrong prologue shows the prologue', () => {
    const { culprit, listing } = of('fp-after-sub', programOf('*(u64 *)(r10 - 8) = 1\nr0 = 0\nexit\n'));
    expect(culprit).toMatchObject({ pc: null, insn: null, stage: 'prologue', subprogName: 'main' });
    expect(culprit?.native[0]?.att).toMatch(/nop|push/);
    expect(listing.find(({ guilty }) => guilty)).toMatchObject({ pc: null, subprog: 0 });
  });

  it("of a callee's wrong prologue names the callee, and the call it was seen at", () => {
    const text = 'call f\nr0 = 0\nexit\nf:\n*(u64 *)(r10 - 8) = 1\nr0 = 0\nexit\n';
    expect(of('fp-after-sub', programOf(text)).culprit).toMatchObject({
      pc: 0,
      stage: 'prologue',
      subprogName: 'f',
    });
  });

  it('of an exit that jumps to another one shows both', () => {
    const regs = [1, 2, 3, 4, 5].map((n) => `r${n} = ${n}`);
    const slots = ['*(u64 *)(r11 - 8) = 6', '*(u64 *)(r11 - 16) = 7'];
    const lines = [
      'r6 = 1',
      'if r2 == 0 goto l',
      'r0 = 0',
      'exit',
      'l:',
      ...regs,
      ...slots,
      'call f',
      'exit',
    ];
    const program = programOf(lines.join('\n'), { f: 7 });
    const { culprit, listing } = of('outgoing-not-released', program);
    expect(culprit).toMatchObject({ stage: 'epilogue', pc: 12 });
    expect(culprit?.native.map(({ att }) => att)).toEqual([expect.stringMatching(/^jmp /)]);
    expect(listing.filter(({ guilty }) => guilty).map(({ pc }) => pc)).toEqual([3, 12]);
  });

  it('without a pc map marks a window, BPF first, then native code', () => {
    const explained = explainUnmapped('swap-args-7-8-bpf', CALLS);
    const { culprit, listing, trace } = explanation(explained, SOURCE);
    expect(trace).toBeNull();
    expect(culprit).toMatchObject({ pc: 9, precision: 'state', window: { to: 9 } });
    expect(listing.filter(({ guilty }) => guilty).map(({ kind, pc }) => [kind, pc])).toEqual([
      ['insn', 9],
      ['native', null],
      ['native', null],
    ]);
    const suspects = listing.filter(({ suspect }) => suspect).map(({ pc }) => pc);
    expect(suspects).toEqual(culprit?.window?.pcs.filter((pc) => pc !== 9));
    const text = explainText(explanation(explained, SOURCE), { color: false, columns: 100, syntax: 'att' });
    const [, guilty, native] = text.split('\n');
    expect(guilty).toMatch(
      /^guilty {2}insn 9 of main: call sum \(stage: call\), or one of \d+ before it \(\?\)$/,
    );
    expect(native).toMatch(/^native {2}no pc map; registers and memory agree up to 0x\w+, not at 0x\w+$/);
    expect(text).toMatch(/^>\s+9: call sum$/m);
    expect(text).toMatch(/^>\s+native code\s+> +0x/m);
  });

  it('of what agrees holds both listings and no culprit', () => {
    const agreed = of('fp-after-sub', programOf('r0 = 0\nexit\n'));
    expect(agreed).toMatchObject({ verdict: 'agree', culprit: null, frame: null, trace: null, shown: null });
    expect(agreed.listing.map(({ insn }) => insn)).toEqual([null, 'r0 = 0', 'exit']);
  });
});
