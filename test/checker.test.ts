import { afterAll, describe, expect, it } from 'vitest';
import { assemble } from '../src/bpf/asm.ts';
import { buildProgram, type Program } from '../src/bpf/program.ts';
import { Checker, check } from '../src/checker.ts';

function programOf(text: string): Program {
  const { insns, functionNames, callees } = assemble(text, { dialect: 'llvm' });
  return buildProgram(insns, { name: 'test', functionNames, callees });
}

const checker = new Checker();
afterAll(() => checker.close());

describe('Checker', () => {
  it.each([
    ['a constant', 'r0 = 7\nexit\n', 7n],
    ['arithmetic', 'r0 = 7\nr0 *= 6\nexit\n', 42n],
    ['a frame', '*(u64 *)(r10 - 8) = 5\nr0 = *(u64 *)(r10 - 8)\nexit\n', 5n],
    [
      'a subprog',
      'r1 = 1\nr2 = 2\nr3 = 3\nr4 = 4\nr5 = 5\ncall sum\nexit\nsum:\nr0 = r1\nr0 += r5\nexit\n',
      6n,
    ],
  ])('%s agrees', (_, text, r0) => {
    const result = checker.check(programOf(text));
    expect(result).toMatchObject({ verdict: 'agree', reason: null, divergences: [] });
    expect(result.want?.outcome).toEqual({ kind: 'exit', r0 });
    expect(result.got?.outcome).toEqual({ kind: 'exit', r0 });
  });

  it('sees all arguments of a 12-argument kfunc on both sides', () => {
    const stores = Array.from({ length: 7 }, (_, i) => `*(u64 *)(r11 - ${8 * (i + 1)}) = ${i + 6}`);
    const moves = Array.from({ length: 5 }, (_, i) => `r${i + 1} = ${i + 1}`);
    const program = programOf([...stores, ...moves, 'call foo', 'exit', ''].join('\n'));
    const result = checker.check(program);
    expect(result).toMatchObject({ verdict: 'agree' });
    const args = Array.from({ length: 12 }, (_, i) => BigInt(i + 1));
    expect(result.want?.trace.events[0]).toMatchObject({ kind: 'call', args });
    expect(result.got?.trace.events[0]).toMatchObject({ kind: 'call', args });
  });

  it('a fault both sides meet alike is agreement', () => {
    const result = checker.check(programOf('r1 = 16\nr0 = *(u64 *)(r1 + 0)\nexit\n'));
    expect(result).toMatchObject({ verdict: 'agree', want: { outcome: { kind: 'fault' } } });
  });

  it('an access past the end of the context, within its page, is inconclusive', () => {
    const result = checker.check(programOf('r0 = *(u64 *)(r1 + 8)\nexit\n'), { memory: new Uint8Array(8) });
    expect(result).toMatchObject({ verdict: 'inconclusive', reason: { kind: 'mapped', pc: 0 } });
  });

  it('a loop without end is inconclusive at the instruction limit', () => {
    const result = checker.check(programOf('l0:\ngoto l0\n'), { insnLimit: 1000 });
    expect(result).toMatchObject({ verdict: 'inconclusive', reason: { kind: 'insn-limit', limit: 1000 } });
  });

  it('a wrong expectation names both sides', () => {
    const result = checker.check(programOf('r0 = 7\nexit\n'), { expected: 8n });
    expect(result).toMatchObject({ verdict: 'diverge', divergenceCount: 2, expected: 8n });
  });
});

describe('check', () => {
  it('judges one program with an engine of its own', () => {
    expect(check(programOf('r0 = 1\nexit\n'), { name: 'one' })).toMatchObject({
      name: 'one',
      verdict: 'agree',
    });
  });
});
