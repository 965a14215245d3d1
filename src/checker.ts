/** Program in, verdict out: this project's machines under the oracle. */
import type { Loaded } from './bpf/loaded.ts';
import type { Program } from './bpf/program.ts';
import type { CalleeModel, Env } from './core/env.ts';
import type { Execution } from './core/execution.ts';
import type { Image } from './core/image.ts';
import type { JitSwitches } from './core/jit-switches.ts';
import type { Mutable } from './core/mutable.ts';
import type { U64 } from './core/u64.ts';
import type { ImageRunner } from './emu/run-image.ts';
import { type EngineSource, Runners } from './emu/runners.ts';
import { openUnicorn } from './emu/unicorn.ts';
import { interpret, interpretSteps, type ReferenceForm } from './interp/interpret.ts';
import { compile, type JitOptions } from './jit/compile.ts';
import { withTrampoline } from './jit/trampoline/attach.ts';
import { firstContractBreach } from './lint/lint.ts';
import { masksOf } from './oracle/arg-masks.ts';
import { asChosen, type Case, type CaseResult, skipped } from './oracle/case.ts';
import type { Explained } from './oracle/explained.ts';
import type { Culprit } from './oracle/locate.ts';
import { type Localisation, localise, type StepMachines, type StepObserver } from './oracle/lockstep.ts';
import { isMisalignment, localiseMisalignedCall, withoutMisalignment } from './oracle/misaligned-call.ts';
import { culpritAfter, culpritBefore } from './oracle/native/locate.ts';
import { ownPlacement, placementOf } from './oracle/placement.ts';
import { fuelFor, type Machines, runCase, runCases, TRACE_LIMIT } from './oracle/run.ts';
import { StepRecorder } from './oracle/step-trace.ts';
import { localiseTimerCall, timerCallDiffers } from './oracle/timer-call.ts';
import { vacuityOf } from './oracle/vacuity.ts';
import { localiseWindow } from './oracle/window/localise.ts';
import { type Way, walk } from './oracle/window/way.ts';
import { subjectOf } from './subject-of.ts';

/** @defaultValue of CheckOptions.insnLimit: some seconds of the reference. */
export const DEFAULT_INSN_LIMIT = 100_000_000;

/** Nanoseconds a step in lock-step takes, and a byte of memory that each step compares; about. */
const STEP_NS = 20_000;
const BYTE_NS = 1;
/** Runs that would take longer are not localised. */
const MAX_LOCKSTEP_NS = 20e9;

/** What a program is run with. What is absent comes from the file, where one was loaded. */
export interface CheckOptions {
  /** Shown in reports. @defaultValue the program's name */
  readonly name?: string;
  /** Bytes at r1, r2 is their number. @defaultValue none: r1 = r2 = 0 */
  readonly memory?: Uint8Array;
  /** r0 it must end with, on both sides. */
  readonly expected?: U64;
  /** Models of helpers and kfuncs by `calleeKey`. @defaultValue `defaultModel` for each */
  readonly models?: ReadonlyMap<string, CalleeModel>;
  /** BPF instructions the reference may run; past it the case is inconclusive. @defaultValue 100,000,000 */
  readonly insnLimit?: number;
  /**
   * Whether to take each call out of a case that agrees, and see whether it is missed: a few more runs of the
   * reference for each call. @defaultValue false
   */
  readonly vacuity?: boolean;
  /**
   * Whether a program that breaks a rule of stack arguments is refused before it runs: what it does would say
   * nothing of the JIT. @defaultValue true
   */
  readonly lint?: boolean;
  /** How the JIT is set up for this program, where that is not as for all. */
  readonly jit?: JitSwitches | undefined;
}

/** What programs are judged with. */
export interface CheckerOptions {
  /**
   * Runs the native code: an engine, or how to open it when there is something to run. The checker takes it over:
   * maps its memory and closes it. Of several, a CPU counts, else the first one, and where another one disagrees
   * with it that is a divergence of the kind `engine`.
   * @defaultValue Unicorn
   */
  readonly engine?: EngineSource | readonly EngineSource[];
  /** How the reference runs programs. @defaultValue fast: what runs long is translated (interp/fast/run.ts) */
  readonly reference?: ReferenceForm;
  /** Options of the built-in JIT. */
  readonly jit?: JitOptions;
  /**
   * Another JIT to judge; it must call callees where `defaultAddresses` puts them. It declines a program with an
   * `input` error, and failed on it with a `jit` error.
   * @defaultValue the built-in one
   */
  readonly compile?: (program: Program, env: Env) => Image;
}

/** @defaultValue of the steps of `Checker.explain` */
export const DEFAULT_STEPS = 10_000;

/** A program and what it is run with. */
export interface Subject {
  readonly subject: Program | Loaded;
  readonly options?: CheckOptions;
}

/** Judges programs one after the other, on engines that it keeps. Close it to free them. */
export class Checker {
  readonly #machines: Machines;
  readonly #options: CheckerOptions;
  readonly #runners: Runners;

