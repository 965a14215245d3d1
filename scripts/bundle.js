/**
 * Bundles the built command line and its workers, with what they load, into dist/bundle: they start from a few files
 * where Node would find, read and compile some four hundred, and calls of other modules cost workers less. As a
 * command: `node scripts/bundle.js [DIST]`.
 */
import { existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { stripVTControlCharacters } from 'node:util';

/** In dist/cli. */
const ENTRIES = ['main.js', 'fuzz-worker.js', 'mutants-worker.js', 'bench-worker.js'];

/** Files of one chunk each, with all they import; the rest is split as commands need it. */
const CHUNKS = [
  // every command's options: what help needs
  { name: 'main', test: /\/dist\/cli\/(main|commands\/[^/]+)\.js$/, priority: 2 },
  { name: 'check', test: /\/dist\/(cli\/(judge|conclude)|emu\/engines|report\/text)\.js$/, priority: 1 },
];

/**
 * Bundles what was built if the sources and the bundler are there.
 * @param {string} root directory of the package
 * @param {string} dist what was built of it
 * @returns {Promise<string | undefined>} what went wrong, in one line
 */
export async function bundle(root, dist = join(root, 'dist')) {
  const needed = [join(root, 'src'), join(dist, 'cli/main.js'), join(root, 'node_modules/rolldown')];
  if (!needed.every((path) => existsSync(path))) return undefined;
  try {
    rmSync(join(dist, 'bundle'), { recursive: true, force: true });
    const modules = await write(dist);
    writeFileSync(join(dist, 'bundle/LICENSES'), licenses(modules));
    return undefined;
  } catch (error) {
    // The bundler's errors have many lines, in colours, and its own message counts them: the first line says most.
    const first = error instanceof Error ? (error.errors?.[0] ?? error) : new Error(String(error));
    const why = stripVTControlCharacters(first.message).split('\n')[0];
    return `build: dist/bundle: ${why}; run "npm run build"`;
  }
}

/**
 * @param {string} dist
 * @returns {Promise<string[]>} the files that were bundled
 */
async function write(dist) {
  const { build } = await import('rolldown');
  const { output } = await build({
    input: ENTRIES.map((name) => join(dist, 'cli', name)),
    platform: 'node',
    // It finds its machine code beside itself.
    external: 'koffi',
    plugins: [ownUrls(dist)],
    checks: { ineffectiveDynamicImport: false },
    logLevel: 'warn',
    preserveEntrySignatures: 'allow-extension',
    output: {
      dir: join(dist, 'bundle'),
      entryFileNames: '[name].js',
      chunkFileNames: '[name].js',
      codeSplitting: { groups: CHUNKS },
    },
  });
  return output.flatMap((file) => (file.type === 'chunk' ? file.moduleIds : []));
}

/**
 * The URL of a module goes on being that of its own file: assets and children are found from it. Workers are not:
 * whoever is bundled starts bundled ones, beside it.
 * @param {string} dist
 * @returns {import('rolldown').Plugin}
 */
const ownUrls = (dist) => ({
  name: 'own-urls',
  transform: {
    filter: { id: { include: /^\//, exclude: /\/cli\/worker-process\.js$/ }, code: 'import.meta.url' },
    handler: (code, id) => {
      const file = JSON.stringify(relative(join(dist, 'bundle'), id));
      return code.replaceAll('import.meta.url', `new URL(${file}, import.meta.url).href`);
    },
  },
});

/**
 * What the packages among them ask to be told.
 * @param {string[]} modules
 */
function licenses(modules) {
  const folders = modules.flatMap((id) => /^.*\/node_modules\/(@[^/]+\/)?[^/]+/.exec(id)?.[0] ?? []);
  const texts = [...new Set(folders)].sort().map((folder) => {
    const { name, version } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'));
    const file = readdirSync(folder).find((each) => /^licen[cs]e/i.test(each));
    if (file === undefined) throw new Error(`${name} comes without the text of its license`);
    return `${name} ${version}\n\n${readFileSync(join(folder, file), 'utf8').trim()}\n`;
  });
  return texts.join('\n\n');
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const failure = await bundle(dirname(dirname(fileURLToPath(import.meta.url))), process.argv[2]);
  if (failure !== undefined) {
    console.error(`bpf-oracle: ${failure}`);
    process.exitCode = 1;
  }
}
