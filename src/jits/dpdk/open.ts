/** `dpdk`: DPDK's BPF JIT in a process of its own, so that its crash is a finding and not ours; and its interpreter. */
import { extname } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type ExecOptions, openProgram } from '../exec.ts';
import type { Jit } from '../jit.ts';
import { findLibrte } from './find-librte.ts';
import { DPDK_PARTS, type DpdkName } from './names.ts';

/** Throws an `engine` error if librte_bpf is not installed. */
export function openDpdk(name: DpdkName = 'dpdk', options: Omit<ExecOptions, 'name'> = {}): Jit {
  const child = new URL(`./child${extname(fileURLToPath(import.meta.url))}`, import.meta.url);
  const argv = [process.execPath, fileURLToPath(child), findLibrte(), DPDK_PARTS[name]];
  return openProgram(argv, { name, startError: 'engine', ...options });
}
