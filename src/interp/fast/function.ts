/**
 * The function a subprog becomes, and its locals:
 *
 *   run(block, stack, fuel) -> pc      starts at a block; `stack`: where the frame's lowest byte is in linear memory
 *   find(address, forWrite) -> range   0 if no range holds the address
 *
 * Registers live in locals. Of loads and of stores the range that was last hit is kept.
 */
import { MAX_STACK_BYTES } from '../../bpf/calling.ts';
import { R10, type Reg } from '../../bpf/reg.ts';
import { FUEL, LOOPS, RANGE, RANGE_BYTES, REG_POISON, REGS, TABLE, TABLE_END } from './layout.ts';
import { Code, type Func, I32, I64, OP, type ValueType } from './wasm.ts';

/** Parameters, then i32, then i64. */
export const BLOCK = 0;
export const STACK = 1;
export const FUEL_LEFT = 2;
/** Bit r: register r is poison. */
export const POISON = 3;
export const PC = 4;
export const LOOPS_LEFT = 5;
/** Linear address of an access. */
export const AT = 6;
const FOUND = 7;
const FIRST_I64 = 10;
/** Of an access: its guest address, and its distance from the range's. */
export const ADDRESS = 10;
export const DISTANCE = 11;
/** What was there before, or what is computed on the way. */
export const OLD = 12;
const FIRST_REG = 17;

/** A range kept for loads or for stores. */
export interface Kept {
  readonly forWrite: 0 | 1;
  readonly linear: number;
  readonly low: number;
  readonly length: number;
}
export const FOR_READ: Kept = { forWrite: 0, linear: 8, low: 13, length: 14 };
export const FOR_WRITE: Kept = { forWrite: 1, linear: 9, low: 15, length: 16 };

export const local = (reg: Reg): number => FIRST_REG + reg;

const PARAMS: readonly ValueType[] = ['i32', 'i32', 'i32'];
const LOCALS: readonly ValueType[] = Array.from({ length: FIRST_REG + R10 + 1 - PARAMS.length }, (_, k) =>
  k + PARAMS.length < FIRST_I64 ? 'i32' : 'i64',
);
export const FIND_INDEX = 1;

/** Sets of registers as bits. */
export interface RegSets {
  readonly used: number;
  readonly written: number;
}

/** `body` runs between what takes the state in and what hands it back. */
export function runFunction({ used, written }: RegSets, body: Code): Func {
  const code = new Code();
  load(code, used | (1 << R10));
  code.i32(0).memory(I32.load, LOOPS).set(LOOPS_LEFT);
  for (const { linear, low, length } of [FOR_READ, FOR_WRITE]) {
    code.get(STACK).set(linear);
    code.get(local(R10)).i64(BigInt(MAX_STACK_BYTES)).op(I64.sub).set(low);
    code.i64(BigInt(MAX_STACK_BYTES)).set(length);
  }
  for (const byte of body.bytes) code.op(byte);
  store(code, written);
  code.i32(0).get(LOOPS_LEFT).memory(I32.store, LOOPS);
  code.i32(0).get(FUEL_LEFT).memory(I32.store, FUEL);
  code.get(PC);
  return { params: PARAMS, locals: LOCALS, code };
}

function load(code: Code, regs: number): void {
  for (const reg of inSet(regs)) {
    code
      .i32(0)
      .memory(I64.load, REGS + 8 * reg)
      .set(local(reg));
    code
      .i32(0)
      .memory(I32.load8u, REG_POISON + reg)
      .i32(reg)
      .op(I32.shl);
    code.get(POISON).op(I32.or).set(POISON);
  }
}

function store(code: Code, regs: number): void {
  for (const reg of inSet(regs)) {
    code
      .i32(0)
      .get(local(reg))
      .memory(I64.store, REGS + 8 * reg);
    code.i32(0).get(POISON).i32(reg).op(I32.shr_u).i32(1).op(I32.and);
    code.memory(I32.store8, REG_POISON + reg);
  }
}

const inSet = (regs: number): number[] =>
  Array.from({ length: R10 + 1 }, (_, reg) => reg).filter((reg) => (regs & (1 << reg)) !== 0);

const [FIND_ADDRESS, FIND_WRITE, FIND_RANGE] = [0, 1, 2];

/** One look at each range of the table. */
export function findFunction(): Func {
  const code = new Code();
  code.i32(TABLE).set(FIND_RANGE).open(OP.loop);
  code.get(FIND_RANGE).i32(0).memory(I32.load, TABLE_END).op(I32.ge_u).open(OP.if);
  code.i32(0).op(OP.return).end();
  code.get(FIND_ADDRESS, FIND_RANGE).memory(I64.load, RANGE.low).op(I64.sub);
  code.get(FIND_RANGE).memory(I64.load, RANGE.length).op(I64.lt_u);
  code.get(FIND_RANGE).memory(I32.load, RANGE.writable).get(FIND_WRITE).op(I32.ge_u, I32.and).open(OP.if);
  code.get(FIND_RANGE).op(OP.return).end();
  code.get(FIND_RANGE).i32(RANGE_BYTES).op(I32.add).set(FIND_RANGE).branch(OP.br, 1).end();
  code.i32(0);
  return { params: ['i64', 'i32'], locals: ['i32'], code };
}

/** Looks for the range of ADDRESS and keeps it; `leave` is emitted where there is none. Sets DISTANCE. */
export function keepRange(code: Code, { forWrite, linear, low, length }: Kept, leave: () => void): void {
  code.get(ADDRESS).i32(forWrite).index(OP.call, FIND_INDEX).tee(FOUND).op(I32.eqz).open(OP.if);
  leave();
  code.end();
  code.get(FOUND).memory(I64.load, RANGE.low).set(low);
  code.get(FOUND).memory(I64.load, RANGE.length).set(length);
  code.get(FOUND).memory(I32.load, RANGE.linear).set(linear);
  code.get(ADDRESS, low).op(I64.sub).set(DISTANCE);
}
