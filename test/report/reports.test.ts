import { describe, expect, it } from 'vitest';
import { assemble } from '../../src/bpf/asm.ts';
import { buildProgram } from '../../src/bpf/program.ts';
import { compile } from '../../src/jit/compile.ts';
import { type CaseResult, skipped } from '../../src/oracle/case.ts';
import type { Divergence } from '../../src/oracle/verdict.ts';
import { jsonReport } from '../../src/report/json.ts';
import { listing } from '../../src/report/listing.ts';
import type { CasesReport } from '../../src/report/reporter.ts';
import { textReport } from '../../src/report/text.ts';
import { visible } from '../../src/report/visible.ts';
import { HOSTILE } from '../kit/findings.ts';
import { execution, exit, faults } from '../oracle/fakes.ts';

const { insns, callees } = assemble('r1 = 1\nr1 /= 0\ncall foo\nexit\n', { dialect: 'llvm' });
const program = buildProgram(insns, { name: 'fake', callees });
const { image, rewrites } = compile(program, { endbr: true });

const base = skipped('a', { kind: 'file', why: 'no result' }, { program, image });
const want = execution({ outcome: exit(0x2an), memory: Uint8Array.of(0, 255), insns: 4 });
const agrees: CaseResult = { ...base, name: 'ok.o:main', verdict: 'agree', reason: null, want, got: want };
const divergence: Divergence = {
  subject: { kind: 'arg', place: { kind: 'call', call: 1, callee: { kind: 'kfunc', id: 1 } }, position: 1 },
  want: { kind: 'word', value: 1n },
  got: { kind: 'word', value: 2n },
  pc: 2,
};
const diverges: CaseResult = {
  ...agrees,
  name: 'bad.o:main',
  verdict: 'diverge',
  expected: 1n,
  divergences: [divergence],
  divergenceCount: 1,
};
const plain = { color: false } as const;
const cases = (...results: CaseResult[]): CasesReport => ({ kind: 'cases', command: 'check', results });

describe('jsonReport', () => {
  it('is the document scripts read', () => {
    const culprit = { pc: 2, offset: image.callSites?.[0]?.returnOffset ?? 0, stage: 'call' } as const;
    const memoryDiverges: Divergence = {
      subject: { kind: 'memory', offset: 1 },
      want: { kind: 'bytes', bytes: Uint8Array.of(255) },
      got: { kind: 'bytes', bytes: Uint8Array.of(0xfe) },
      pc: null,
    };
    const results = [
      agrees,
      {
        ...diverges,
        divergences: [divergence, memoryDiverges],
        culprit: { ...culprit, offset: culprit.offset - 1 },
      },
      base,
    ];
    expect(JSON.parse(jsonReport(cases(...results)))).toEqual({
      schema: 'bpf-oracle/check@1',
      summary: { ran: 2, agree: 1, diverge: 1, inconclusive: 0, skipped: 1 },
      results: [
        {
          name: 'ok.o:main',
          verdict: 'agree',
          reason: null,
          outcome: 'exit',
          r0: '0x000000000000002a',
          memory: '00ff',
          insns: 4,
          divergences: [],
        },
        {
          name: 'bad.o:main',
          verdict: 'diverge',
          reason: null,
          outcome: 'exit',
          r0: '0x000000000000002a',
          memory: '00ff',
          insns: 4,
          expected: '0x1',
          divergences: [
            {
              kind: 'arg',
              field: 'call 1 (kfunc foo) arg 1',
              want: '0x0000000000000001',
              got: '0x0000000000000002',
              pc: 2,
            },
            { kind: 'memory', field: 'memory[1]', want: 'ff', got: 'fe', pc: null },
          ],
          divergenceCount: 1,
          bucket: 'arg in a register',
          culprit: {
            pc: 2,
            insn: 'call foo',
            native: expect.stringMatching(/^call 0x50000000$/),
            offset: culprit.offset - 1,
            stage: 'call',
            precision: 'insn',
          },
        },
        {
          name: 'a',
          verdict: 'skipped',
          reason: 'no result',
          reasonKind: 'file',
          outcome: null,
          r0: null,
          memory: null,
          insns: null,
          divergences: [],
        },
      ],
    });
  });
});

