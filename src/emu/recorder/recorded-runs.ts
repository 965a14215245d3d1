/**
 * Runs that need no stops: the guest notes its calls by itself (code.ts), is given the reference's answers, and is
 * looked through afterwards. Such a run counts only if it came to its end and made the calls that were expected.
 *
 * What the guest could see of it: other displacements in its calls of subprogs, other return addresses, the
 * recorder's memory, and what runs before it have left mapped. So a run that disagrees with the reference is to be repeated without (oracle/run.ts).
 */
import type { Image } from '../../core/image.ts';
import { STACK_BASE } from '../../core/layout.ts';
import type { AddressSpace } from '../address-space.ts';
import type { Answers } from '../answers.ts';
import type { AsExpected } from '../as-expected.ts';
import type { CallTracker } from '../call-tracker.ts';
import type { NativeData, NativeSubject, RunImageOptions } from '../native-subject.ts';
import { destroyedWords } from '../note-plan.ts';
import { type Instrumented, instrument } from './instrument.ts';
import { slotOf } from './layout.ts';
import { isAsExpected, type NotedRun } from './noted.ts';
import { MAX_ANSWERS, type Recorder } from './recorder.ts';
import { RecordedMemory, replay } from './replay.ts';

/** A run that came to its end, before it is known what was noted. */
export type EndedRun = Omit<NotedRun, 'log' | 'programs' | 'stack' | 'stackStart'>;

const stackStart = Number(STACK_BASE);
const RECORDING = { stubs: 'record', alone: false } as const;
/** Where main is entered. */
export const RECORDED_ENTRY = BigInt(slotOf(0));
/** Blocks of the recorder in one call, beside two for each window. */
const BLOCKS_PER_CALL = 32;

/** How a run is to be recorded. */
export interface RecordingPlan {
  readonly image: Image;
  readonly instrumented: Instrumented;
  readonly answers: Answers;
  /** With what the recorder's own blocks take. */
  readonly fuel: number;
  /** Words of stack arguments that each call of a helper or kfunc destroys, in order. */
  readonly destroyed: readonly number[];
}

export class RecordedRuns {
  readonly #space: AddressSpace;
  #recorder: Recorder | undefined;

  constructor(space: AddressSpace) {
    this.#space = space;
  }

  /** Null where the run is to be watched instead. */
  plan(
    image: Image,
    subject: NativeSubject,
    answers: Answers,
    options: RunImageOptions,
  ): RecordingPlan | null {
    const { argMasks, fuel } = options;
    const expected = options.expected?.trace;
    if (expected === undefined || answers.calls.length > MAX_ANSWERS) return null;
    const instrumented = instrument(image, subject, expected);
    if (instrumented === null) return null;
    const { firstStackArg, windows } = instrumented;
    const args = { count: image.args.native.length, firstOnStack: firstStackArg };
    const destroyed = destroyedWords(answers.calls, subject.callees, argMasks, args);
    if (destroyed === null) return null;
    const own = expected.total * (BLOCKS_PER_CALL + 2 * windows);
    return { image, instrumented, answers, destroyed, fuel: fuel + own };
  }

  prepare(
    plan: RecordingPlan,
    { subject: { callees }, data }: { readonly subject: NativeSubject; readonly data: readonly NativeData[] },
    input: Uint8Array,
  ): RecordedMemory {
    this.#recorder ??= this.#space.recorder();
    const { image, instrumented, answers, destroyed } = plan;
    this.#recorder.arm(instrumented, answers.calls, destroyed);
    const { base, fixups, memory } = image;
    const placed = { code: instrumented.code, base, fixups, memory };
    this.#space.prepare(placed, { callees, data }, input, RECORDING);
    return new RecordedMemory(this.#space.memory());
  }

  /** Whether the guest noted just what the reference expects. */
  isAsExpected({ instrumented }: RecordingPlan, run: EndedRun, known: AsExpected): boolean {
    if (this.#recorder === undefined) return false;
    const { tables, callees, expected, entry, exit, returnTo } = run;
    const { programs } = instrumented;
    const log = this.#recorder.log(instrumented);
    const stack = this.#space.stack();
    const noted = { tables, callees, expected, entry, exit, returnTo, log, programs, stack, stackStart };
    return isAsExpected(noted, known);
  }

  /** Shows the run to its tracker; false if it says nothing. */
  replay(
    plan: RecordingPlan,
    { callees }: NativeSubject,
    memory: RecordedMemory,
    tracker: CallTracker,
  ): boolean {
    if (this.#recorder === undefined) return false;
    const { base, subprogEntries, tailCallOffset = 0 } = plan.image;
    const subprogs = subprogEntries.map((offset) => base + BigInt(offset));
    const addresses = {
      callees: callees.map(({ address }) => address),
      subprogs,
      programs: subprogs.map((address) => address + BigInt(tailCallOffset)),
    };
    return replay(this.#recorder.log(plan.instrumented), addresses, memory, tracker);
  }
}
