/** Private stacks: bytes by hand from emit_priv_frame_ptr(), push_r9() and pop_r9() of Linux's JIT; and runs. */
import { describe, expect, it } from 'vitest';
import { CONVENTION_NAMES, type ConventionName } from '../../src/bpf/calling.ts';
import { load } from '../../src/bpf/load.ts';
import type { Program } from '../../src/bpf/program.ts';
import { check } from '../../src/checker.ts';
import { compile, type JitOptions } from '../../src/jit/compile.ts';
import { TAIL_CALL_PROGRAMS, programOf as tailCalls } from '../kit/tail-calls.ts';

const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex').replace(/../g, '$& ').trim();
const programOf = (text: string): Program =>
  load(new TextEncoder().encode(text), { fileName: 'x.s' }).program;
const ON = { privateStack: true } as const;
const HEAD = '0f 1f 44 00 00 0f 1f 00 55 48 89 e5';
/** 0x7ffe9a00c210 less the offset of this CPU; `this_cpu_off` is at 0x60000008. */
const SET_R9 = '49 b9 10 c2 00 4a ca 6d 00 00 65 4c 03 0c 25 08 00 00 60';

const codeOf = (text: string, options: JitOptions = ON): string =>
  hex(compile(programOf(text), options).image.code);
const fpsOf = (program: Program, options: JitOptions = {}) =>
  compile(program, { ...ON, ...options }).image.frames?.map(({ privateStack }) => privateStack?.fp ?? null);

const SIMPLE = 'main: *(u64 *)(r10 - 64) = 1\n r1 = r10\n call 5\n r0 = *(u64 *)(r10 - 64)\n exit';
const WITH_ARGS = `
main: *(u64 *)(r10 - 64) = 1
  *(u64 *)(r11 - 8) = 6
  *(u64 *)(r11 - 16) = 7
  call f
  r6 = *(u64 *)(r10 - 64)
  r0 += r6
  exit
f: r0 = *(u64 *)(r11 + 8)
  r1 = *(u64 *)(r11 + 16)
  *(u64 *)(r10 - 128) = r1
  r0 *= 10
  call 5
  r0 = *(u64 *)(r10 - 128)
  exit`;

describe('a private stack', () => {
  it('has r9 as its frame pointer, for memory and values, and calls keep it', () => {
    expect(codeOf(SIMPLE)).toBe(
      `${HEAD} ${SET_R9} 49 c7 41 c0 01 00 00 00 4c 89 cf ` +
        // push r9; call; pop r9
        `41 51 e8 ${'cf ff ff 0f'} 41 59 49 8b 41 c0 c9 c3`,
    );
  });

  it('is lengthened by the counter of may_goto, and its stores are fenced', () => {
    const text = 'main: *(u64 *)(r10 - 64) = 1\n may_goto done\n r0 = 0\n exit\n done: r0 = 1\n exit';
    const { frames, code } = compile(programOf(text), { ...ON, lfence: true }).image;
    expect(frames?.[0]).toMatchObject({ stackDepth: 0, privateStack: { depth: 72 } });
    // counter and store, each fenced
    expect(hex(code)).toContain('49 c7 41 b8 00 00 80 00 0f ae e8 49 c7 41 c0 01 00 00 00 0f ae e8');
  });

  it('is for stacks of 64 bytes and more, rounded up to 16', () => {
    expect(fpsOf(programOf('main: *(u64 *)(r10 - 48) = 1\n r0 = 0\n exit'))).toEqual([null]);
    expect(fpsOf(programOf('main: *(u64 *)(r10 - 56) = 1\n r0 = 0\n exit'))).toEqual([0x7ffe_9a00_c210n]);
    expect(fpsOf(programOf(SIMPLE), { privateStack: false })).toEqual([null]);
  });

  it('excludes stack arguments in linux and zero, not in reply and v3', () => {
    const program = programOf(WITH_ARGS);
    for (const convention of ['linux', 'zero'] as const)
      expect(fpsOf(program, { convention })).toEqual([null, null]);
    for (const convention of ['reply', 'v3'] as const)
      expect(fpsOf(program, { convention })).toEqual([0x7ffe_9a00_c210n, 0x7ffe_9a00_c420n]);
  });

  it('excludes tail calls and recursion', () => {
    expect(fpsOf(tailCalls(TAIL_CALL_PROGRAMS[0] as string))?.every((fp) => fp === null)).toBe(true);
    const twice =
      'main: *(u64 *)(r10 - 64) = 1\n if r1 == 0 goto out\n r1 = 0\n call f\n out: r0 = 0\n exit\n';
    const loop = 'f: *(u64 *)(r10 - 64) = 1\n if r1 == 0 goto done\n call g\n done: r0 = 0\n exit\n';
    const back = 'g: *(u64 *)(r10 - 64) = 1\n r1 = 0\n call f\n call h\n call h\n exit\nh: r0 = 0\n exit';
    expect(fpsOf(programOf(twice + loop + back))).toEqual([0x7ffe_9a00_c210n, null, null, null]);
  });

  it('is for as many subprogs as there is room', () => {
    const bodies = Array.from(
      { length: 13 },
      (_, i) => `f${i}: *(u64 *)(r10 - 64) = ${i}\n ${i < 12 ? `call f${i + 1}\n` : 'r0 = 0\n'} exit`,
    );
    expect(fpsOf(programOf(bodies.join('\n')))?.filter((fp) => fp !== null)).toHaveLength(11);
  });

  it('is kept around calls in a word of the frame under reply, by push and pop under v3', () => {
    const reply = codeOf(WITH_ARGS, { ...ON, convention: 'reply' });
    // push rbx; r9 = …; push r9; sub rsp, 16
    expect(reply).toContain(`53 ${SET_R9} 41 51 48 83 ec 10`);
    // mov r9, [rbp - 16] after the call; add rsp, 16 + 8; pop rbx
    expect(reply).toMatch(/e8 .. .. .. .. 4c 8b 4d f0 49 8b 59 c0/);
    expect(reply).toContain('48 83 c4 18 5b c9 c3');
    const v3 = codeOf(WITH_ARGS, { ...ON, convention: 'v3' });
    // push r9; push args 7 and 6; call; add rsp, 16; pop r9
    expect(v3).toMatch(/41 51 ff 75 f8 ff 75 f0 e8 .. .. .. .. 48 83 c4 10 41 59/);
  });

  it.each(CONVENTION_NAMES)('agrees with the reference under %s', (convention: ConventionName) => {
    for (const text of [SIMPLE, WITH_ARGS]) {
      const { verdict } = check(programOf(text), { jit: { ...ON, convention } });
      expect(verdict).toBe('agree');
    }
  });

  it('lets a callee reach into its caller’s stack, which is elsewhere than its own', () => {
    const text = `
main: *(u64 *)(r10 - 64) = 5
  r1 = r10
  r1 += -64
  call f
  r1 = *(u64 *)(r10 - 64)
  r0 += r1
  exit
f: r0 = *(u64 *)(r1 + 0)
  *(u64 *)(r10 - 512) = r0
  *(u64 *)(r1 + 0) = 37
  r0 = *(u64 *)(r10 - 512)
  exit`;
    const { verdict, want } = check(programOf(text), { jit: ON });
    expect([verdict, want?.outcome]).toEqual(['agree', { kind: 'exit', r0: 42n }]);
    expect(want?.trace.events.map((event) => event.kind === 'call' && event.regs?.[4])).toEqual([
      0x7ffe_9a00_c210n,
      false,
      false,
    ]);
  });
});
