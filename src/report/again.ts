/** Commands that run a case again. */
import type { Failure } from '../fuzz/campaign.ts';
import { formatPath } from '../fuzz/path.ts';
import type { CaseResult } from '../oracle/case.ts';
import type { CaseSource } from './explain/explanation.ts';
import type { FuzzReport } from './fuzz-report.ts';
import type { CasesReport } from './reporter.ts';

/** Of a case that was read from a file. `options`: those of the command that judged it. */
export function readSource(
  { command, options = [] }: Pick<CasesReport, 'command' | 'options'>,
  { file, name }: Pick<CaseResult, 'file' | 'name'>,
): CaseSource {
  const path = file ?? name;
  // Only a whole folder can be given to a plugin.
  const words = options.some((option) => /^--plugin(?:=|$)/.test(option))
    ? ['conformance', ...options, path.replace(/[^/]*$/, '') || '.']
    : [command === 'replay' ? 'replay' : 'check', ...options, path];
  return { replay: `bpf-oracle ${words.map(shellWord).join(' ')}`, reshrink: null, origin: null };
}

/** The command that points at the instruction at fault; none where there is no file, or no code to look at. */
export function explainCommand(
  { file, image }: Pick<CaseResult, 'file' | 'image'>,
  options: readonly string[] = [],
): string | undefined {
  if (file === undefined || image === null) return undefined;
  return `bpf-oracle explain ${[...options, file].map(shellWord).join(' ')}`;
}

/** Of a case that a campaign found and saved. */
export function foundSource({ file, path, shrinks }: Failure, seed: number, options: string): CaseSource {
  return {
    replay: `bpf-oracle replay ${shellWord(file)}`,
    reshrink: `bpf-oracle fuzz --seed ${seed} --path ${path.index}${options}`,
    origin: { seed, path: formatPath(path), shrinks },
  };
}

/** The options of a campaign that its cases depend on, each with a space before it. */
export const optionsText = ({ options }: Pick<FuzzReport, 'options'>, result: CaseResult | null): string =>
  options === undefined ? jitOption(result) : options.map((word) => ` ${shellWord(word)}`).join('');

/** The option that names the JIT, where it is not the usual one. */
function jitOption(result: CaseResult | null): string {
  const jit = result?.image?.jit ?? 'builtin';
  return jit === 'builtin' ? '' : ` --jit ${shellWord(jit)}`;
}

/** A word as POSIX shells read it back. */
export const shellWord = (word: string): string =>
  /^[\w./:@%+=,-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`;
