/** Tail calls in native code: bytes by hand, function by function of bpf_jit_comp.c; and runs on both sides. */
import fc from 'fast-check';
import { afterAll, describe, expect, it } from 'vitest';
import { tailCallProgram } from '../../src/arb/index.ts';
import { CONVENTION_NAMES } from '../../src/bpf/calling.ts';
import type { Subprog } from '../../src/bpf/program.ts';
import { Checker } from '../../src/checker.ts';
import { ImageRunner } from '../../src/emu/run-image.ts';
import { openUnicorn } from '../../src/emu/unicorn.ts';
import { compile } from '../../src/jit/compile.ts';
import { knownTailCalls } from '../../src/jit/known-tail-call.ts';
import { tailCallRoles } from '../../src/jit/tail-calls.ts';
import { LINUX_TARGET } from '../../src/jit/target.ts';
import { requestOf } from '../../src/jits/request.ts';
import { runner } from '../cost/machines.ts';
import { envOf } from '../kit/insns.ts';
import {
  AGAIN,
  CALLS_AFTERWARDS,
  COUNTER,
  FALLS_THROUGH,
  indirect,
  programOf,
  TAIL_CALL_PROGRAMS,
  tailCall,
  throughFunction,
} from '../kit/tail-calls.ts';

const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex').replace(/../g, '$& ').trim();

/** Native bytes of subprogs, and of slots. */
function codeOf(text: string, options: Parameters<typeof compile>[1] = {}) {
  const { image } = compile(programOf(text), options);
  const starts = [...(image.pcMap ?? []), [-1, image.code.length] as const];
  const at = (pc: number): string => {
    const i = starts.findIndex(([slot]) => slot === pc);
    return hex(image.code.subarray(starts[i]?.[1], starts[i + 1]?.[1]));
  };
  const prologue = (subprog: number): string => {
    const from = image.subprogEntries[subprog] ?? 0;
    const to = [...(image.pcMap ?? [])].find(([, offset]) => offset >= from)?.[1];
    return hex(image.code.subarray(from, to));
  };
  return { image, at, prologue };
}

const SHAPES = `
# oracle: prog-array jumps again
main:
  *(u64 *)(r10 - 16) = 1
  call step
  exit
step:
  r6 = 1
  r7 = 1
  *(u64 *)(r10 - 8) = 1
  ${tailCall(0)}
  r0 = 0
  call apart
  exit
apart:
  r0 = 0
  exit
${AGAIN}`;
const CALL_OF_STEP = 1;
const TAIL_CALL = 9;
const INDIRECT = indirect(SHAPES);
const CALL_OF_APART = 11;

describe('the prologue', () => {
  it('of a program clears rax and pushes count and pointer; rax above 33 is a pointer already', () => {
    expect(codeOf(SHAPES).prologue(0)).toBe(
      '0f 1f 44 00 00 48 31 c0 55 48 89 e5 48 81 ec 10 00 00 00 48 83 f8 21 77 06 50 48 89 e0 eb 01 50 50',
    );
  });

  it('of a function that can reach a tail call pushes the pointer twice, above its saved registers', () => {
    expect(codeOf(SHAPES).prologue(1)).toBe(
      '0f 1f 44 00 00 0f 1f 00 55 48 89 e5 48 81 ec 08 00 00 00 50 50 53 41 55',
    );
  });

  it('of a function that cannot is as ever', () => {
    expect(codeOf(SHAPES).prologue(2)).toBe('0f 1f 44 00 00 0f 1f 00 55 48 89 e5');
  });

  it('can be entered behind `mov rbp, rsp`: 12 bytes in, with endbr64 16', () => {
    expect(codeOf(SHAPES).image.tailCallOffset).toBe(12);
    const { image, prologue } = codeOf(SHAPES, { endbr: true });
    expect(image.tailCallOffset).toBe(16);
    expect(prologue(0)).toMatch(/^(?:\w\w ){16}f3 0f 1e fa 48 81 ec/);
    expect(compile(programOf('main:\n  exit\n')).image.tailCallOffset).toBeUndefined();
  });
});

