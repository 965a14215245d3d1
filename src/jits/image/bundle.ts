/** A bundle and the files it names, read and checked. */
import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { load } from '../../bpf/load.ts';
import type { Program } from '../../bpf/program.ts';
import { badInput } from '../../core/errors.ts';
import { newAjv } from '../new-ajv.ts';
import { readJited } from './jited.ts';
import { type KernelSymbol, readKallsyms } from './kallsyms.ts';
import { referencesOf } from './references.ts';
import type { PlacedFunction } from './relocate.ts';
import { BUNDLE_SCHEMA } from './schema.ts';

export interface Bundle {
  readonly program: Program;
  readonly functions: readonly PlacedFunction[];
  readonly symbols: readonly KernelSymbol[];
  /** What else the bundle says of the image, in the words of the image protocol. */
  readonly more: object;
}

interface BundleFile {
  readonly schema: string;
  readonly bytecode: string;
  readonly image: string;
  readonly jited_ksyms: readonly string[];
  readonly jited_func_lens?: readonly number[];
  readonly map?: string;
}

/** Throws an `input` error that names the file and what is wrong in it. */
export function readBundle(path: string): Bundle {
  const { schema: _, bytecode, image, jited_ksyms, jited_func_lens, map, ...more } = parse(path);
  const beside = (name: string): string => join(dirname(path), name);
  const program = load(readBytes(beside(bytecode)), { fileName: beside(bytecode) }).program;
  const parts = readJited(readBytes(beside(image)), beside(image));
  const codes = jited_func_lens === undefined ? parts : split(parts, jited_func_lens, beside(image));
  const count = program.subprogs.length;
  if (jited_ksyms.length !== count)
    throw wrong(path, `jited_ksyms has ${jited_ksyms.length} entries for ${count} subprogs`);
  if (codes.length !== count)
    throw wrong(
      path,
      `the image has ${codes.length} functions for ${count} subprogs; jited_func_lens tells them apart`,
    );
  let offset = 0;
  const functions = codes.map((code, index): PlacedFunction => {
    const address = BigInt(jited_ksyms[index] ?? 0);
    const placed = { address, offset, code, references: referencesOf(code, address) };
    offset += code.length;
    return placed;
  });
  const symbols = map === undefined ? [] : readKallsyms(textOf(beside(map)), beside(map));
  return { program, functions, symbols, more };
}

function parse(path: string): BundleFile {
  let bundle: unknown;
  try {
    bundle = JSON.parse(textOf(path));
  } catch (cause) {
    if (!(cause instanceof SyntaxError)) throw cause;
    throw wrong(path, `it is not JSON: ${cause.message}`);
  }
  const validate = newAjv().compile<BundleFile>(BUNDLE_SCHEMA);
  if (validate(bundle)) return bundle;
  const [error] = validate.errors ?? [];
  const at = error?.instancePath.replaceAll('/', '.').replace(/^\./, '') ?? '';
  const what = error?.params['additionalProperty'];
  const which = what === undefined ? '' : `: ${what}`;
  throw wrong(
    path,
    `${at === '' ? 'it' : at} ${error?.message ?? 'does not fit the schema'}${which}; see docs/IMAGE-BUNDLES.md`,
  );
}

function split(parts: readonly Uint8Array[], lens: readonly number[], path: string): Uint8Array[] {
  const all = Buffer.concat(parts);
  const sum = lens.reduce((total, length) => total + length, 0);
  if (sum !== all.length)
    throw badInput('read image', path, `it has ${all.length} bytes, and jited_func_lens is about ${sum}`);
  let end = 0;
  return lens.map((length) => {
    end += length;
    return new Uint8Array(all.subarray(end - length, end));
  });
}

function readBytes(path: string): Uint8Array {
  try {
    return new Uint8Array(readFileSync(path));
  } catch (cause) {
    const code = (cause as NodeJS.ErrnoException).code ?? String(cause);
    throw badInput('read bundle', path, `it cannot be read (${code})`, { cause });
  }
}

const textOf = (path: string): string => new TextDecoder().decode(readBytes(path));

const wrong = (path: string, why: string) => badInput('read bundle', path, why);