  constructor(options: CheckerOptions = {}) {
    const { jit, engine, reference = 'fast' } = options;
    const compileImage: Machines['compile'] = (program, env) => {
      const image = options.compile?.(program, env) ?? compile(program, jitOptions(jit, env.jit)).image;
      return enteredNatively(image, program, jit);
    };
    this.#options = options;
    this.#runners = new Runners(Array.isArray(engine) ? engine : [engine ?? openUnicorn]);
    const on =
      (runner: () => ImageRunner): Machines['native'] =>
      (image, program, env, { fuel, traceLimit, argMasks, expected }) => {
        const request = { fuel, traceLimit, argMasks, expected, stackBytes: true };
        return runner().run(image, subjectOf(program, jit), env, request);
      };
    const engines = () => this.#runners.all().map(({ name, runner }) => ({ name, native: on(() => runner) }));
    this.#machines = {
      compile: compileImage,
      reference: (program, env, { placement, traceLimit }) =>
        interpret(program, env, { placement, traceLimit, reference }),
      native: on(() => this.#runners.first()),
      ...(this.#runners.areSeveral ? { engines } : {}),
    };
  }

  /**
   * Runs the program on the reference interpreter and, compiled, in the engine, and compares. What the program
   * does is in the result; throws `engine` errors when there is no engine or it fails.
   */
  check(subject: Program | Loaded, options: CheckOptions = {}): CaseResult {
    return this.checkAll([{ subject, options }])[0] as CaseResult;
  }

  /**
   * As `check`, of several programs: faster than one by one. `before` is told the index of the program that is
   * worked on next; each one's turn comes several times.
   */
  checkAll(subjects: readonly Subject[], before?: (index: number) => void): CaseResult[] {
    const cases = subjects.map(({ subject, options = {} }) => toCase(subject, options));
    const results = subjects.map(({ options = {} }, index) => this.#refusal(cases[index] as Case, options));
    const admitted = cases.map((_, index) => index).filter((index) => results[index] === null);
    const run = runCases(
      admitted.map((index) => cases[index] as Case),
      this.#machines,
      (k) => before?.(admitted[k] as number),
    );
    run.forEach((result, k) => {
      const index = admitted[k] as number;
      const judged = asChosen(cases[index] as Case, result.image);
      const wantsVacuity = subjects[index]?.options?.vacuity === true;
      results[index] = this.#finish(judged, result, wantsVacuity, () => before?.(index));
    });
    return results as CaseResult[];
  }

  /** Why a case is not run, if it is not. */
  #refusal({ name, program, expected }: Case, { lint = true }: CheckOptions): CaseResult | null {
    const { convention } = this.#options.jit ?? {};
    const finding = lint
      ? firstContractBreach(program, convention === undefined ? {} : { convention })
      : undefined;
    if (finding === undefined) return null;
    return skipped(name, { kind: 'contract', finding }, { program, expected: expected ?? null });
  }

  /** What a result lacks that takes runs of its own. */
  #finish(judged: Case, result: CaseResult, wantsVacuity: boolean, before: () => void): CaseResult {
    const looksForCalls = wantsVacuity && result.verdict === 'agree';
    if (result.verdict !== 'diverge' && !looksForCalls) return result;
    before();
    if (looksForCalls) return withVacuity(judged, result, this.#machines.reference);
    const culprit = this.#localise(judged, result);
    return culprit === null ? result : { ...result, culprit };
  }

  /**
   * As `check`, with the last `steps` BPF instructions up to the difference: all registers, the frame and memory
   * on both sides. They are recorded in a run of their own.
   */
  explain(subject: Program | Loaded, options: CheckOptions & { readonly steps?: number } = {}): Explained {
    const asked = toCase(subject, options);
    const result = this.#refusal(asked, options) ?? runCase(asked, this.#machines);
    const judged = asChosen(asked, result.image);
    const localisation = this.#localise(judged, result);
    if (localisation === null || result.image === null) return { result, localisation, trace: null };
    // Without a pc map there are no steps to show.
    if (result.image.pcMap === undefined)
      return { result: { ...result, culprit: localisation }, localisation, trace: null };
    const limit = Math.max(options.steps ?? DEFAULT_STEPS, 2);
    // The guilty instruction is one step, and what it did is seen before the next one.
    const from = Math.max(localisation.steps + 2 - limit, 0);
    const recorder = new StepRecorder(judged.program, result.image, { from, limit });
    this.#localise(judged, result, recorder);
    return { result: { ...result, culprit: localisation }, localisation, trace: recorder.trace() };
  }

  /** Runs the native code alone, whatever the reference would say of the program. */
  runNative(subject: Program | Loaded, options: CheckOptions = {}): Execution {
    const { program, env } = toCase(subject, options);
    const image = this.#machines.compile(program, env);
    const request = { fuel: fuelFor(env.insnLimit), stackBytes: false };
    return this.#runners.first().run(image, subjectOf(program, this.#options.jit), env, request);
  }

  /** The instruction that made the difference, where lock-step finds it. */
  #localise(judged: Case, result: CaseResult, observer?: StepObserver): Localisation | null {
    const { verdict, image, want, got } = result;
    if (verdict !== 'diverge' || image === null || got === null || want?.insns == null) return null;
    if (lockstepNs(want, want.insns) > MAX_LOCKSTEP_NS) return null;
    const asLocalised = (culprit: Culprit | null): Localisation | null =>
      culprit === null ? null : { ...culprit, differences: [], steps: 0 };
    const before = asLocalised(culpritBefore(result));
    if (before !== null) return before;
    const fuel = fuelFor(want.insns);
    const machines = this.#stepMachines(this.#runners.named(oddEngine(result)));
    const isMisaligned = result.divergences.every(isMisalignment);
    if (image.pcMap === undefined) {
      const run = isMisaligned ? got : withoutMisalignment(got);
      return localiseWindow({ ...judged, image, want, got: run, fuel }, machines);
    }
    if (isMisaligned && observer === undefined) {
      const way = walk(judged.program, interpretSteps(judged.program, judged.env));
      const found = localiseMisalignedCall(judged.program, image, got, way);
      if (found !== null) return found;
    }
    const known = { reference: want, fuel };
    const found = localise(judged, image, known, machines, observer);
    if (observer === undefined && timerCallDiffers({ image, want, got }))
      return localiseTimerCall({ image, want, got }, wayOf(judged, image), found);
    return found ?? asLocalised(culpritAfter(result));
  }

