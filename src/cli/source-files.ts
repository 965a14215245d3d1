/** Where the source of an object is: a compiler notes the name it was called with, in the folder it ran in. */
import { existsSync } from 'node:fs';
import { dirname, isAbsolute, join, relative } from 'node:path';
import type { SourceLines } from '../bpf/program.ts';

/** Lines in files that are here, named from this folder where they lie below it; the others are not known. */
export function findSources(lines: SourceLines, object: string): SourceLines {
  const known = new Map<string, string | undefined>();
  return lines.map((source) => {
    if (source === undefined) return undefined;
    if (!known.has(source.file)) known.set(source.file, findSource(source.file, object));
    const file = known.get(source.file);
    return file === undefined ? undefined : { ...source, file };
  });
}

/** As it is named, or else from the folder the object is in. */
function findSource(file: string, object: string): string | undefined {
  if (file === object) return file;
  const found = [file, join(dirname(object), file)].find((path) => existsSync(path));
  if (found === undefined) return undefined;
  const below = relative(process.cwd(), found);
  return below.startsWith('..') || isAbsolute(below) ? found : below;
}
