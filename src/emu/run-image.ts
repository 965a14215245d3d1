/**
 * Runs an image natively, as a kernel calls a BPF program, and yields what the reference interpreter yields.
 *
 * Main is entered as if by `call`: r1 and r2 in rdi and rsi, every other register junk, rsp at a return address
 * that is no code. Helpers and kfuncs are `ret`s at addresses of their own, where the host computes the result. Where
 * an image has a trampoline and the input a call by native code, that is entered instead. What timers call is entered as
 * main is, one after the other, when it has returned.
 */
import { Arena } from '../core/arena.ts';
import type { Env, Input } from '../core/env.ts';
import type { Execution, Expected, Outcome } from '../core/execution.ts';
import type { Image } from '../core/image.ts';
import { ENTRY_RSP } from '../core/layout.ts';
import type { U64 } from '../core/u64.ts';
import { RSP } from '../x86/reg.ts';
import { AddressSpace } from './address-space.ts';
import { Answers } from './answers.ts';
import { AsExpected } from './as-expected.ts';
import { CallTracker } from './call-tracker.ts';
import { CALLBACK_STUB } from './callback-stub.ts';
import { type Engine, REG_FILE_WORDS, RFLAGS, type RunRequest, type Stop } from './engine.ts';
import { ExpectedStops, NOTHING, saysEnough } from './expected-stops.ts';
import type { ExtentMemory, TrackedMemory } from './guest-memory.ts';
import { type ImageTables, imageTables, programsOf } from './image-tables.ts';
import { isImprecise, outcomeOf } from './native-outcome.ts';
import { isOfWords, isPlain, type NativeSubject, type RunImageOptions } from './native-subject.ts';
import { noteRequest } from './note-plan.ts';
import { halvesOf } from './notes.ts';
import { RECORDED_ENTRY, RecordedRuns, type RecordingPlan } from './recorder/recorded-runs.ts';
import type { RecordedMemory } from './recorder/replay.ts';
import { CLEAN_FLAGS, enter, onFaultOf } from './run-start.ts';
import { stepper } from './stepper.ts';

export type { NativeSubject, RunImageOptions } from './native-subject.ts';

/** Where main returns to: between callees and context, far from both, never mapped. */
const RETURN_TO = 0x7fff_0000n;
const WORD = 8n;
const NO_BYTES = new Uint8Array(0);
const COPIES = new Arena();

interface AttemptOptions extends RunImageOptions {
  readonly precise: boolean;
}

/** One run, from main to what the last timer calls. */
interface Run {
  readonly image: Image;
  readonly tracker: CallTracker;
}

/** A recorded run that came to its end. */
interface Ran {
  readonly plan: RecordingPlan;
  readonly subject: NativeSubject;
  readonly tables: ImageTables;
  readonly guest: RecordedMemory;
  readonly env: Env;
  readonly options: RunImageOptions;
  readonly returnTo: U64;
}

const unwatched = (): void => undefined;

/** Runs images on one engine, one after the other; each run starts from the same state. */
export class ImageRunner {
  readonly #engine: Engine;
  readonly #space: AddressSpace;
  readonly #regs = new BigUint64Array(REG_FILE_WORDS);
  readonly #out = new BigUint64Array(REG_FILE_WORDS);
  readonly #ends = { entry: halvesOf(this.#regs), exit: halvesOf(this.#out) };
  readonly #scratch = new BigUint64Array(REG_FILE_WORDS);
  readonly #recorded: RecordedRuns;
  readonly #known = new AsExpected();
  readonly #stops = new ExpectedStops(this.#known);
  readonly #stack = (): Uint8Array => this.#space.stack();
  #tables:
    | { readonly image: Image; readonly subject: NativeSubject; readonly tables: ImageTables }
    | undefined;

  /** The runner maps its regions in the engine and closes it when it is closed. */
  constructor(engine: Engine) {
    this.#engine = engine;
    this.#space = new AddressSpace(engine);
    this.#recorded = new RecordedRuns(this.#space);
  }

  /**
   * Runs `image` on the input of `env`. A run that faults where the engine cannot say exactly is repeated,
   * models included. Throws an `engine` error for a model that throws, an `input` error for
   * an image that cannot be placed.
   */
  run(image: Image, subject: NativeSubject, env: Env, options: RunImageOptions): Execution {
    if (options.onStep !== undefined)
      return this.#attempt(image, subject, env, { precise: true, ...options });
    const isExpected = options.expected !== undefined && env.input.native === undefined;
    const quick =
      isExpected && subject.callees.every(isPlain) ? this.#quick(image, subject, env, options) : null;
    return quick ?? this.#attempt(image, subject, env, { precise: false, ...options });
  }

  close(): void {
    this.#engine.close();
  }

