/**
 * GNU as as a witness: many instructions in one run. Each one gets a cell of 16 bytes, filled up with zeros, so
 * that a wrong length of one does not shift the rest.
 */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const CELL = 16;

/** Why GNU as cannot be asked here, or undefined if it can. */
export function gasMissing(): string | undefined {
  for (const tool of ['as', 'objcopy']) {
    const { error, status } = spawnSync(tool, ['--version'], { encoding: 'utf8' });
    if (error !== undefined || status !== 0) return `GNU ${tool} is not installed`;
  }
  return undefined;
}

/** The cells of so many instructions in Intel syntax. Throws what `as` complains about. */
export function assembleCells(lines: readonly string[]): Uint8Array[] {
  const folder = mkdtempSync(join(tmpdir(), 'gas-'));
  try {
    const [source, object, binary] = ['in.s', 'out.o', 'out.bin'].map((name) => join(folder, name)) as [
      string,
      string,
      string,
    ];
    const body = lines.map((line) => `${line}\n.balign ${CELL}, 0\n`).join('');
    writeFileSync(source, `.intel_syntax noprefix\n.text\n${body}`);
    run('as', ['--64', '-o', object, source]);
    run('objcopy', ['-O', 'binary', '-j', '.text', object, binary]);
    const bytes = readFileSync(binary);
    return lines.map((_, i) => bytes.subarray(i * CELL, (i + 1) * CELL));
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** So many bytes, and zeros up to a cell's end. */
export function cellOf(bytes: Uint8Array): Uint8Array {
  const cell = new Uint8Array(CELL);
  cell.set(bytes);
  return cell;
}

function run(tool: string, args: readonly string[]): void {
  const { status, stderr } = spawnSync(tool, args, { encoding: 'utf8', maxBuffer: 1 << 26 });
  if (status !== 0) throw new Error(`${tool}: ${stderr.slice(0, 2000)}`);
}