describe('textReport', () => {
  it('has one aligned line a case, a block for a divergence and a summary', () => {
    const lines = textReport(cases(agrees, diverges, base), plain).split('\n');
    expect(lines[0]).toBe('agree    ok.o:main   r0 = 0x000000000000002a, 4 insns');
    expect(lines[1]).toBe('diverge  bad.o:main  1 difference');
    expect(lines[2]).toBe('  what                      want                got');
    expect(lines[3]).toBe('  call 1 (kfunc foo) arg 1  0x0000000000000001  0x0000000000000002');
    expect(lines.find((line) => line.includes('call foo'))).toBe('  >     2: call foo');
    expect(lines.some((line) => /0x[0-9a-f]+ {2}call 0x50000000$/.test(line))).toBe(true);
    expect(lines.slice(-3)).toEqual([
      'skipped  a           no result',
      '2 ran: 1 agree, 1 diverge, 0 inconclusive; 1 skipped',
      '',
    ]);
  });

  it.each(HOSTILE)('lets nothing through of a name with %s that a terminal would act on', (_what, name) => {
    const text = textReport(cases({ ...agrees, name }, { ...diverges, name, file: name }), plain);
    expect(text).toContain(`agree    ${visible(name)}`.trimEnd());
    for (const line of text.split('\n')) expect(visible(line)).toBe(line);
    const length = textReport(cases(agrees, { ...diverges, file: 'x' }), plain).split('\n').length;
    expect(text.split('\n')).toHaveLength(length);
  });

  it('keeps a block within 40 lines, however much differs', () => {
    const many = { ...diverges, divergences: new Array(32).fill(divergence), divergenceCount: 1000 };
    const lines = textReport(cases(many), plain).trimEnd().split('\n');
    expect(lines.length).toBeLessThanOrEqual(40);
    expect(lines.some((line) => line.includes('… and 984 more'))).toBe(true);
  });

  it('says how a run ended where both sides faulted', () => {
    const fault = execution({ outcome: faults({ kind: 'read', address: 16n, size: 8 }, 0), insns: 1 });
    expect(textReport(cases({ ...agrees, want: fault }), plain)).toMatch(
      /^agree {2}ok\.o:main {2}8-byte read from 0x0000000000000010, at insn 0: r1 = 1, 1 insn\n/,
    );
  });

  it('ends as the runner of bpf_conformance does, on request', () => {
    expect(textReport({ ...cases(agrees, diverges, base), command: 'conformance' }, plain)).toMatch(
      /\nPassed 1 out of 2 tests, 1 skipped\.\n$/,
    );
  });

  it('leaves out what was told as an error', () => {
    const bad = skipped('x', { kind: 'bad-input', why: 'no' });
    expect(textReport(cases(bad), plain)).toBe('');
    expect(textReport(cases(agrees, bad), plain)).not.toMatch(/^skipped/m);
    expect(textReport(cases(agrees, bad), plain)).toMatch(/; 1 skipped\n$/);
  });

  it('colours the verdict alone', () => {
    const [line] = textReport(cases(agrees), { color: true }).split('\n');
    expect(line).toBe('\u001b[32magree\u001b[39m  ok.o:main  r0 = 0x000000000000002a, 4 insns');
  });
});

describe('listing', () => {
  it('puts native code under each instruction, with prologue and rewrites marked', () => {
    const lines = listing(program, image, { syntax: 'att', rewrites }).split('\n');
    expect(lines.slice(0, 3)).toEqual([
      'main:',
      '  prologue',
      expect.stringMatching(/0x0 {2}f3 0f 1e fa +endbr64$/),
    ]);
    expect(lines.find((line) => line.includes('1: r1 /= 0'))).toMatch(/; div-by-zero: \d+ insns?$/);
    const native = lines
      .filter((line) => /^ +0x/.test(line))
      .map((line) => line.slice(18, 48).replaceAll(' ', ''));
    expect(native.join('')).toBe(Buffer.from(image.code).toString('hex'));
  });

  it('writes Intel syntax on request', () => {
    expect(listing(program, image, { syntax: 'intel', rewrites })).toMatch(/ mov edi, 0x1$/m);
  });
});
