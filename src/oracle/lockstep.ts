/**
 * Localisation: runs a case again on both sides in lock-step. Before each BPF instruction the registers, the
 * stack arguments, the frame's bytes and all memory are compared, so the first difference is the doing of the
 * instruction before. Needs a pc map; poison of the reference is never compared.
 */
import type { Insn } from '../bpf/insn.ts';
import { type Program, subprogAt } from '../bpf/program.ts';
import type { Env, FramePlacement } from '../core/env.ts';
import type { Execution } from '../core/execution.ts';
import { FP_DEPTH, type Image } from '../core/image.ts';
import type { NativeStep, ReferenceStep } from '../core/step.ts';
import { pcsByOffset, stageOf, wrongOf } from './blame.ts';
import { CallReturn } from './call-return.ts';
import type { Case } from './case.ts';
import { GivenBack } from './given-back.ts';
import { KeptWords } from './kept-words.ts';
import { type Culprit, locate, locateOffset, type Stage } from './locate.ts';
import { ownPlacement, placementOf } from './placement.ts';
import { type StepDifference, stepDifferences } from './step-differences.ts';
import { walk } from './window/way.ts';

/** The guilty instruction, and what it did. */
export interface Localisation extends Culprit {
  readonly differences: readonly StepDifference[];
  /** BPF instructions run before the guilty one. */
  readonly steps: number;
}

/** What runs a case in lock-step. */
export interface StepMachines {
  readonly reference: (
    program: Program,
    env: Env,
    request: { readonly placement?: FramePlacement },
  ) => Generator<ReferenceStep, Execution, void>;
  readonly native: (
    image: Image,
    program: Program,
    env: Env,
    request: {
      readonly fuel: number;
      readonly reference: Execution;
      readonly onStep: (step: NativeStep) => boolean;
    },
  ) => Execution;
}

/** Watches a lock-step run. What it is shown is live: it is valid during the call alone. */
export interface StepObserver {
  /** Before the first native instruction. */
  readonly onEntry: (got: NativeStep) => void;
  /**
   * Before the BPF instruction `want.pc`, on both sides; the last time after the guilty one, with the native side
   * wherever it went.
   */
  readonly onStep: (want: ReferenceStep, got: NativeStep) => void;
}

/**
 * The first instruction after which the sides differ; null where the image has no pc map or nothing differs
 * before any instruction and native code did not fault either.
 */
export function localise(
  { program, env }: Case,
  image: Image,
  known: { readonly reference: Execution; readonly fuel: number },
  machines: StepMachines,
  observer?: StepObserver,
): Localisation | null {
  if (image.pcMap === undefined) return null;
  const placement = placementOf(image, program, env.input) ?? ownPlacement(image, program);
  const reference = machines.reference(program, env, placement === undefined ? {} : { placement });
  const lock = new LockStep(program, image, reference, observer);
  const got = machines.native(image, program, env, { ...known, onStep: (step) => lock.onStep(step) });
  const found = lock.result(got);
  if (program.callbacks === undefined || found === null || found.differences.length > 0) return found;
  return (
    brokenPromise(
      { program, image },
      got,
      machines.reference(program, env, placement === undefined ? {} : { placement }),
    ) ?? found
  );
}

/** A function that a helper calls may break promises that its caller does not see: the exit at which it did. */
function brokenPromise(
  { program, image }: { readonly program: Program; readonly image: Image },
  { outcome, breaches: [breach] }: Execution,
  reference: Generator<ReferenceStep, Execution, void>,
): Localisation | null {
  if (outcome.kind !== 'exit' || breach === undefined) return null;
  const { pcs, events } = walk(program, reference);
  const steps = events[breach.at] ?? -1;
  const pc = pcs[steps];
  if (pc === undefined || program.insns[pc]?.kind !== 'exit') return null;
  const offset = image.pcMap?.startOf(pc) ?? 0;
  return { pc, offset, stage: 'epilogue', differences: [], steps };
}

