/** What a campaign is handed to judge cases with: a checker, of which it wants no more than this. */
import type { Generated } from '../arb/lower.ts';
import type { Program } from '../bpf/program.ts';
import type { CaseResult } from '../oracle/case.ts';
import { type CasePath, formatPath } from './path.ts';

/** Judges programs on one engine. */
export interface Judge {
  check(
    program: Program,
    options: { readonly name: string; readonly memory: Uint8Array; readonly insnLimit: number },
  ): CaseResult;
  /** Frees the engine. */
  close(): void;
}

/** Opens a judge with an engine in its first state. */
export type OpenJudge = () => Judge;

/** Instructions the reference may run: far above what a generated program can. */
export const INSN_LIMIT = 100_000;

/** Judges a generated case. */
export function judgeCase(
  judge: Pick<Judge, 'check'>,
  { program, input }: Generated,
  seed: number,
  path: CasePath,
): CaseResult {
  return judge.check(program, { name: caseName(seed, path), memory: input.memory, insnLimit: INSN_LIMIT });
}

/** e.g. `seed 1 path 12:0:3` */
export const caseName = (seed: number, path: CasePath): string => `seed ${seed} path ${formatPath(path)}`;
