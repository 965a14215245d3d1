/** A clang that compiles for BPF, if there is one. */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** A test needs one that knows cpu v4, and r11 as the base of stack arguments. */
const PROBE = `__attribute__((naked)) int probe(void)
{
	asm volatile ("*(u64 *)(r11 - 8) = 1; gotol l_%=; l_%=: may_goto l_%=; exit;" ::: "r0");
}
`;
const NAMES = ['clang-19', 'clang', 'clang-23', 'clang-22', 'clang-21', 'clang-20'];
const FLAGS = ['-target', 'bpf', '-mcpu=v4', '-O2', '-g', '-Wall', '-Werror', '-c'];

/** Its name; undefined if there is none. */
export const CLANG = NAMES.find((name) => compileWith(name, PROBE).object !== undefined);
export const NO_CLANG = `none of ${NAMES.join(', ')} assembles BPF of cpu v4 with r11`;

/** The object, or what clang says against the source. */
export const compileC = (source: string): Compiled => compileWith(CLANG ?? 'clang', source);

interface Compiled {
  readonly object: Uint8Array | undefined;
  readonly complaint: string;
}

function compileWith(name: string, source: string): Compiled {
  const folder = mkdtempSync(join(tmpdir(), 'bpf-oracle-clang-'));
  try {
    const [input, output] = [join(folder, 'x.c'), join(folder, 'x.o')];
    writeFileSync(input, source);
    const { status, stderr } = spawnSync(name, [...FLAGS, input, '-o', output], { timeout: 120_000 });
    const complaint = `${stderr ?? ''}`;
    return { object: status === 0 ? readFileSync(output) : undefined, complaint };
  } finally {
    rmSync(folder, { recursive: true });
  }
}
