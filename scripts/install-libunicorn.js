/**
 * Gets libunicorn where src/emu/find-libunicorn.ts looks for it: installed there already; by apt-get as root; or
 * unpacked from Debian's package below the package's own directory, as any user. Debian and its kin only.
 */
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const PACKAGE = 'libunicorn2';
const COMMAND_TIMEOUT_MS = 300_000;

/**
 * @param {string} root directory of the package, with dist/ in it
 * @returns {Promise<string | undefined>} what to do by hand, in one line, if it could not be had
 */
export async function installLibunicorn(root) {
  const { findLibunicorn, LIBUNICORN_CACHE } = await import('../dist/emu/find-libunicorn.js');
  const problem = () => {
    try {
      findLibunicorn(process.env, root);
      return undefined;
    } catch (error) {
      return error.message;
    }
  };
  if (problem() === undefined) return undefined;
  if (!existsSync('/etc/debian_version')) return problem();
  if (process.getuid?.() === 0) installAsRoot();
  if (problem() !== undefined) unpackAsUser(join(root, LIBUNICORN_CACHE));
  return problem();
}

function installAsRoot() {
  run('apt-get', ['update']);
  run('apt-get', ['install', '-y', '--no-install-recommends', PACKAGE]);
}

/** @param {string} target directory that gets the package's usr/lib */
function unpackAsUser(target) {
  const work = mkdtempSync(join(tmpdir(), 'bpf-oracle-'));
  try {
    // The system's package lists may be there and fresh; else our own, in directories we may write to.
    if (!download(work, [])) {
      const own = ownLists(work);
      run('apt-get', [...own, 'update']);
      download(work, own);
    }
    const deb = downloaded(work);
    if (deb === undefined) return;
    mkdirSync(target, { recursive: true });
    run('dpkg-deb', ['-x', join(work, deb), target]);
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
}

/** Options that keep apt-get out of /var. */
function ownLists(work) {
  const directories = { State: 'state', 'State::lists': 'lists', Cache: 'cache' };
  const options = ['-o', 'Debug::NoLocking=1', '-o', 'Dir::State::status=/var/lib/dpkg/status'];
  for (const [option, name] of Object.entries(directories)) {
    mkdirSync(join(work, name, 'partial'), { recursive: true });
    options.push('-o', `Dir::${option}=${join(work, name)}`);
  }
  return options;
}

const download = (work, options) =>
  run('apt-get', [...options, 'download', PACKAGE], work) && downloaded(work) !== undefined;

const downloaded = (work) => readdirSync(work).find((name) => name.endsWith('.deb'));

/** Runs a command quietly; true if it succeeded. */
function run(command, args, cwd) {
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' };
  return spawnSync(command, args, { cwd, env, stdio: 'ignore', timeout: COMMAND_TIMEOUT_MS }).status === 0;
}
