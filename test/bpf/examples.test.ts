/** The examples on the reference interpreter: results are those of the same C run natively (examples/src/README.md). */
import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { assemble } from '../../src/bpf/asm.ts';
import { parseDataFile } from '../../src/bpf/data-file.ts';
import { decode } from '../../src/bpf/decode.ts';
import { readElf } from '../../src/bpf/elf.ts';
import { buildProgram, type Program } from '../../src/bpf/program.ts';
import { interpret } from '../../src/interp/interpret.ts';

const EXAMPLES = new URL('../../examples/', import.meta.url);
const README = readFileSync(new URL('src/README.md', EXAMPLES), 'utf8');

/** The table of the README: file and r0. */
const rows = [...README.matchAll(/^\| `([^`]+)` \|.*\| `(0x[0-9a-f]+)` \|$/gm)].map(([, file, r0]) => ({
  file: file ?? '',
  r0: BigInt(r0 ?? 0),
}));

interface Example {
  readonly program: Program;
  readonly memory?: Uint8Array | undefined;
}

/** Reads a file by its extension. */
function read(file: string): Example {
  const bytes = readFileSync(new URL(file, EXAMPLES));
  const text = bytes.toString('utf8');
  const assembled = (source: string): Program => {
    const { insns, ...names } = assemble(source, { name: file });
    return buildProgram(insns, names);
  };
  switch (file.slice(file.lastIndexOf('.'))) {
    case '.o':
      return { program: readElf(bytes, { fileName: file }).program };
    case '.bin':
      return { program: buildProgram(decode(bytes)) };
    case '.hex':
      return { program: buildProgram(decode(Buffer.from(text.replace(/\s/g, ''), 'hex'))) };
    case '.data': {
      const data = parseDataFile(text, file);
      return { program: assembled(data.asm), memory: data.memory };
    }
    default:
      return { program: assembled(text) };
  }
}

describe('examples', () => {
  it('are all in the README', () => {
    const files = readdirSync(EXAMPLES, { withFileTypes: true }).filter((entry) => entry.isFile());
    expect(rows.map(({ file }) => file).sort()).toEqual(files.map(({ name }) => name).sort());
  });

  it.each(rows)('$file', ({ file, r0 }) => {
    const { program, memory = new Uint8Array(0) } = read(file);
    const { outcome } = interpret(program, { input: { memory }, models: new Map(), insnLimit: 1_000_000 });
    expect(outcome).toEqual({ kind: 'exit', r0 });
  });
});
