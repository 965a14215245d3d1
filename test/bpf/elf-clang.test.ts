/** What clang makes of one source, for every cpu version and optimisation, with and without BTF. */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { readElf } from '../../src/bpf/elf.ts';
import type { Program } from '../../src/bpf/program.ts';
import { defaultModel } from '../../src/core/env.ts';
import { interpret } from '../../src/interp/interpret.ts';

const SOURCE = fileURLToPath(new URL('../vectors/elf/matrix.c', import.meta.url));
const CPUS = ['v1', 'v2', 'v3', 'v4'];

/** Compiles SOURCE; undefined if this clang is absent or cannot. */
function compile(clang: string, flags: readonly string[], output: string): Uint8Array | undefined {
  const { status } = spawnSync(clang, ['-target', 'bpf', ...flags, '-c', SOURCE, '-o', output]);
  return status === 0 ? readFileSync(output) : undefined;
}

const scratch = mkdtempSync(join(tmpdir(), 'bpf-oracle-elf-'));
afterAll(() => rmSync(scratch, { recursive: true }));

const clang = ['clang-19', 'clang-20', 'clang-21', 'clang', 'clang-14'].find(
  (name) => compile(name, ['-O2'], join(scratch, 'probe.o')) !== undefined,
);
const builds = CPUS.flatMap((cpu) =>
  ['-O0', '-O1', '-O2'].flatMap((level) =>
    [[], ['-g']].map((debug) => ({ flags: [`-mcpu=${cpu}`, level, ...debug] })),
  ),
);

const build = (flags: readonly string[]): Uint8Array | undefined =>
  clang === undefined ? undefined : compile(clang, flags, join(scratch, 'matrix.o'));

function run(program: Program): bigint | string {
  const env = {
    input: { memory: new Uint8Array(0) },
    models: new Map([['kfunc:1', defaultModel]]),
    insnLimit: 100_000,
  };
  const { outcome } = interpret(program, env);
  return outcome.kind === 'exit'
    ? outcome.r0
    : JSON.stringify(outcome, (_, v) => (typeof v === 'bigint' ? `${v}` : v));
}

describe.skipIf(clang === undefined)('readElf reads what clang writes', () => {
  const protos = new Map([['mix', 2]]);
  let want: bigint | string | undefined;

  beforeAll(() => {
    const bytes = build(['-mcpu=v1', '-O0']);
    if (bytes !== undefined)
      want = run(readElf(bytes, { fileName: 'matrix.o', function: 'entry', protos }).program);
    expect(want).toBeTypeOf('bigint');
  });

  it.for(builds)('$flags', ({ flags }, { skip }) => {
    const bytes = build(flags);
    if (bytes === undefined) return skip(`${clang} has no ${flags[0]}`);
    const { name, program } = readElf(bytes, { fileName: 'matrix.o', section: 'socket', protos });
    expect(name).toBe('matrix.o:entry');
    expect(program.subprogs[0]?.name).toBe('entry');
    expect(program.callees.get('kfunc:1')?.name).toBe('mix');
    expect(run(program)).toBe(want);
  });
});
