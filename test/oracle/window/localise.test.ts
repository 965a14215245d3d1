/** Where someone else's JIT went wrong, which makes code of another program than it was given. */
import { afterEach, describe, expect, it } from 'vitest';
import { assemble } from '../../../src/bpf/asm.ts';
import { buildProgram, type Program } from '../../../src/bpf/program.ts';
import { Checker, type CheckOptions } from '../../../src/checker.ts';
import type { Image } from '../../../src/core/image.ts';
import { type Cpu, type Engine, GPR_COUNT, type RunRequest } from '../../../src/emu/engine.ts';
import { openUnicorn } from '../../../src/emu/unicorn.ts';
import { compile } from '../../../src/jit/compile.ts';
import type { CaseResult } from '../../../src/oracle/case.ts';
import type { Window } from '../../../src/oracle/locate.ts';
import { RSP } from '../../../src/x86/reg.ts';
import { bare, minimal, withoutMap } from './strip.ts';

function programOf(text: string): Program {
  const { insns, functionNames, callees } = assemble(text, { dialect: 'llvm' });
  return buildProgram(insns, { name: 'test', functionNames, callees });
}

const open: Checker[] = [];
afterEach(() => {
  for (const checker of open.splice(0)) checker.close();
});

interface Setting extends CheckOptions {
  readonly strip?: (image: Image) => Image;
  readonly engine?: Engine;
}

/** Judges `asked` on an image of `made`. */
function judged(asked: string, made: string, setting: Setting = {}): CaseResult {
  const { strip = withoutMap, engine, ...options } = setting;
  const checker = new Checker({
    compile: () => strip(compile(programOf(made)).image),
    ...(engine === undefined ? {} : { engine }),
  });
  open.push(checker);
  const result = checker.check(programOf(asked), { memory: new Uint8Array(32).fill(0xee), ...options });
  expect(result.verdict).toBe('diverge');
  return result;
}

function windowOf(result: CaseResult): Window {
  const window = result.culprit?.window;
  if (window === undefined) expect.fail('no window');
  return window;
}

const lines = (...text: readonly string[]): string => `${text.join('\n')}\n`;

/** One insn of each kind; 5 and 9 store, 8 calls, 2 jumps. */
const WORK = [
  'r6 = r1', // 0
  'r7 = 7', // 1
  'if r7 == 0 goto over', // 2
  'r7 += 3', // 3
  'r8 = r7', // 4
  '*(u64 *)(r6 + 0) = r8', // 5
  'over:',
  'r1 = r8', // 6
  'r2 = r7', // 7
  'call foo', // 8
  '*(u64 *)(r10 - 8) = r0', // 9
  'r9 = *(u64 *)(r10 - 8)', // 10
  'r0 = r9', // 11
  'exit', // 12
];
/** WORK with another statement in a line. */
const instead = (line: number, text: string): string =>
  lines(...WORK.map((each, i) => (i === line ? text : each)));

/** Line in WORK and slot, which differ by the label, and the broken statement. */
const BREAKS: readonly (readonly [line: number, pc: number, text: string])[] = [
  [1, 1, 'r7 = 8'],
  [3, 3, 'r7 += 4'],
  [4, 4, 'r8 = r6'],
  [5, 5, '*(u64 *)(r6 + 8) = r8'],
  [5, 5, '*(u32 *)(r6 + 0) = r8'],
  [7, 6, 'r1 = r7\nr1 += 1'],
  [9, 8, 'r0 = 5'],
  [10, 9, '*(u64 *)(r10 - 16) = r0'],
  [11, 10, 'r9 = *(u8 *)(r10 - 8)'],
  [12, 11, 'w0 = w9'],
];

