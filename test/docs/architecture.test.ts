/** docs/ARCHITECTURE.md names every file of src, once, and no other; and the layers as they are held to. */
import { readdirSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';

const root = fileURLToPath(new URL('../..', import.meta.url));
const text = readFileSync(`${root}/docs/ARCHITECTURE.md`, 'utf8');

/** The part between a heading of level 2 and the next one. */
function section(heading: string): string {
  const after = text.split(`\n## ${heading}\n`)[1];
  if (after === undefined) throw new Error(`no section ${heading}`);
  return after.split('\n## ')[0] ?? '';
}

/** Rows of the tables in a text, without heads. */
const rows = (part: string): string[][] =>
  part
    .split('\n')
    .filter((line) => line.startsWith('| ') && !/^\| (file|layer) /.test(line))
    .map((line) =>
      line
        .split('|')
        .slice(1, -1)
        .map((cell) => cell.trim()),
    );

/** Paths below src, as the tables under `### <folder>` name them. */
function named(): string[] {
  const folders = section('Files').split('\n### ').slice(1);
  return folders.flatMap((part) => {
    const folder = part.split('\n')[0] ?? '';
    return rows(part).map(([file]) => (folder === 'src' ? `${file}` : `${folder}/${file}`));
  });
}

interface Rule {
  readonly name: string;
  readonly to: { readonly pathNot?: readonly string[] };
}

/** What each layer may import beside itself, by .dependency-cruiser.cjs. */
function enforced(): Map<string, string[]> {
  const { forbidden }: { forbidden: readonly Rule[] } = createRequire(import.meta.url)(
    `${root}/.dependency-cruiser.cjs`,
  );
  const layers = forbidden.filter(({ name }) => name.endsWith('-imports'));
  return new Map(
    layers.map(({ name, to }) => {
      const layer = name.slice(0, -'-imports'.length);
      const allowed = (to.pathNot ?? []).map((path) => path.replace(/^\^src\/|\/$/g, ''));
      return [layer, allowed.filter((other) => other !== layer)];
    }),
  );
}

describe('docs/ARCHITECTURE.md', () => {
  it('names every file of src, and no file that is not there', () => {
    const there = readdirSync(`${root}/src`, { recursive: true, encoding: 'utf8' })
      .map((path) => path.replaceAll('\\', '/'))
      .filter((path) => /\.tsx?$/.test(path));
    expect(named().toSorted()).toEqual(there.toSorted());
  });

  it('says of every file what it holds', () => {
    expect(rows(section('Files')).filter(([, holds]) => !holds)).toEqual([]);
  });

  it('has the layers and their imports as they are enforced', () => {
    const stated = rows(section('Layers')).flatMap(([layer = '', , may = '']) => {
      const name = /^`(\w+)`$/.exec(layer)?.[1];
      const allowed = may === '' ? [] : may.split(', ');
      return name === undefined || name === 'cli' ? [] : [[name, allowed] as const];
    });
    expect(new Map(stated)).toEqual(enforced());
  });
});
