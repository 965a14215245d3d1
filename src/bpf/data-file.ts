/**
 * The test vectors of bpf_conformance and uBPF (`.data`; lib/src/bpf_test_parser.cc): sections headed by
 * `-- asm`, `-- mem`, `-- result`, … and comments from `#` to the end of the line. What this project adds
 * stands in comments, so that bpf_conformance's own parser still takes the file:
 *
 *   # oracle: proto foo=u64,u32
 *   # oracle: seed 42
 */
import { badInput } from '../core/errors.ts';

/** A parsed file. Sections it does not have are undefined. */
export interface DataFile {
  /** Text of `-- asm`; every line stands at its line number in the file, other lines are empty. */
  readonly asm: string;
  /** Words of `-- raw`, which take precedence over `asm`. */
  readonly raw: readonly bigint[] | undefined;
  readonly memory: Uint8Array | undefined;
  /** r0 it should end with. */
  readonly result: bigint | undefined;
  /** Message it should fail with. */
  readonly error: string | undefined;
  /** Values of the `# oracle:` lines by key, in the order of the file; unknown keys too. */
  readonly oracle: ReadonlyMap<string, readonly string[]>;
  /** Why the file cannot be run, if it cannot. */
  readonly skip: string | undefined;
}

type Section = 'asm' | 'result' | 'mem' | 'raw' | 'error' | 'ignored';

/** Directives are matched by what they contain, in bpf_conformance's order. */
// biome-ignore format: a table
const DIRECTIVES: readonly (readonly [text: string, section: Section])[] = [
  ['asm',                'asm'],
  ['result',             'result'],
  ['mem',                'mem'],
  ['raw',                'raw'],
  ['no register offset', 'ignored'],
  [' c',                 'ignored'],
  ['error',              'error'],
];

const ORACLE = /^#\s*oracle:\s*(\S+)\s*(.*?)\s*$/;

interface Lines {
  readonly asm: string[];
  readonly result: string[];
  readonly mem: string[];
  readonly raw: string[];
  readonly error: string[];
}

