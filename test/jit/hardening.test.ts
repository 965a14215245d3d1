/** Hardened code: bytes by hand from arch/x86/net/bpf_jit_comp.c and arch/x86/lib/retpoline.S; and runs. */
import { afterAll, describe, expect, it } from 'vitest';
import { CONVENTION_NAMES } from '../../src/bpf/calling.ts';
import { Checker } from '../../src/checker.ts';
import { CALL_DEPTH } from '../../src/core/percpu.ts';
import { compile, type JitOptions } from '../../src/jit/compile.ts';
import { exit, helper, link, mov, passArg, store } from '../kit/insns.ts';
import { COUNTER, indirect, programOf, TAIL_CALL_PROGRAMS } from '../kit/tail-calls.ts';

const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex').replace(/../g, '$& ').trim();
const pad = (count: number): string => 'cc '.repeat(count).trim();

const RETURN_THUNK = `c3 ${pad(31)}`;
const RETPOLINE = `e8 01 00 00 00 cc 48 89 0c 24 c3 ${pad(21)}`;
const HEAD = '0f 1f 44 00 00 0f 1f 00 55 48 89 e5';

const imageOf = (insns: Parameters<typeof link>[0][number], options: JitOptions) =>
  compile(link([insns]), options).image;

describe('return thunk', () => {
  it('is jumped to by exits, and lies behind the image on a multiple of 32', () => {
    const { code } = imageOf([mov('r0', 0), exit], { returnThunk: true });
    // jmp rel32 from 0x14 to 0x20
    expect(hex(code)).toBe(`${HEAD} 31 c0 c9 e9 0c 00 00 00 ${pad(12)} ${RETURN_THUNK}`);
  });
});

describe('call depth', () => {
  it('is counted before each call, whose displacement counts from its own end', () => {
    const { code, callSites, memory } = imageOf([helper(1), exit], { callDepth: true });
    // sar qword gs:[rip + disp32], 5 ends at 0x15, call rel32 at 0x1a
    const disp = Number(CALL_DEPTH - 0x4000_0015n);
    const bytes = new Uint8Array(Int32Array.of(disp).buffer);
    expect(hex(code)).toBe(`${HEAD} 65 48 c1 3d ${hex(bytes)} 05 e8 e6 ff ff 0f c9 c3`);
    expect(callSites?.[0]?.returnOffset).toBe(0x1a);
    expect(memory?.address).toBe(0x6000_0000n);
  });

  it('is refused where it is out of reach', () => {
    const base = 0x7fff_0000_0000n;
    const calleeAddress = () => base + 0x1000n;
    expect(() => imageOf([helper(1), exit], { callDepth: true, base, calleeAddress })).toThrow(
      'its image is out of reach of what counts calls',
    );
  });
});

describe('lfence', () => {
  it('follows stores to the stack, and those alone', () => {
    const insns = [store(8, 'r10', -8, 1), store(1, 'r10', -1, 'r1'), passArg(6, 'r1'), mov('r0', 0), exit];
    const { code } = imageOf(insns, { lfence: true });
    expect(hex(code)).toContain('48 c7 45 f8 01 00 00 00 0f ae e8 40 88 7d ff 0f ae e8 49 89 f9 31 c0 c9 c3');
  });
});

describe('tail calls', () => {
  const program = programOf(indirect(TAIL_CALL_PROGRAMS[0] as string));
  const code = (options: JitOptions): string => hex(compile(program, options).image.code);
  const ADD_OFFSET = '48 83 c1 0c';

  it('jump through a retpoline, or behind an lfence', () => {
    expect(code({})).toContain(`${ADD_OFFSET} ff e1`);
    expect(code({ retpoline: true })).toMatch(new RegExp(`${ADD_OFFSET} e9 .*${RETPOLINE}$`));
    expect(code({ lfence: true, retpoline: true })).toContain(`${ADD_OFFSET} 0f ae e8 ff e1`);
  });

  it('share one thunk of each kind', () => {
    const both = code({ retpoline: true, returnThunk: true });
    expect(both.split(RETPOLINE)).toHaveLength(2);
    expect(both.split(RETURN_THUNK)).toHaveLength(2);
  });
});

describe('hardened code computes the same', () => {
  const open: Checker[] = [];
  afterAll(() => {
    for (const checker of open) checker.close();
  });

  it.each(CONVENTION_NAMES)('under %s', (convention) => {
    const jit = { convention, retpoline: true, returnThunk: true, callDepth: true, blinding: 5 };
    const checker = new Checker({ jit });
    open.push(checker);
    const results = TAIL_CALL_PROGRAMS.map((text) => checker.check(programOf(text), { memory: COUNTER }));
    expect(results.filter(({ verdict }) => verdict !== 'agree')).toEqual([]);
  });
});
