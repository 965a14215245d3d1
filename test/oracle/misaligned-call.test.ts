/** A JIT that keeps 16 bytes of alignment at no call: which one is told, and that it hides nothing else. */
import { describe, expect, it } from 'vitest';
import { assemble } from '../../src/bpf/asm.ts';
import { buildProgram, type Program } from '../../src/bpf/program.ts';
import { Checker } from '../../src/checker.ts';
import type { Image } from '../../src/core/image.ts';
import { bucketOf } from '../../src/fuzz/bucket.ts';
import { compile } from '../../src/jit/compile.ts';

const programOf = (text: string): Program => {
  const { insns, functionNames, callees } = assemble(text, { dialect: 'llvm' });
  return buildProgram(insns, { name: 'test', functionNames, callees });
};
/** main saves one register, so that rsp is off by 8 at calls. */
const CALL = 'r6 = 3\nr1 = 1\ncall 1\nr6 += 4\nr0 ^= r6\nexit\n';

const judge = (made: string, change: (image: Image) => Image = (image) => image) => {
  const checker = new Checker({
    compile: () => change({ ...compile(programOf(made)).image, callAlign: 16 }),
  });
  try {
    return checker.check(programOf(CALL));
  } finally {
    checker.close();
  }
};

const withoutMap = ({ pcMap: _, ...image }: Image): Image => image;

describe('a call with rsp off its alignment', () => {
  it('is the culprit where nothing else differs', () => {
    const result = judge(CALL);
    expect(result.divergences.map(({ subject }) => subject.kind)).toEqual(['abi']);
    expect(result.culprit).toMatchObject({ pc: 2, stage: 'call' });
    expect(bucketOf(result)).toBe('call helper');
  });

  it.each([
    ['with a pc map', (image: Image): Image => image],
    ['without', withoutMap],
  ])('takes the blame for nothing else, %s', (_, change) => {
    const result = judge(CALL.replace('+= 4', '+= 5'), change);
    expect(result.divergences.some(({ subject }) => subject.kind === 'abi')).toBe(true);
    expect(result.culprit).toMatchObject({ pc: 3, stage: 'insn' });
    expect(bucketOf(result)).toBe('add 64 K');
  });

  it('is found without a pc map, too', () => {
    expect(judge(CALL, withoutMap).culprit?.window?.pcs).toContain(2);
  });
});
