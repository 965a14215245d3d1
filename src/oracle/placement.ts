/**
 * Where the reference puts its frames: where the image has them. Of an image that does not say, only what does
 * not depend on it is compared (blur.ts): then the reference runs with its frames in several places.
 */
import { MAX_REG_ARGS, MAX_STACK_BYTES } from '../bpf/calling.ts';
import type { Program, Subprog } from '../bpf/program.ts';
import type { Env, FramePlacement, Input } from '../core/env.ts';
import type { Execution } from '../core/execution.ts';
import { FP_DEPTH, type FrameShape, type Image } from '../core/image.ts';
import { ENTRY_RSP, MAIN_FP } from '../core/layout.ts';
import { fromNumber, type U64, u64 } from '../core/u64.ts';
import { commonOf } from './blur.ts';

/** Runs the reference with its frames at a place, or at its own. */
export type Refer = (program: Program, env: Env, placement?: FramePlacement) => Execution;

/** Other places that a divergence is held against. */
const PLACES = 10;
/** Bits an address in the stack can have, in 8-byte steps. */
const PLACE_BITS = 0xfff8;
/** Odd, so that each place differs from the others in many bits. */
const SPREAD = 0x9e35;
const RETURN_ADDRESS_BYTES = 8;

const entryOf = ({ base, subprogEntries }: Image, subprog: number): U64 =>
  base + BigInt(subprogEntries[subprog] ?? 0);

/** Where functions lie, as their addresses tell. */
export const entriesOf = (image: Image): Required<Pick<FramePlacement, 'entryOf'>> => ({
  entryOf: (subprog) => entryOf(image, subprog),
});

/** Of an image that does not say where its frames are: the reference's own, if addresses of functions matter. */
export const ownPlacement = (image: Image, { callbacks }: Program): FramePlacement | undefined =>
  callbacks === undefined
    ? undefined
    : { mainFp: MAIN_FP, frameBytes: () => MAX_STACK_BYTES, ...entriesOf(image) };

/** Frames where the image puts them; undefined for an image that does not say. */
export function placementOf(image: Image, program: Program, input: Input): FramePlacement | undefined {
  const { frames } = image;
  return frames === undefined ? undefined : new ImagePlacement(image, frames, program, input);
}

/** A class: made for every case of a campaign, where a closure for each member takes longer. */
class ImagePlacement implements FramePlacement {
  readonly mainFp: U64;
  readonly #image: Image;
  readonly #frames: readonly FrameShape[];
  readonly #subprogs: readonly Subprog[];

  constructor(image: Image, frames: readonly FrameShape[], { subprogs }: Program, { native }: Input) {
    this.#image = image;
    this.#frames = frames;
    this.#subprogs = subprogs;
    const callDepth = native === undefined ? 0 : (image.trampoline?.callDepth ?? 0);
    const below = callDepth + RETURN_ADDRESS_BYTES + this.fpDepth(0);
    this.mainFp = u64((native?.rsp ?? ENTRY_RSP) - fromNumber(below));
  }

  frameBytes(caller: number, callee: number): number {
    const frame = this.#frames[caller];
    return (frame?.bytes ?? 0) + (frame?.callBytes ?? 0) + this.#pushed(callee);
  }

  /** Bytes of arguments that a call pushes. */
  #pushed(callee: number): number {
    if (this.#image.args.pushed !== true) return 0;
    return 8 * Math.max(0, (this.#subprogs[callee]?.args ?? 0) - MAX_REG_ARGS);
  }

  fpDepth(subprog: number): number {
    return this.#frames[subprog]?.fpDepth ?? FP_DEPTH;
  }

  entryOf(subprog: number): U64 {
    return entryOf(this.#image, subprog);
  }

  privateFp(subprog: number): U64 | undefined {
    return this.#frames[subprog]?.privateStack?.fp;
  }
}

/** What the reference makes of an image's program. */
export interface Reference {
  readonly first: Execution;
  /** What it promises of the image's run; null if the way it goes depends on where frames lie. */
  readonly common: Execution | null;
}

export function refer(image: Image, program: Program, env: Env, run: Refer): Reference {
  const placement = placementOf(image, program, env.input);
  const first = run(program, env, placement ?? ownPlacement(image, program));
  if (placement !== undefined) return { first, common: first };
  const other = run(program, env, { ...elsewhere(1), ...entriesOf(image) });
  return { first, common: commonOf(first, other) };
}

/**
 * What `want` has in common with runs in more places yet. Two runs may agree by chance in a byte that depends on
 * where frames lie, so a divergence counts if many agree.
 */
export function referAgain(
  want: Execution,
  { image, program, env }: { readonly image: Image; readonly program: Program; readonly env: Env },
  run: Refer,
): Execution | null {
  let common: Execution | null = want;
  for (let place = 2; place < PLACES && common !== null; place++)
    common = commonOf(common, run(program, env, { ...elsewhere(place), ...entriesOf(image) }));
  return common;
}

/** Other places for frames than the reference's own; in the first, all bits differ. */
const elsewhere = (place: number): FramePlacement => ({
  mainFp: MAIN_FP ^ BigInt((PLACE_BITS + SPREAD * 8 * (place - 1)) & PLACE_BITS),
  frameBytes: () => MAX_STACK_BYTES + 24 * place,
});
