/** From a path to a program. */
import { type LoadedFile, load } from '../bpf/load.ts';
import type { Shape } from '../bpf/program.ts';
import type { ReadOptions } from './options.ts';
import { readFile } from './read-file.ts';
import { findSources } from './source-files.ts';

/** Reads and decodes one file. Throws an `input` error that names the file and what is wrong in it. */
export function loadFile(path: string, options: ReadOptions, shape: Shape = 'checked'): LoadedFile {
  const { section, function: name, format, proto, native, convention } = options;
  const loaded = load(readFile(path), {
    fileName: path,
    shape,
    ...(section === undefined ? {} : { section }),
    ...(name === undefined ? {} : { function: name }),
    ...(format === undefined ? {} : { format }),
    ...(proto === undefined ? {} : { protos: proto }),
    ...(convention === undefined ? {} : { convention }),
  });
  const { lines, ...rest } = loaded.program;
  const program = native === undefined ? rest : { ...rest, native };
  return {
    ...loaded,
    program: lines === undefined ? program : { ...program, lines: findSources(lines, path) },
  };
}
