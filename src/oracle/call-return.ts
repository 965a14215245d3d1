/**
 * What of a call comes after its callee: native code between the place a call returns to and the next BPF
 * instruction, where arguments that were pushed are popped. In lock-step it runs after the callee's exit.
 */
import { REG_COUNT } from '../bpf/reg.ts';
import { FP_DEPTH, type Image } from '../core/image.ts';
import type { NativeStep, ReferenceStep } from '../core/step.ts';

/** Bytes of a return address. */
const RETURN_ADDRESS = 8n;

export class CallReturn {
  readonly #image: Image;
  readonly #pcs: ReadonlyMap<number, number>;
  #rsp: bigint | undefined;
  #call: number | undefined;

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

  /** Before native code that is the beginning of no BPF instruction; `next`: the one to come, after an exit. */
  see(next: ReferenceStep, native: NativeStep): void {
    const pc = this.#pcs.get(native.offset);
    if (pc !== undefined && native.rsp === this.#rsp && registersAgree(next, native)) this.#call = pc;
  }

  /** The call whose callee has returned as it should; undefined where none has, or there is nothing behind it. */
  get call(): number | undefined {
    return this.#call;
  }
}

function registersAgree(want: ReferenceStep, got: NativeStep): boolean {
  for (let reg = 0; reg < REG_COUNT; reg++) {
    const [w, g] = [want.reg(reg), got.reg(reg)];
    if (w !== undefined && g !== undefined && w !== g) return false;
  }
  return true;
}
