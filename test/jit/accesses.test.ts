/** Accesses of the verifier's making in native code: bytes by hand from do_jit(); the exception table; and runs. */
import { afterAll, describe, expect, it } from 'vitest';
import { lowerAccesses } from '../../src/arb/accesses/program.ts';
import { assemble } from '../../src/bpf/asm.ts';
import { CONVENTION_NAMES } from '../../src/bpf/calling.ts';
import { buildProgram, type Program } from '../../src/bpf/program.ts';
import { Checker } from '../../src/checker.ts';
import { openSilicon } from '../../src/emu/silicon/silicon.ts';
import { compile, type JitOptions } from '../../src/jit/compile.ts';

const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex').replace(/../g, '$& ').trim();
const programOf = (text: string): Program => buildProgram(assemble(`${text}\nr0 = 0\nexit\n`).insns);

/** Native bytes of the first instruction, and its entry in the exception table, from its first byte on. */
function first(text: string, options: JitOptions = {}) {
  const { image } = compile(programOf(text), options);
  const [[, start] = [0, 0], [, end] = [0, 0]] = image.pcMap ?? [];
  const fixups = (image.fixups ?? []).map(({ offset, resume, clear }) => [
    offset - start,
    resume - start,
    clear,
  ]);
  return { code: hex(image.code.subarray(start, end)), fixups, image, start };
}

const VSYSCALL = '49 c7 c2 00 00 60 ff';
const LIMIT = '49 ba 00 00 a0 00 00 20 00 00';

describe('probes', () => {
  it('are loaded if they are above user space, else 0', () => {
    const { code, fixups } = first('probe r1 = *(u64 *)(r2 + 0)');
    expect(code).toBe(`${VSYSCALL} 49 89 f3 4d 29 d3 ${LIMIT} 4d 39 d3 77 04 31 ff eb 04 48 8b 7e 00`);
    expect(fixups).toEqual([[32, 36, 7]]);
  });

  it('count their offset; extended registers take a byte more', () => {
    const { code, fixups } = first('probe r9 = *(s16 *)(r8 - 32768)');
    expect(code).toBe(
      `${VSYSCALL} 4d 89 f3 49 81 c3 00 80 ff ff 4d 29 d3 ${LIMIT} 4d 39 d3 77 05 45 31 ff eb 08 4d 0f bf be 00 80 ff ff`,
    );
    expect(fixups).toEqual([[40, 48, 15]]);
  });
});

// biome-ignore format: a table; registers that are set to 0 by number
const ARENA = [
  ['r1 = *(u64 *)(r2 + 0)',                  '4a 8b 7c 26 00', 7],
  ['w1 = *(u8 *)(r2 + 1)',                   '42 0f b6 7c 26 01', 7],
  ['w7 = *(u16 *)(r8 + 128)',                '47 0f b7 ac 26 80 00 00 00', 13],
  ['w0 = *(u32 *)(r6 - 128)',                '42 8b 44 23 80', 0],
  ['r0 = *(s8 *)(r6 + 0)',                   '4a 0f be 44 23 00', 0],
  ['r0 = *(s16 *)(r6 + 0)',                  '4a 0f bf 44 23 00', 0],
  ['r0 = *(s32 *)(r6 + 0)',                  '4a 63 44 23 00', 0],
  ['*(u8 *)(r7 + 0) = w1',                   '43 88 7c 25 00', null],
  ['*(u16 *)(r7 + 0) = w1',                  '66 43 89 7c 25 00', null],
  ['*(u32 *)(r7 + 0) = w5',                  '47 89 44 25 00', null],
  ['*(u64 *)(r0 + 0) = r5',                  '4e 89 44 20 00', null],
  ['*(u8 *)(r0 + 0) = -1',                   '42 c6 44 20 00 ff', null],
  ['*(u16 *)(r0 + 0) = 258',                 '66 42 c7 44 20 00 02 01', null],
  ['*(u32 *)(r0 + 0) = 258',                 '42 c7 44 20 00 02 01 00 00', null],
  ['*(u64 *)(r9 + 0) = -2',                  '4b c7 44 27 00 fe ff ff ff', null],
  ['lock *(u64 *)(r1 + 0) += r2',            'f0 4a 01 74 27 00', null],
  ['lock *(u32 *)(r1 + 0) |= w2',            'f0 42 09 74 27 00', null],
  ['lock *(u32 *)(r1 + 0) &= w2',            'f0 42 21 74 27 00', null],
  ['lock *(u32 *)(r1 + 0) ^= w2',            'f0 42 31 74 27 00', null],
  ['r2 = atomic_fetch_add((u64 *)(r1 + 0), r2)', 'f0 4a 0f c1 74 27 00', 6],
  ['r9 = xchg_64(r1 + 0, r9)',               '4e 87 7c 27 00', 15],
  ['r0 = cmpxchg_64(r1 + 0, r0, r2)',        'f0 4a 0f b1 74 27 00', 0],
  ['w2 = load_acquire((u8 *)(r1 + 0))',      '42 0f b6 74 27 00', 6],
  ['store_release((u64 *)(r1 + 0), r2)',     '4a 89 74 27 00', null],
] as const;