describe('a call', () => {
  it('of a function hands over the pointer, from below the stack of its own frame', () => {
    expect(codeOf(SHAPES).at(CALL_OF_STEP)).toMatch(/^48 8b 85 e0 ff ff ff e8 /);
    expect(codeOf(SHAPES).at(CALL_OF_APART)).toMatch(/^48 8b 85 e8 ff ff ff e8 /);
  });
});

describe('a tail call', () => {
  const HEAD = '89 d2 39 56 10 76 34 48 8b 85 e8 ff ff ff 48 83 38 21 73 27';
  const FIND = '48 8b 8c d6 10 01 00 00 48 85 c9 74 1a 48 83 00 01';
  const LEAVE = '41 5d 5b 58 58 48 81 c4 08 00 00 00';

  it('checks index, count and program, counts, undoes the frame and jumps past the prologue', () => {
    expect(codeOf(INDIRECT).at(TAIL_CALL + 1)).toBe(`${HEAD} ${FIND} ${LEAVE} 48 8b 49 30 48 83 c1 0c ff e1`);
  });

  it('jumps four bytes farther with endbr64', () => {
    expect(codeOf(INDIRECT, { endbr: true }).at(TAIL_CALL + 1)).toMatch(/48 83 c1 10 ff e1$/);
  });
});

describe('a tail call whose map and index are known', () => {
  // mov rax, [rbp - 24]; cmp qword [rax], 33; jae out
  const HEAD = '48 8b 85 e8 ff ff ff 48 83 38 21 73';
  const NOP5 = '0f 1f 44 00 00';
  const COUNT = '48 83 00 01';
  const LEAVE = '41 5d 5b 58 58 48 81 c4 08 00 00 00';

  /** Of `jmp rel32` at the end of slot `pc`: where it leads, counted from the program it is to enter. */
  function entered(options: Parameters<typeof compile>[1]): number {
    const { image, at } = codeOf(SHAPES, options);
    const end = image.pcMap?.startOf(TAIL_CALL + 1) ?? 0;
    expect(at(TAIL_CALL)).toMatch(/ e9( \w\w){4}$/);
    const displacement = Buffer.from(image.code).readInt32LE(end - 4);
    return end + displacement - (image.subprogEntries[3] ?? 0);
  }

  it('counts, undoes the frame and jumps to the program, past its prologue', () => {
    // 5 + 4 + 12 + 5 bytes behind jae.
    const start = `${HEAD} 1a ${NOP5} ${COUNT} ${LEAVE} e9 `;
    expect(codeOf(SHAPES).at(TAIL_CALL).slice(0, start.length)).toBe(start);
    expect(entered({})).toBe(12);
    expect(entered({ endbr: true })).toBe(16);
  });

  it('jumps past all of it where the entry is empty', () => {
    const empty = SHAPES.replace('jumps again', 'jumps -');
    // 4 + 12 + 5 bytes behind the bypass.
    expect(codeOf(empty).at(TAIL_CALL)).toBe(`${HEAD} 1a e9 15 00 00 00 ${COUNT} ${LEAVE} ${NOP5}`);
  });

  it('may have them from before a branch, or from the stack', () => {
    const afar = SHAPES.replace('r0 = 0\n  call apart', 'call apart')
      .replace('r6 = 1\n', 'r3 = 0\n  if r1 == 0 goto +1\n  r6 = 1\n')
      .replace('  r3 = 0\n  call 12', '  call 12');
    // One slot more before it: r6 and r7 as in SHAPES, so that frame and bytes are those of above.
    const start = `${HEAD} 1a ${NOP5} ${COUNT} ${LEAVE} e9 `;
    expect(
      codeOf(afar)
        .at(TAIL_CALL + 1)
        .slice(0, start.length),
    ).toBe(start);
    const differs = afar.replace('  r6 = 1\n', '  r3 = 1\n');
    // mov edx, edx; cmp [rsi + 16], edx
    expect(codeOf(differs).at(TAIL_CALL + 1)).toMatch(/^89 d2 39 56 10 76 /);
  });

  it('needs neither retpoline nor lfence, and is none where constants are blinded', () => {
    const plain = codeOf(SHAPES).at(TAIL_CALL);
    expect(codeOf(SHAPES, { retpoline: true, lfence: true }).at(TAIL_CALL).length).toBe(plain.length);
    expect(codeOf(SHAPES, { blinding: 1 }).at(TAIL_CALL)).toMatch(/ff e1$/);
  });
});

