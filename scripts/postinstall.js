/**
 * Run by npm after installing: builds the command in a source checkout and sees that libunicorn is there.
 * Never fails the install: what is missing is said in one line, and `bpf-oracle doctor` says it again.
 */
import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from './build.js';
import { buildPage } from './build-page.js';
import { bundle } from './bundle.js';
import { installLibunicorn } from './install-libunicorn.js';

const root = dirname(dirname(fileURLToPath(import.meta.url)));

try {
  for (const line of [
    build(root),
    await buildPage(root),
    await bundle(root),
    await installLibunicorn(root),
  ]) {
    if (line !== undefined) console.log(`bpf-oracle: ${line}`);
  }
} catch (error) {
  console.log(`bpf-oracle: postinstall: ${error instanceof Error ? error.message.split('\n')[0] : error}`);
}
