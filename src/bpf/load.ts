/**
 * Any file a BPF program comes in, to a Program: ELF objects, raw bytes, hex, assembly, pasted listings and
 * `.data` vectors. format.ts says which it is.
 */

import { badInput, OracleError } from '../core/errors.ts';
import { type Assembled, assemble } from './asm.ts';
import { CONVENTION_NAMES, isConvention } from './calling.ts';
import { type DataFile, oracleLines, parseDataFile } from './data-file.ts';
import { parseDataSection } from './data-section.ts';
import type { Declared } from './declared.ts';
import { decode } from './decode.ts';
import { isElf, readElf } from './elf.ts';
import { parseCallback, THROW } from './exceptions.ts';
import { detectFormat, type LoadFormat, textOf } from './format.ts';
import { decodes, type RawProgram, readHex, splitFuzzerInput } from './hex.ts';
import type { Insn } from './insn.ts';
import { readListing } from './listing.ts';
import { type Loaded, type LoadOptions, registersOf } from './loaded.ts';
import { parseNativeProto } from './native-proto.ts';
import { parseProgArray } from './prog-array.ts';
import { buildProgram, type Callee, type DataSection, type Program, type ProgramParts } from './program.ts';
import { parseProto, parseSignature } from './proto.ts';

/** How to read one file. */
export interface FileOptions extends LoadOptions {
  /** One of LOAD_FORMATS, instead of finding out. */
  readonly format?: string;
}

/** A program, and what only some files say of it. */
export interface LoadedFile extends Loaded {
  /** Message the program should be refused with (`-- error`). */
  readonly expectedError?: string;
  /** Why it is not to be run; `program` is then a lone `exit`. */
  readonly skip?: string;
  /** `# oracle:` lines by key. */
  readonly oracle?: ReadonlyMap<string, readonly string[]>;
}

/** Reads one file. Throws an `input` error of one line that names the file and the place in it. */
export function load(bytes: Uint8Array, options: FileOptions): LoadedFile {
  if (bytes.length === 0) throw badInput('read program', options.fileName, 'the file is empty');
  const format = detectFormat(bytes, options);
  if (format === 'elf') {
    if (!isElf(bytes))
      throw badInput('read ELF', options.fileName, 'it does not begin with the ELF magic 7f 45 4c 46');
    return readElf(bytes, options);
  }
  const choice = options.section === undefined ? options.function : options.section;
  if (choice !== undefined) {
    throw badInput(
      'read program',
      options.fileName,
      `\`${choice}\` can be chosen from an ELF object only; this is ${format}`,
    );
  }
  return format === 'data' ? loadData(bytes, options) : loadPlain(bytes, format, options);
}

function loadPlain(
  bytes: Uint8Array,
  format: Exclude<LoadFormat, 'elf' | 'data'>,
  options: FileOptions,
): LoadedFile {
  const { fileName } = options;
  switch (format) {
    case 'bin':
      return fromBytes(rawProgram(bytes, options), options);
    case 'hex':
      return fromBytes(readHex(textOf(bytes, fileName), fileName), options);
    case 'asm':
      return fromAssembly(textOf(bytes, fileName), options);
    case 'listing':
      return {
        name: fileName,
        program: toProgram(readListing(textOf(bytes, fileName), fileName, registersOf(options)), options),
      };
  }
}

function fromAssembly(text: string, options: FileOptions): LoadedFile {
  const { fileName } = options;
  const oracle = oracleLines(text);
  const assembled = assemble(text, { name: fileName, registers: registersOf(options) });
  return { name: fileName, program: withOracle(assembled, oracle, options), oracle };
}

/** A program with the prototypes and data sections its `# oracle:` lines state. */
function withOracle(
  assembled: Assembled,
  oracle: ReadonlyMap<string, readonly string[]>,
  options: FileOptions,
): Program {
  const { fileName } = options;
  const stated = (oracle.get('proto') ?? []).map((text) => parseProto(text, fileName));
  const protos = new Map([...stated, ...(options.protos ?? [])]);
  const typed = (oracle.get('proto') ?? []).flatMap((text) => {
    const signature = parseSignature(text, fileName);
    return signature === undefined ? [] : [signature];
  });
  const signatures = new Map([...typed, ...(options.signatures ?? [])]);
  const sections = (oracle.get('data') ?? []).map((text) => parseDataSection(text, fileName));
  const arrays = (oracle.get('prog-array') ?? []).map((text) =>
    parseProgArray(text, assembled.functionNames, fileName),
  );
  const throws = oracle.get('throw') ?? [];
  const callback = oracle.get('exception-callback')?.at(-1);
  const exceptions =
    callback === undefined
      ? {}
      : { exceptionCallback: parseCallback(callback, assembled.functionNames, fileName) };
  const name = oracle.get('convention')?.at(-1);
  const convention = name !== undefined && isConvention(name) ? { convention: name } : {};
  const called = oracle.get('native')?.at(-1);
  const given = { ...options, protos, signatures, ...convention };
  const program = toProgram(assembled, given, sections, { progArrays: arrays, throws, ...exceptions });
  return called === undefined ? program : { ...program, native: parseNativeProto(called, fileName) };
}

/** Raw instructions, or an input of uBPF's fuzzer if they are none. */
function rawProgram(bytes: Uint8Array, options: FileOptions): RawProgram {
  return (
    (decodes(bytes, { registers: registersOf(options) }) ? undefined : splitFuzzerInput(bytes)) ?? { bytes }
  );
}