  /** A run that may count on what is expected; null if it did not keep to that. */
  #quick(image: Image, subject: NativeSubject, env: Env, options: RunImageOptions): Execution | null {
    const isRecorded = this.#engine.caps.stopsAreDear && subject.callees.every(isOfWords);
    const recorded = isRecorded ? this.#record(image, subject, env, options) : undefined;
    return recorded === undefined ? this.#watched(image, subject, env, options) : recorded;
  }

  /** A run that is watched for what is expected alone. */
  #watched(image: Image, subject: NativeSubject, env: Env, options: RunImageOptions): Execution | null {
    const tables = this.#tablesOf(image, subject);
    const { argMasks, fuel } = options;
    if (options.expected === undefined || !saysEnough(image) || env.models.size > 0 || tables.fixups.size > 0)
      return null;
    const expected = options.expected.trace;
    const parts = { callees: subject.callees, data: tables.data };
    this.#space.prepare(image, parts, env.input.memory, { stubs: 'stop', alone: false });
    const stops = this.#stops;
    const memory = this.#space.stackMemory();
    const regs = enter(this.#regs, env.input, memory, RETURN_TO);
    const stack = this.#stack;
    const { notes } = this.#engine;
    const noted =
      notes === undefined
        ? null
        : noteRequest(image, subject.callees, stack(), { expected, argMasks, entries: tables.entries });
    const { rets } = this.#space;
    const run = { tables, programs: programsOf(subject), expected, memory, stack, argMasks, rets, noted };
    const { watch, watcher } = stops.begin(run, this.#ends.entry, Number(RETURN_TO));
    const start = image.base + BigInt(image.entry);
    const stop = this.#engine.run(
      { start, until: RETURN_TO, regs, fuel, watch, watcher, isStartKnown: true, noted: noted ?? undefined },
      this.#out,
    );
    if (stop.kind !== 'end' || !stops.isEnd(this.#ends.exit, notes?.())) return null;
    return this.#asIfTraced(subject, image, options.expected);
  }

  /** A guest that notes its calls by itself; undefined where it cannot. */
  #record(
    image: Image,
    subject: NativeSubject,
    env: Env,
    options: RunImageOptions,
  ): Execution | null | undefined {
    const tables = this.#tablesOf(image, subject);
    const answers = new Answers(options.expected?.trace, env);
    const plan = this.#recorded.plan(image, subject, answers, options);
    if (plan === null) return undefined;
    const guest = this.#recorded.prepare(plan, { subject, data: tables.data }, env.input.memory);
    const returnTo = this.#engine.door ?? RETURN_TO;
    const regs = enter(this.#regs, env.input, guest, returnTo);
    const { fuel } = plan;
    const request = {
      start: RECORDED_ENTRY,
      until: returnTo,
      regs,
      fuel,
      watch: NOTHING,
      watcher: unwatched,
      ...onFaultOf(tables),
    };
    const stop = this.#engine.run(request, this.#out);
    if (stop.kind !== 'end') return null;
    const ran = { plan, subject, tables, guest, env, options, returnTo };
    return this.#asExpected(ran) ?? this.#replayed(ran);
  }

  /** The reference's trace, if the guest noted just that. */
  #asExpected({ plan, subject, tables, options: { expected }, returnTo }: Ran): Execution | null {
    const { callees } = subject;
    const { entry, exit } = this.#ends;
    if (expected === undefined) return null;
    const run = { tables, callees, expected: expected.trace, entry, exit, returnTo: Number(returnTo) };
    if (!this.#recorded.isAsExpected(plan, run, this.#known)) return null;
    return this.#asIfTraced(subject, plan.image, expected);
  }

  /** A run whose trace is the one expected; null if it did something that is in no trace. */
  #asIfTraced(subject: NativeSubject, image: Image, expected: Expected): Execution | null {
    const outcome = outcomeOf({ kind: 'end' }, this.#out, image);
    if (outcome.kind !== 'exit' || this.#space.brokenCanary() !== undefined) return null;
    if (!this.#space.isRestUntouched()) return null;
    const { memory, data, insns } = this.#left(subject, expected);
    return { outcome, memory, data, trace: expected.trace, insns, breaches: [], isNoted: true };
  }

  /** What a tracker makes of the notes; null if they say nothing. */
  #replayed({ plan, subject, tables, guest, env, options, returnTo }: Ran): Execution | null {
    const { answers, image } = plan;
    const tracker = new CallTracker(tables, env, guest, { answers, regs: this.#scratch, ...options });
    tracker.start(this.#regs, returnTo);
    if (!this.#recorded.replay(plan, subject, guest, tracker) || answers.missed) return null;
    if (!this.#space.isRestUntouched()) return null;
    const outcome = this.#end({ kind: 'end' }, { image, tracker });
    return { isNoted: true, ...this.#execution(outcome, subject, tracker) };
  }

  #attempt(image: Image, subject: NativeSubject, env: Env, options: AttemptOptions): Execution {
    const { memory, native } = env.input;
    const { callees } = subject;
    const tables = this.#tablesOf(image, subject);
    const context = native === undefined ? memory : NO_BYTES;
    const parts = { callees, data: tables.data };
    this.#space.prepare(image, parts, context, { stubs: 'stop', alone: true });
    const guest = this.#space.memory();
    const answers = new Answers(options.expected?.trace, env);
    const tracker = new CallTracker(tables, env, guest, { answers, regs: this.#scratch, ...options });
    const regs = enter(this.#regs, env.input, guest, RETURN_TO);
    tracker.start(regs, RETURN_TO);
    const rsp = (regs[RSP] ?? 0n) + WORD;
    const request = {
      until: RETURN_TO,
      fuel: options.fuel,
      watch: new Set(tables.targets.addresses),
      watcher: (address, cpu) => tracker.onBlock(address, cpu),
      precise: options.precise,
      ...onFaultOf(tables),
      ...this.#onInsn(image, { subject, input: env.input }, guest, options),
    } satisfies Omit<RunRequest, 'start' | 'regs'>;
    const run = { image, tracker };
    let stop = this.#engine.run({ start: image.base + BigInt(image.entry), regs, ...request }, this.#out);
    const isUnsure = (): boolean => !options.precise && isImprecise(stop, this.#engine.caps);
    let outcome = isUnsure() ? undefined : this.#end(stop, run, rsp);
    const end = outcome;
    while (outcome?.kind === 'exit' && this.#enterTimer(guest, tracker)) {
      stop = this.#engine.run({ start: BigInt(CALLBACK_STUB.timer), regs, ...request }, this.#out);
      outcome = isUnsure() ? undefined : this.#end(stop, run);
    }
    if (outcome === undefined) return this.#attempt(image, subject, env, { ...options, precise: true });
    return this.#execution(outcome.kind === 'exit' ? (end ?? outcome) : outcome, subject, tracker);
  }

  /** On a stack where nothing is; false if no timer is left. */
  #enterTimer(guest: TrackedMemory, tracker: CallTracker): boolean {
    const regs = this.#regs;
    regs[RSP] = ENTRY_RSP - WORD;
    regs[RFLAGS] = CLEAN_FLAGS;
    if (!tracker.startTimer(regs, RETURN_TO)) return false;
    this.#space.clearStack();
    guest.write(ENTRY_RSP - WORD, 8, RETURN_TO);
    return true;
  }

  /** How main ended, or what a timer called. `rsp`: before the call that began it. */
  #end(stop: Stop, { image, tracker }: Run, rsp: U64 = ENTRY_RSP): Outcome {
    if (stop.kind === 'end') tracker.finish(this.#out);
    else tracker.abandon();
    this.#checkCanary(tracker);
    return outcomeOf(stop, this.#out, image, rsp);
  }

  #onInsn(
    image: Image,
    { subject, input }: { readonly subject: NativeSubject; readonly input: Input },
    memory: ExtentMemory,
    { onStep }: RunImageOptions,
  ): Pick<RunRequest, 'onInsn'> {
    if (onStep === undefined) return {};
    const regions = () => [
      { bytes: contextBytes(input, memory) ?? this.#space.ctx() },
      ...subject.data.map((_, i) => ({ bytes: this.#space.data(i) })),
    ];
    return { onInsn: stepper({ image, memory, regions }, onStep) };
  }

  #execution(outcome: Outcome, subject: NativeSubject, tracker: CallTracker): Execution {
    const { native, trace, breaches } = tracker;
    const { memory, data, insns } = this.#left(subject);
    if (native === undefined) return { outcome, memory, data, trace, insns, breaches };
    const seen = outcome.kind === 'exit' ? native.outcome(outcome) : outcome;
    return { outcome: seen, memory: native.memory, data, trace, insns, breaches, native: native.events };
  }

  /** Memory as a run left it. */
  #left({ data }: NativeSubject, expected?: Expected): Pick<Execution, 'memory' | 'data' | 'insns'> {
    return {
      memory: this.#space.copyCtx(COPIES, expected?.memory),
      data: data.map((_, i) => this.#space.copyData(i, COPIES, expected?.data[i])),
      insns: null,
    };
  }

  #checkCanary(tracker: CallTracker): void {
    const broken = this.#space.brokenCanary();
    if (broken === undefined) return;
    const { address, want, got } = broken;
    const what = `canary above the frame of main, at its return address + ${address - ENTRY_RSP + WORD}`;
    tracker.addFinal({ rule: 'canary', what, want, got });
  }

  #tablesOf(image: Image, subject: NativeSubject): ImageTables {
    if (this.#tables?.image !== image || this.#tables.subject !== subject) {
      this.#tables = { image, subject, tables: imageTables(image, subject) };
    }
    return this.#tables.tables;
  }
}

/** Of a program that native code calls: the array of its arguments. */
const contextBytes = ({ memory, native }: Input, guest: ExtentMemory): Uint8Array | undefined =>
  native === undefined ? undefined : guest.copy(native.address, memory.length);