describe('the arena', () => {
  it.each(ARENA)('%s', (text, code, clear) => {
    const { fixups, ...found } = first(`arena ${text}`);
    expect(found.code).toBe(code);
    expect(fixups).toEqual([[0, code.split(' ').length, clear]]);
  });

  it('has its base in r12, pushed first and popped last, in every function', () => {
    const { image, start } = first('arena r6 = *(u64 *)(r1 + 0)');
    const head = '0f 1f 44 00 00 0f 1f 00 55 48 89 e5 41 54 53';
    expect(hex(image.code.subarray(0, start))).toBe(`${head} 49 bc 00 00 65 87 12 3b 00 00`);
    expect(hex(image.code)).toMatch(/31 c0 5b 41 5c c9 c3$/);
    expect(image.frames?.[0]).toMatchObject({ saved: [12, 3], bytes: 16 });
    const { image: cast } = first('r1 = addr_space_cast(r1, 0, 1)');
    expect(cast.frames?.[0]?.saved).toEqual([12]);
  });

  it('has no loops of fetching atomics', () => {
    expect(() => first('arena r1 = atomic_fetch_or((u64 *)(r2 + 0), r1)')).toThrow(
      'insn 0: fetch_or in an arena is not supported by the builtin JIT',
    );
  });

  it('has its constants blinded', () => {
    const { image } = first('arena *(u64 *)(r1 + 0) = 305419896', { blinding: 1 });
    expect(hex(image.code)).not.toContain('78 56 34 12');
    // mov [rdi + r12], r10
    expect(hex(image.code)).toContain('4e 89 54 27 00');
    expect(image.fixups).toHaveLength(1);
  });
});

describe('casts', () => {
  it.each([
    ['r1 = addr_space_cast(r2, 0, 1)', '89 f7'],
    [
      'r1 = addr_space_cast(r2, 1, 0)',
      '89 f7 48 c1 e7 20 48 81 cf 57 7e 00 00 48 c1 c7 20 4d 31 db 85 ff 49 0f 44 fb',
    ],
    [
      'r0 = addr_space_cast(r0, 1, 0)',
      '48 c1 e0 20 48 0d 57 7e 00 00 48 c1 c0 20 4d 31 db 85 c0 49 0f 44 c3',
    ],
    [
      'r9 = addr_space_cast(r9, 1, 0)',
      '49 c1 e7 20 49 81 cf 57 7e 00 00 49 c1 c7 20 4d 31 db 45 85 ff 4d 0f 44 fb',
    ],
    ['r0 = &(void __percpu *)(r1)', '48 89 f8 65 48 03 04 25 08 00 00 60'],
    ['r7 = &(void __percpu *)(r7)', '65 4c 03 2c 25 08 00 00 60'],
    ['r5 = &(void __percpu *)(r5)', '65 4c 03 04 25 08 00 00 60'],
  ])('%s', (text, want) => {
    expect(first(text).code).toBe(want);
  });

  it('bring the per-CPU area along', () => {
    expect(first('r1 = &(void __percpu *)(r1)').image.memory?.address).toBe(0x6000_0000n);
    expect(first('r1 = addr_space_cast(r1, 0, 1)').image.memory).toBeUndefined();
  });
});

const EVERYTHING = lowerAccesses({
  seed: 1,
  steps: [
    { kind: 'load', access: 'probe', size: 8, sign: false, dst: 3, base: 3, at: { miss: 12 }, off: 8 },
    { kind: 'load', access: 'probe', size: 4, sign: true, dst: 8, base: 1, at: { hit: 4 }, off: -129 },
    { kind: 'load', access: 'probe', size: 1, sign: false, dst: 9, base: 1, at: { miss: 2 }, off: 0 },
    { kind: 'call', callee: 'function' },
    { kind: 'atomic', op: 'cmpxchg', size: 4, value: 6, base: 7, at: { miss: 2 }, off: 0 },
    { kind: 'atomic', op: 'cmpxchg', size: 4, value: 6, base: 7, at: { hit: 2 }, off: 0 },
    { kind: 'store', size: 2, value: { imm: 77 }, base: 7, at: { miss: 0 }, off: 0 },
    { kind: 'load', access: 'arena', size: 2, sign: true, dst: 7, base: 7, at: { miss: 4 }, off: 127 },
    { kind: 'percpu', dst: 8, src: 8, word: 3, stores: true },
    { kind: 'cast', to: 'user', dst: 5, src: 7 },
    { kind: 'call', callee: 'helper' },
  ],
});

describe('on both sides', () => {
  const open: Checker[] = [];
  afterAll(() => {
    for (const checker of open) checker.close();
  });
  const checkOn = (options: ConstructorParameters<typeof Checker>[0]) => {
    const checker = new Checker(options);
    open.push(checker);
    return checker.check(EVERYTHING.program);
  };

  it.each(CONVENTION_NAMES)('faults are passed over under %s', (convention) => {
    expect(checkOn({ jit: { convention } })).toMatchObject({
      verdict: 'agree',
      want: { outcome: { kind: 'exit' } },
    });
  });

  it('and on this CPU', () => {
    expect(checkOn({ engine: openSilicon }).verdict).toBe('agree');
  });

  it('and step by step on this CPU', () => {
    const checker = new Checker({
      engine: openSilicon,
      compile: (program) => {
        const { image } = compile(program);
        return {
          ...image,
          fixups: (image.fixups ?? []).map((each, i) => (i === 0 ? each : { ...each, clear: null })),
        };
      },
    });
    open.push(checker);
    const { verdict, culprit } = checker.check(EVERYTHING.program);
    expect([verdict, culprit?.stage]).toEqual(['diverge', 'insn']);
  });
});
