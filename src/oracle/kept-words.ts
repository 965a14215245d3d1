/**
 * Whether the running frame still has what it keeps for its caller: return address, frame pointer, callee-saved
 * registers. A program cannot see these words, so that one written over shows when the function returns, if at all;
 * whoever wrote it is at fault, not the exit that takes it for what it was.
 */
import type { Program } from '../bpf/program.ts';
import type { Image } from '../core/image.ts';
import type { NativeStep, ReferenceStep } from '../core/step.ts';
import { FrameLinks } from './frame-links.ts';
import { type FrameRow, frameRows, isLink } from './frame-rows.ts';
import type { StepDifference } from './step-differences.ts';

export class KeptWords {
  readonly #program: Program;
  readonly #image: Image;
  readonly #links: FrameLinks;
  readonly #rows: (readonly FrameRow[])[] = [];
  #isEntered = false;

  constructor(program: Program, image: Image) {
    this.#program = program;
    this.#image = image;
    this.#links = new FrameLinks(program, image);
  }

  /** Before each native instruction: looks for the first one of main, whoever calls it. */
  see(native: NativeStep): void {
    if (this.#isEntered || native.offset !== this.#image.subprogEntries[0]) return;
    this.#isEntered = true;
    this.#links.enterMain(native);
  }

  /** Before each BPF instruction. What an exception callback finds in the frame of main was saved by main. */
  differences(want: ReferenceStep, got: NativeStep): StepDifference[] {
    this.#links.follow(want, got);
    if (want.subprog === this.#program.exceptionCallback) return [];
    return this.#rowsOf(want.subprog).flatMap(({ role, fpOffset }) => {
      const kept = this.#links.want(role);
      const seen = got.word(want.base + BigInt(fpOffset));
      return kept === undefined || seen === undefined || kept === seen
        ? []
        : [{ what: { kind: 'kept', role, fpOffset } as const, want: kept, got: seen }];
    });
  }

  #rowsOf(subprog: number): readonly FrameRow[] {
    this.#rows[subprog] ??= frameRows(this.#program, this.#image, subprog).filter(({ role }) => isLink(role));
    return this.#rows[subprog];
  }
}
