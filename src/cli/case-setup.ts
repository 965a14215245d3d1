/** How a saved case wants its program compiled, as `# oracle:` lines: `bmi2 off`, `endbr on`. Defaults are left out. */
import { badInput } from '../core/errors.ts';
import type { JitChoice } from './options.ts';

type OracleLines = ReadonlyMap<string, readonly string[]>;

/** The lines that say what differs from the defaults. */
export function setupLines({ bmi2, endbr }: JitChoice): Map<string, string[]> {
  const lines = new Map<string, string[]>();
  if (!bmi2) lines.set('bmi2', ['off']);
  if (endbr) lines.set('endbr', ['on']);
  return lines;
}

/** What the lines say, else what the command line does. Throws an `input` error; `where`: the file. */
export function jitChoiceOf(oracle: OracleLines, where: string, otherwise: JitChoice): JitChoice {
  const choice = (key: 'bmi2' | 'endbr'): boolean => {
    const value = oracle.get(key)?.at(-1);
    if (value === undefined) return otherwise[key];
    if (value !== 'on' && value !== 'off')
      throw badInput('read case', where, `its ${key} is \`${value}\`; it can be on or off`);
    return value === 'on';
  };
  return { bmi2: choice('bmi2'), endbr: choice('endbr') };
}
