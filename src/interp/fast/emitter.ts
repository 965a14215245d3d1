/** What the translations of single instructions write to, and the one way out of a block before its end. */
import { FUEL_LEFT, PC, POISON } from './function.ts';
import { type Code, I32, OP } from './wasm.ts';

export class Emitter {
  readonly code: Code;
  /** Label behind the blocks. */
  readonly #exit: number;
  /** Slot of the instruction that is translated. */
  pc = 0;
  /** Instructions of the block, of which `done` run before this one, and the registers those set. */
  length = 0;
  done = 0;
  written = 0;

  constructor(code: Code, exit: number) {
    this.code = code;
    this.#exit = exit;
  }

  /** Goes back to the interpreter, which runs this instruction: nothing of it has happened. */
  leave(): void {
    const { code, pc, length, done } = this;
    this.settlePoison();
    if (done < length)
      code
        .get(FUEL_LEFT)
        .i32(length - done)
        .op(I32.add)
        .set(FUEL_LEFT);
    code.i32(pc).set(PC).branch(OP.br, this.#exit);
  }

  /** `leave`, if the i32 on the stack is not 0. */
  leaveIf(): void {
    this.code.open(OP.if);
    this.leave();
    this.code.end();
  }

  /** What the block has set so far is no poison. */
  settlePoison(): void {
    if (this.written === 0) return;
    this.code.get(POISON).i32(~this.written).op(I32.and).set(POISON);
  }
}
