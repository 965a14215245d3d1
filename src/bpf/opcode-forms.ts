/**
 * Every form of instruction that both machines run: each row of the tables in src/bpf with each source, width
 * and size it has, by its wire bytes. Coverage counts by these, so a form nobody generates shows as a hole. Those of
 * the verifier's making (accesses, casts) come last, and are of Linux's JIT alone: others are not asked for them.
 *
 * Left out, because neither the reference nor the JIT runs them: ld_abs, ld_ind, callx, and lddw with a src
 * other than 0.
 */
import { ALU_ROWS, CAST_ROWS, MOVSX_BITS, SWAP_BITS, SWAP_ROWS } from './alu.ts';
import { ATOMIC_ROWS } from './atomic.ts';
import { fields } from './encode.ts';
import type { Insn } from './insn.ts';
import { CALL_SRC, type CallKind, JUMP_ROWS } from './jump.ts';
import { SIZE_ROWS, type Size } from './load-store.ts';

/** Values an operand can have, as bits: registers by number, immediates and offsets by VALUE_CLASSES. */
export interface OperandSets {
  readonly dst: number;
  readonly src: number;
  readonly imm: number;
  readonly off: number;
}

export interface OpcodeForm {
  /** e.g. `add64 K`, `ldx dw`, `fetch_add w`; no two alike. */
  readonly name: string;
  /** Row and column of the grid. */
  readonly row: string;
  readonly column: string;
  /** Every operand value a program may use with it. */
  readonly possible: OperandSets;
}

/** Classes of immediates and offsets, at the limits of x86's encodings. Bit k of a set is class k. */
export const VALUE_CLASSES = ['0', '+8', '-8', '+32', '-32'] as const;

/** A value's class, as a set. Without branches: what immediates are nobody guesses right. */
export function valueSet(value: number): number {
  const isZero = Math.clz32(value) >> 5;
  const isShort = (24 - Math.clz32(value ^ (value >> 31))) >>> 31;
  const index = 3 - 2 * isShort + (value >>> 31);
  return 1 << (index & (isZero - 1));
}

const NONE: OperandSets = { dst: 0, src: 0, imm: 0, off: 0 };
const bits = (count: number): number => (1 << count) - 1;
/** r0..r9, and r10 where an operand is only read. */
const WRITTEN = bits(10);
const READ = bits(11);
/** Bases of accesses; of 8-byte ones also r11, for stack arguments. */
const base = (size: number): number => (size === 8 ? bits(12) : READ);
const ANY = bits(VALUE_CLASSES.length);
/** What Linux's verifier takes: shift counts inside the width, divisors other than 0. */
const SHIFT_COUNTS = 0b00011;
const DIVISORS = ANY & ~1;

/** A form with the plainest instruction that has it: operands are 0. */
export interface OpcodeExample {
  readonly form: OpcodeForm;
  readonly insn: Insn;
}

const example = (row: string, column: string, insn: Insn, operands: Partial<OperandSets>): OpcodeExample => ({
  form: { name: column === '' ? row : `${row} ${column}`, row, column, possible: { ...NONE, ...operands } },
  insn,
});

const WIDTHS = [64, 32] as const;

const sourcesOf = (source: 'K' | 'X' | 'KX'): readonly ('K' | 'X')[] =>
  source === 'KX' ? ['K', 'X'] : [source];

function immediatesOf(op: string): number {
  if (op === 'lsh' || op === 'rsh' || op === 'arsh') return SHIFT_COUNTS;
  if (op === 'neg') return 0;
  return /div|mod/.test(op) ? DIVISORS : ANY;
}

const alu = (): OpcodeExample[] =>
  ALU_ROWS.flatMap(({ name, source }) =>
    WIDTHS.flatMap((width) =>
      sourcesOf(source).map((kx) => {
        const insn: Insn = { kind: 'alu', op: name, width, source: kx, dst: 0, src: 0, imm: 0 };
        const operands = kx === 'K' ? { imm: immediatesOf(name) } : { src: READ };
        return example(name, `${width} ${kx}`, insn, { dst: WRITTEN, ...operands });
      }),
    ),
  );

const movsx = (): OpcodeExample[] =>
  WIDTHS.flatMap((width) =>
    MOVSX_BITS[width].map((narrow) => {
      const insn: Insn = { kind: 'movsx', width, bits: narrow, dst: 0, src: 0 };
      return example(`movsx${narrow}`, `${width} X`, insn, { dst: WRITTEN, src: READ });
    }),
  );

const swaps = (): OpcodeExample[] =>
  SWAP_ROWS.flatMap(({ name }) =>
    SWAP_BITS.map((width) =>
      example(name, `${width}`, { kind: 'swap', op: name, bits: width, dst: 0 }, { dst: WRITTEN }),
    ),
  );

