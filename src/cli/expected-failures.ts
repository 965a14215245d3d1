/**
 * `--expect-failures FILE`: a case a line, `name # why it diverges`; blank lines and lines that start with `#`
 * say nothing. A list that no longer fits fails the run, so that it cannot hide what was mended or renamed.
 */
import { badInput } from '../core/errors.ts';
import type { ExpectedFailure, StaleEntry } from '../oracle/expected-failures.ts';
import { staleText } from '../report/words.ts';
import { readFile } from './read-file.ts';

/** Reads a list. Throws an `input` error for a line without a reason, and for one that names a case again. */
export function readExpectedFailures(path: string): ExpectedFailure[] {
  const text = new TextDecoder().decode(readFile(path, { empty: 'allowed' }));
  const entries = new Map<string, ExpectedFailure>();
  text.split(/\r?\n/).forEach((row, index) => {
    if (row.trim() === '' || row.trimStart().startsWith('#')) return;
    const line = index + 1;
    const [, name, reason] = /^\s*(\S.*?)\s+#\s*(\S.*?)\s*$/.exec(row) ?? [];
    if (name === undefined || reason === undefined)
      throw malformed(path, line, `"${shown(row)}" has no reason; write "name # why it diverges"`);
    const before = entries.get(name);
    if (before !== undefined)
      throw malformed(path, line, `"${shown(name)}" stands on line ${before.line} already; take one out`);
    entries.set(name, { name, reason, line });
  });
  return [...entries.values()];
}

/** The line for standard error about an entry that does not hold. */
export const staleLine = (path: string, entry: StaleEntry): string =>
  `bpf-oracle: expected failures: ${path} line ${entry.line}: ${entry.name} ${staleText(entry)}\n`;

const malformed = (path: string, line: number, why: string): Error =>
  badInput('expected failures', `${path} line ${line}`, why);

const MAX_SHOWN = 60;
const shown = (text: string): string => {
  const plain = text.trim().replace(/[^\x20-\x7e]/g, '?');
  return plain.length > MAX_SHOWN ? `${plain.slice(0, MAX_SHOWN)}…` : plain;
};
