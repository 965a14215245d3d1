/**
 * Where an image that does not say puts its frames, seen in a run: rsp at the entry of each subprog, and the
 * register of r10 once it points below there. Then pointers into the stack have the same value on both sides.
 */
import type { Program } from '../../bpf/program.ts';
import { R10 } from '../../bpf/reg.ts';
import type { FramePlacement } from '../../core/env.ts';
import { FP_DEPTH, type Image } from '../../core/image.ts';
import { MAIN_FP } from '../../core/layout.ts';
import type { NativeStep } from '../../core/step.ts';

/** More than any prologue pushes before it sets its frame pointer. */
const MAX_FP_DEPTH = 256n;
const RETURN_ADDRESS_BYTES = 8n;

interface OpenFrame {
  readonly subprog: number;
  /** rsp at entry: where the return address lies. */
  readonly entry: bigint;
  fp: bigint | undefined;
}

export class FrameWatcher {
  readonly #subprogAt: ReadonlyMap<number, number>;
  readonly #frames: OpenFrame[] = [];
  readonly #depths = new Map<number, number>();
  /** By caller, then callee. */
  readonly #bytes = new Map<string, number>();
  #mainFp: bigint | undefined;

  constructor(program: Program, image: Image) {
    this.#subprogAt = new Map(
      image.subprogEntries.slice(0, program.subprogs.length).map((offset, subprog) => [offset, subprog]),
    );
  }

  /** Before each native instruction. */
  onStep({ offset, rsp, reg }: NativeStep): true {
    while (this.#frames.length > 0 && rsp > (this.#frames.at(-1)?.entry ?? 0n)) this.#frames.pop();
    const subprog = this.#subprogAt.get(offset);
    const last = this.#frames.at(-1);
    if (subprog !== undefined && (last?.entry !== rsp || last.subprog !== subprog)) {
      // What a timer calls is entered where main was.
      if (last?.entry === rsp) this.#frames.pop();
      this.#enter(subprog, rsp);
    }
    const top = this.#frames.at(-1);
    const fp = reg(R10);
    if (top !== undefined && top.fp === undefined && fp !== undefined) this.#see(top, fp);
    return true;
  }

  /** The first call of one subprog by another says where its frames lie below the other's. */
  #enter(subprog: number, rsp: bigint): void {
    const caller = this.#frames.at(-1);
    const pair = `${caller?.subprog} ${subprog}`;
    if (caller?.fp !== undefined && !this.#bytes.has(pair))
      this.#bytes.set(pair, Number(caller.fp - RETURN_ADDRESS_BYTES - rsp));
    this.#frames.push({ subprog, entry: rsp, fp: undefined });
  }

  #see(frame: OpenFrame, fp: bigint): void {
    const depth = frame.entry - fp;
    if (depth <= 0n || depth > MAX_FP_DEPTH) return;
    frame.fp = fp;
    if (!this.#depths.has(frame.subprog)) this.#depths.set(frame.subprog, Number(depth));
    this.#mainFp ??= fp;
  }

  get placement(): FramePlacement {
    return {
      mainFp: this.#mainFp ?? MAIN_FP,
      frameBytes: (caller, callee) => this.#bytes.get(`${caller} ${callee}`) ?? 0,
      fpDepth: (subprog) => this.#depths.get(subprog) ?? FP_DEPTH,
    };
  }
}