const memory = (): OpcodeExample[] =>
  SIZE_ROWS.flatMap(({ name, bytes }): OpcodeExample[] => {
    const place = { dst: base(bytes), off: ANY };
    const loads: OpcodeExample[] = [
      example('ldx', name, { kind: 'ldx', size: bytes, sign: false, dst: 0, src: 0, off: 0 }, load(bytes)),
    ];
    if (bytes < 8) {
      const insn: Insn = { kind: 'ldx', size: bytes, sign: true, dst: 0, src: 0, off: 0 };
      loads.push(example('ldxs', name, insn, load(4)));
    }
    return [
      ...loads,
      example('st', name, { kind: 'st', size: bytes, dst: 0, off: 0, imm: 0 }, { ...place, imm: ANY }),
      example('stx', name, { kind: 'stx', size: bytes, dst: 0, src: 0, off: 0 }, { ...place, src: READ }),
    ];
  });

const load = (bytes: number): Partial<OperandSets> => ({ dst: WRITTEN, src: base(bytes), off: ANY });

const atomics = (): OpcodeExample[] =>
  ATOMIC_ROWS.flatMap(({ name, sizes, fetch }) =>
    sizes.map((size) => {
      const column = SIZE_ROWS.find((row) => row.bytes === size)?.name ?? '';
      const insn: Insn = { kind: 'atomic', op: name, size, dst: 0, src: 0, off: 0 };
      if (name === 'load_acquire') return example(name, column, insn, load(4));
      const src = fetch && name !== 'cmpxchg' ? WRITTEN : READ;
      return example(`atomic ${name}`, column, insn, { dst: READ, src, off: ANY });
    }),
  );

const jumps = (): OpcodeExample[] =>
  JUMP_ROWS.flatMap(({ name }) =>
    WIDTHS.flatMap((width) =>
      (['K', 'X'] as const).map((kx) => {
        const insn: Insn = { kind: 'jcc', op: name, width, source: kx, dst: 0, src: 0, imm: 0, off: 0 };
        return example(name, `${width} ${kx}`, insn, {
          dst: READ,
          ...(kx === 'K' ? { imm: ANY } : { src: READ }),
        });
      }),
    ),
  );

const calls = (): OpcodeExample[] =>
  (Object.keys(CALL_SRC) as CallKind[]).map((target) =>
    example('call', target, { kind: 'call', target, imm: 0, off: 0 }, {}),
  );

/** Of programs as they are loaded, in the order of the tables. */
export const OPCODE_EXAMPLES: readonly OpcodeExample[] = [
  ...alu(),
  ...movsx(),
  ...swaps(),
  example('lddw', '', { kind: 'lddw', dst: 0, src: 0, imm: 0n }, { dst: WRITTEN, imm: ANY }),
  ...memory(),
  ...atomics(),
  ...jumps(),
  example('ja', '16', { kind: 'ja', width: 16, off: 0 }, {}),
  example('ja', '32', { kind: 'ja', width: 32, off: 0 }, {}),
  example('may_goto', '', { kind: 'may_goto', off: 0 }, {}),
  ...calls(),
  example('exit', '', { kind: 'exit' }, {}),
];

/** r0..r9: the lane's bases, and those of the verifier, which keeps r10 for the stack. */
const REACHED: Partial<OperandSets> = { dst: WRITTEN, src: WRITTEN, off: ANY };

const accesses = (): OpcodeExample[] =>
  SIZE_ROWS.flatMap(({ name, bytes }): OpcodeExample[] => {
    const signs = bytes < 8 ? [false, true] : [false];
    const loads = (['probe', 'arena'] as const).flatMap((access) =>
      signs.map((sign) => {
        const insn: Insn = { kind: 'ldx', size: bytes, sign, dst: 0, src: 0, off: 0, access };
        return example(`${access} ldx${sign ? 's' : ''}`, name, insn, REACHED);
      }),
    );
    const place = { size: bytes, dst: 0, off: 0, access: 'arena' } as const;
    return [
      ...loads,
      example('arena st', name, { kind: 'st', imm: 0, ...place }, { dst: WRITTEN, off: ANY, imm: ANY }),
      example('arena stx', name, { kind: 'stx', src: 0, ...place }, REACHED),
      ...arenaAtomics(bytes, name),
    ];
  });

/** They take a loop, which goes with no exception table. */
const LOOPS: ReadonlySet<string> = new Set(['fetch_and', 'fetch_or', 'fetch_xor']);

const arenaAtomics = (size: Size, column: string): OpcodeExample[] =>
  ATOMIC_ROWS.filter(({ name, sizes }) => sizes.some((each) => each === size) && !LOOPS.has(name)).map(
    ({ name }) =>
      example(
        `arena ${name}`,
        column,
        { kind: 'atomic', op: name, size, dst: 0, src: 0, off: 0, access: 'arena' },
        REACHED,
      ),
  );

