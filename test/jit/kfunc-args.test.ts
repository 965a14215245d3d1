/** Kfuncs with structs and __int128 by value: where their words are brought, and what comes back. */
import { afterAll, describe, expect, it } from 'vitest';
import { load } from '../../src/bpf/load.ts';
import { parseNativeTypes } from '../../src/bpf/native-type.ts';
import { parseProto, parseSignature, signatureText } from '../../src/bpf/proto.ts';
import { Checker } from '../../src/checker.ts';
import { secondWord } from '../../src/core/env.ts';
import { interpret } from '../../src/interp/interpret.ts';
import { compile } from '../../src/jit/compile.ts';
import { emitMoves, movesOf } from '../../src/jit/lower/kfunc-args.ts';
import { argWords } from '../../src/jit/native-args.ts';
import { Assembler } from '../../src/x86/assembler.ts';

const checker = new Checker();
afterAll(() => checker.close());

/** Calls kfunc 1 with words 1, 2, …; the result is r0, or r2. */
function calling(types: string, read: 'r0' | 'r2' = 'r0') {
  const [, words] = parseProto(`mixed=${types}`, 'test');
  const stack = Array.from(
    { length: Math.max(0, words - 5) },
    (_, k) => `*(u64 *)(r11 - ${8 * (k + 1)}) = ${k + 6}`,
  );
  const regs = Array.from({ length: Math.min(words, 5) }, (_, k) => `r${k + 1} = ${k + 1}`);
  const text = [`# oracle: proto mixed=${types}`, ...stack, ...regs, 'call mixed', `r0 = ${read}`, 'exit'];
  return load(Buffer.from(text.join('\n')), { fileName: 'test.s', format: 'asm' }).program;
}

const movesText = (types: string): string => {
  const asm = new Assembler();
  emitMoves(asm, movesOf(argWords(parseNativeTypes(types, 'test'))));
  return Buffer.from(asm.bytes()).toString('hex');
};

describe('the words of a kfunc', () => {
  it('stay where they are where C wants them there', () => {
    expect(movesText('u64,struct16,u64,u64,u64,u64,u64')).toBe('');
  });

  it('of a struct after five scalars go to the stack, both; a scalar behind it takes r9', () => {
    // r9, [rsp] and [rsp+8] change places in a circle: one of them waits in r11.
    expect(movesText('u64,u64,u64,u64,u64,struct16,u64')).toBe(
      ['4d89cb', '4c8b4c2408', '4c8b542400', '4c89542408', '4c895c2400'].join(''),
    );
  });

  it.each([
    'struct16',
    'u64,u64,u64,u64,u64,struct16',
    'u64,u64,u64,u64,u64,struct16,u64',
    'u64,u64,u64,u64,u64,u128,u64,u64,u128',
    'u64,u64,u64,u64,u64,u64,u64,u128,u64',
    'u64,u64,u64,u64,u64,struct12,struct9,u8,u64',
    'u128,u128,u128,u128,u128,u128',
    'u64,u64,u64,u64,u64,struct16:u128',
  ])('%s are where psABI has them', (types) => {
    for (const convention of ['linux', 'zero'] as const) {
      const { verdict, divergences } = checker.check({ ...calling(types), convention });
      expect({ verdict, divergences }).toEqual({ verdict: 'agree', divergences: [] });
    }
  });

  it('are declined where a convention does not say how they get to the stack', () => {
    const program = calling('u64,u64,u64,u64,u64,struct16');
    expect(() => compile(program, { convention: 'v3' })).toThrow(
      /v3 does not say how arguments of two words/,
    );
    expect(compile(calling('struct16,u64'), { convention: 'reply' }).image.jit).toBe('builtin');
  });
});

describe('a result of two words', () => {
  const env = { input: { memory: new Uint8Array() }, models: new Map(), insnLimit: 100 };

  it('has its second in r2', () => {
    const r0 = interpret(calling('u64:struct16'), env).outcome;
    const r2 = interpret(calling('u64:struct16', 'r2'), env).outcome;
    expect(r0.kind === 'exit' && r2.kind === 'exit' && r2.r0 === secondWord(r0.r0)).toBe(true);
    expect(checker.check(calling('u64:struct16', 'r2')).verdict).toBe('agree');
  });

  it('of one has none there', () => {
    expect(interpret(calling('struct16:u64', 'r2'), env).outcome).toMatchObject({
      fault: { kind: 'poison' },
    });
  });
});

describe('prototypes with types of two words', () => {
  it('count them twice, and are written as they were read', () => {
    expect(parseProto('f=u64,struct16,u128:u128', 'x')).toEqual(['f', 5]);
    const [name, signature] = parseSignature('f=u64,struct16,u128:u128', 'x') ?? [];
    expect(name).toBe('f');
    expect(signature && signatureText(signature)).toBe('u64,struct16,u128:u128');
  });

  it('are only those', () => {
    expect(parseSignature('f=u64,struct8:u64', 'x')).toBeUndefined();
    expect(parseSignature('f=12', 'x')).toBeUndefined();
    expect(() => parseProto('f=u64:u64,u64', 'x')).toThrow(/more than one result/);
    expect(() => parseProto('f=u64:u64:u64', 'x')).toThrow(/more than one result/);
    expect(() => parseProto('f=u128,u128,u128,u128,u128,u128,u8', 'x')).toThrow(/13 arguments/);
  });
});
