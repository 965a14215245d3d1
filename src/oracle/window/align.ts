/**
 * Finds the way through native code without a pc map: between any two native instructions the state is looked up
 * among the next steps of the reference. Where it agrees with one the sides are together again, so instructions
 * that are merged, moved or left out cost a few steps of precision and no more.
 */
import { MAX_REG_ARGS, MAX_STACK_ARGS } from '../../bpf/calling.ts';
import type { Program } from '../../bpf/program.ts';
import { R10 } from '../../bpf/reg.ts';
import type { Word } from '../../core/execution.ts';
import { type ArgPlace, FP_DEPTH, type Image } from '../../core/image.ts';
import type { NativeStep, ReferenceStep } from '../../core/step.ts';
import { type Facet, type StepDifference, stepDifferences, stepsAgree } from '../step-differences.ts';
import { type CodeRange, codeOf } from './code-range.ts';
import type { StepQueue } from './step-queue.ts';

/** How far the sides went together. */
export interface Alignment {
  /** Steps before which all agreed for the last time: between the first and the last one nothing changed. */
  readonly agreed: { readonly first: number; readonly last: number } | null;
  /** Offset of the native instruction before which `agreed.first` was recognised. */
  readonly from: number;
  /** Offset of the native instruction before which all agreed for the last time. */
  readonly at: number;
  /** Where, after that, least differed from the step that did not come; the last such place. */
  readonly to: number;
  readonly differences: readonly StepDifference[];
  /** Whether arguments were right when the subprog was entered that `agreed.last` calls; null: it was not. */
  readonly argsAgree: boolean | null;
  /** Steps that were recognised. */
  readonly recognised: number;
  /** Whether the engine showed any native instruction at all. */
  readonly isSeen: boolean;
}

/** Steps looked ahead. */
const LOOK_AHEAD = 64;
/** Native instructions after which no step is expected to be recognised any more. */
const MAX_APART = 4096;
/** Native instructions in which the step that did not come is looked for. */
const MAX_SEARCH = 64;
/** From rsp at entry up to the first argument on the stack. */
const RETURN_ADDRESS_BYTES = 8n;

export interface AlignOptions {
  readonly program: Program;
  readonly image: Image;
  readonly steps: StepQueue;
  readonly facet: Facet;
  /** The step by which the sides had parted: where they look alike later, what differed was overwritten. */
  readonly until: number;
}

export class Aligner {
  readonly #options: AlignOptions;
  /** By subprog. */
  readonly #code: readonly CodeRange[];
  #agreed: { first: number; last: number } | null = null;
  #apart = 0;
  #from: number;
  #at: number;
  #to: number;
  #differences: readonly StepDifference[] = [];
  #distance = 0;
  #argsAgree: boolean | null = null;
  #isSeen = false;
  #recognised = 0;

  constructor(options: AlignOptions) {
    this.#options = options;
    this.#code = options.program.subprogs.map(({ index }) => codeOf(options.image, index));
    this.#from = options.image.entry;
    this.#at = options.image.entry;
    this.#to = options.image.entry;
  }

  /** Before each native instruction. False when there is no more hope. */
  onStep(native: NativeStep): boolean {
    this.#isSeen = true;
    const found = this.#recognise(native);
    if (found === undefined) {
      this.#part(native);
      return ++this.#apart < MAX_APART;
    }
    this.#apart = 0;
    this.#argsAgree = null;
    if (found.first !== this.#agreed?.first) this.#from = native.offset;
    this.#at = native.offset;
    this.#to = native.offset;
    this.#recognised += found.last - Math.max(found.first - 1, this.#agreed?.last ?? -1);
    this.#agreed = found;
    this.#options.steps.dropBefore(found.last);
    return true;
  }

  get alignment(): Alignment {
    return {
      agreed: this.#agreed,
      from: this.#from,
      at: this.#at,
      to: this.#to,
      differences: this.#differences,
      argsAgree: this.#argsAgree,
      recognised: this.#recognised,
      isSeen: this.#isSeen,
    };
  }

  /** The steps the native side is at: those it was at, else the next one that agrees, with those like it. */
  #recognise(native: NativeStep): { first: number; last: number } | undefined {
    const { steps, until } = this.#options;
    const at = this.#agreed?.last ?? 0;
    for (let index = at; index <= Math.min(at + LOOK_AHEAD, until); index++) {
      const step = steps.at(index);
      if (step === undefined) return undefined;
      if (!this.#agrees(step, native)) continue;
      const first = index === this.#agreed?.last ? this.#agreed.first : index;
      return { first, last: this.#lastLike(index, native) };
    }
    return undefined;
  }

  #lastLike(index: number, native: NativeStep): number {
    const { steps, until } = this.#options;
    let last = index;
    while (last < until) {
      const next = steps.at(last + 1);
      if (next === undefined || !this.#agrees(next, native)) break;
      last++;
      steps.dropBefore(last);
    }
    return last;
  }

  /** In another subprog's code a state is another one, however like. */
  #agrees(step: ReferenceStep, native: NativeStep): boolean {
    const { from, to } = this.#code[step.subprog] ?? { from: 0, to: 0 };
    if (native.offset < from || native.offset >= to) return false;
    return stepsAgree(step, native, this.#options.image, this.#options.facet);
  }

  /** Nothing is recognised: looks how near the native side comes to the step that should have come. */
  #part(native: NativeStep): void {
    const { image, facet, steps } = this.#options;
    const missing = steps.at(this.#agreed === null ? 0 : this.#agreed.last + 1);
    if (missing === undefined || this.#apart >= MAX_SEARCH) return;
    if (native.offset === image.subprogEntries[missing.subprog]) {
      this.#argsAgree = argumentsAgree(missing, native, image);
    }
    const differences = stepDifferences(missing, native, image, facet);
    const distance = distanceOf(differences);
    if (this.#apart > 0 && distance > this.#distance) return;
    this.#distance = distance;
    this.#differences = differences;
    this.#to = native.offset;
  }
}

/** Far from any step: in another frame all that is compared is something else. */
const OTHER_FRAME = 1000;

/** How many words differ. */
function distanceOf(differences: readonly StepDifference[]): number {
  const words = new Set<string>();
  for (const { what } of differences) {
    if (what.kind === 'reg' && what.reg === R10) return OTHER_FRAME;
    if (what.kind === 'stack' || what.kind === 'memory') words.add(`${what.kind} ${what.offset >> 3}`);
    else words.add(JSON.stringify(what));
  }
  return words.size;
}

/** At the callee's first native instruction: arguments where it finds them, rsp where its frame is to be. */
function argumentsAgree(want: ReferenceStep, got: NativeStep, { args, frames }: Image): boolean {
  const same = (w: Word, g: Word): boolean => w === undefined || g === undefined || w === g;
  const frame = frames?.[want.subprog];
  if (frame !== undefined && got.rsp !== want.base + BigInt(frame.fpDepth ?? FP_DEPTH)) return false;
  for (let reg = 1; reg <= MAX_REG_ARGS; reg++) if (!same(want.reg(reg), got.reg(reg))) return false;
  for (let slot = 0; slot < MAX_STACK_ARGS; slot++) {
    const place = args.bpf[MAX_REG_ARGS + slot];
    if (place !== undefined && !same(want.incoming(slot), argumentAt(place, got))) return false;
  }
  return true;
}

const argumentAt = (place: ArgPlace, { gpr, word, rsp }: NativeStep): Word =>
  place.in === 'reg' ? gpr(place.reg) : word(rsp + RETURN_ADDRESS_BYTES + BigInt(8 * place.index));