class LockStep {
  readonly #program: Program;
  readonly #image: Image;
  readonly #reference: Generator<ReferenceStep, Execution, void>;
  /** In program order: all but the last became no code. */
  readonly #pcsAt: ReadonlyMap<number, readonly number[]>;
  readonly #prologues: ReadonlySet<number>;
  readonly #observer: StepObserver | undefined;
  readonly #givenBack: GivenBack;
  readonly #kept: KeptWords;
  readonly #return: CallReturn;
  #isEntered = false;
  /** Where the reference stands; undefined when it has ended. */
  #next: ReferenceStep | undefined;
  /** The instruction that ran last, and how many ran before it. */
  #last: number | null = null;
  #steps = -1;
  #found: Localisation | null = null;

  constructor(
    program: Program,
    image: Image,
    reference: Generator<ReferenceStep, Execution, void>,
    observer: StepObserver | undefined,
  ) {
    this.#observer = observer;
    this.#givenBack = new GivenBack(program, image);
    this.#kept = new KeptWords(program, image);
    this.#return = new CallReturn(image);
    this.#program = program;
    this.#image = image;
    this.#reference = reference;
    this.#pcsAt = pcsByOffset(image);
    this.#prologues = new Set(image.subprogEntries);
    this.#advance();
  }

  /** Before each native instruction. False when the guilty one is known. */
  onStep(native: NativeStep): boolean {
    if (!this.#isEntered) this.#observer?.onEntry(native);
    this.#isEntered = true;
    this.#givenBack.see(native);
    this.#kept.see(native);
    if (this.#next !== undefined && this.#last !== null && this.#program.insns[this.#last]?.kind === 'exit')
      this.#return.see(this.#next, native);
    const pcs = this.#pcsAt.get(native.offset);
    if (pcs === undefined || this.#isSharedEpilogue(pcs)) return this.#betweenInsns(native);
    if (this.#next === undefined || !pcs.includes(this.#next.pc)) {
      return this.#blame([this.#control(native)]);
    }
    // Instructions that became no code at all share the offset of the one after them.
    while (this.#next !== undefined && pcs.includes(this.#next.pc)) {
      this.#observer?.onStep(this.#next, native);
      const differences = [
        ...stepDifferences(this.#next, native, this.#image),
        ...this.#givenBack.differences(this.#next, native),
        ...this.#kept.differences(this.#next, native),
      ];
      if (differences.length > 0) return this.#blame(differences);
      const { pc } = this.#next;
      this.#return.before(this.#next);
      this.#last = pc;
      this.#steps++;
      this.#advance();
      if (pc === pcs.at(-1)) break;
    }
    return true;
  }

  /** An EXIT may be a jump to the code of another EXIT of its subprog. */
  #isSharedEpilogue(pcs: readonly number[]): boolean {
    const { insns } = this.#program;
    if (this.#last === null || insns[this.#last]?.kind !== 'exit' || pcs.includes(this.#last)) return false;
    const { start, end } = subprogAt(this.#program, this.#last);
    return pcs.some((pc) => pc >= start && pc < end && insns[pc]?.kind === 'exit');
  }

  /**
   * Native code that enters a subprog the reference does not enter is seen at once, and so is a call that leaves
   * rsp elsewhere than its callee's frame is to be.
   */
  #betweenInsns(native: NativeStep): boolean {
    if (!this.#prologues.has(native.offset) || this.#next === undefined) return true;
    const { subprog, base } = this.#next;
    const isCall = this.#last === null || this.#mayEnter(this.#program.insns[this.#last], this.#next);
    if (!isCall || this.#image.subprogEntries[subprog] !== native.offset)
      return this.#blame([this.#control(native)]);
    const frame = this.#image.frames?.[subprog];
    // Whoever throws calls the exception callback from wherever its stack is.
    if (frame === undefined || subprog === this.#program.exceptionCallback) return true;
    const want = base + BigInt(frame.fpDepth ?? FP_DEPTH);
    return want === native.rsp || this.#blame([{ what: { kind: 'rsp' }, want, got: native.rsp }], 'call');
  }

  /** A helper may call the function once more that has just returned. */
  #mayEnter(last: Insn | undefined, { pc, subprog }: ReferenceStep): boolean {
    if (last?.kind === 'exit') return pc === this.#program.subprogs[subprog]?.start;
    return last?.kind === 'call' || last?.kind === 'callx';
  }

  /** What came of it: the difference found, else the instruction that was running when the run ended. */
  result(got: Execution): Localisation | null {
    if (this.#found !== null) return this.#found;
    const { outcome } = got;
    if (outcome.kind === 'exit' && got.breaches.length === 0) return null;
    const at = locate(this.#program, this.#image, got) ?? this.#behindImage(got);
    const pc = this.#return.blamed([]) ?? this.#last;
    if (pc === null) return at === null ? null : { ...at, differences: [], steps: 0 };
    if (at !== null && (at.pc === pc || this.#isNext(at)))
      return { ...at, differences: [], steps: Math.max(this.#steps, 0) };
    return {
      ...this.#placeOf(pc, this.#stageAt(pc, [])),
      differences: [],
      steps: this.#steps,
    };
  }

  /** The last instruction of an image may have become no code: then native code that comes to it leaves the image. */
  #behindImage({ outcome }: Execution): Culprit | null {
    const { code, base } = this.#image;
    const next = this.#next;
    if (next === undefined || outcome.kind !== 'fault' || outcome.rip === undefined) return null;
    // A byte that is no code of the image is int3, behind which the CPU stands.
    const offset = Number(outcome.rip - base) - (outcome.fault.kind === 'interrupt' ? 1 : 0);
    if (offset !== code.length || this.#pcsAt.get(offset)?.includes(next.pc) !== true) return null;
    return this.#placeOf(next.pc, this.#stageAt(next.pc, []));
  }

  #isNext(at: Culprit): boolean {
    return at.pc === this.#next?.pc && at.offset === this.#image.code.length;
  }

  #advance(): void {
    const { value, done } = this.#reference.next();
    this.#next = done === true ? undefined : value;
  }

  #control(native: NativeStep): StepDifference {
    if (this.#next !== undefined) this.#observer?.onStep(this.#next, native);
    const pc = this.#next?.pc ?? null;
    const want = pc === null ? 0 : (this.#image.pcMap?.startOf(pc) ?? 0);
    return {
      what: { kind: 'control', pc },
      want: BigInt(want),
      got: BigInt(native.offset),
    };
  }

  #blame(differences: readonly StepDifference[], stage?: Stage): false {
    const returned = this.#return.blamed(differences);
    const pc = returned ?? this.#last;
    const steps = Math.max(this.#steps, 0);
    if (pc === null) {
      const offset = this.#image.subprogEntries[0] ?? this.#image.entry;
      this.#found = { pc: null, offset, stage: 'prologue', differences, steps };
    } else {
      const wrong = wrongOf(this.#program.insns[pc], differences);
      if (returned !== undefined) stage ??= 'call';
      const callee = this.#calledBack(pc);
      this.#found = {
        ...this.#placeOf(pc, stage ?? this.#stageAt(pc, differences)),
        ...(stage !== undefined || callee === undefined ? {} : { callee }),
        ...(wrong === undefined ? {} : { wrong }),
        differences,
        steps,
      };
    }
    return false;
  }

  /** What a helper hands to a function that it calls is right. */
  #stageAt(pc: number, differences: readonly StepDifference[]): Stage {
    return this.#calledBack(pc) === undefined ? stageOf(this.#program.insns[pc], differences) : 'prologue';
  }

  /** The subprog that a helper or a throw has entered after the instruction at `pc`: its call, or the exit of a call before. */
  #calledBack(pc: number): number | undefined {
    const insn = this.#program.insns[pc];
    const next = this.#next;
    const isBefore = insn?.kind === 'exit' || (insn?.kind === 'call' && insn.target !== 'local');
    if (next === undefined || !isBefore || next.pc !== this.#program.subprogs[next.subprog]?.start)
      return undefined;
    return next.subprog;
  }

  #placeOf(pc: number, stage: Stage): Culprit {
    const offset = this.#image.pcMap?.startOf(pc) ?? 0;
    const known = locateOffset(this.#program, this.#image, offset);
    return { pc, offset: known?.offset ?? offset, stage };
  }
}
