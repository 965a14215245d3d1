/** `dpdk`: DPDK's BPF JIT in a process of its own, so that its crash is a finding and not ours. */
import { extname } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type ExecOptions, openProgram } from '../exec.ts';
import type { Jit } from '../jit.ts';
import { findLibrte } from './find-librte.ts';

/** Throws an `engine` error if librte_bpf is not installed. */
export function openDpdk(options: Omit<ExecOptions, 'name'> = {}): Jit {
  const child = new URL(`./child${extname(fileURLToPath(import.meta.url))}`, import.meta.url);
  const argv = [process.execPath, fileURLToPath(child), findLibrte()];
  return openProgram(argv, { name: 'dpdk', ...options });
}