const casts = (): OpcodeExample[] =>
  CAST_ROWS.map(({ to }) =>
    example('cast', to, { kind: 'cast', to, dst: 0, src: 0 }, { dst: WRITTEN, src: WRITTEN }),
  );

/** Of the verifier's making. */
const LINUX_EXAMPLES: readonly OpcodeExample[] = [...accesses(), ...casts()];

const ALL_EXAMPLES: readonly OpcodeExample[] = [...OPCODE_EXAMPLES, ...LINUX_EXAMPLES];

/** Forms that programs have as they are loaded, in the order of the tables. */
export const OPCODE_FORMS: readonly OpcodeForm[] = OPCODE_EXAMPLES.map(({ form }) => form);

/** These, then those of the verifier's making: what coverage counts. */
export const ALL_OPCODE_FORMS: readonly OpcodeForm[] = ALL_EXAMPLES.map(({ form }) => form);

const CLASS = 0x07;
const LDDW = 0x18;
const STX_ATOMIC = 0xc0;
const SWAP = 0xd0;
const CALL = 0x85;
const MOV64_X = 0xbf;

/** What tells forms with the same opcode byte apart; undefined: nothing does. */
function toldApartBy(opcode: number): 'src' | 'off' | 'imm' | undefined {
  const family = opcode & CLASS;
  if (opcode === CALL || opcode === LDDW) return 'src';
  if (family === 3 && (opcode & STX_ATOMIC) === STX_ATOMIC) return 'imm';
  if (family === 4 || family === 7) return (opcode & 0xf0) === SWAP ? 'imm' : 'off';
  return undefined;
}

/** By opcode byte, the bits of each field that count. */
const masksOf = (field: 'src' | 'off' | 'imm'): Int32Array =>
  Int32Array.from({ length: 256 }, (_, opcode) => (toldApartBy(opcode) === field ? -1 : 0));
const SRC_MASKS = masksOf('src');
const OFF_MASKS = masksOf('off');
const IMM_MASKS = masksOf('imm');

/** Above all that an offset of a move can be. */
const KERNEL_CAST = 1 << 24;

/**
 * What tells an instruction from others of its opcode byte; 0 of most. No branch on what differs from one instruction
 * to the next: guesses at it cost more than all of the rest.
 */
function subOf(opcode: number, src: number, off: number, imm: number): number {
  return (
    (src & (SRC_MASKS[opcode] as number)) |
    (off & (OFF_MASKS[opcode] as number)) |
    (imm & (IMM_MASKS[opcode] as number))
  );
}

/** `sub`: subOf() the same. */
function keyOf(opcode: number, sub: number, off: number, imm: number): number {
  const key = opcode | (sub << 8);
  // Of plain moves imm is 0, or nothing that counts.
  return opcode === MOV64_X && off === 1 && imm === 1 ? key | KERNEL_CAST : key;
}

/** By opcode byte, of instructions that nothing else tells apart; -1 for none. */
const PLAIN = new Int16Array(256).fill(-1);
/** A table of keys, and of the indices of their forms: each as near behind its place as there was room. */
const PLACES = 1024;
const KEYS = new Int32Array(PLACES).fill(-1);
const FORMS = new Int16Array(PLACES);
const placeOf = (key: number): number => Math.imul(key, 0x9e37_79b1) >>> 22;

ALL_EXAMPLES.forEach(({ insn }, index) => {
  const [opcode, , src, off, imm] = fields(insn);
  const sub = subOf(opcode, src, off, imm);
  if (sub === 0) {
    PLAIN[opcode] = index;
    return;
  }
  let place = placeOf(keyOf(opcode, sub, off, imm));
  while (KEYS[place] !== -1) place = (place + 1) % PLACES;
  KEYS[place] = keyOf(opcode, sub, off, imm);
  FORMS[place] = index;
});

/** Index in ALL_OPCODE_FORMS of an instruction by its wire fields; -1 for one that is left out. */
export function formIndex(opcode: number, src: number, off: number, imm: number): number {
  const sub = subOf(opcode, src, off, imm);
  return sub === 0 ? (PLAIN[opcode] as number) : indexOfKey(keyOf(opcode, sub, off, imm));
}

function indexOfKey(key: number): number {
  let place = placeOf(key);
  while (KEYS[place] !== key) {
    if (KEYS[place] === -1) return -1;
    place = (place + 1) % PLACES;
  }
  return FORMS[place] as number;
}

/** The form of an instruction, if it is one of these. */
export function formOf(insn: Insn): OpcodeForm | undefined {
  const [opcode, , src, off, imm] = fields(insn);
  return ALL_OPCODE_FORMS[formIndex(opcode, src, off, imm)];
}
