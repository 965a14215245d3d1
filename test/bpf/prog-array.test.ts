/** Program arrays in `# oracle:` lines. */
import { describe, expect, it } from 'vitest';
import { load } from '../../src/bpf/load.ts';
import { PROG_ARRAY_BASE } from '../../src/core/layout.ts';

const TEXT = `
main:
  exit
.type first, @function
first:
  r0 = 1
  exit
  r0 = 2
  exit
`;

const read = (...lines: string[]) =>
  load(Buffer.from([...lines.map((line) => `# oracle: ${line}`), TEXT].join('\n')), { fileName: 'x.s' })
    .program;

describe('# oracle: prog-array', () => {
  it('names functions where programs start, or none', () => {
    const { progArrays, subprogs } = read('prog-array jumps first,-,main', 'prog-array more func_3');
    expect(progArrays).toEqual([
      { name: 'jumps', address: PROG_ARRAY_BASE, programs: [1, null, 0] },
      { name: 'more', address: PROG_ARRAY_BASE + 0x1_0000n, programs: [2] },
    ]);
    expect(subprogs.map(({ start }) => start)).toEqual([0, 1, 3]);
  });

  it('is absent from a program that has none', () => {
    expect(read().progArrays).toBeUndefined();
  });

  it.each([
    ['prog-array jumps', 'is no program array; it looks like jumps first,-,second'],
    ['prog-array jumps nowhere', 'there is no function `nowhere`'],
    ['prog-array jumps first,,first', 'there is no function ``'],
    ['prog-array jumps func_99', 'its target 99 is outside the program'],
    [
      `prog-array jumps ${Array.from({ length: 257 }, () => '-').join(',')}`,
      'jumps has 257 entries; at most 256',
    ],
  ])('%s is refused', (line, why) => {
    expect(() => read(line)).toThrow(why);
  });

  it('are refused where there are too many, or data lies in their place', () => {
    expect(() => read(...Array.from({ length: 17 }, (_, i) => `prog-array a${i} -`))).toThrow(
      'there can be 16',
    );
    expect(() => read('prog-array a -', 'data .rodata 0x3a4080001000 r 00')).toThrow(
      'program arrays lie from 0x3a4080000000 on; put it elsewhere',
    );
  });
});
