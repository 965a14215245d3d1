/**
 * Localisation without a pc map, of someone else's image: between which instructions the sides parted. Steps are
 * recognised by their state (align.ts); if that leads nowhere, because registers are not where the image says,
 * by what stores leave in memory; else only calls and returns bound the place.
 */
import { subprogAt } from '../../bpf/program.ts';
import { R10 } from '../../bpf/reg.ts';
import type { FramePlacement } from '../../core/env.ts';
import type { Execution } from '../../core/execution.ts';
import type { Image } from '../../core/image.ts';
import type { NativeStep } from '../../core/step.ts';
import type { Case } from '../case.ts';
import { faultOffset, type Window } from '../locate.ts';
import type { Localisation, StepMachines } from '../lockstep.ts';
import { entriesOf, placementOf } from '../placement.ts';
import type { Facet, StepDifference } from '../step-differences.ts';
import { Aligner, type Alignment } from './align.ts';
import { codeOf } from './code-range.ts';
import { FrameWatcher } from './learned-placement.ts';
import { areLikely, withLikelyRegs } from './likely-regs.ts';
import { type Span, stageAt, windowOf } from './span.ts';
import { StepQueue } from './step-queue.ts';
import { type Bounds, boundsOf, type Way, walk } from './way.ts';

/** A case that diverged, with both runs of it. */
export interface WindowSubject extends Pick<Case, 'program' | 'env'> {
  readonly image: Image;
  readonly want: Execution;
  readonly got: Execution;
  /** Basic blocks the native side may run. */
  readonly fuel: number;
}

/** The window the sides parted in. */
export function localiseWindow(given: WindowSubject, machines: StepMachines): Localisation {
  const subject = { ...given, image: withLikelyRegs(given.image) };
  const { program, env, image } = subject;
  const placement = placementOf(image, program, env.input) ?? learnPlacement(subject, machines);
  const referenceSteps = () => machines.reference(program, env, { placement });
  const way = walk(program, referenceSteps());
  const align = (facet: Facet, until: number): Alignment => {
    const steps = new StepQueue(program, referenceSteps());
    const aligner = new Aligner({ program, image, steps, facet, until });
    runNative(subject, way.execution, machines, (step) => aligner.onStep(step));
    return aligner.alignment;
  };
  const bounds = boundsOf(way, subject);
  const state = align('state', bounds.until);
  // Calls of an image without registers show too little to trust or distrust by.
  if (given.image.regs === undefined ? areLikely(state) : isTrusted(state, bounds))
    return stateWindow(subject, way, state);
  const store = align('store', bounds.until);
  return isTrusted(store, bounds) ? storeWindow(subject, way, store) : callWindow(subject, way, bounds);
}

/**
 * Whether the sides parted where they were last seen together. If calls agree after that, they were together
 * longer than they were seen to be: registers are not where the image says. But what differs may be what no call
 * shows.
 */
function isTrusted({ agreed, isSeen, differences }: Alignment, { after }: Bounds): boolean {
  if (!isSeen) return false;
  if ((agreed?.last ?? -1) >= after) return true;
  return differences.length > 0 && differences.every(isHidden);
}

/** Whether calls and returns need not show it: they do not show r10 of a subprog that calls nobody. */
const isHidden = ({ what }: StepDifference): boolean =>
  what.kind === 'rsp' ||
  what.kind === 'direction-flag' ||
  what.kind === 'memory' ||
  (what.kind === 'reg' && what.reg === R10);

/**
 * The instruction that brought the last state on which the sides agree, whose native code may not have been done,
 * what changed nothing, and then the one that should have brought the state that never came.
 */
function stateWindow(subject: WindowSubject, { pcs, events }: Way, alignment: Alignment): Localisation {
  const { image } = subject;
  const { agreed, differences, from, at, to, argsAgree } = alignment;
  const offsets = { from, to };
  const offset = faultOffset(image, subject.got) ?? at;
  if (agreed === null) {
    const window: Window = {
      precision: 'state',
      prologue: 0,
      from: null,
      to: null,
      pcs: [],
      insns: 0,
      offsets,
    };
    return { pc: null, offset, stage: 'prologue', differences, steps: 0, window };
  }
  const { last } = agreed;
  const first = Math.max(agreed.first - 1, 0);
  const call = events.findLast((step) => step < first) ?? -1;
  const window = windowOf(subject, pcs, { precision: 'state', call, first, last, offsets });
  const stage = stageAt(subject, window.to, argsAgree === true);
  return { pc: window.to, offset, stage, differences, steps: last, window };
}

/** From the last call to the store that did not come, or to the next call: what is stored was made before. */
function storeWindow(subject: WindowSubject, { pcs, events }: Way, alignment: Alignment): Localisation {
  const { agreed, differences, from, to } = alignment;
  const last = agreed?.last ?? 0;
  const call = events.findLast((step) => step < last) ?? -1;
  return coarse(subject, {
    pcs,
    precision: 'store',
    call,
    first: call + 1,
    last,
    offsets: { from, to },
    differences,
  });
}

/** By calls and returns alone. */
function callWindow(subject: WindowSubject, { pcs }: Way, { after, until, isCall }: Bounds): Localisation {
  const { program, image } = subject;
  const offsets = codeOf(image, subprogAt(program, pcs[until] ?? 0).index);
  const precision = isCall || after >= 0 ? 'call' : 'exit';
  const span = { precision, call: after, first: after + 1, last: until, offsets } as const;
  return coarse(subject, { ...span, pcs, differences: [] });
}

function coarse(
  subject: WindowSubject,
  { pcs, differences, ...span }: Span & Pick<Way, 'pcs'> & Pick<Localisation, 'differences'>,
): Localisation {
  const window = windowOf(subject, pcs, span);
  return {
    pc: window.to,
    offset: faultOffset(subject.image, subject.got) ?? span.offsets.from,
    stage: stageAt(subject, window.to, false),
    differences,
    steps: span.last,
    window,
  };
}

function learnPlacement(subject: WindowSubject, machines: StepMachines): FramePlacement {
  const watcher = new FrameWatcher(subject.program, subject.image);
  runNative(subject, subject.want, machines, (step) => watcher.onStep(step));
  // It has seen what a helper's frame takes as part of its caller's.
  return { ...watcher.placement, ...entriesOf(subject.image), callbackBytes: 0 };
}

function runNative(
  { program, env, image, fuel }: WindowSubject,
  reference: Execution,
  { native }: StepMachines,
  onStep: (step: NativeStep) => boolean,
): void {
  native(image, program, env, { fuel, reference, onStep });
}
