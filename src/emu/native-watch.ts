/** What is seen around a trampoline: the functions it calls, the program, and the way back to its caller. */
import type { NativeInput } from '../core/env.ts';
import type { Outcome, Word } from '../core/execution.ts';
import { type NativeEvent, type NativePlace, START_TIME } from '../core/native.ts';
import type { U64 } from '../core/u64.ts';
import { RAX, RDI, RDX, RSP } from '../x86/reg.ts';
import { ARG_REGS } from '../x86/sysv.ts';
import type { TrackedMemory } from './guest-memory.ts';

const WORD = 8n;
/** Events kept: more than any trampoline that works has. */
const LIMIT = 64;

export class NativeWatch {
  readonly events: NativeEvent[] = [];
  readonly #input: NativeInput;
  readonly #arrayBytes: number;
  readonly #guest: TrackedMemory;
  /** The array when the program ended. */
  #left: Uint8Array | undefined;
  #r0: Word;

  constructor(input: NativeInput, arrayBytes: number, guest: TrackedMemory) {
    this.#input = input;
    this.#arrayBytes = arrayBytes;
    this.#guest = guest;
  }

  /** The array as the program left it, or has it now. */
  get memory(): Uint8Array {
    return this.#left ?? this.#array();
  }

  /** The program begins: all that it can see through r1. */
  onProgram(regs: BigUint64Array): void {
    const first = (regs[RDI] ?? 0n) - WORD;
    const words = Array.from({ length: this.#arrayBytes / 8 }, (_, k) =>
      this.#guest.read(first + WORD * BigInt(k), 8),
    );
    this.#add('program', words);
  }

  /** It has returned. */
  onProgramEnd(regs: BigUint64Array): void {
    this.#r0 = regs[RAX];
    this.#left = this.#array();
  }

  /** A function is called; returns what it leaves in rax and rdx. */
  onStub(at: NativePlace, regs: BigUint64Array): readonly [rax: U64, rdx: U64] {
    const { result, stack } = this.#input.call;
    const registers = ARG_REGS.map((gpr) => regs[gpr]);
    if (at !== 'original') {
      this.#add(at, registers);
      return [at === 'prog-enter' ? START_TIME : 0n, 0n];
    }
    const first = (regs[RSP] ?? 0n) + WORD;
    const passed = stack.map((_, k) => this.#guest.read(first + WORD * BigInt(k), 8));
    this.#add(at, [...registers, ...passed]);
    return result;
  }

  /** Native code goes on. */
  onReturn(regs: BigUint64Array): void {
    this.#add('return', [regs[RAX], regs[RDX]]);
  }

  /** The program's own r0, if it got to its end. */
  outcome(end: Outcome & { readonly kind: 'exit' }): Outcome {
    return this.#r0 === undefined ? end : { kind: 'exit', r0: this.#r0 };
  }

  #array(): Uint8Array {
    return this.#guest.copy(this.#input.address, this.#arrayBytes)?.slice() ?? new Uint8Array(0);
  }

  #add(at: NativePlace, words: readonly Word[]): void {
    if (this.events.length < LIMIT) this.events.push({ at, words });
  }
}