describe('knownTailCalls', () => {
  const ARRAYS = '# oracle: prog-array jumps main,-\n# oracle: prog-array others -,-,main\n';
  const known = (body: string) => {
    const program = programOf(`${ARRAYS}main:\n${body}\n  call 12\n  r0 = 0\n  exit\n`);
    const pc = program.insns.findLastIndex((insn) => insn?.kind === 'call');
    return knownTailCalls(program, program.subprogs[0] as Subprog).get(pc);
  };
  const MAP = 'r2 = 0x3a4080000000 ll';

  it.each([
    ['the first entry', `${MAP}\n  r3 = 0`, 0],
    ['an empty one', `${MAP}\n  r3 = 1`, null],
    ['constants in any order, of any width', `r3 = 1 ll\n  ${MAP}`, null],
    ['32 bits', `w3 = 0\n  ${MAP}`, 0],
    ['the last write', `r3 = 7\n  r3 = 1\n  ${MAP}\n  r4 = 5\n  *(u64 *)(r10 - 8) = 1`, null],
    ['an index that is copied', `${MAP}\n  r4 = 1\n  r3 = r4`, null],
    [
      'an index that is computed',
      `${MAP}\n  r3 = 7\n  r3 *= 3\n  r3 -= 20\n  r3 |= 4\n  r3 ^= 7\n  w3 &= 2\n  r4 = -2\n  r3 += r4`,
      0,
    ],
    ['an index that registers keep across a call', `r6 = 1\n  call 5\n  ${MAP}\n  r3 = r6`, null],
    ['an index from before a branch', `r3 = 0\n  if r1 == 0 goto +1\n  r1 = 0\n  ${MAP}`, 0],
    ['a map from before a branch', `${MAP}\n  r3 = 1\n  if r1 == 0 goto +1\n  r1 = 0`, null],
    ['an index that is the same on both ways', `${MAP}\n  r3 = 1\n  if r1 == 0 goto +1\n  r3 = 1`, null],
    ['an index that a loop leaves alone', `r3 = 1\n  r1 += -1\n  if r1 != 0 goto -2\n  ${MAP}`, null],
    ['an index that was compared', `${MAP}\n  r3 = r1\n  if r3 != 1 goto +1`, null],
    ['an index that was compared, where it jumps', `${MAP}\n  r3 = r1\n  if r3 == 0 goto +1\n  exit`, 0],
    ['an index from the stack', `*(u64 *)(r10 - 8) = 1\n  call 5\n  ${MAP}\n  r3 = *(u64 *)(r10 - 8)`, null],
    [
      'a spilled register',
      `r4 = 1\n  *(u64 *)(r10 - 16) = r4\n  *(u8 *)(r10 - 8) = 0\n  ${MAP}\n  r3 = *(u64 *)(r10 - 16)`,
      null,
    ],
    ['what only ways that lead nowhere change', `${MAP}\n  r3 = 0\n  goto +1\n  r3 = 1`, 0],
  ])('finds %s', (_, body, entry) => {
    expect(known(body)).toBe(entry);
  });

  it('does not know the address of a function for a map or an index', () => {
    const program = programOf(`${ARRAYS}main:\n  ${MAP}\n  r3 = 0 ll\n  call 12\n  exit\n`);
    const insns = program.insns.map((insn) =>
      insn?.kind === 'lddw' && insn.dst === 3 ? { ...insn, src: 4 } : insn,
    );
    const [main] = program.subprogs as [Subprog];
    expect(knownTailCalls(program, main).get(4)).toBe(0);
    expect(knownTailCalls({ ...program, insns }, main).size).toBe(0);
  });

  it.each([
    ['an index past the end', `${MAP}\n  r3 = 2`],
    ['a negative index', `${MAP}\n  r3 = -1`],
    ['an index of 64 bits', `${MAP}\n  r3 = 0x100000000 ll`],
    ['an index that is computed of what is not known', `${MAP}\n  r3 = r1\n  r3 += 0`],
    ['an index of arithmetic it does not do', `${MAP}\n  r3 = 1\n  r3 >>= 1`],
    ['an index that is a sum of one constant', `${MAP}\n  r3 = 0\n  r3 += r1`],
    ['an index that differs on two ways', `${MAP}\n  r3 = 0\n  if r1 == 0 goto +1\n  r3 = 1`],
    ['an index that only one way sets', `${MAP}\n  r3 = r1\n  if r1 == 0 goto +1\n  r3 = 1`],
    ['a map that differs on two ways', `r3 = 0\n  ${MAP}\n  if r1 == 0 goto +2\n  r2 = 0x3a4080000800 ll`],
    ['an index that a loop changes', `${MAP}\n  r3 = 0\n  r3 += 1\n  if r1 != 0 goto -2`],
    ['an index that may_goto jumps to with another', `${MAP}\n  r3 = 0\n  may_goto +1\n  r3 = 1`],
    ['an index that was compared, where it goes on', `${MAP}\n  r3 = r1\n  if r3 == 0 goto +1`],
    ['an index whose lower half was compared', `${MAP}\n  r3 = r1\n  if w3 != 0 goto +1`],
    ['an index that was compared with a register', `${MAP}\n  r3 = r1\n  if r3 != r4 goto +1`],
    [
      'a word of the stack of which a part was written',
      `${MAP}\n  *(u64 *)(r10 - 8) = 1\n  *(u8 *)(r10 - 1) = 0\n  r3 = *(u64 *)(r10 - 8)`,
    ],
    [
      'a word of the stack that another overlaps',
      `${MAP}\n  *(u64 *)(r10 - 16) = 1\n  *(u64 *)(r10 - 9) = 0\n  r3 = *(u64 *)(r10 - 16)`,
    ],
    ['a part of a word of the stack', `${MAP}\n  *(u64 *)(r10 - 8) = 1\n  r3 = *(u32 *)(r10 - 8)`],
    [
      'a word of a stack that others may write to',
      `${MAP}\n  *(u64 *)(r10 - 8) = 1\n  r4 = r10\n  r3 = *(u64 *)(r10 - 8)`,
    ],
    [
      'a register that was spilled unknown',
      `${MAP}\n  *(u64 *)(r10 - 8) = 1\n  *(u64 *)(r10 - 8) = r1\n  r3 = *(u64 *)(r10 - 8)`,
    ],
    ['an index that is loaded', `${MAP}\n  r3 = *(u64 *)(r1 + 0)`],
    ['an index from before a call', `${MAP}\n  r3 = 0\n  call 5\n  ${MAP}`],
    ['an index from before the target of a jump', `goto +1\n  r3 = 0\n  ${MAP}`],
    ['an index that was never set', MAP],
    ['what is no map', 'r2 = 5\n  r3 = 0'],
    ['a map that is the address of a function', 'r2 = 0\n  r3 = 0'],
  ])('does not know %s', (_, body) => {
    expect(known(body)).toBeUndefined();
  });
});