describe('an image without a pc map', () => {
  it.each(BREAKS)('line %i, insn %i: %s', (line, pc, text) => {
    const window = windowOf(judged(lines(...WORK), instead(line, text)));
    expect(window.precision).toBe('state');
    expect(window.pcs).toContain(pc);
    expect(window.insns).toBeLessThanOrEqual(5);
  });

  it.each(BREAKS)('and with code and entries alone; line %i, insn %i: %s', (line, pc, text) => {
    for (const strip of [minimal, bare]) {
      const window = windowOf(judged(lines(...WORK), instead(line, text), { strip }));
      expect(window.pcs, strip.name).toContain(pc);
      expect(window.insns, strip.name).toBeLessThanOrEqual(7);
    }
  });

  it('points at the likeliest, with its stage and what differs', () => {
    const { culprit } = judged(lines(...WORK), instead(3, 'r7 += 4'));
    expect(culprit).toMatchObject({ pc: 3, stage: 'insn' });
    expect(culprit).toMatchObject({ differences: [{ what: { kind: 'reg', reg: 7 }, want: 10n, got: 11n }] });
  });

  it('names the native code that ran meanwhile', () => {
    const made = instead(10, '*(u64 *)(r10 - 16) = r0');
    const result = judged(lines(...WORK), made);
    const pcMap = new Map(compile(programOf(made)).image.pcMap);
    const { offsets } = windowOf(result);
    expect(offsets.from).toBeLessThanOrEqual(pcMap.get(9) ?? 0);
    expect(offsets.to).toBeGreaterThan(pcMap.get(9) ?? 0);
    expect(offsets.to).toBeLessThanOrEqual(pcMap.get(12) ?? 0);
    expect(result.culprit?.offset).toBeGreaterThanOrEqual(offsets.from);
  });

  it('finds a jump that goes elsewhere, and native code that faults', () => {
    const jump = windowOf(judged(lines(...WORK), instead(2, 'if r7 != 0 goto over')));
    expect(jump.pcs).toContain(2);
    const fault = judged(lines(...WORK), instead(10, '*(u64 *)(r0 + 0) = r0'));
    expect(windowOf(fault).pcs).toContain(9);
    const { got, culprit, image } = fault;
    const rip = got?.outcome.kind === 'fault' ? got.outcome.rip : undefined;
    expect(culprit?.offset).toBe(Number((rip ?? 0n) - (image?.base ?? 0n)));
  });

  it('finds code that does not end', () => {
    const { culprit } = judged('r6 = 3\nr0 = r6\nexit\n', 'r6 = 3\nl:\ngoto l\nr0 = r6\nexit\n');
    expect(culprit?.window?.pcs).toContain(1);
  });

  it('an exit with the wrong r0, and one that breaks a promise', () => {
    expect(judged('r0 = 1\nexit\n', 'r0 = 2\nexit\n').culprit).toMatchObject({ pc: 0, stage: 'insn' });
    const strip = (image: Image): Image => {
      const code = image.code.slice();
      // pop rbx; leave; ret without the pop
      const pop = code.lastIndexOf(0x5b);
      code[pop] = 0x90;
      return withoutMap({ ...image, code });
    };
    const text = 'r6 = 1\nr0 = r6\nexit\n';
    expect(judged(text, text, { strip }).culprit).toMatchObject({ pc: 2, stage: 'epilogue' });
  });
});

const CALLS = (seventh: string, body: string): string =>
  lines(
    'r6 = r10', // 0
    'r6 += -8', // 1
    '*(u64 *)(r10 - 8) = -5', // 2
    '*(u64 *)(r11 - 8) = 6', // 3
    `*(u64 *)(r11 - 16) = ${seventh}`, // 4
    'r1 = r6', // 5
    'r2 = 2', // 6
    'r3 = 3', // 7
    'r4 = 4', // 8
    'r5 = 5', // 9
    'call f', // 10
    'r1 = *(u64 *)(r10 - 8)', // 11
    'r0 += r1', // 12
    'exit', // 13
    'f:',
    'r0 = *(u64 *)(r11 + 8)', // 14
    'r3 = *(u64 *)(r11 + 16)', // 15
    'r0 += r3', // 16
    body, // 17
    'exit', // 18
  );
const STORE = '*(u64 *)(r1 + 0) = r0';

describe('calls of subprogs', () => {
  it.each([['map', withoutMap] as const, ['minimal', minimal] as const, ['bare', bare] as const])(
    'with frames told or seen: %s',
    (_, strip) => {
      const asked = CALLS('7', STORE);
      const outside = windowOf(judged(asked, CALLS('9', STORE), { strip }));
      // Where nobody knows how arguments travel, it is seen where one is read.
      expect(outside.pcs).toContain(strip === bare ? 15 : 4);
      const inside = windowOf(judged(asked, CALLS('7', '*(u32 *)(r1 + 0) = r0'), { strip }));
      expect(inside.pcs).toContain(17);
      expect(inside.insns).toBeLessThanOrEqual(5);
    },
  );

  it('a prologue that is wrong is named, of main and of others', () => {
    const broken =
      (entry: number) =>
      (image: Image): Image => {
        const at = image.subprogEntries[entry] ?? 0;
        const code = image.code.slice();
        // mov rbp, rsp (48 89 e5) becomes mov rbp, rbx
        const move = code.findIndex((byte, i) => i >= at && byte === 0x48 && code[i + 1] === 0x89);
        code[move + 2] = 0xdd;
        return withoutMap({ ...image, code });
      };
    const text = CALLS('7', STORE);
    const main = judged(text, text, { strip: broken(0) });
    expect(main.culprit).toMatchObject({ pc: null, stage: 'prologue' });
    expect(windowOf(main)).toMatchObject({ prologue: 0, pcs: [], insns: 0 });
    const other = judged(text, text, { strip: broken(1) });
    expect(other.culprit).toMatchObject({ pc: 10, stage: 'prologue' });
    expect(windowOf(other).prologue).toBe(1);
  });

  it('after a return the call may be to blame', () => {
    const strip = (image: Image): Image => {
      const site = image.callSites?.[0]?.returnOffset ?? 0;
      const code = image.code.slice();
      // What comes after the call is dead by then: r15 is r9.
      code.set([0x49, 0xff, 0xc7], site);
      return withoutMap({ ...image, code });
    };
    const text = 'r9 = 1\ncall f\nr1 = 1\nr1 = 2\nr0 = r9\nexit\nf:\nr0 = 0\nexit\n';
    const window = windowOf(judged(text, text, { strip }));
    expect(window.pcs).toContain(1);
  });
});

