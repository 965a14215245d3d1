/**
 * One broken JIT against the cases of one seed: after how many the oracle sees it, where it points, and after how
 * many a weaker oracle would have seen it that looks at r0 and the way a run ends alone.
 */
import { disassemble } from '../bpf/disasm.ts';
import type { Program } from '../bpf/program.ts';
import type { CaseResult } from '../oracle/case.ts';
import { type Precision, type Stage, stageOf } from '../oracle/locate.ts';
import { trampolineStepText } from '../oracle/native/locate.ts';
import { type Machines, runCase } from '../oracle/run.ts';
import { caseAt } from './generate.ts';
import { caseName, INSN_LIMIT, type Judge, judgeCase, type Subject } from './judge.ts';
import type { CasePath } from './path.ts';

/** Where localisation should point. */
export interface Guilty {
  readonly stages: readonly Stage[];
  /** LLVM text of the guilty instruction. */
  readonly insn?: RegExp;
}

/** Where it points in an image without a pc map. */
export interface WindowKill {
  /** Whether the guilty instruction is in it. */
  readonly contains: boolean;
  readonly precision: Precision;
  /** Instructions that ran in it. */
  readonly insns: number;
}

/** Where it does point. */
export interface Pointer {
  readonly stage: Stage;
  /** BPF slot; null in a prologue of main. */
  readonly pc: number | null;
  /** LLVM text of the instruction there; empty where there is none. */
  readonly insn: string;
}

/** The first case the oracle sees a broken JIT on. */
export interface Kill {
  /** Cases run, that one included. */
  readonly cases: number;
  /** Wall-clock time they took: to make, run, compare and localise. */
  readonly seconds: number;
  readonly pointer: Pointer | null;
  /** Whether it points at the guilty instruction. */
  readonly localised: boolean;
  /** The same case, the image without its pc map; null: nothing is known there. */
  readonly window: WindowKill | null;
}

/** What one seed came to. Plain data. */
export interface Trial {
  readonly seed: number;
  /** null: it lives. */
  readonly kill: Kill | null;
  /** Cases until r0 alone differs; null: it never does. */
  readonly r0Cases: number | null;
  /** The same on cases whose functions return what r0 holds, as those of other fuzzers do. */
  readonly plainR0Cases: number | null;
}

/** A case with the seconds it took to make. */
export interface TimedCase {
  readonly subject: Subject;
  readonly seconds: number;
}

/** Milliseconds of a clock that never goes back. */
export type Clock = () => number;

export type MakeCase = (seed: number, path: CasePath) => Subject;

/** The cases `fuzz` makes of a seed; each is made when it is first asked for, and kept for the next mutant. */
export class CaseStream {
  readonly seed: number;
  readonly #now: Clock;
  readonly #make: MakeCase;
  readonly #made: TimedCase[] = [];

  /** `make` @defaultValue as `fuzz` does */
  constructor(seed: number, now: Clock, make: MakeCase = caseAt) {
    this.seed = seed;
    this.#now = now;
    this.#make = make;
  }

  /** Case `index`; those before it are made too. */
  at(index: number): TimedCase {
    for (;;) {
      const made = this.#made[index];
      if (made !== undefined) return made;
      const started = this.#now();
      const subject = this.#make(this.seed, { index: this.#made.length, choices: [] });
      this.#made.push({ subject, seconds: (this.#now() - started) / 1000 });
    }
  }
}

/** A broken JIT behind both oracles. */
export interface Oracles {
  /** Compares everything, and localises. */
  readonly full: Pick<Judge, 'check'>;
  /** The same on images without pc maps. */
  readonly withoutMap: Pick<Judge, 'check'>;
  /** Runs both sides; of what comes of it only r0 and the way it ended are looked at. */
  readonly r0Only: Machines;
}

