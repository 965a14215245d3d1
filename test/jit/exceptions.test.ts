/** Exceptions in native code: bytes by hand, after emit_prologue(), push_r12() and pop_r12() of bpf_jit_comp.c. */
import { afterAll, describe, expect, it } from 'vitest';
import { CONVENTION_NAMES } from '../../src/bpf/calling.ts';
import { Checker } from '../../src/checker.ts';
import { openSilicon } from '../../src/emu/silicon/silicon.ts';
import { openUnicorn } from '../../src/emu/unicorn.ts';
import { compile, type JitOptions } from '../../src/jit/compile.ts';
import { requestOf } from '../../src/jits/request.ts';
import { THROWN, THROWS_BELOW, THROWS_IN_MAIN, throwing } from '../kit/exceptions.ts';
import { programOf } from '../kit/tail-calls.ts';

const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex').replace(/../g, '$& ').trim();

function codeOf(text: string, options: JitOptions = {}) {
  const program = programOf(text);
  const { image, subprogs } = compile(program, options);
  const prologue = (index: number): string => {
    const { offset = 0, prologueBytes = 0 } = subprogs[index] ?? {};
    return hex(image.code.subarray(offset, offset + prologueBytes));
  };
  const at = (pc: number): string => {
    const from = image.pcMap?.startOf(pc) ?? 0;
    const next = [...(image.pcMap ?? [])].find(([, offset]) => offset > from)?.[1];
    return hex(image.code.subarray(from, next)).replace(/( cc)+( .*)?$/, '');
  };
  return { program, image, prologue, at };
}

const NOPS = '0f 1f 44 00 00 0f 1f 00';
const PUSH_FP = '55 48 89 e5';
const PUSH_ALL = '41 54 53 41 55 41 56 41 57';
const POP_ALL = '41 5f 41 5e 41 5d 5b 41 5c';
const ENTER = `48 89 f4 48 89 d5 ${POP_ALL} 48 89 ec`;

describe('a boundary', () => {
  it('saves r12 and all others, used or not, and gives them back', () => {
    const { prologue, at } = codeOf(THROWS_BELOW);
    expect(prologue(0)).toBe(`${NOPS} ${PUSH_FP} 48 81 ec 08 00 00 00 ${PUSH_ALL} 48 83 ec 10`);
    expect(at(12)).toBe(`48 83 c4 10 ${POP_ALL} c9 c3`);
  });

  it('is main alone', () => {
    expect(codeOf(THROWS_BELOW).prologue(1)).toBe(`${NOPS} ${PUSH_FP}`);
  });

  it('is no boundary where nothing is thrown', () => {
    const text = `# oracle: exception-callback caught\nmain:\n  r0 = 0\n  exit\n.type caught, @function\ncaught:\n  r0 = r1\n  exit\n`;
    const { prologue, image } = codeOf(text);
    expect(prologue(0)).toBe(`${NOPS} ${PUSH_FP}`);
    expect(image.exceptionStack).toBeUndefined();
  });

  it('sets r12 only where there is an arena', () => {
    const arena = '*(u64 *)(r10 - 8) = 0\n  r2 = 65536\n  r3 = 1\n  arena *(u64 *)(r2 + 0) = r3\n  r1 = 1';
    expect(codeOf(throwing(arena)).prologue(0)).toBe(
      `${NOPS} ${PUSH_FP} 48 81 ec 08 00 00 00 ${PUSH_ALL} 49 bc 00 00 65 87 12 3b 00 00`,
    );
  });
});

describe('an exception callback', () => {
  it('gives back what the boundary saved, and has the frame to itself', () => {
    const { prologue, at } = codeOf(THROWS_BELOW);
    expect(prologue(2)).toBe(`${NOPS} ${ENTER} 48 81 ec 10 00 00 00 41 55`);
    expect(at(22)).toBe('41 5d c9 c3');
  });

  it('has an endbr64 where others have theirs', () => {
    expect(codeOf(THROWS_BELOW, { endbr: true }).prologue(2)).toBe(
      `f3 0f 1e fa ${NOPS} ${ENTER} f3 0f 1e fa 48 81 ec 10 00 00 00 41 55`,
    );
  });

  it('is Linux’s own where a program names none', () => {
    const { program, prologue, at } = codeOf(THROWS_IN_MAIN);
    expect(program.subprogs[1]?.name).toBe('default_callback');
    expect(prologue(1)).toBe(`${NOPS} ${ENTER}`);
    expect(at(4)).toBe('48 89 f8');
    expect(at(5)).toBe('c9 c3');
  });
});

describe('what a callback is passed', () => {
  it.each([
    ['linux', { from: 'rsp', adjust: 16 }],
    ['zero', { from: 'rsp', adjust: 16 }],
    ['reply', { from: 'rsp', adjust: 24 }],
    ['v3', { from: 'rbp', adjust: -(8 + 24 + 40) }],
  ] as const)('under %s', (convention, stack) => {
    expect(codeOf(THROWS_BELOW, { convention }).image.exceptionStack).toEqual(stack);
  });
});

describe.each([
  ['unicorn', openUnicorn],
  ['silicon', openSilicon],
] as const)('programs that throw, on %s', (_, engine) => {
  const checkers = CONVENTION_NAMES.map((convention) => {
    return { convention, checker: new Checker({ engine, jit: { convention, privateStack: true } }) };
  });
  afterAll(() => {
    for (const { checker } of checkers) checker.close();
  });

  it.each(checkers)('come to the callback’s result under $convention', ({ checker }) => {
    expect(checker.check(programOf(THROWS_BELOW), { expected: THROWN }).verdict).toBe('agree');
    expect(checker.check(programOf(THROWS_IN_MAIN), { expected: 5n }).verdict).toBe('agree');
  });
});

describe('a callback that calls a kfunc', () => {
  const TEXT = `# oracle: exception-callback caught
main:
  r1 = 1
  r2 = 2
  call kfunc_7
  r1 = 3
  call bpf_throw
  r0 = 0
  exit
.type caught, @function
caught:
  call kfunc_7
  exit
`;

  it('has its results of the model, which knows nothing of bpf_throw', () => {
    const checker = new Checker();
    const { verdict, want, got } = checker.check(programOf(TEXT));
    expect(verdict).toBe('agree');
    expect(got?.trace.events.map((event) => event.result)).toEqual(
      want?.trace.events.map((event) => event.result),
    );
    expect(checker.explain(programOf(TEXT)).localisation).toBeNull();
    checker.close();
  });
});

describe('a program that throws', () => {
  it.each([
    [
      'call main',
      `main:\n  call inner\n  exit\ninner:\n  r1 = 1\n  call bpf_throw\n  call main\n  exit\n`,
      'main cannot be called',
    ],
    [
      'call its callback',
      throwing('call caught', '.type caught, @function\ncaught:\n  r0 = 0\n  exit\n'),
      'cannot call exception cb directly',
    ],
    ['catch in main', `# oracle: exception-callback main\n${THROWS_IN_MAIN}`, 'it cannot be main'],
    [
      'name no function',
      `# oracle: exception-callback nobody\n${THROWS_IN_MAIN}`,
      'there is no function `nobody`',
    ],
    ['have program arrays', `# oracle: prog-array jumps main\n${THROWS_IN_MAIN}`, 'no program arrays'],
  ])('may not %s', (_, text, why) => {
    expect(() => programOf(text)).toThrow(why);
  });

  it('is not sent through the image protocol', () => {
    const input = { contextSize: 0, addressOf: () => 0n };
    expect(() => requestOf(1, programOf(THROWS_IN_MAIN), input)).toThrow('it has exceptions');
  });
});
