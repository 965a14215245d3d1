/** Addresses of functions in native code, and functions that helpers call. */
import { afterAll, describe, expect, it } from 'vitest';
import { CONVENTION_NAMES } from '../../src/bpf/calling.ts';
import { Checker } from '../../src/checker.ts';
import { openSilicon } from '../../src/emu/silicon/silicon.ts';
import { compile, type JitOptions } from '../../src/jit/compile.ts';
import { stackDepths } from '../../src/jit/stack-depth.ts';
import { ADD_INDEX, forEach, loop, nested, programOf } from '../kit/callbacks.ts';
import { siliconMissing } from '../kit/silicon.ts';

const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex').replace(/../g, '$& ').trim();

/** Bytes of the load of an address, which is the instruction at slot 3. */
function addressCode(options: JitOptions): { code: string; entry: number } {
  const { image } = compile(programOf(loop(ADD_INDEX)), options);
  const at = (slot: number): number | undefined => image.pcMap?.startOf(slot);
  return { code: hex(image.code.subarray(at(3), at(5))), entry: image.subprogEntries[1] ?? 0 };
}

const bytesOf = (address: bigint, count: number): string =>
  hex(new Uint8Array(BigUint64Array.of(address).buffer).subarray(0, count));

describe('the address of a function', () => {
  it('takes the form that addresses of the image take', () => {
    const { code, entry } = addressCode({});
    expect(code).toBe(`be ${bytesOf(0x4000_0000n + BigInt(entry), 4)}`);
    const high = 0x1234_5678_9000n;
    const calleeAddress = () => high;
    expect(addressCode({ base: high, calleeAddress }).code).toBe(`48 be ${bytesOf(high + BigInt(entry), 8)}`);
    // Where Linux has its modules.
    const kernel = 0xffff_ffff_a000_0000n;
    expect(addressCode({ base: kernel, calleeAddress: () => kernel }).code).toBe(
      `48 c7 c6 ${bytesOf(kernel + BigInt(entry), 4)}`,
    );
    expect(addressCode({ base: 0n, calleeAddress: () => 0n }).code).toBe(`be ${bytesOf(BigInt(entry), 4)}`);
  });

  it('is refused where the image crosses a border of its form', () => {
    expect(() => addressCode({ base: 0xffff_fff0n, calleeAddress: () => 0xffff_0000n })).toThrow(
      'its image crosses a border of 4 GiB, and it takes addresses of functions',
    );
  });

  it('is not blinded', () => {
    expect(addressCode({ blinding: 7 }).code).toMatch(/^be /);
  });
});

describe('a function that a helper calls', () => {
  it('reaches into the stack of the function that calls the helper', () => {
    const deep = ADD_INDEX.replaceAll('r2 + 0', 'r2 - 24');
    expect(stackDepths(programOf(loop(deep)))).toEqual([32, 0]);
    const twice = `${loop(deep)}`.replace(
      'r0 += r6',
      'r1 = 1\n  r2 = each ll\n  r3 = r10\n  r4 = 0\n  call 181',
    );
    expect(stackDepths(programOf(twice))).toEqual([32, 0]);
  });

  it('makes no tail calls', () => {
    const each = 'r1 = 0\n  r2 = 0x3a4080000000 ll\n  r3 = 0\n  call 12\n  r0 = 0';
    const text = `# oracle: prog-array jumps main\n${loop(each)}`;
    expect(() => compile(programOf(text))).toThrow('each: cannot tail call within callback');
  });

  it('has no private stack if it may run twice at once', () => {
    const each = `*(u64 *)(r10 - 64) = 1\n  r1 = 0\n  r2 = each ll\n  r3 = 0\n  r4 = 0\n  call 181\n  r0 = 0`;
    const { image } = compile(programOf(loop(each)), { privateStack: true });
    expect(image.frames?.[1]?.privateStack).toBeUndefined();
    const { image: alone } = compile(programOf(loop(`*(u64 *)(r10 - 64) = 1\n  ${ADD_INDEX}`)), {
      privateStack: true,
    });
    expect(alone.frames?.[1]?.privateStack).toBeDefined();
  });
});

const checker = new Checker(siliconMissing() === undefined ? { engine: [openSilicon] } : {});
const watched = new Checker();
afterAll(() => {
  checker.close();
  watched.close();
});

describe('both sides agree', () => {
  const TEXTS = [
    ['loop', loop(ADD_INDEX), (10n << 16n) + 1005n],
    ['loop without a turn', loop(ADD_INDEX, 0), 1000n],
    ['loop with flags', loop(ADD_INDEX, 5, 1), 1000n - 22n],
    ['loop that is too long', loop(ADD_INDEX, 0x80_0001), 1000n - 7n],
    ['loop that stops', loop(`${ADD_INDEX}\n  if r1 != 2 goto +1\n  r0 = 7`), (3n << 16n) + 1003n],
    ['walk', forEach(9), (32n << 16n) + 2n],
    ['walk that stops', forEach(1), (10n << 16n) + 1n],
    ['walk of nothing', forEach(9, '0x35d180000008'), BigInt.asUintN(64, -22n)],
    ['seven frames', nested(7), 1n],
  ] as const;

  it.each(TEXTS)('%s, under all conventions', (_, text, r0) => {
    for (const jit of CONVENTION_NAMES.map((convention) => ({ convention }))) {
      const one = new Checker({ jit });
      const result = one.check(programOf(text), { expected: r0 });
      one.close();
      expect(result.verdict, jit.convention).toBe('agree');
    }
    expect(checker.check(programOf(text), { expected: r0 }).verdict).toBe('agree');
  });

  it('on private stacks', () => {
    const text = loop(`*(u64 *)(r10 - 64) = 1\n  ${ADD_INDEX}`);
    expect(watched.check(programOf(text), { jit: { privateStack: true } }).verdict).toBe('agree');
  });
});
