/** From a path to a program. */
import { type LoadedFile, load } from '../bpf/load.ts';
import type { LoadOptions } from '../bpf/loaded.ts';
import type { Shape } from '../bpf/program.ts';
import { parseProto, parseSignature } from '../bpf/proto.ts';
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
    ...(proto === undefined ? {} : protosOf(proto)),
    ...(convention === undefined ? {} : { convention }),
  });
  const { lines, ...rest } = loaded.program;
  const program = native === undefined ? rest : { ...rest, native };
  return {
    ...loaded,
    program: lines === undefined ? program : { ...program, lines: findSources(lines, path) },
  };
}

function protosOf(proto: ReadonlyMap<string, string>): Pick<LoadOptions, 'protos' | 'signatures'> {
  const texts = [...proto].map(([name, types]) => `${name}=${types}`);
  return {
    protos: new Map(texts.map((text) => parseProto(text, '--proto'))),
    signatures: new Map(
      texts.flatMap((text) => {
        const signature = parseSignature(text, '--proto');
        return signature === undefined ? [] : [signature];
      }),
    ),
  };
}