function fromBytes({ bytes, memory }: RawProgram, options: FileOptions): LoadedFile {
  const insns = located(options.fileName, () => decode(bytes, { registers: registersOf(options) }));
  const program = toProgram(
    { insns, lines: [], functionNames: new Map(), callees: [], linkage: new Map() },
    options,
  );
  return { name: options.fileName, program, ...(memory === undefined ? {} : { memory }) };
}

function loadData(bytes: Uint8Array, options: FileOptions): LoadedFile {
  const data = parseDataFile(textOf(bytes, options.fileName), options.fileName);
  const skip = data.skip ?? conventionSkip(data);
  const program = skip === undefined ? dataProgram(data, options) : SKIPPED;
  return {
    name: options.fileName,
    program,
    oracle: data.oracle,
    ...(data.memory === undefined ? {} : { memory: data.memory }),
    ...(data.result === undefined || data.error !== undefined || isUnstated(data)
      ? {}
      : { expected: data.result }),
    ...(data.error === undefined ? {} : { expectedError: data.error }),
    ...(skip === undefined ? {} : { skip }),
  };
}

/** `# oracle: result unstated`: the result stands there because the format wants one. */
const isUnstated = ({ oracle }: DataFile): boolean => oracle.get('result')?.at(-1) === 'unstated';

const SKIPPED = buildProgram([{ kind: 'exit' }], { name: 'skipped' });

function conventionSkip({ oracle }: DataFile): string | undefined {
  const name = oracle.get('convention')?.at(-1);
  if (name === undefined || isConvention(name)) return undefined;
  return `its convention \`${name}\` is not in this build (${CONVENTION_NAMES.join(', ')})`;
}

function dataProgram(data: DataFile, options: FileOptions): Program {
  const { fileName } = options;
  const { raw } = data;
  const registers = registersOf(options);
  const assembled: Assembled =
    raw === undefined
      ? assemble(data.asm, { name: fileName, registers })
      : {
          insns: located(fileName, () => decode(wordBytes(raw), { registers })),
          lines: [],
          functionNames: new Map(),
          callees: [],
          linkage: new Map(),
        };
  return withOracle(assembled, data.oracle, options);
}

const wordBytes = (words: readonly bigint[]): Uint8Array => new Uint8Array(new BigUint64Array(words).buffer);

interface StatedParts extends Pick<ProgramParts, 'progArrays' | 'exceptionCallback'> {
  /** Kfuncs that are `bpf_throw`, by their names here. */
  readonly throws?: readonly string[];
}

function toProgram(
  { insns, lines, functionNames, callees, linkage }: Assembled,
  { fileName, protos, signatures, convention = 'linux', shape = 'checked' }: FileOptions,
  data: readonly DataSection[] = [],
  { throws = [], ...more }: StatedParts = {},
): Program {
  const args = functionArgs(functionNames, protos ?? new Map());
  const declared = [...linkage].map(([slot, kind]): [number, Declared] => [
    slot,
    { linkage: kind, ...(args.has(slot) ? { stated: true } : {}) },
  ]);
  return located(fileName, () =>
    buildProgram(insns, {
      name: fileName,
      functionNames,
      functionArgs: args,
      functionDeclared: new Map(declared),
      callees: calleesOf(insns, callees, protos ?? new Map(), { signatures, throws }),
      data,
      ...(lines.length === 0
        ? {}
        : { lines: lines.map((line) => (line === 0 ? undefined : { file: fileName, line })) }),
      ...more,
      convention,
      shape,
    }),
  );
}

/** By first slot. A function without a name is `main` or `func_<slot>`, as in `buildProgram`. */
function functionArgs(
  names: ReadonlyMap<number, string>,
  protos: ReadonlyMap<string, number>,
): Map<number, number> {
  const args = new Map<number, number>();
  for (const [name, count] of protos) {
    const slot = name === 'main' ? 0 : /^func_(\d+)$/.exec(name)?.[1];
    if (slot !== undefined) args.set(Number(slot), count);
  }
  for (const [slot, name] of names) {
    const count = protos.get(name);
    if (count !== undefined) args.set(slot, count);
  }
  return args;
}

/** Every helper and kfunc that is called, with its prototype where there is one. */
function calleesOf(
  insns: readonly (Insn | undefined)[],
  named: readonly Callee[],
  protos: ReadonlyMap<string, number>,
  stated: Required<Pick<StatedParts, 'throws'>> & {
    readonly signatures: LoadOptions['signatures'] | undefined;
  },
): Callee[] {
  return insns.flatMap((insn): Callee[] => {
    if (insn?.kind !== 'call' || insn.target === 'local') return [];
    const { target: kind, imm: id } = insn;
    const known = named.find((callee) => callee.kind === kind && callee.id === id);
    const name = known?.name ?? `${kind}_${id}`;
    const signature = kind === 'kfunc' ? stated.signatures?.get(name) : undefined;
    const typed = signature === undefined ? {} : { signature };
    const own = kind === 'kfunc' && stated.throws.includes(name) ? THROW : name;
    return [{ kind, id, name: own, args: protos.get(name), ...typed }];
  });
}

/** Puts the file's name before the place an error of `work` names. */
function located<T>(fileName: string, work: () => T): T {
  try {
    return work();
  } catch (error) {
    if (!(error instanceof OracleError)) throw error;
    const { what, where, why } = error.parts;
    throw badInput(what, where.startsWith(fileName) ? where : `${fileName}: ${where}`, why, { cause: error });
  }
}
