/** Lines of source: of assembly, and of objects built with -g. */
import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { linesOf, readLines } from '../../src/bpf/btf-lines.ts';
import { openElf } from '../../src/bpf/elf-file.ts';
import { load } from '../../src/bpf/load.ts';

const bytesOf = (text: string): Uint8Array => new TextEncoder().encode(text);
const object = readFileSync(new URL('../../examples/kfunc.o', import.meta.url));

const sections = (() => {
  const elf = openElf(object, 'kfunc.o');
  const bytes = (name: string): Uint8Array =>
    elf.contents(elf.sections.find((section) => section.name === name) ?? expect.fail(name));
  return { btf: bytes('.BTF').slice(), ext: bytes('.BTF.ext').slice() };
})();

/** `file:line` by slot. */
const linesIn = (bytes: Uint8Array, fileName: string): (string | undefined)[] | undefined =>
  load(bytes, { fileName }).program.lines?.map((at) =>
    at === undefined ? undefined : `${at.file}:${at.line}`,
  );

describe('lines of assembly', () => {
  it('are those of the file, through labels, comments, wide instructions and moved sections', () => {
    const text = [
      '# a comment',
      '  .text',
      'helper:',
      '  r0 = 1; exit',
      '',
      '  .section "prog"',
      'main: r1 = 5 ll',
      '  call helper',
      '  exit',
    ].join('\n');
    expect(linesIn(bytesOf(text), 'a.s')).toEqual(['a.s:7', 'a.s:7', 'a.s:8', 'a.s:9', 'a.s:4', 'a.s:4']);
  });

  it('are those of the whole file in a .data file', () => {
    const text = '-- result\n0x1\n-- asm\nmov %r0, 1\n\nexit\n';
    expect(linesIn(bytesOf(text), 'a.data')).toEqual(['a.data:4', 'a.data:6']);
  });

  it('are not made up for bytes', () => {
    expect(linesIn(bytesOf('b700000005000000\n9500000000000000\n'), 'a.hex')).toBeUndefined();
  });
});

describe('lines of objects', () => {
  it('are what llvm-objdump -l shows', () => {
    const { program } = load(object, { fileName: 'kfunc.o' });
    const at = (name: string, slot: number) => {
      const { start } = program.subprogs.find((subprog) => subprog.name === name) ?? expect.fail(name);
      return program.lines?.[start + slot];
    };
    expect([0, 1, 2, 3, 5].map((slot) => at('refresh', slot))).toEqual(
      [9, 9, 10, 11, 11].map((line) => ({ file: './kfunc.c', line })),
    );
    expect(program.lines).toHaveLength(program.insns.length);
    expect(program.lines?.every((line) => line?.file === './kfunc.c')).toBe(true);
  });

  it('hold until the next one begins', () => {
    const table = new Map([[2, { file: 'a', line: 7 }]]);
    expect(linesOf(table, 1, 3).map((at) => at?.line)).toEqual([undefined, 7, 7]);
    expect(linesOf(undefined, 0, 1)).toEqual([undefined]);
  });

  it('are none where the section is cut or changed, and never an error', () => {
    const { btf, ext } = sections;
    expect(readLines(btf, ext).size).toBeGreaterThan(0);
    for (let length = 0; length < ext.length; length++) readLines(btf, ext.slice(0, length));
    for (let length = 0; length < btf.length; length++) readLines(btf.slice(0, length), ext);
    expect(readLines(btf, new Uint8Array(4))).toEqual(new Map());
    expect(readLines(new Uint8Array(64), ext)).toEqual(new Map());
    const edit = fc.record({ at: fc.nat(), to: fc.nat({ max: 255 }) });
    fc.assert(
      fc.property(fc.array(edit, { minLength: 1, maxLength: 6 }), (edits) => {
        const changed = ext.slice();
        for (const { at, to } of edits) changed[at % changed.length] = to;
        for (const lines of readLines(btf, changed).values())
          for (const { line } of lines.values()) expect(line).toBeGreaterThan(0);
      }),
      { seed: 1, numRuns: 1000 },
    );
  });
});