describe('JITs of another build', () => {
  it('code that is left out, merged or moved before costs nothing later', () => {
    const asked =
      'r6 = r1\nr3 = 1\nr4 = 2\nr3 += r4\nr3 = r3\n*(u64 *)(r6 + 0) = r3\nr7 = 9\nr0 = r7\nexit\n';
    const made = 'r6 = r1\nr4 = 2\nr3 = 3\n*(u64 *)(r6 + 0) = r3\nr7 = 8\nr0 = r7\nexit\n';
    const window = windowOf(judged(asked, made));
    expect(window).toMatchObject({ precision: 'state' });
    expect(window.pcs).toContain(6);
    expect(window.insns).toBeLessThanOrEqual(3);
  });

  /** The same engine, but for what it shows while it runs. */
  function engineWith(change: (request: RunRequest) => RunRequest): Engine {
    const engine = openUnicorn();
    return {
      name: engine.name,
      version: engine.version,
      caps: engine.caps,
      run: (request, out) => engine.run(change(request), out),
      map: (region) => engine.map(region),
      unmap: (region) => engine.unmap(region),
      load: (address, code) => engine.load(address, code),
      close: () => engine.close(),
    };
  }

  it('registers that are elsewhere leave stores and calls', () => {
    const elsewhere = engineWith((request) => {
      const { onInsn } = request;
      if (onInsn === undefined) return request;
      const shift = (address: number, cpu: Cpu): void =>
        onInsn(address, {
          ...cpu,
          readRegs: (regs) => {
            cpu.readRegs(regs);
            for (let gpr = 0; gpr < GPR_COUNT; gpr++) if (gpr !== RSP) regs[gpr] = (regs[gpr] ?? 0n) ^ 1n;
          },
        });
      return { ...request, onInsn: shift };
    });
    const stores = (third: number) =>
      lines(
        'r6 = r1', // 0
        '*(u64 *)(r6 + 0) = 1', // 1
        'call 5', // 2
        'r2 = 6', // 3
        '*(u64 *)(r6 + 8) = 2', // 4
        'r2 = 7', // 5
        `*(u64 *)(r6 + 16) = ${third}`, // 6
        'r0 = 0', // 7
        'exit', // 8
      );
    const { culprit } = judged(stores(3), stores(4), { strip: bare, engine: elsewhere });
    const window = { precision: 'store', from: 3, to: 6, pcs: [3, 4, 5, 6], insns: 4, prologue: null };
    expect(culprit).toMatchObject({ pc: 6, stage: 'insn', window });
  });

  it('an engine that shows no steps leaves calls and returns, or the end alone', () => {
    const blind = (): Engine => engineWith(({ onInsn: _, ...request }) => request);
    const between = judged(
      lines('r6 = 1', 'call 5', 'r6 = 2', 'r7 = 3', 'call 6', 'r0 = 0', 'exit'),
      lines('r6 = 1', 'call 5', 'r6 = 4', 'r7 = 3', 'call 6', 'r0 = 0', 'exit'),
      { engine: blind() },
    );
    expect(between.culprit).toMatchObject({ pc: 4, stage: 'call', differences: [] });
    expect(windowOf(between)).toMatchObject({ precision: 'call', from: 2, to: 4, pcs: [2, 3, 4], insns: 3 });
    const whole = judged('r0 = 1\nr0 += 1\nexit\n', 'r0 = 1\nr0 += 2\nexit\n', { engine: blind() });
    expect(windowOf(whole)).toMatchObject({ precision: 'exit', pcs: [0, 1, 2] });
    const { image } = whole;
    expect(windowOf(whole).offsets).toEqual({ from: 0, to: image?.code.length });
  });
});

describe('what lock-step runs share', () => {
  it('models get what the reference’s got: undefined arguments are nobody’s fault', () => {
    // foo takes what was never set, r1..r5.
    const asked = 'call foo\nr6 = 1\nr0 = r6\nexit\n';
    const made = 'call foo\nr6 = 2\nr0 = r6\nexit\n';
    for (const strip of [(image: Image) => image, withoutMap, bare]) {
      const { culprit } = judged(asked, made, { strip });
      expect(culprit?.window?.pcs ?? [culprit?.pc]).toContain(1);
    }
  });

  it('differences beyond the events that are kept are found', () => {
    const asked = 'r6 = 5000\nl:\ncall 5\nr6 += -1\nif r6 != 0 goto l\nr0 = 0\nexit\n';
    const made = asked.replace('r0 = 0', 'r0 = 1');
    const { want, culprit } = judged(asked, made);
    expect(want?.trace.events.length).toBeLessThan(want?.trace.total ?? 0);
    expect(culprit?.window?.pcs).toContain(4);
    expect(culprit?.window?.insns).toBeLessThanOrEqual(3);
  });
});
