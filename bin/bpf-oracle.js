#!/usr/bin/env node
// Starts the built command line (dist/, made by `npm run build` and by `npm ci`): its bundle, which starts faster. What
// that is made of starts where there is none, or, in a checkout, an older one: then only the sources were compiled.
import { existsSync, statSync } from 'node:fs';

const file = (path) => new URL(`../${path}`, import.meta.url);
const builtAt = (path) => statSync(file(path), { throwIfNoEntry: false })?.mtimeMs;

const [main, bundle] = ['dist/cli/main.js', 'dist/bundle/main.js'];

if (existsSync(file(main))) {
  const bundled = existsSync(file('src')) ? builtAt(bundle) >= builtAt(main) : existsSync(file(bundle));
  const { runProcess } = await import(file(bundled ? bundle : main).href);
  await runProcess();
} else {
  process.stderr.write('bpf-oracle: start: dist/cli/main.js: not built; run "npm run build"\n');
  process.exitCode = 3;
}
