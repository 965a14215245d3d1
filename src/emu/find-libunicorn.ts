/**
 * Where libunicorn may be: the user's choice, the system's directories, or what `scripts/postinstall.js`
 * unpacked into the package's cache.
 */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { OracleError } from '../core/errors.ts';

const FILE = 'libunicorn.so.2';
/** Where `scripts/postinstall.js` unpacks Debian's package, below the package's own directory. */
export const LIBUNICORN_CACHE = 'node_modules/.cache/bpf-oracle';

/** Names the library; overrides every other place. */
export const LIBUNICORN_VARIABLE = 'BPF_ORACLE_LIBUNICORN';

/** Debian's multiarch names by process.arch. */
const MULTIARCH: Readonly<Record<string, string>> = { x64: 'x86_64-linux-gnu', arm64: 'aarch64-linux-gnu' };

/** The directory with package.json: two above `src/emu` and above `dist/emu`. */
const packageRoot = fileURLToPath(new URL('../..', import.meta.url));

/** Candidate files, best first. */
export function libunicornPlaces(root: string = packageRoot): string[] {
  const triplet = MULTIARCH[process.arch] ?? '';
  const system = ['/usr/local/lib', `/usr/lib/${triplet}`, '/usr/lib64', '/usr/lib'];
  const cache = join(root, LIBUNICORN_CACHE, 'usr/lib', triplet);
  return [...system, cache].map((dir) => join(dir, FILE));
}

/**
 * Path of libunicorn. Throws an `engine` error that says what to do when there is none, or when
 * BPF_ORACLE_LIBUNICORN names a file that does not exist.
 */
export function findLibunicorn(env: NodeJS.ProcessEnv = process.env, root: string = packageRoot): string {
  const chosen = env[LIBUNICORN_VARIABLE];
  if (chosen !== undefined && chosen !== '') {
    if (existsSync(chosen)) return chosen;
    throw missing(chosen, `${LIBUNICORN_VARIABLE} names it, but there is no such file; correct or unset it`);
  }
  const found = libunicornPlaces(root).find((path) => existsSync(path));
  if (found !== undefined) return found;
  throw missing(
    FILE,
    `not installed; run "apt-get install libunicorn2" or "node ${join(root, 'scripts/postinstall.js')}", or set ${LIBUNICORN_VARIABLE}`,
  );
}

const missing = (where: string, why: string): OracleError =>
  new OracleError('engine', { what: 'load libunicorn', where, why });
