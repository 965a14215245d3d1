/**
 * A form: one row of the SDM's instruction reference, e.g. `REX.W + 89 /r`, parsed once at load and checked.
 *
 * Notation (SDM 2A §3.1.1): `REX.W`, `REX`, `66` and `F0` are prefixes; hex bytes are the opcode; `/r` means ModRM
 * holds a register, `/0`..`/7` an opcode extension; `+r` adds the register to the opcode; `ib iw id iq` is an
 * immediate of 1, 2, 4, 8 bytes; `cb cd` a displacement relative to the next instruction;
 * `VEX.66|F2|F3.0F38.W0|W1` the three-byte VEX prefix (§2.3).
 */

/** What a form takes, which is also which Assembler method emits it. */
export type Shape =
  /** nothing */
  | 'none'
  /** a register added to the opcode */
  | 'o'
  /** the same, and an immediate */
  | 'oi'
  /** ModRM: a register or memory, with an opcode extension */
  | 'm'
  /** the same, and an immediate */
  | 'mi'
  /** ModRM: register or memory, and a register */
  | 'mr'
  /** the same, and an immediate */
  | 'mri'
  /** an immediate for the accumulator */
  | 'i'
  /** a relative displacement */
  | 'rel'
  /** VEX: rm, and two registers */
  | 'vex';

/** Prefixes and opcode, in the SDM's order (2A §2.1, §2.2.1): lock, operand size, REX, opcode. */
export interface Head {
  /** Little-endian, as 32 bits. */
  readonly word: number;
  /** 1 to 4. */
  readonly bytes: number;
}

export interface Form<S extends Shape = Shape> {
  /** As iced names it: mnemonic, then operands in Intel order. */
  readonly name: string;
  /** The row as the SDM prints it. */
  readonly notation: string;
  readonly shape: S;
  /** lock (F0) goes first. */
  readonly lock: boolean;
  /** 0x48 with REX.W, else 0x40. */
  readonly rex: number;
  /** REX is there even if no bit of it is set. */
  readonly forceRex: boolean;
  /** What comes first, without and with REX; the last byte of the opcode is the last one. */
  readonly plain: Head;
  readonly rexed: Head;
  /** Place of REX in `rexed`, in bits. */
  readonly rexShift: number;
  /** Opcode extension, in place for ModRM (bits 3-5); 0 for /r. */
  readonly digit: number;
  /** Bytes of immediate or displacement. */
  readonly immBytes: 0 | 1 | 2 | 4 | 8;
  /** The ModRM reg operand is a byte register: numbers 4..7 need a REX prefix to mean spl..dil. */
  readonly byteReg: boolean;
  /** The ModRM rm operand, when a register, is a byte register. */
  readonly byteRm: boolean;
  /** pp and W of the VEX prefix, in place in its third byte; 0 if there is none. */
  readonly vex: number;
}

const IMM_BYTES: ReadonlyMap<string, 1 | 2 | 4 | 8> = new Map([
  ['ib', 1],
  ['iw', 2],
  ['id', 4],
  ['iq', 8],
  ['cb', 1],
  ['cd', 4],
]);
const VEX_PP: Readonly<Record<string, number>> = { '66': 1, F3: 2, F2: 3 };

/** What the reg field of ModRM holds, by shape. */
type Modrm = 'none' | 'register' | 'extension';
const MODRM: Readonly<Record<Shape, Modrm>> = {
  none: 'none',
  o: 'none',
  oi: 'none',
  i: 'none',
  rel: 'none',
  m: 'extension',
  mi: 'extension',
  mr: 'register',
  mri: 'register',
  vex: 'register',
};

const LOCK = 0xf0;
const OPERAND_SIZE = 0x66;
/** Shapes that name no register. */
const WITHOUT_REGISTER: Readonly<Partial<Record<Shape, true>>> = { none: true, i: true, rel: true };

/** Bytes of the immediate or displacement the form's name promises. */
function immediateOf(operands: readonly string[]): number {
  const bits = operands.map((operand) => /^(?:imm|rel)(\d+)$/.exec(operand)?.[1]).find(Boolean);
  return bits === undefined ? 0 : Number(bits) / 8;
}

/** Parses a row. Throws at load if the notation and the shape do not fit. */
export function form<S extends Shape>(shape: S, name: string, notation: string): Form<S> {
  const operands = name.split('_').slice(1);
  let prefix = 0;
  let lock = false;
  let rex = 0x40;
  let forceRex = false;
  let digit = 0;
  let immBytes: Form['immBytes'] = 0;
  let vex = 0;
  const opcode: number[] = [];
  const seen: { modrm: Modrm; plus: boolean } = { modrm: 'none', plus: false };
  for (const token of notation.split(' ')) {
    if (token === '+') continue;
    const bytes = IMM_BYTES.get(token);
    if (token === 'REX.W') rex = 0x48;
    else if (token === 'REX') forceRex = true;
    else if (token.startsWith('VEX.')) vex = parseVex(token);
    else if (/^\/[0-7r]$/.test(token)) {
      seen.modrm = token === '/r' ? 'register' : 'extension';
      digit = token === '/r' ? 0 : Number(token[1]) << 3;
    } else if (bytes !== undefined) immBytes = bytes;
    else if (/^[0-9A-F]{2}(\+r)?$/.test(token)) {
      const byte = Number.parseInt(token, 16);
      seen.plus ||= token.endsWith('+r');
      if (opcode.length === 0 && byte === OPERAND_SIZE && !seen.plus) prefix = byte;
      else if (opcode.length === 0 && byte === LOCK) lock = true;
      else opcode.push(byte);
    } else throw new Error(`form ${name}: cannot read '${token}' in '${notation}'`);
  }
  const fits =
    opcode.length > 0 &&
    seen.modrm === MODRM[shape] &&
    seen.plus === shape.startsWith('o') &&
    immBytes === immediateOf(operands) &&
    (vex !== 0) === (shape === 'vex');
  if (!fits) throw new Error(`form ${name}: '${notation}' is not of shape ${shape}`);
  // What names no register has none but that of its notation.
  const hasRex = forceRex || rex === 0x48 || WITHOUT_REGISTER[shape] !== true;
  const prefixes = [...(lock ? [LOCK] : []), ...(prefix === 0 ? [] : [prefix])];
  const plain = head([...prefixes, ...opcode]);
  return {
    name,
    notation,
    shape,
    lock,
    rex,
    forceRex: forceRex || rex === 0x48,
    plain,
    rexed: hasRex ? head([...prefixes, rex, ...opcode]) : plain,
    rexShift: 8 * prefixes.length,
    digit,
    immBytes,
    byteReg: operands.includes('r8'),
    byteRm: operands.includes('rm8'),
    vex,
  };
}

function head(bytes: readonly number[]): Head {
  if (bytes.length > 4) throw new Error(`form of ${bytes.length} bytes up to its opcode, 4 are the most`);
  return { word: bytes.reduceRight((word, byte) => (word << 8) | byte, 0), bytes: bytes.length };
}

function parseVex(token: string): number {
  const [, pp = '', map, w] = token.split('.');
  const bits = VEX_PP[pp];
  if (bits === undefined || map !== '0F38' || (w !== 'W0' && w !== 'W1'))
    throw new Error(`cannot read ${token}`);
  return bits | (w === 'W1' ? 0x80 : 0);
}
