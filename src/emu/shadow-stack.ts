/**
 * The calls that are open, kept beside the guest's own stack: who was entered where, and what it must give back.
 * What each return broke of psABI §3.2.1 (callee-saved registers, rsp, DF) and of common sense (its return
 * address) is an AbiBreach.
 */
import type { AbiBreach } from '../core/execution.ts';
import type { U64 } from '../core/u64.ts';
import { gprName, RSP } from '../x86/reg.ts';
import { CALLEE_SAVED } from '../x86/sysv.ts';
import { RFLAGS } from './engine.ts';

/** Name and number. */
const SAVED = CALLEE_SAVED.map((gpr) => [gprName(gpr), gpr] as const);
const DIRECTION_FLAG = 10n;
const WORD = 8n;

/** A subprog that has been entered and has not returned. */
export interface OpenFrame {
  readonly subprog: number;
  /** Word at [rsp] at entry. */
  readonly returnAddress: U64;
  /** rsp at entry: address of the return address. */
  readonly rsp: U64;
  /** Callee-saved registers at entry, in the order of SAVED. */
  readonly saved: readonly U64[];
}

/** Reads a word of guest memory. */
export type ReadWord = (address: U64) => U64 | undefined;

export class ShadowStack {
  readonly breaches: AbiBreach[] = [];
  readonly #frames: OpenFrame[] = [];
  readonly #readWord: ReadWord;
  /** `breaches` kept; broken code breaks its promises at every call. */
  readonly #limit: number;

  constructor(readWord: ReadWord, limit: number) {
    this.#readWord = readWord;
    this.#limit = limit;
  }

  get depth(): number {
    return this.#frames.length;
  }

  get top(): OpenFrame | undefined {
    return this.#frames.at(-1);
  }

  enter(subprog: number, returnAddress: U64, regs: BigUint64Array): void {
    const saved = SAVED.map(([, gpr]) => regs[gpr] ?? 0n);
    this.#frames.push({ subprog, returnAddress, rsp: regs[RSP] ?? 0n, saved });
  }

  /** Another subprog goes on in the innermost frame: a tail call. The caller is owed what it was owed. */
  replace(subprog: number): void {
    const frame = this.#frames.pop();
    if (frame === undefined) return;
    const { returnAddress, rsp, saved } = frame;
    this.#frames.push({ subprog, returnAddress, rsp, saved });
  }

  /** Ends the innermost frame; `regs` are those its caller sees, `at` is the index of the return's event. */
  leave(regs: BigUint64Array, at: number): OpenFrame | undefined {
    const frame = this.#frames.pop();
    if (frame === undefined) return undefined;
    for (let i = 0; i < SAVED.length; i++) this.#checkSaved(frame, i, regs, at);
    this.#expect({ rule: 'stack-pointer', what: 'rsp', at }, frame.rsp + WORD, regs[RSP] ?? 0n);
    this.#checkReturnAddress(frame, at);
    this.checkDirection(regs, at);
    return frame;
  }

  /** Ends the innermost frame without any check. */
  pop(): OpenFrame | undefined {
    return this.#frames.pop();
  }

  /** Ends frames without any check, until `depth` are open: control went past them. */
  drop(depth: number): void {
    this.#frames.length = Math.min(this.#frames.length, depth);
  }

  /** psABI §3.2.1: DF must be clear on entry and upon return. */
  checkDirection(regs: BigUint64Array, at: number): void {
    this.#expect(
      { rule: 'direction-flag', what: 'DF', at },
      0n,
      ((regs[RFLAGS] ?? 0n) >> DIRECTION_FLAG) & 1n,
    );
  }

  /** At the entry of a native callee. psABI §3.2.2: rsp + 8 is a multiple of 16 there; kernels want 8. */
  checkAlignment(regs: BigUint64Array, align: number, at: number): void {
    const rsp = (regs[RSP] ?? 0n) + WORD;
    const got = rsp % BigInt(align);
    this.#expect({ rule: 'stack-alignment', what: `rsp mod ${align}`, at }, 0n, got);
  }

  /** Whether open frames can still return: for runs that ended in the middle. */
  checkOpenFrames(at: number): void {
    for (const frame of this.#frames) this.#checkReturnAddress(frame, at);
  }

  add(breach: AbiBreach): void {
    if (this.breaches.length < this.#limit) this.breaches.push(breach);
  }

  #checkSaved(frame: OpenFrame, index: number, regs: BigUint64Array, at: number): void {
    const [what, gpr] = SAVED[index] ?? ['', 0];
    this.#expect({ rule: 'callee-saved', what, at }, frame.saved[index] ?? 0n, regs[gpr] ?? 0n);
  }

  #checkReturnAddress(frame: OpenFrame, at: number): void {
    const got = this.#readWord(frame.rsp);
    if (got === undefined || got === frame.returnAddress) return;
    const what = `return address of subprog ${frame.subprog}`;
    this.add({ rule: 'return-address', what, want: frame.returnAddress, got, at });
  }

  #expect(promise: Pick<AbiBreach, 'rule' | 'what' | 'at'>, want: U64, got: U64): void {
    if (want !== got) this.add({ ...promise, want, got });
  }
}
