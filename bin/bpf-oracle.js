#!/usr/bin/env node
// Starts the built command line (dist/, made by `npm run build` and by `npm ci`): its bundle, which starts faster, or
// what that is made of where there is none or it is older.
import { statSync } from 'node:fs';

const main = new URL('../dist/cli/main.js', import.meta.url);
const bundle = new URL('../dist/bundle/main.js', import.meta.url);
const builtAt = (file) => statSync(file, { throwIfNoEntry: false })?.mtimeMs ?? -1;

if (builtAt(main) >= 0) {
  const { runProcess } = await import((builtAt(bundle) >= builtAt(main) ? bundle : main).href);
  await runProcess();
} else {
  process.stderr.write('bpf-oracle: start: dist/cli/main.js: not built; run "npm run build"\n');
  process.exitCode = 3;
}