describe('the generator of tail calls', () => {
  it('makes both forms, and the direct one to programs and to empty entries', () => {
    const seen = new Set<string>();
    for (const { program } of fc.sample(tailCallProgram(), { numRuns: 100, seed: 1 })) {
      const note = (form: string): void => void seen.add(form);
      compile(
        program,
        {},
        {
          ...LINUX_TARGET,
          lowerTailCall: () => note('indirect'),
          lowerDirectTailCall: (_, to) => note(to === null ? 'empty' : 'direct'),
        },
      );
    }
    expect([...seen].sort()).toEqual(['direct', 'empty', 'indirect']);
  });
});

describe('tailCallRoles', () => {
  it('are for those that make one, and for those that call them', () => {
    expect(tailCallRoles(programOf(SHAPES))).toEqual(['program', 'function', 'none', 'program']);
  });

  it('are none for a program without program arrays', () => {
    expect(tailCallRoles(programOf('main:\n  call 12\n  exit\n'))).toEqual(['none']);
  });

  it('go up through more than one call', () => {
    const text = `# oracle: prog-array jumps -
main:
  call a
  exit
a:
  call b
  exit
b:
  ${tailCall(0)}
  r0 = 0
  exit
`;
    expect(tailCallRoles(programOf(text))).toEqual(['program', 'function', 'function']);
  });
});

