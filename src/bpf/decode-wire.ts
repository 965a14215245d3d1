/** One slot as it stands on the wire, and what is wrong with its fields. RFC 9669 §3. */
import { type ErrorParts, OracleError } from '../core/errors.ts';
import { isStackArgBase } from './calling.ts';
import type { Size } from './load-store.ts';

/** The fields of one slot as they stand on the wire. */
export interface Wire {
  readonly pc: number;
  readonly opcode: number;
  readonly dst: number;
  readonly src: number;
  readonly off: number;
  readonly imm: number;
  /** Numbers below it name registers. */
  readonly limit: number;
}

/** What is wrong with an instruction that cannot be decoded. */
export interface Flaw {
  readonly kind: 'opcode' | 'reserved-field' | 'ld-imm64' | 'other';
  /** Slot. */
  readonly pc: number;
  readonly opcode: number;
}

class DecodeError extends OracleError {
  readonly flaw: Flaw;

  constructor(flaw: Flaw, parts: ErrorParts) {
    super('input', parts);
    this.flaw = flaw;
  }
}

/** The flaw that brought an error about, if it was one. */
export function flawOf(error: unknown): Flaw | undefined {
  if (error instanceof DecodeError) return error.flaw;
  return error instanceof Error && error.cause !== undefined ? flawOf(error.cause) : undefined;
}

type Field = 'opcode' | 'dst' | 'src' | 'off' | 'imm';

/** A general register. */
export function reg(w: Wire, field: 'dst' | 'src'): number {
  const value = w[field];
  if (value < w.limit) return value;
  const why = isStackArgBase(value)
    ? `r${value} is only the base of 8-byte loads and stores of stack arguments`
    : 'registers are 0 to 10';
  throw bad(w, field, value, why);
}

/** A base register: a general one, or r11/r12 for stack arguments, which are 8 bytes wide. */
export function base(w: Wire, field: 'dst' | 'src', size: Size): number {
  return size === 8 && isStackArgBase(w[field]) ? w[field] : reg(w, field);
}

/** Fields that the instruction does not use. */
export function zero(w: Wire, ...fields: readonly Field[]): void {
  for (const field of fields) if (w[field] !== 0) throw reserved(w, field);
}

export const RESERVED = 'this field is reserved and must be 0';

export const reserved = (w: Wire, field: Field, why = RESERVED): OracleError =>
  bad(w, field, w[field], why, 'reserved-field');

export const unknown = (w: Wire): OracleError => bad(w, 'opcode', w.opcode, 'no such instruction', 'opcode');

export function bad(
  w: Wire,
  field: Field,
  value: number,
  why: string,
  kind: Flaw['kind'] = 'other',
): OracleError {
  const shown =
    field === 'opcode' || (field === 'imm' && value >= 0)
      ? `0x${value.toString(16).padStart(2, '0')}`
      : `${value}`;
  const opcode = `0x${w.opcode.toString(16).padStart(2, '0')}`;
  const parts = {
    what: 'decode',
    where: `insn ${w.pc} (opcode ${opcode})`,
    why: `${field} is ${shown}: ${why}`,
  };
  return new DecodeError({ kind, pc: w.pc, opcode: w.opcode }, parts);
}
