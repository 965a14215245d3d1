/** The examples on the reference interpreter: results are those of the same C run natively (examples/src/README.md). */
import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { load } from '../../src/bpf/load.ts';
import { interpret } from '../../src/interp/interpret.ts';
import { asCalled } from '../../src/oracle/native/entry.ts';

const EXAMPLES = new URL('../../examples/', import.meta.url);
const README = readFileSync(new URL('src/README.md', EXAMPLES), 'utf8');

/** The table of the README: file and r0. */
const rows = [...README.matchAll(/^\| `([^`]+)` \|.*\| `(0x[0-9a-f]+)` \|$/gm)].map(([, file, r0]) => ({
  file: file ?? '',
  r0: BigInt(r0 ?? 0),
}));

describe('examples', () => {
  it('are all in the README', () => {
    const files = readdirSync(EXAMPLES, { withFileTypes: true }).filter((entry) => entry.isFile());
    expect(rows.map(({ file }) => file).sort()).toEqual(files.map(({ name }) => name).sort());
  });

  it.each(rows)('$file', ({ file, r0 }) => {
    const bytes = readFileSync(new URL(file, EXAMPLES));
    const { program, memory = new Uint8Array(0), expected = r0 } = load(bytes, { fileName: file });
    expect(expected).toBe(r0);
    const { env } = asCalled(
      { program, env: { input: { memory }, models: new Map(), insnLimit: 1_000_000 } },
      null,
    );
    const { outcome } = interpret(program, env);
    expect(outcome).toEqual({ kind: 'exit', r0 });
  });
});
