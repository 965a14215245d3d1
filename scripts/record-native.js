/**
 * Records src/cost/native-code.ts: what gcc makes of the calls of the cost table. Run after a build, when they
 * change: node scripts/record-native.js
 */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { MAX_STACK_ARGS } from '../dist/bpf/calling.js';
import { nativeSource, VALUES } from '../dist/cost/call-forms.js';
import { GCC_FLAGS, GCC_STYLES } from '../dist/cost/gcc.js';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const folder = mkdtempSync(join(tmpdir(), 'record-native-'));

function run(tool, args) {
  const { status, stdout, stderr, error } = spawnSync(tool, args, { encoding: 'utf8' });
  if (status !== 0) throw new Error(`${tool}: ${error ?? stderr}`);
  return stdout;
}

function codeOf(source, flags) {
  const [c, object, binary] = ['in.c', 'out.o', 'out.bin'].map((name) => join(folder, name));
  writeFileSync(c, source);
  run('gcc', [...GCC_FLAGS, ...flags, '-c', '-o', object, c]);
  return ['caller', 'callee'].map((name) => {
    run('objcopy', ['-O', 'binary', '-j', `.text.${name}`, object, binary]);
    return `'${readFileSync(binary).toString('hex')}'`;
  });
}

const version = run('gcc', ['--version']).split('\n')[0];
const rows = Object.entries(GCC_STYLES).flatMap(([style, flags]) =>
  VALUES.flatMap((value) =>
    Array.from({ length: MAX_STACK_ARGS + 1 }, (_, stackArgs) => {
      const [caller, callee] = codeOf(nativeSource({ value, stackArgs }), flags);
      return `  { style: '${style}', value: '${value}', stackArgs: ${stackArgs}, caller: ${caller}, callee: ${callee} },`;
    }),
  ),
);
rmSync(folder, { recursive: true });
writeFileSync(
  join(root, 'src/cost/native-code.ts'),
  `/** What gcc makes of the calls of the cost table (call-forms.ts). Recorded by scripts/record-native.js. */
import type { NativeCode } from './gcc.ts';

export const GCC_VERSION = '${version}';

// biome-ignore format: a table
export const NATIVE_CODE: readonly NativeCode[] = [
${rows.join('\n')}
];
`,
);
console.log(`${rows.length} calls recorded with ${version}`);
