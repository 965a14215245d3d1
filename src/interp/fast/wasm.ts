/**
 * WebAssembly as bytes: the instructions the translation uses, and a module of two functions around one memory.
 * WebAssembly Core Specification 2.0, §5.2 (values), §5.4 (instructions), §5.5 (modules).
 */

// biome-ignore-start format: tables, §5.4
export const OP = {
  block: 0x02,
  loop: 0x03,
  if: 0x04,
  end: 0x0b,
  br: 0x0c,
  brIf: 0x0d,
  brTable: 0x0e,
  return: 0x0f,
  call: 0x10,
  get: 0x20,
  set: 0x21,
  tee: 0x22,
} as const;
/** Of both widths, by mnemonic. */
export const I32 = {
  load: 0x28,
  load8u: 0x2d,
  load16u: 0x2f,
  store: 0x36,
  store8: 0x3a,
  store16: 0x3b,
  const: 0x41,
  eqz: 0x45,
  eq: 0x46,
  ne: 0x47,
  lt_s: 0x48,
  lt_u: 0x49,
  gt_s: 0x4a,
  gt_u: 0x4b,
  le_s: 0x4c,
  le_u: 0x4d,
  ge_s: 0x4e,
  ge_u: 0x4f,
  add: 0x6a,
  sub: 0x6b,
  mul: 0x6c,
  div_s: 0x6d,
  div_u: 0x6e,
  rem_s: 0x6f,
  rem_u: 0x70,
  and: 0x71,
  or: 0x72,
  xor: 0x73,
  shl: 0x74,
  shr_s: 0x75,
  shr_u: 0x76,
  wrap_i64: 0xa7,
  extend8_s: 0xc0,
  extend16_s: 0xc1,
} as const;
export const I64 = {
  load: 0x29,
  load8s: 0x30,
  load8u: 0x31,
  load16s: 0x32,
  load16u: 0x33,
  load32s: 0x34,
  load32u: 0x35,
  store: 0x37,
  store8: 0x3c,
  store16: 0x3d,
  store32: 0x3e,
  const: 0x42,
  eqz: 0x50,
  eq: 0x51,
  ne: 0x52,
  lt_s: 0x53,
  lt_u: 0x54,
  gt_s: 0x55,
  gt_u: 0x56,
  le_s: 0x57,
  le_u: 0x58,
  ge_s: 0x59,
  ge_u: 0x5a,
  add: 0x7c,
  sub: 0x7d,
  mul: 0x7e,
  div_s: 0x7f,
  div_u: 0x80,
  rem_s: 0x81,
  rem_u: 0x82,
  and: 0x83,
  or: 0x84,
  xor: 0x85,
  shl: 0x86,
  shr_s: 0x87,
  shr_u: 0x88,
  extend_i32_u: 0xad,
  extend8_s: 0xc2,
  extend16_s: 0xc3,
  extend32_s: 0xc4,
} as const;
// biome-ignore-end format: tables, §5.4

/** §5.3.1 */
const TYPE = { i32: 0x7f, i64: 0x7e } as const;
export type ValueType = keyof typeof TYPE;

/** Block type: no parameter, no result. */
const EMPTY = 0x40;

/** The body of a function, instruction by instruction. */
export class Code {
  readonly bytes: number[] = [];
  /** Blocks, loops and ifs that are open: right behind `open`, the label of what was opened. */
  depth = 0;

  /** Instructions without operands. */
  op(...opcodes: number[]): this {
    for (const opcode of opcodes) this.bytes.push(opcode);
    return this;
  }

  /** `block`, `loop` or `if`. */
  open(opcode: number): this {
    this.depth++;
    return this.op(opcode, EMPTY);
  }

  end(): this {
    this.depth--;
    return this.op(OP.end);
  }

  /** `br` or `br_if` to a label. */
  branch(opcode: number, label: number): this {
    return this.index(opcode, this.depth - label);
  }

  /** An instruction with an index: of a local, a label, a function. */
  index(opcode: number, index: number): this {
    this.bytes.push(opcode);
    unsigned(this.bytes, index);
    return this;
  }

