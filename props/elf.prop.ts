import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { readElf } from '../src/bpf/elf.ts';
import { OracleError } from '../src/core/errors.ts';

const OBJECTS = ['calls.o', 'calls-no-btf.o', 'tiny.o', 'maps.o', 'wide-args.o'].map((name) =>
  readFileSync(new URL(`../test/vectors/elf/${name}`, import.meta.url)),
);

/** Writes `bytes` at a place anywhere in the file. */
const wound = fc.record({ at: fc.nat(), bytes: fc.uint8Array({ minLength: 1, maxLength: 8 }) });
/** Copies a stretch of the file over another, so that tables hold plausible but wrong entries. */
const graft = fc.record({ at: fc.nat(), from: fc.nat(), size: fc.integer({ min: 1, max: 64 }) });
const damage = fc.array(fc.oneof(wound, graft), { minLength: 1, maxLength: 6 });

describe('reading ELF objects', () => {
  it('gives a program or one line about the input, whatever the damage', () => {
    const property = fc.property(fc.constantFrom(...OBJECTS), damage, (object, wounds) => {
      const file = Uint8Array.from(object);
      for (const each of wounds) {
        const at = each.at % file.length;
        if ('bytes' in each) file.set(each.bytes.subarray(0, file.length - at), at);
        else file.copyWithin(at, each.from % file.length, (each.from % file.length) + each.size);
      }
      try {
        readElf(file, { fileName: 'damaged.o' });
      } catch (error) {
        expect(error).toBeInstanceOf(OracleError);
        expect(error).toMatchObject({ kind: 'input', message: expect.stringMatching(/^\P{Cc}+$/u) });
      }
    });
    fc.assert(property, { seed: 247, numRuns: 20_000 });
  });
});
