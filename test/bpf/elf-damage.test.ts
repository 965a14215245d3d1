/** Damage anywhere in an object gives a program or one of our errors: never another exception, never a hang. */
import { describe, expect, it } from 'vitest';
import { readElf } from '../../src/bpf/elf.ts';
import { OracleError } from '../../src/core/errors.ts';
import { objectFile } from './elf-fixtures.ts';

/** 'ok', or the kind of our error; anything else that is thrown, or a message of several lines, is a failure. */
function outcome(bytes: Uint8Array): string {
  try {
    readElf(bytes, { fileName: 'f.o' });
    return 'ok';
  } catch (error) {
    if (!(error instanceof OracleError)) throw error;
    if (/\p{Cc}/u.test(error.message)) throw new Error(`not one line: ${JSON.stringify(error.message)}`);
    return error.kind;
  }
}

function count(outcomes: Iterable<string>): ReadonlyMap<string, number> {
  const counts = new Map<string, number>();
  for (const each of outcomes) counts.set(each, (counts.get(each) ?? 0) + 1);
  return counts;
}

const OBJECTS = ['tiny.o', 'calls.o', 'wide-args.o'];

describe('readElf survives', () => {
  it.each(OBJECTS.flatMap((file) => [0xff, 0x01, 0x80].map((mask) => ({ file, mask }))))(
    'every byte of $file flipped by $mask',
    ({ file, mask }) => {
      const bytes = objectFile(file);
      const outcomes = Array.from(bytes, (byte, i) => {
        bytes[i] = byte ^ mask;
        const result = outcome(bytes);
        bytes[i] = byte;
        return result;
      });
      const counts = count(outcomes);
      expect([...counts.keys()].sort()).toEqual(['input', 'ok']);
      // Most bytes matter: a reader that ignored its input would accept them all.
      expect(counts.get('input')).toBeGreaterThan(bytes.length / 10);
    },
  );

  it.each(OBJECTS)('%s cut at every length', (file) => {
    const bytes = objectFile(file);
    const counts = count(Array.from(bytes, (_, length) => outcome(bytes.subarray(0, length))));
    expect(counts).toEqual(new Map([['input', bytes.length]]));
  });

  it.each(OBJECTS)('every 4 bytes of %s set to ones, so that sizes and offsets are huge', (file) => {
    const bytes = objectFile(file);
    for (let i = 0; i + 4 <= bytes.length; i += 4) {
      const kept = bytes.slice(i, i + 4);
      bytes.fill(0xff, i, i + 4);
      expect(['ok', 'input']).toContain(outcome(bytes));
      bytes.set(kept, i);
    }
  });

  it('a gigabyte of zeros, with and without an object at its start', () => {
    const bytes = new Uint8Array(2 ** 30);
    expect(outcome(bytes)).toBe('input');
    bytes.set(objectFile('tiny.o'));
    expect(outcome(bytes)).toBe('ok');
  });
});