const PASSED = '*(u64 *)(r11 - 8) = 6\n  *(u64 *)(r11 - 16) = 7';
const TAKES = throughFunction(24, PASSED).replace(
  '  r6 = 5\n  r7 = 6\n',
  '  r6 = *(u64 *)(r11 + 8)\n  r7 = *(u64 *)(r11 + 16)\n',
);
/** The second call passes them again. */
const MIXED = TAKES.replace('  r1 = r6\n  call step', `  r1 = r6\n  ${PASSED}\n  call step`);

describe('stack arguments beside tail calls', () => {
  it.each(['linux', 'zero', 'v3'] as const)('are refused under %s, as Linux refuses them', (convention) => {
    expect(() => compile(programOf(MIXED), { convention })).toThrow(
      'tail_calls are not allowed in programs with stack args',
    );
  });

  it('are refused of a function that only takes them', () => {
    const taken = `# oracle: prog-array jumps -\nmain:\n  call f\n  exit\nf:\n  r0 = *(u64 *)(r11 + 8)\n  ${tailCall(0)}\n  exit\n`;
    expect(() => compile(programOf(taken))).toThrow('tail_calls are not allowed');
  });

  it('share a frame under reply', () => {
    const checker = new Checker({ jit: { convention: 'reply' } });
    try {
      const result = checker.check(programOf(MIXED), { memory: COUNTER });
      expect(result.verdict).toBe('agree');
      expect(result.want?.outcome).toEqual({ kind: 'exit', r0: (99n << 8n) + 33n });
      const [main, step] = result.image?.frames ?? [];
      expect(main).toMatchObject({ stackDepth: 24, outgoing: 16, savedAt: -48, bytes: 24 + 16 + 16 + 16 });
      expect(step).toMatchObject({ stackDepth: 24, outgoing: 0, savedAt: -48 });
    } finally {
      checker.close();
    }
  });

  it('are taken in functions that cannot reach a tail call', () => {
    const apart = `# oracle: prog-array jumps -
main:
  ${tailCall(0)}
  call outer
  exit
outer:
  *(u64 *)(r11 - 8) = 6
  call inner
  exit
inner:
  r0 = *(u64 *)(r11 + 8)
  exit
`;
    const checker = new Checker();
    try {
      expect(checker.check(programOf(apart)).want?.outcome).toEqual({ kind: 'exit', r0: 6n });
    } finally {
      checker.close();
    }
  });
});

describe('programs with tail calls', () => {
  const cases = CONVENTION_NAMES.flatMap((convention) =>
    [...TAIL_CALL_PROGRAMS, SHAPES].flatMap((text, i) =>
      [false, true].map((endbr) => [convention, i, endbr, text] as const),
    ),
  );

  it.each(cases)('agree under %s: program %i, endbr %s', (convention, _, endbr, text) => {
    const program = programOf(text);
    const { image } = compile(program, { convention, endbr });
    const { result } = runner.count({ name: 'tail call', program, env: envOf({ memory: COUNTER }) }, image);
    expect(result.divergences).toEqual([]);
    expect(result.verdict).toBe('agree');
  });

  const engine = new ImageRunner(openUnicorn());
  afterAll(() => engine.close());

  it('are not run as images that do not say where tail calls enter', () => {
    const program = programOf(FALLS_THROUGH);
    const { tailCallOffset: _, ...image } = compile(program).image;
    const subject = {
      subprogs: program.subprogs,
      callees: [],
      data: [],
      progArrays: program.progArrays ?? [],
    };
    expect(() => engine.run(image, subject, envOf({ memory: COUNTER }), { fuel: 100 })).toThrow(
      'it does not say where tail calls enter a program',
    );
  });

  it('are not sent to JITs behind the image protocol, which has no program arrays', () => {
    const input = { contextSize: 0, addressOf: () => 0n };
    expect(() => requestOf(1, programOf(CALLS_AFTERWARDS), input)).toThrow(
      'it has program arrays, which the image protocol does not know',
    );
  });
});
