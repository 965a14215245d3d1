/** Reads the tokens of one statement from left to right; every complaint says what was expected and what stands there. */
import { badInput, type OracleError } from '../../core/errors.ts';
import { isStackArgBase } from '../calling.ts';
import type { Size } from '../load-store.ts';
import { type Reg, type RegisterRange, registerLimit } from '../reg.ts';
import type { Token } from './tokens.ts';

/** A register as written: `r1` (64 bits), or `w1` (its lower half). */
export interface RegOperand {
  readonly reg: Reg;
  readonly half: boolean;
}

const REGISTER = /^%?([rw])(\d+)$/i;

const parseInteger = (text: string): bigint | undefined => (/^0\d/.test(text) ? undefined : BigInt(text));

export class Cursor {
  readonly where: string;
  readonly #tokens: readonly Token[];
  /** Numbers below it name registers. */
  readonly #limit: number;
  #at = 0;

  constructor(tokens: readonly Token[], where: string, registers: RegisterRange = 'general') {
    this.#tokens = tokens;
    this.where = where;
    this.#limit = registerLimit(registers);
  }

  peek(ahead = 0): Token | undefined {
    return this.#tokens[this.#at + ahead];
  }

  next(): Token | undefined {
    const token = this.peek();
    if (token !== undefined) this.#at++;
    return token;
  }

  /** The next token's text is one of these. */
  at(...texts: readonly string[]): boolean {
    const token = this.peek();
    return token !== undefined && texts.includes(token.text);
  }

  /** Skips the next token if it is `text`. */
  accept(text: string): boolean {
    if (!this.at(text)) return false;
    this.#at++;
    return true;
  }

  expect(...texts: readonly string[]): void {
    for (const text of texts) if (!this.accept(text)) throw this.unexpected(`\`${text}\``);
  }

  /** Nothing may follow. */
  end(): void {
    if (this.peek() !== undefined) throw this.unexpected('the end of the instruction');
  }

  /** What the next token is as a register, if it is one. */
  peekReg(ahead = 0): RegOperand | undefined {
    const token = this.peek(ahead);
    const found = token?.kind === 'name' ? REGISTER.exec(token.text) : null;
    if (found === null) return undefined;
    return { reg: Number(found[2]), half: found[1]?.toLowerCase() === 'w' };
  }

  /** A general register, r0 to r10, 64 or 32 bits. */
  anyReg(): RegOperand {
    const operand = this.peekReg();
    if (operand === undefined) throw this.unexpected('a register');
    if (operand.reg >= this.#limit) throw this.#noSuchRegister(operand.reg);
    this.#at++;
    return operand;
  }

  /** A general register of this width. */
  reg(width: 64 | 32): Reg {
    const text = this.peek()?.text;
    const operand = this.anyReg();
    if (operand.half !== (width === 32)) {
      const want = `${width === 32 ? 'w' : 'r'}${operand.reg}`;
      throw this.fail(`\`${text}\`: the operands are ${width} bits wide here, write \`${want}\``);
    }
    return operand.reg;
  }

  /** A register that holds a value of `size` bytes: rN always will do, wN up to 4 bytes. */
  valueReg(size: Size): Reg {
    const operand = this.anyReg();
    if (operand.half && size === 8) {
      throw this.fail(
        `\`w${operand.reg}\`: an 8-byte access takes the whole register, write \`r${operand.reg}\``,
      );
    }
    return operand.reg;
  }

  /** The base of an address: a general register, or r11/r12 where stack arguments may stand. */
  base(stackArgs: 'with-stack-args' | 'general'): Reg {
    const operand = this.peekReg();
    if (operand === undefined || operand.half) throw this.unexpected('a base register (r0 to r10)');
    const allowed =
      operand.reg < this.#limit || (stackArgs === 'with-stack-args' && isStackArgBase(operand.reg));
    if (!allowed) throw this.#noSuchRegister(operand.reg);
    this.#at++;
    return operand.reg;
  }

  /** An integer with an optional sign. */
  integer(what: string): bigint {
    const negative = this.at('-');
    if (negative || this.at('+')) this.#at++;
    const token = this.peek();
    if (token?.kind !== 'number') throw this.unexpected(what);
    const value = parseInteger(token.text);
    if (value === undefined) {
      throw this.fail(`\`${token.text}\`: some assemblers read a leading zero as octal; write it without`);
    }
    this.#at++;
    return negative ? -value : value;
  }

  /** An integer for a signed 32-bit field; unsigned 32-bit values wrap, as assemblers let them. */
  imm32(): number {
    const value = this.integer('a number or a register');
    if (value < -0x8000_0000n || value > 0xffff_ffffn) {
      throw this.fail(`${value} does not fit the 32-bit immediate; use a 64-bit load (lddw, \`r1 = … ll\`)`);
    }
    return Number(BigInt.asIntN(32, value));
  }

  /** An integer for 64 bits, unsigned in the result. */
  imm64(): bigint {
    const value = this.integer('a 64-bit number');
    if (value < -0x8000_0000_0000_0000n || value > 0xffff_ffff_ffff_ffffn) {
      throw this.fail(`${value} does not fit 64 bits`);
    }
    return BigInt.asUintN(64, value);
  }

  /** Distance with its sign in front, for `off`. Absent (0) if no sign follows. */
  optionalOffset(): number {
    return this.at('+', '-') ? this.offset16() : 0;
  }

  offset16(): number {
    const value = this.integer('a number');
    if (value < -0x8000n || value > 0x7fffn) throw this.fail(`${value} does not fit the 16-bit offset`);
    return Number(value);
  }

  offset32(): number {
    const value = this.integer('a number');
    if (value < -0x8000_0000n || value > 0x7fff_ffffn) throw this.fail(`${value} does not fit 32 bits`);
    return Number(value);
  }

  /** A name that is no register. */
  name(what: string): string {
    const token = this.peek();
    if (token?.kind !== 'name' || this.peekReg() !== undefined) throw this.unexpected(what);
    this.#at++;
    return token.text;
  }

  fail(why: string): OracleError {
    return badInput('assemble', this.where, why);
  }

  unexpected(expected: string): OracleError {
    const token = this.peek();
    const before = this.#at > 0 ? ` after \`${this.#tokens[this.#at - 1]?.text}\`` : '';
    const got = token === undefined ? 'the line ends' : `got \`${token.text}\``;
    return this.fail(`expected ${expected}${before}, ${got}`);
  }

  #noSuchRegister(reg: number): OracleError {
    return this.fail(
      isStackArgBase(reg)
        ? `r${reg} is only the base of 8-byte loads and stores of stack arguments`
        : `no register r${reg}: registers are r0 to r10`,
    );
  }
}