/** Parses the text of a `.data` file. `name` stands in errors: malformed numbers are refused with their line. */
export function parseDataFile(text: string, name: string): DataFile {
  const source = text.split('\n').map((line) => line.replace(/\r$/, ''));
  const lines = emptyLines(source.length);
  let section: Section = 'ignored';
  let skip: string | undefined;
  source.forEach((line, index) => {
    const bare = line.replace(/#.*/, '');
    if (bare.includes('--')) {
      const next = directiveOf(bare);
      skip ??= next.skip;
      section = next.section;
    } else if (section !== 'ignored' && bare.trim() !== '') {
      lines[section][index] = bare;
    }
  });
  const raw = numbersOf(lines.raw, name);
  const result = resultOf(lines.result, name);
  const error = last(lines.error)?.text.trim();
  return {
    asm: lines.asm.join('\n'),
    raw,
    memory: last(lines.mem) === undefined ? undefined : memoryOf(lines.mem, name),
    result,
    error,
    oracle: oracleLines(text),
    skip: skip ?? whyNotRunnable(lines, result, error),
  };
}

function emptyLines(count: number): Lines {
  const blank = (): string[] => new Array<string>(count).fill('');
  return { asm: blank(), result: blank(), mem: blank(), raw: blank(), error: blank() };
}

function directiveOf(line: string): { readonly section: Section; readonly skip?: string } {
  const text = line.trim();
  if (/--.*\s@\s/.test(text))
    return { section: 'ignored', skip: `\`${text}\` takes its content from another file` };
  const found = DIRECTIVES.find(([part]) => line.includes(part));
  if (found === undefined) return { section: 'ignored', skip: `unknown directive \`${text}\`` };
  return { section: found[1] };
}

function whyNotRunnable(
  lines: Lines,
  result: bigint | undefined,
  error: string | undefined,
): string | undefined {
  if (last(lines.asm) === undefined && last(lines.raw) === undefined) return 'it has no instructions';
  if (result === undefined && error === undefined) return 'it states neither a result nor an error';
  return undefined;
}

/** The last line that says something, with its number. */
function last(lines: readonly string[]): { readonly text: string; readonly line: number } | undefined {
  const index = lines.findLastIndex((line) => line !== '');
  return index < 0 ? undefined : { text: lines[index] as string, line: index + 1 };
}

function words(lines: readonly string[]): { readonly text: string; readonly line: number }[] {
  return lines.flatMap((line, index) =>
    line
      .split(/\s+/)
      .filter((text) => text !== '')
      .map((text) => ({ text, line: index + 1 })),
  );
}

/** As std::stoull reads it: hex with 0x, else decimal; a minus wraps. */
function parseU64(text: string): bigint | undefined {
  const found = /^(-?)(0x[0-9a-f]+|\d+)$/i.exec(text);
  if (found === null) return undefined;
  const value = BigInt(found[2] as string);
  if (value > 0xffff_ffff_ffff_ffffn) return undefined;
  return BigInt.asUintN(64, found[1] === '-' ? -value : value);
}

function resultOf(lines: readonly string[], name: string): bigint | undefined {
  const stated = last(lines);
  if (stated === undefined) return undefined;
  const value = parseU64(stated.text.trim());
  if (value === undefined) {
    throw badInput(
      'read data file',
      `${name}:${stated.line}`,
      `\`${stated.text.trim()}\` is not a 64-bit number`,
    );
  }
  return value;
}

function numbersOf(lines: readonly string[], name: string): bigint[] | undefined {
  const found = words(lines).map(({ text, line }) => {
    const value = parseU64(text);
    if (value === undefined) {
      throw badInput('read data file', `${name}:${line}`, `\`${text}\` is not a 64-bit instruction word`);
    }
    return value;
  });
  return found.length === 0 ? undefined : found;
}

/** Bytes in hex. uBPF lets offsets stand before them: `0000: 01 02`. */
function memoryOf(lines: readonly string[], name: string): Uint8Array {
  const bytes = words(lines).filter(({ text }) => !text.endsWith(':'));
  return Uint8Array.from(bytes, ({ text, line }) => {
    if (!/^(?:0x)?[0-9a-f]{1,2}$/i.test(text)) {
      throw badInput(
        'read data file',
        `${name}:${line}`,
        `\`${text}\` is not a byte in hex (two digits, blanks between)`,
      );
    }
    return Number.parseInt(text, 16);
  });
}

/** Values of the `# oracle: key value` comment lines of a text, by key. */
export function oracleLines(text: string): Map<string, string[]> {
  const found = new Map<string, string[]>();
  for (const line of text.split(/\r?\n/)) {
    const [, key, value] = ORACLE.exec(line) ?? [];
    if (key !== undefined) found.set(key, [...(found.get(key) ?? []), value ?? '']);
  }
  return found;
}

/** What `writeDataFile` writes; every part but `asm` may be left out. */
export interface DataFileParts {
  /** Lines of explanation at the top. */
  readonly comments?: readonly string[];
  readonly oracle?: ReadonlyMap<string, readonly string[]>;
  /** The mnemonic dialect, so that bpf_conformance takes it. */
  readonly asm: string;
  readonly memory?: Uint8Array;
  readonly result?: bigint;
  readonly error?: string;
}

/** The text of a `.data` file. `parseDataFile` reads every part back. */
export function writeDataFile(parts: DataFileParts): string {
  const lines: string[] = (parts.comments ?? []).map((comment) => `# ${oneLine(comment)}`);
  for (const [key, values] of parts.oracle ?? []) {
    for (const value of values) lines.push(`# oracle: ${key} ${oneLine(value)}`.trimEnd());
  }
  lines.push('-- asm', parts.asm.trimEnd());
  if (parts.memory !== undefined && parts.memory.length > 0) lines.push('-- mem', ...hexLines(parts.memory));
  if (parts.result !== undefined) lines.push('-- result', `0x${parts.result.toString(16)}`);
  if (parts.error !== undefined) lines.push('-- error', oneLine(parts.error));
  return `${lines.join('\n')}\n`;
}

const oneLine = (text: string): string => text.replace(/\s*\n\s*/g, ' ');

function hexLines(bytes: Uint8Array): string[] {
  const text = Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0'));
  return Array.from({ length: Math.ceil(text.length / 16) }, (_, row) =>
    text.slice(16 * row, 16 * row + 16).join(' '),
  );
}