export interface TrialOptions {
  readonly cases: Pick<CaseStream, 'seed' | 'at'>;
  /** The same, but functions return what r0 holds, where the lane has such cases. */
  readonly plainCases: Pick<CaseStream, 'seed' | 'at'>;
  /** Cases after which it counts as alive. */
  readonly runs: number;
  readonly guilty: Guilty;
  readonly oracles: Oracles;
  readonly now: Clock;
}

/** Runs cases until all oracles have seen the difference, or there are no more. */
export function runTrial(options: TrialOptions): Trial {
  const { plainCases, runs, oracles } = options;
  const mixed = mixedTrial(options);
  return { ...mixed, plainR0Cases: firstR0Kill({ cases: plainCases, from: 0, runs, oracles }) };
}

function mixedTrial({ cases, runs, guilty, oracles, now }: TrialOptions): Omit<Trial, 'plainR0Cases'> {
  const { seed } = cases;
  let seconds = 0;
  let r0Cases: number | null = null;
  for (let index = 0; index < runs; index++) {
    const { subject, seconds: made } = cases.at(index);
    const started = now();
    const result = judgeCase(oracles.full, subject, seed, { index, choices: [] });
    seconds += made + (now() - started) / 1000;
    if (r0Cases === null && r0Differs(result)) r0Cases = index + 1;
    if (result.verdict !== 'diverge') continue;
    const pointer = pointerOf(result);
    const unmapped = judgeCase(oracles.withoutMap, subject, seed, { index, choices: [] });
    const localised = isGuilty(pointer, guilty);
    const kill = { cases: index + 1, seconds, pointer, localised, window: windowKill(unmapped, guilty) };
    return { seed, kill, r0Cases: r0Cases ?? firstR0Kill({ cases, from: index + 1, runs, oracles }) };
  }
  return { seed, kill: null, r0Cases };
}

function firstR0Kill({
  cases,
  from,
  runs,
  oracles,
}: Pick<TrialOptions, 'cases' | 'runs' | 'oracles'> & { readonly from: number }): number | null {
  for (let index = from; index < runs; index++) {
    const { program, input, jit = {} } = cases.at(index).subject;
    const name = caseName(cases.seed, { index, choices: [] });
    const env = { input, models: new Map(), insnLimit: INSN_LIMIT, jit };
    if (r0Differs(runCase({ name, program, env }, oracles.r0Only))) return index + 1;
  }
  return null;
}

/** Whether the sides end differently, or with another r0. Divergences of these stand before all others. */
export const r0Differs = ({ divergences }: CaseResult): boolean =>
  divergences.some(({ subject: { kind } }) => kind === 'outcome' || kind === 'r0');

function pointerOf({ culprit, program, image }: CaseResult): Pointer | null {
  if (culprit === null) return null;
  const { stage, pc } = culprit;
  const insn = stage === 'trampoline' ? trampolineStepText(image, culprit.offset) : textAt(program, pc);
  return { stage, pc, insn };
}

function textAt(program: Program | null, pc: number | null): string {
  const insn = pc === null ? undefined : program?.insns[pc];
  return insn === undefined ? '' : disassemble(insn, { dialect: 'llvm' });
}

/** A prologue counts where the window says that it may be one; any instruction at its own stage. */
function windowKill(result: CaseResult, guilty: Guilty): WindowKill | null {
  const { culprit, program } = result;
  // Of a trampoline the steps are known, whatever is known of the program.
  if (culprit?.stage === 'trampoline')
    return { contains: isGuilty(pointerOf(result), guilty), precision: 'state', insns: 1 };
  if (culprit?.window === undefined || program === null) return null;
  const { precision, insns, pcs, prologue } = culprit.window;
  const contains =
    isGuilty(pointerOf(result), guilty) ||
    (prologue !== null && guilty.stages.includes('prologue')) ||
    pcs.some((pc) => isGuilty({ pc, stage: stageOf(program, pc), insn: textAt(program, pc) }, guilty));
  return { contains, precision, insns };
}

const isGuilty = (pointer: Pointer | null, { stages, insn = /^/ }: Guilty): boolean =>
  pointer !== null && stages.includes(pointer.stage) && insn.test(pointer.insn);