  get(...locals: number[]): this {
    for (const local of locals) this.index(OP.get, local);
    return this;
  }

  set(local: number): this {
    return this.index(OP.set, local);
  }

  tee(local: number): this {
    return this.index(OP.tee, local);
  }

  i32(value: number): this {
    this.bytes.push(I32.const);
    signed(this.bytes, BigInt(value));
    return this;
  }

  i64(value: bigint): this {
    this.bytes.push(I64.const);
    signed(this.bytes, value);
    return this;
  }

  /** A load or a store, at the address on the stack plus `offset`; no alignment is promised. */
  memory(opcode: number, offset: number): this {
    this.bytes.push(opcode, 0);
    unsigned(this.bytes, offset);
    return this;
  }

  /** To the label the number on the stack names; all of [0, count) are there. */
  table(count: number): this {
    this.bytes.push(OP.brTable);
    unsigned(this.bytes, count - 1);
    for (let label = 0; label < count; label++) unsigned(this.bytes, label);
    return this;
  }
}

export interface Func {
  readonly params: readonly ValueType[];
  /** Beside the parameters, in their order. */
  readonly locals: readonly ValueType[];
  readonly code: Code;
}

/** A module whose functions all return an i32; the first one is exported as `run`, the memory is `room.memory`. */
export function moduleOf(functions: readonly Func[], pages: number): Uint8Array<ArrayBuffer> {
  const bytes = [0x00, 0x61, 0x73, 0x6d, 0x01, 0x00, 0x00, 0x00];
  const types = functions.map(({ params }) => [
    0x60,
    ...vector(params.map((type) => [TYPE[type]])),
    1,
    TYPE.i32,
  ]);
  section(bytes, 1, vector(types));
  section(bytes, 2, vector([[...name('room'), ...name('memory'), 0x02, 0x00, ...leb(pages)]]));
  section(bytes, 3, vector(functions.map((_, index) => leb(index))));
  section(bytes, 7, vector([[...name('run'), 0x00, 0]]));
  section(bytes, 10, vector(functions.map(bodyOf)));
  return Uint8Array.from(bytes);
}

function bodyOf({ locals, code }: Func): number[] {
  const body = vector(locals.map((type) => [1, TYPE[type]]));
  for (const byte of code.bytes) body.push(byte);
  body.push(OP.end);
  return [...leb(body.length), ...body];
}

function section(bytes: number[], id: number, content: readonly number[]): void {
  bytes.push(id, ...leb(content.length));
  for (const byte of content) bytes.push(byte);
}

const name = (text: string): number[] => [text.length, ...Buffer.from(text)];

function vector(items: readonly (readonly number[])[]): number[] {
  const bytes = leb(items.length);
  for (const item of items) for (const byte of item) bytes.push(byte);
  return bytes;
}

function leb(value: number): number[] {
  const bytes: number[] = [];
  unsigned(bytes, value);
  return bytes;
}

/** LEB128, §5.2.2 */
function unsigned(bytes: number[], value: number): void {
  let rest = value;
  for (; rest > 0x7f; rest >>>= 7) bytes.push((rest & 0x7f) | 0x80);
  bytes.push(rest);
}

function signed(bytes: number[], value: bigint): void {
  let rest = value;
  for (; rest < -64n || rest > 63n; rest >>= 7n) bytes.push(Number(rest & 0x7fn) | 0x80);
  bytes.push(Number(rest & 0x7fn));
}

/** What is used of the engine; the compiler's own library has it with the whole DOM only. */
interface Engine {
  readonly Memory: new (size: { initial: number; maximum: number }) => { readonly buffer: ArrayBuffer };
  readonly Module: new (bytes: Uint8Array<ArrayBuffer>) => object;
  readonly Instance: new (module: object, imports: object) => { readonly exports: { readonly run: unknown } };
}

export const { WebAssembly } = globalThis as unknown as { readonly WebAssembly: Engine };
