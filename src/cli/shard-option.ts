/** `--shard i/n`: which part of the cases this process does, and by what `merge` knows the others. */
import { type Command, InvalidArgumentError, Option } from 'commander';
import { type Part, WHOLE } from '../core/part.ts';
import { packageVersion } from './version.ts';

export interface ShardOptions {
  readonly shard?: Part;
}

export function addShardOption(command: Command): Command {
  return command.addOption(
    new Option('--shard <i/n>', 'only the i-th of n parts; "bpf-oracle merge" joins their JSON').argParser(
      parsePart,
    ),
  );
}

/** More processes than this are a slip of the finger. */
const MAX_PARTS = 10_000;

function parsePart(text: string): Part {
  const [, index = Number.NaN, count = Number.NaN] = (/^(\d+)\/(\d+)$/.exec(text) ?? []).map(Number);
  if (!(index >= 1 && index <= count && count <= MAX_PARTS))
    throw new InvalidArgumentError(
      `It must be two numbers such as 2/4, from 1/1 to ${MAX_PARTS}/${MAX_PARTS}.`,
    );
  return { index, count };
}

/** Files a run is given, and those of them that are this part's. */
export interface PartOfFiles {
  readonly paths: readonly string[];
  /** Where in the whole list each of `paths` stands, from 0 on. */
  readonly positions: readonly number[];
  /** Length of the whole list. */
  readonly of: number;
}

/** Files are dealt out in the order of their names, which does not depend on who lists them. */
export function partOfFiles(files: readonly string[], { index, count }: Part = WHOLE): PartOfFiles {
  const byName = files.map((path, position) => ({ path, position })).sort(byPath);
  const mine = byName.filter((_, k) => k % count === index - 1).sort((a, b) => a.position - b.position);
  return {
    paths: mine.map(({ path }) => path),
    positions: mine.map(({ position }) => position),
    of: files.length,
  };
}

interface Listed {
  readonly path: string;
  readonly position: number;
}

const byPath = (a: Listed, b: Listed): number =>
  a.path < b.path ? -1 : a.path > b.path ? 1 : a.position - b.position;

/** Options that do not change what is found: where to look and to write, how many workers. */
const INDIFFERENT = new Set(['shard', 'workers', 'corpus', 'reporter', 'output', 'expectFailures']);

/** Options as text, by name, and this tool's version: the parts of one run have the same. */
export function settingsOf(options: object): Readonly<Record<string, string>> {
  const pairs = Object.entries(options)
    .filter(([name, value]) => value !== undefined && !INDIFFERENT.has(name))
    .map(([name, value]) => [name, valueText(value)] as const);
  return { version: packageVersion(), ...Object.fromEntries(pairs.sort(([a], [b]) => (a < b ? -1 : 1))) };
}

function valueText(value: unknown): string {
  if (value instanceof Uint8Array) return Buffer.from(value).toString('hex');
  if (value instanceof Map) return JSON.stringify([...value]);
  return typeof value === 'string' ? value : JSON.stringify(value);
}
