/**
 * What differs between the sides before a BPF instruction. Poison of the reference is never compared, nor what
 * the native side does not show.
 */
import { MAX_STACK_ARGS } from '../bpf/calling.ts';
import { R10, REG_COUNT } from '../bpf/reg.ts';
import type { Word } from '../core/execution.ts';
import type { Image } from '../core/image.ts';
import type { NativeStep, ReferenceStep } from '../core/step.ts';
import type { U64 } from '../core/u64.ts';
import type { FrameRole } from './frame-rows.ts';

/** What differs, in the order of comparison. */
export interface StepDifference {
  /**
   * `control`: native code came to another instruction than `pc`, the one the reference is at (null: it has
   * ended). Slot 0 of `outgoing` and `incoming` is argument 6.
   */
  readonly what:
    | { readonly kind: 'control'; readonly pc: number | null }
    | { readonly kind: 'reg'; readonly reg: number }
    | { readonly kind: 'outgoing' | 'incoming'; readonly slot: number }
    | { readonly kind: 'stack'; readonly offset: number }
    | { readonly kind: 'memory'; readonly region: number; readonly offset: number }
    | { readonly kind: 'rsp' }
    /** A register that an exception callback owes to whoever called main. */
    | { readonly kind: 'given-back'; readonly gpr: number }
    /** A word that the running frame keeps for its caller, at fp + `fpOffset`. */
    | { readonly kind: 'kept'; readonly role: FrameRole; readonly fpOffset: number }
    | { readonly kind: 'direction-flag' };
  readonly want: U64;
  readonly got: U64;
}

/** What is compared: everything, or only what stores leave behind. */
export type Facet = 'state' | 'store';

/** Differences listed of one step. */
const MAX_DIFFERENCES = 16;

/** The first differences. */
export function stepDifferences(
  want: ReferenceStep,
  got: NativeStep,
  image: Image,
  facet: Facet = 'state',
): StepDifference[] {
  const found: StepDifference[] = [];
  visitDifferences(want, got, { image, facet }, (difference) => found.push(difference) === MAX_DIFFERENCES);
  return found;
}

/** Whether nothing differs. */
export const stepsAgree = (want: ReferenceStep, got: NativeStep, image: Image, facet: Facet): boolean =>
  !visitDifferences(want, got, { image, facet }, () => true);

interface Compared {
  readonly image: Image;
  readonly facet: Facet;
}

/** Sees each difference; true ends the visit. Returns whether it was ended. */
type Visit = (difference: StepDifference) => boolean;

function visitDifferences(
  want: ReferenceStep,
  got: NativeStep,
  { image, facet }: Compared,
  visit: Visit,
): boolean {
  if (facet === 'store')
    return visitMemory(want, got, visit) || (isSameFrame(want, got) && visitFrame(want, got, visit));
  return (
    visitRegisters(want, got, visit) ||
    visitArguments(want, got, visit) ||
    visitFrame(want, got, visit) ||
    visitMemory(want, got, visit) ||
    visitNative(want, got, image, visit)
  );
}

function visitWord(what: StepDifference['what'], want: Word, got: Word, visit: Visit): boolean {
  return want !== undefined && got !== undefined && want !== got && visit({ what, want, got });
}

function visitRegisters(want: ReferenceStep, got: NativeStep, visit: Visit): boolean {
  for (let reg = 0; reg < REG_COUNT; reg++) {
    const [w, g] = [want.reg(reg), got.reg(reg)];
    if (w !== g && visitWord({ kind: 'reg', reg }, w, g, visit)) return true;
  }
  return false;
}

function visitArguments(want: ReferenceStep, got: NativeStep, visit: Visit): boolean {
  for (let slot = 0; slot < MAX_STACK_ARGS; slot++) {
    for (const kind of ['outgoing', 'incoming'] as const) {
      const w = want[kind](slot);
      if (w !== undefined && visitWord({ kind, slot }, w, got[kind](slot), visit)) return true;
    }
  }
  return false;
}

const isSameFrame = (want: ReferenceStep, got: NativeStep): boolean =>
  want.reg(R10) !== undefined && want.reg(R10) === got.reg(R10);

/** Frames end at r10, on both sides. */
function visitFrame(want: ReferenceStep, got: NativeStep, visit: Visit): boolean {
  const wanted = want.stack();
  const seen = wanted === null ? null : got.stack();
  if (wanted === null || seen === null) return false;
  const { bytes, poison } = wanted;
  const shift = seen.bytes.length - bytes.length;
  return visitBytes(
    { bytes, poison },
    (k) => seen.bytes[k + shift],
    (k) => ({ kind: 'stack', offset: k - bytes.length }),
    visit,
  );
}

function visitMemory(want: ReferenceStep, got: NativeStep, visit: Visit): boolean {
  const seen = got.memory();
  return want.memory().some((wanted, region) => {
    const other = seen[region]?.bytes;
    return visitBytes(
      wanted,
      (k) => other?.[k],
      (offset) => ({ kind: 'memory', region, offset }),
      visit,
    );
  });
}

function visitBytes(
  { bytes, poison }: { readonly bytes: Uint8Array; readonly poison?: Uint8Array | undefined },
  seen: (k: number) => number | undefined,
  what: (k: number) => StepDifference['what'],
  visit: Visit,
): boolean {
  for (let k = 0; k < bytes.length; k++) {
    const [want, got] = [bytes[k] as number, seen(k)];
    if (want === got || got === undefined || poison?.[k] === 1) continue;
    if (visit({ what: what(k), want: BigInt(want), got: BigInt(got) })) return true;
  }
  return false;
}

/** rsp where the image promises it, and the direction flag: what no BPF register shows. */
function visitNative(want: ReferenceStep, got: NativeStep, image: Image, visit: Visit): boolean {
  const bytes = image.frames?.[want.subprog]?.bytes;
  if (bytes !== undefined && visitWord({ kind: 'rsp' }, want.base - BigInt(bytes), got.rsp, visit))
    return true;
  return got.directionFlag && visit({ what: { kind: 'direction-flag' }, want: 0n, got: 1n });
}
