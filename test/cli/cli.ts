/** Whole command lines in process, and the files they are given. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll } from 'vitest';
import { main } from '../../src/cli/main.ts';
import type { JsonReport } from '../../src/report/check-document.ts';
import { fakeIo } from './fake-io.ts';

/** Path of an example. */
export const example = (name: string): string =>
  fileURLToPath(new URL(`../../examples/${name}`, import.meta.url));

/** A directory of the test file's own, removed after it. */
export const dir = mkdtempSync(join(tmpdir(), 'bpf-oracle-'));
afterAll(() => rmSync(dir, { recursive: true, force: true }));

/** Writes a file into `dir` and gives its path. */
export function file(name: string, content: string | Uint8Array): string {
  const path = join(dir, name);
  writeFileSync(path, content);
  return path;
}

export interface Ran {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs one command line. */
export async function cli(argv: readonly string[], stdin = ''): Promise<Ran> {
  const io = fakeIo({ stdin });
  const code = await main(argv, io);
  return { code, ...io.written };
}

/** Runs `check --reporter json`. */
export async function checkJson(argv: readonly string[]): Promise<Ran & { readonly report: JsonReport }> {
  const ran = await cli(['check', '--reporter', 'json', ...argv]);
  return { ...ran, report: JSON.parse(ran.stdout) };
}

/** The text of a .hex file: one instruction a line. */
export const hexOf = (...words: readonly string[]): string => `${words.join('\n')}\n`;
export const EXIT = '9500000000000000';
export const MOV_R0_5 = 'b700000005000000';
