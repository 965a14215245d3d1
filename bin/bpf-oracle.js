#!/usr/bin/env node
// Starts the built command line (dist/, made by `npm run build` and by `npm ci`).
import { existsSync } from 'node:fs';

const main = new URL('../dist/cli/main.js', import.meta.url);
if (existsSync(main)) {
  const { runProcess } = await import(main.href);
  await runProcess();
} else {
  process.stderr.write('bpf-oracle: start: dist/cli/main.js: not built; run "npm run build"\n');
  process.exitCode = 3;
}
