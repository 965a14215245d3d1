/** Native code that misbehaves, made by patching an image: each verdict names what happened. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { assemble } from '../../src/bpf/asm.ts';
import { buildProgram, type Program } from '../../src/bpf/program.ts';
import { Checker } from '../../src/checker.ts';
import type { Image } from '../../src/core/image.ts';
import { compile } from '../../src/jit/compile.ts';
import { observedText } from '../../src/report/words.ts';

const { insns } = assemble('r0 = 1\nr1 = 2\nr0 += r1\nr0 += r1\nr0 += r1\nr0 += r1\nr0 += r1\nexit\n', {
  dialect: 'llvm',
});
const program: Program = buildProgram(insns, { name: 'victim' });

/** Code that takes the place of that of insn 2 and what follows. */
let patch: readonly number[] = [];

function patched(): Image {
  const { image } = compile(program);
  const at = image.pcMap?.startOf(2) ?? 0;
  const code = image.code.slice();
  code.set(patch, at);
  return { ...image, code };
}

describe('a verdict on native code that misbehaves', () => {
  let checker: Checker;
  beforeAll(() => {
    checker = new Checker({ compile: patched });
  });
  afterAll(() => checker.close());

  // biome-ignore format: a table
  it.each<[string, readonly number[], RegExp, object]>([
    ['wild read',    [0x48, 0x8b, 0x04, 0x25, 0x10, 0, 0, 0], /^8-byte read from 0x0000000000000010 at image\+0x/, { pc: 2, stage: 'insn' }],
    ['wild write',   [0x89, 0x04, 0x25, 0x10, 0, 0, 0],       /^4-byte write to 0x0000000000000010 at image\+0x/,  { pc: 2, stage: 'insn' }],
    ['wild jump',    [0x31, 0xff, 0xff, 0xe7],                /^jump to 0x0000000000000000, which is not code/,    { pc: 2, stage: 'insn' }],
    ['ud2',          [0x0f, 0x0b],                            /^#UD/,                                              { pc: 2, stage: 'insn' }],
    ['int3',         [0xcc],                                  /^int3 at image\+0x/,                                { pc: 2, stage: 'insn' }],
    ['hlt',          [0xf4],                                  /^stopped \(hlt, syscall or the like\)/,             { pc: 2, stage: 'insn' }],
    ['endless loop', [0xeb, 0xfe],                            /^ran on: no end after \d+ blocks$/,                 { pc: 2, stage: 'insn' }],
    ['rsp lost',     [0x5d, 0x58, 0x48, 0x83, 0xec, 0x20, 0xff, 0xe0], /^rsp lost: it is 0x/,                      { pc: 2, stage: 'insn' }],
  ])('%s', (_, code, words, culprit) => {
    patch = code;
    const result = checker.check(program);
    expect(result.verdict).toBe('diverge');
    const [first] = result.divergences;
    expect(first?.subject).toEqual({ kind: 'outcome' });
    expect(first === undefined ? '' : observedText(first.got, result)).toMatch(words);
    expect(result.culprit).toMatchObject(culprit);
    patch = [];
    expect(checker.check(program), 'the next case in the same engine').toMatchObject({ verdict: 'agree' });
  });
});
