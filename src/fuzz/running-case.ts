/**
 * The case a worker is running, as a text that names it by seed and path: rewriting its end in place is one
 * small write, cheap enough to do before every case. It is a `.data` file without instructions, so
 * that other readers of such files leave it alone.
 */
import { badInput } from '../core/errors.ts';
import type { Mix } from './lanes.ts';
import { generatorFingerprint } from './mix.ts';
import { type CasePath, parsePath } from './path.ts';

/** The text before the path, which may have spaces after it: it stays the same. `setup`: more `# oracle:` lines. */
export const runningHead = (
  seed: number,
  setup: ReadonlyMap<string, readonly string[]> = new Map(),
  mix?: Mix,
): string =>
  [
    '# bpf-oracle: the case a fuzz worker was running when it ended; "bpf-oracle replay <this file>" runs it',
    ...[...setup].flatMap(([key, values]) => values.map((value) => `# oracle: ${key} ${value}`)),
    `# oracle: generator ${generatorFingerprint(mix)}`,
    `# oracle: seed ${seed}`,
    '# oracle: path ',
  ].join('\n');

/** The path a running case's text names; undefined for another text. Throws an `input` error if it is malformed. */
export function runningPath(text: string, where: string): CasePath | undefined {
  const [, path] = /^# oracle: path (\S+) *$/m.exec(text) ?? [];
  return path === undefined ? undefined : parsePath(path, where);
}

/**
 * Seed and path that `# oracle:` lines name; undefined if they name none. Throws an `input` error if another
 * version's generator made them, or for a JIT that took other programs, or they are malformed. `where`: the file.
 */
export function originOf(
  oracle: ReadonlyMap<string, readonly string[]>,
  where: string,
  mix?: Mix,
): { readonly seed: number; readonly path: CasePath } | undefined {
  const last = (key: string): string | undefined => oracle.get(key)?.at(-1);
  const [seed, path, generator] = [last('seed'), last('path'), last('generator')];
  if (seed === undefined || path === undefined) return undefined;
  if (!/^-?\d+$/.test(seed)) throw badInput('read case', where, `its seed \`${seed}\` is not a whole number`);
  const ours = generatorFingerprint(mix);
  if (generator !== undefined && generator !== ours) {
    const why = `generator ${generator} made it, this version has ${ours}; its case cannot be made again`;
    throw badInput('read case', where, why);
  }
  return { seed: Number(seed), path: parsePath(path, where) };
}
