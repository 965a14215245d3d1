import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { visible } from '../../src/report/visible.ts';

describe('visible', () => {
  it.each([
    ['plain.o:main', 'plain.o:main'],
    ['a\nb\tc\r', 'a\\nb\\tc\\r'],
    ['\x1b[31m', '\\x1b[31m'],
    ['\u202e', '\\u{202e}'],
    ['\ud800', '\\u{d800}'],
    ['\u{1fffe}', '\\u{1fffe}'],
    ['🐝', '🐝'],
  ])('%j is written %j', (text, want) => {
    expect(visible(text)).toBe(want);
  });

  it('leaves nothing that XML 1.0 forbids, that ends a line, or that is half a character', () => {
    fc.assert(
      fc.property(
        fc.string({ unit: 'binary' }),
        fc.string({ unit: fc.integer({ min: 0, max: 0xffff }).map((code) => String.fromCharCode(code)) }),
        (a, b) => {
          const shown = visible(a + b);
          expect(shown).not.toMatch(/[^\x20-\x7e\u00a0-\ud7ff\ue000-\ufffd\u{10000}-\u{10ffff}]/u);
          expect(shown).not.toMatch(/[\u2028\u2029]/);
          expect(visible(shown)).toBe(shown);
        },
      ),
      { seed: 1, numRuns: 2000 },
    );
  });
});
