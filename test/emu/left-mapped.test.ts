/** What runs before have left mapped: a run that stores there has not done as expected. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Execution, Trace } from '../../src/core/execution.ts';
import type { Image } from '../../src/core/image.ts';
import { CTX_BASE, DATA_BASE } from '../../src/core/layout.ts';
import { ImageRunner } from '../../src/emu/run-image.ts';
import { openSilicon } from '../../src/emu/silicon/silicon.ts';
import { openUnicorn } from '../../src/emu/unicorn.ts';
import { imageOf, subjectOf } from '../kit/images.ts';
import { siliconMissing, skippedBecause } from '../kit/silicon.ts';

const missing = siliconMissing();
const word = (address: bigint): string =>
  [...new Uint8Array(BigUint64Array.of(address).buffer)]
    .map((byte) => byte.toString(16).padStart(2, '0'))
    .join(' ');
const stated = { callSites: [], frames: [] } as const;
const GOOD = imageOf(['31 c0 | xor eax, eax', 'c3 | ret'], stated);
const storing = (address: bigint): Image =>
  imageOf([`48 b8 ${word(address)} | mov rax, imm64`, 'c6 00 01 | mov byte [rax], 1', '31 c0', 'c3'], stated);
const trace: Trace = {
  events: [{ kind: 'return', subprog: 0, result: 0n, regs: null, stack: null }],
  total: 1,
};

describe.each([
  ['unicorn', openUnicorn, undefined],
  ['silicon', openSilicon, missing],
] as const)('on %s', (_, open, lacks) => {
  describe.skipIf(lacks !== undefined)(`where it is there${skippedBecause(lacks)}`, () => {
    let runner: ImageRunner;
    beforeAll(() => {
      runner = new ImageRunner(open());
    });
    afterAll(() => runner.close());

    const run = (image: Image, memory: readonly number[] = [], withData = false): Execution => {
      const bytes = Uint8Array.of(1, 2, 3, 4);
      const data = withData ? [{ address: DATA_BASE, bytes, writable: true }] : [];
      const env = { input: { memory: Uint8Array.from(memory) }, models: new Map(), insnLimit: 1000 };
      const subject = subjectOf({ callees: [], data });
      const expected = { trace, memory: env.input.memory, data: data.map((section) => section.bytes) };
      return runner.run(image, subject, env, { fuel: 10_000, stackBytes: true, expected });
    };

    it.each([
      ['a data section', DATA_BASE + 64n],
      ['the context', CTX_BASE + 8n],
    ])('a store to %s of another run is a fault', (_what, address) => {
      expect(run(GOOD, [5, 6, 7, 8], true)).toMatchObject({ isNoted: true });
      expect(run(GOOD)).toMatchObject({ isNoted: true });
      expect(run(storing(address)).outcome).toMatchObject({
        kind: 'fault',
        fault: { kind: 'write', address },
      });
      expect(run(GOOD)).toMatchObject({ isNoted: true });
    });
  });
});
