/**
 * The registers: 64-bit words, each of which may be poison. As long as a run is interpreted they are values that a
 * trace can share; while translated code runs some of it, they lie in its linear memory (fast/room.ts).
 */
import { R6, R10, REG_COUNT, type Reg } from '../bpf/reg.ts';
import type { FrameRegs, Word } from '../core/execution.ts';
import { numberAt, type U64 } from '../core/u64.ts';

/** Where translated code has them: values, and for each 1 where it is poison. */
export interface LinearWords {
  readonly values: BigUint64Array;
  readonly poison: Uint8Array;
}

/** Indexes are not checked: they come from decoded instructions. All registers start as poison. */
export class Registers {
  /** Undefined: poison. Where they lie, but while translated code has them. */
  readonly words = new Array<Word>(REG_COUNT);
  #linear: LinearWords | undefined;

  /** The value, or undefined for poison. */
  word(reg: Reg): Word {
    if (this.#linear === undefined) return this.words[reg];
    return this.#linear.poison[reg] === 0 ? this.#linear.values[reg] : undefined;
  }

  /** The value of a register that is no poison. */
  value(reg: Reg): U64 {
    return this.word(reg) as U64;
  }

  /** `value + off` as signed numbers: rounded where it is not within 53 bits. */
  plus(reg: Reg, off: number): number {
    return numberAt(this.value(reg), off);
  }

  isPoison(reg: Reg): boolean {
    return this.word(reg) === undefined;
  }

  set(reg: Reg, value: U64): void {
    this.put(reg, value);
  }

  poison(reg: Reg): void {
    this.put(reg, undefined);
  }

  /** Sets a value, or poison. */
  put(reg: Reg, word: Word): void {
    if (this.#linear === undefined) this.words[reg] = word;
    else putLinear(this.#linear, reg, word);
  }

  /** The five registers a trace event shows, and a callee gives back. */
  ofFrame(): FrameRegs {
    const { words } = this;
    return this.#linear === undefined
      ? [words[R6], words[R6 + 1], words[R6 + 2], words[R6 + 3], words[R10]]
      : [this.word(R6), this.word(R6 + 1), this.word(R6 + 2), this.word(R6 + 3), this.word(R10)];
  }

  /** As `ofFrame` showed them. */
  putOfFrame(regs: FrameRegs): void {
    for (let i = 0; i < 4; i++) this.put(R6 + i, regs[i]);
    this.put(R10, regs[4]);
  }

  /** They lie there from here on. */
  moveTo(linear: LinearWords): void {
    for (let reg = 0; reg < REG_COUNT; reg++) putLinear(linear, reg, this.words[reg]);
    this.#linear = linear;
  }

  /** They lie there no more. */
  moveBack(): void {
    for (let reg = 0; reg < REG_COUNT; reg++) this.words[reg] = this.word(reg);
    this.#linear = undefined;
  }
}

function putLinear({ values, poison }: LinearWords, reg: Reg, word: Word): void {
  if (word !== undefined) values[reg] = word;
  poison[reg] = word === undefined ? 1 : 0;
}
