/**
 * What of a call comes after its callee: native code between the place a call returns to and the next BPF
 * instruction, where arguments that were pushed are popped. In lock-step it runs after the callee's exit.
 */
import { R10, REG_COUNT } from '../bpf/reg.ts';
import { FP_DEPTH, type Image } from '../core/image.ts';
import type { NativeStep, ReferenceStep } from '../core/step.ts';
import type { StepDifference } from './step-differences.ts';

/** Bytes of a return address. */
const RETURN_ADDRESS = 8n;

export class CallReturn {
  readonly #image: Image;
  readonly #pcs: ReadonlyMap<number, number>;
  #rsp: bigint | undefined;
  #call: number | undefined;
  #isAtNext = false;
  #isPrivate = false;

  constructor(image: Image) {
    this.#image = image;
    this.#pcs = new Map(image.callSites?.map(({ pc, returnOffset }) => [returnOffset, pc]));
  }

  /** Before each BPF instruction: where rsp is to be once its subprog has returned. */
  before({ subprog, base }: ReferenceStep): void {
    const frame = this.#image.frames?.[subprog];
    this.#rsp = frame && base + BigInt(frame.fpDepth ?? FP_DEPTH) + RETURN_ADDRESS;
    this.#call = undefined;
  }

  /** Before native code, after an exit; `next`: the BPF instruction to come. */
  see(next: ReferenceStep, native: NativeStep): void {
    const pc = this.#pcs.get(native.offset);
    if (pc === undefined || native.rsp !== this.#rsp) return;
    this.#isPrivate = this.#image.frames?.[next.subprog]?.privateStack !== undefined;
    if (!registersAgree(next, native, this.#isPrivate ? R10 : REG_COUNT)) return;
    this.#call = pc;
    this.#isAtNext = this.#image.pcMap?.has(next.pc, native.offset) === true;
  }

  /**
   * The call whose callee has returned as it should, so that the differences that follow are its own doing. One that
   * does nothing then may still have had to move rsp, or to load r10, where that is in a register that callees may use.
   */
  blamed(differences: readonly StepDifference[]): number | undefined {
    const isCallers = ({ what }: StepDifference): boolean =>
      what.kind === 'rsp' || (this.#isPrivate && what.kind === 'reg' && what.reg === R10);
    return this.#isAtNext && !differences.some(isCallers) ? undefined : this.#call;
  }
}

/** r0 and on, up to one. */
function registersAgree(want: ReferenceStep, got: NativeStep, end: number): boolean {
  for (let reg = 0; reg < end; reg++) {
    const [w, g] = [want.reg(reg), got.reg(reg)];
    if (w !== undefined && g !== undefined && w !== g) return false;
  }
  return true;
}
