/** Where DPDK's librte_bpf may be: the user's choice, or the system's directories. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { OracleError } from '../../core/errors.ts';

/** Debian 12's package librte-bpf23. */
const FILE = 'librte_bpf.so.23';
const DIRECTORIES = [
  '/usr/local/lib/x86_64-linux-gnu',
  '/usr/lib/x86_64-linux-gnu',
  '/usr/local/lib',
  '/usr/lib64',
];

/** Names the library; overrides every other place. */
export const LIBRTE_VARIABLE = 'BPF_ORACLE_LIBRTE_BPF';

/** Path of librte_bpf. Throws an `engine` error that says what to do when there is none. */
export function findLibrte(env: NodeJS.ProcessEnv = process.env): string {
  const chosen = env[LIBRTE_VARIABLE];
  if (chosen !== undefined && chosen !== '') {
    if (existsSync(chosen)) return chosen;
    throw missing(chosen, `${LIBRTE_VARIABLE} names it, but there is no such file; correct or unset it`);
  }
  const found = DIRECTORIES.map((directory) => join(directory, FILE)).find((path) => existsSync(path));
  if (found !== undefined && process.arch === 'x64') return found;
  throw missing(FILE, `not installed; run "apt-get install librte-bpf23", or set ${LIBRTE_VARIABLE}`);
}

const missing = (where: string, why: string): OracleError =>
  new OracleError('engine', { what: 'load DPDK', where, why });