  #stepMachines(runner: ImageRunner): StepMachines {
    return {
      reference: interpretSteps,
      native: (image, program, env, { fuel, onStep, reference }) => {
        const subject = subjectOf(program, this.#options.jit);
        return runner.run(image, subject, env, {
          fuel,
          onStep,
          argMasks: masksOf(reference.trace),
          traceLimit: 0,
        });
      },
    };
  }

  /** Frees the engines. */
  close(): void {
    this.#runners.close();
  }
}

/** The engine on which the sides differ: the one that counts, unless it is only another one that is at odds. */
function oddEngine({ divergences: [first], engine }: CaseResult): string | undefined {
  return first?.subject.kind === 'engine' ? first.subject.engine : engine;
}

/** The way of the reference with its frames where the image has them. */
function wayOf({ program, env }: Case, image: Image): Way {
  const placement = placementOf(image, program, env.input) ?? ownPlacement(image, program);
  return walk(program, interpretSteps(program, env, placement === undefined ? {} : { placement }));
}

/** Of a JIT that knows no trampolines. */
function enteredNatively(image: Image, { native }: Program, jit: JitOptions = {}): Image {
  if (native === undefined || image.trampoline !== undefined) return image;
  return withTrampoline(image, native, { endbr: jit.endbr ?? false });
}

function withVacuity(
  { program, env }: Case,
  result: CaseResult,
  reference: Machines['reference'],
): CaseResult {
  const { want, image } = result;
  if (want === null || image === null) return result;
  const placement = placementOf(image, program, env.input);
  const subject = { program, env, want, placement, traceLimit: TRACE_LIMIT };
  return { vacuity: vacuityOf(subject, reference), ...result };
}

/** What is said for one case counts for more than what is said for all. */
const jitOptions = (all: JitOptions | undefined, own: JitSwitches | undefined): JitOptions =>
  own === undefined ? (all ?? NO_OPTIONS) : { ...all, ...own };

const NO_OPTIONS: JitOptions = {};

function lockstepNs({ memory, data }: Execution, insns: number): number {
  const bytes = data.reduce((sum, section) => sum + section.length, memory.length);
  return insns * (STEP_NS + BYTE_NS * bytes);
}

/** Judges one program. For many, a Checker keeps the engine open. Throws as `Checker.check`. */
export function check(subject: Program | Loaded, options: CheckOptions & CheckerOptions = {}): CaseResult {
  const checker = new Checker(options);
  try {
    return checker.check(subject, options);
  } finally {
    checker.close();
  }
}

/** The case a check runs. */
export function toCase(subject: Program | Loaded, options: CheckOptions): Case {
  const loaded: Loaded = 'program' in subject ? subject : { name: subject.name, program: subject };
  const expected = options.expected ?? loaded.expected;
  const env: Mutable<Env> = {
    input: { memory: options.memory ?? loaded.memory ?? new Uint8Array() },
    models: options.models ?? NO_MODELS,
    insnLimit: options.insnLimit ?? DEFAULT_INSN_LIMIT,
  };
  if (options.jit !== undefined) env.jit = options.jit;
  const asked: Mutable<Case> = { name: options.name ?? loaded.name, program: loaded.program, env };
  if (expected !== undefined) asked.expected = expected;
  return asked;
}

const NO_MODELS: Env['models'] = new Map();
