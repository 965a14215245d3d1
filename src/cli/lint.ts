/** Lints files: every program of an object, unless one is chosen. A bad one does not keep the others from it. */
import { flawOf } from '../bpf/decode-wire.ts';
import { isElf, listPrograms } from '../bpf/elf.ts';
import type { Program } from '../bpf/program.ts';
import { OracleError } from '../core/errors.ts';
import { flawFinding } from '../lint/flaw.ts';
import { lint } from '../lint/lint.ts';
import type { LintOptions } from '../lint/options.ts';
import { isLinted, type LintedProgram } from '../report/lint-report.ts';
import type { Context } from './context.ts';
import { EXIT, type ExitCode, exitCodeOf, failureText, worst } from './failure.ts';
import { loadFile } from './load-file.ts';
import type { ReadOptions } from './options.ts';
import { isDirectory, readFile } from './read-file.ts';

export interface LintFilesOptions extends ReadOptions {
  /** false: --no-jit */
  readonly jit: boolean;
  readonly privateStack?: boolean;
  readonly aggregates?: boolean;
}

export interface LintedFiles {
  readonly programs: readonly LintedProgram[];
  readonly exitCode: ExitCode;
}

/** Errors are told on standard error as they come. A directory named beside files is skipped, as for `check`. */
export function lintFiles(
  paths: readonly string[],
  options: LintFilesOptions,
  context: Context,
): LintedFiles {
  const programs: LintedProgram[] = [];
  const codes: ExitCode[] = [];
  const attempt = (name: string, path: string, lintIt: () => readonly LintedProgram[]): void => {
    try {
      programs.push(...lintIt());
    } catch (error) {
      if (error instanceof OracleError && error.kind === 'usage') throw error;
      codes.push(exitCodeOf(error));
      context.io.stderr(failureText(error, context));
      const why = error instanceof Error ? error.message : String(error);
      programs.push({ name, file: path, kind: 'error', why });
    }
  };
  for (const path of paths) {
    attempt(path, path, () => {
      if (paths.length > 1 && isDirectory(path))
        return [{ name: path, file: path, kind: 'skipped', why: 'a directory' }];
      for (const fn of chosenFunctions(path, options)) {
        const name = fn === undefined ? path : `${path}:${fn}`;
        attempt(name, path, () => [lintOne(path, fn === undefined ? options : { ...options, function: fn })]);
      }
      return [];
    });
  }
  return { programs, exitCode: worst([...codes, resultCode(programs)]) };
}

function resultCode(programs: readonly LintedProgram[]): ExitCode {
  const linted = programs.filter(isLinted);
  if (linted.some(({ total }) => total > 0)) return EXIT.diverge;
  return linted.length === 0 ? EXIT.nothing : EXIT.ok;
}

/** Of an object all programs, unless one is named; of other files the only one, which has no name. */
function chosenFunctions(path: string, options: LintFilesOptions): readonly (string | undefined)[] {
  if (options.function !== undefined || options.section !== undefined) return [undefined];
  return programNames(path, options) ?? [undefined];
}

/** Of an object's programs; undefined for files that hold one. */
function programNames(path: string, { format }: ReadOptions): readonly string[] | undefined {
  const bytes = readFile(path);
  if (format !== undefined ? format !== 'elf' : !isElf(bytes)) return undefined;
  const programs = listPrograms(bytes, path);
  return programs.length === 0 ? undefined : programs.map(({ name }) => name);
}

function lintOne(path: string, options: LintFilesOptions): LintedProgram {
  try {
    const { name, program, skip } = loadFile(path, options, 'as-is');
    if (skip !== undefined) return { name, file: path, kind: 'skipped', why: skip };
    return { name, file: path, program, ...lint(program, lintOptions(options)) };
  } catch (error) {
    const flaw = flawOf(error);
    const finding = flaw === undefined ? undefined : flawFinding(flaw);
    if (finding === undefined) throw error;
    return { name: path, file: path, program: null as Program | null, findings: [finding], total: 1 };
  }
}

const lintOptions = ({ jit, privateStack = false, aggregates = false }: LintFilesOptions): LintOptions => ({
  noJit: !jit,
  privateStack,
  aggregates,
});
