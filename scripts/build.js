/** Builds dist/ in a source checkout; a published package has it already. */
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';

/**
 * Compiles `src` if it and the compiler are there.
 * @param {string} root directory of the package
 * @returns {string | undefined} what went wrong, in one line
 */
export function build(root) {
  const tsc = join(root, 'node_modules/typescript/bin/tsc');
  if (!existsSync(join(root, 'src')) || !existsSync(tsc)) return undefined;
  const { status, stdout } = spawnSync(process.execPath, [tsc, '-p', 'tsconfig.build.json'], {
    cwd: root,
    encoding: 'utf8',
  });
  if (status === 0) return undefined;
  return `build: tsconfig.build.json: ${stdout.split('\n')[0]}; run "npx tsc -p tsconfig.build.json"`;
}
