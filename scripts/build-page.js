/**
 * Bundles script and styles of the HTML report, src/report/html/page, into dist/report/html: a report holds both.
 * As a command: `node scripts/build-page.js`.
 */
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const BANNER = '/* With Preact (preactjs.com), MIT license, copyright (c) 2015-present Jason Miller */';

/**
 * Builds if the sources and the bundler are there.
 * @param {string} root directory of the package
 * @returns {Promise<string | undefined>} what went wrong, in one line
 */
export async function buildPage(root) {
  const page = join(root, 'src/report/html/page');
  if (!existsSync(page) || !existsSync(join(root, 'node_modules/esbuild'))) return undefined;
  try {
    const out = join(root, 'dist/report/html');
    mkdirSync(out, { recursive: true });
    for (const [name, text] of Object.entries(await bundle(page))) writeFileSync(join(out, name), text);
    return undefined;
  } catch (error) {
    const why = error instanceof Error ? error.message.replaceAll('\n', ' ') : error;
    return `build: src/report/html/page: ${why}; run "npm run build"`;
  }
}

/** @param {string} page */
async function bundle(page) {
  const { build } = await import('esbuild');
  const { outputFiles } = await build({
    entryPoints: [join(page, 'main.tsx'), join(page, 'style/index.css')],
    tsconfig: join(page, 'tsconfig.json'),
    bundle: true,
    minify: true,
    format: 'iife',
    target: 'es2022',
    outdir: page,
    write: false,
    logLevel: 'silent',
    banner: { js: BANNER },
  });
  const text = (/** @type {string} */ ending) =>
    outputFiles.find(({ path }) => path.endsWith(ending))?.text ?? '';
  return { 'page.js': text('.js'), 'page.css': text('.css') };
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const failure = await buildPage(dirname(dirname(fileURLToPath(import.meta.url))));
  if (failure !== undefined) {
    console.error(`bpf-oracle: ${failure}`);
    process.exitCode = 1;
  }
}
