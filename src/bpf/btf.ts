/**
 * Prototypes from BTF: how many argument slots each function takes. Authority: linux Documentation/bpf/btf.rst
 * §2 (encoding); for argument slots, clang's BPF ABI: up to 8 bytes one slot, up to 16 two, larger by address.
 */
import { badInput, type OracleError } from '../core/errors.ts';
import { ByteReader } from './byte-reader.ts';
import type { ValueArg } from './declared.ts';

/** What BTF says of a function. */
export interface Prototype {
  /** Argument slots it takes: 1..5 in r1..r5, 6..12 on the stack. */
  readonly args: number;
  /** undefined: it is defined elsewhere. */
  readonly linkage: 'static' | 'global' | undefined;
  /** Structures, unions and numbers of more than 8 bytes among its arguments. */
  readonly byValue: readonly ValueArg[];
}

/** By name. */
export type Prototypes = ReadonlyMap<string, Prototype>;

/** `vlen` of a FUNC: btf.rst §2.2.12. */
const LINKAGE = ['static', 'global', undefined] as const;

const BTF_MAGIC = 0xeb9f;
const BTF_MAGIC_SWAPPED = 0x9feb;
const HEADER_BYTES = 24;
const TYPE_BYTES = 12;
/** Linux BTF_MAX_TYPE is 0xfffff; bounds what a hostile file can ask for. */
const MAX_TYPES = 0xfffff;
/** Linux MAX_RESOLVE_DEPTH: typedefs and qualifiers around a type. */
const MAX_RESOLVE_DEPTH = 32;
/** Twice Linux KSYM_NAME_LEN. */
const MAX_NAME_BYTES = 1024;

/** Bytes after the common 12 of a type: a fixed part, and a part for each of its `vlen` members. btf.rst §2.2. */
// biome-ignore format: a table; the index is the kind
const KINDS = [
  { name: 'VOID',       fixed: 0,  each: 0  },
  { name: 'INT',        fixed: 4,  each: 0  },
  { name: 'PTR',        fixed: 0,  each: 0  },
  { name: 'ARRAY',      fixed: 12, each: 0  },
  { name: 'STRUCT',     fixed: 0,  each: 12 },
  { name: 'UNION',      fixed: 0,  each: 12 },
  { name: 'ENUM',       fixed: 0,  each: 8  },
  { name: 'FWD',        fixed: 0,  each: 0  },
  { name: 'TYPEDEF',    fixed: 0,  each: 0  },
  { name: 'VOLATILE',   fixed: 0,  each: 0  },
  { name: 'CONST',      fixed: 0,  each: 0  },
  { name: 'RESTRICT',   fixed: 0,  each: 0  },
  { name: 'FUNC',       fixed: 0,  each: 0  },
  { name: 'FUNC_PROTO', fixed: 0,  each: 8  },
  { name: 'VAR',        fixed: 4,  each: 0  },
  { name: 'DATASEC',    fixed: 0,  each: 12 },
  { name: 'FLOAT',      fixed: 0,  each: 0  },
  { name: 'DECL_TAG',   fixed: 4,  each: 0  },
  { name: 'TYPE_TAG',   fixed: 0,  each: 0  },
  { name: 'ENUM64',     fixed: 0,  each: 12 },
] as const;

type Kind = (typeof KINDS)[number]['name'];

export interface BtfType {
  readonly id: number;
  readonly kind: Kind;
  /** Offset of its name in the string section; 0: none. */
  readonly nameOffset: number;
  readonly vlen: number;
  /** `size` or `type`, whichever the kind has. */
  readonly sizeOrType: number;
  /** Offset, in the BTF section, of what follows the common part. */
  readonly extra: number;
}

export interface Btf {
  readonly reader: ByteReader;
  readonly fileName: string;
  /** By type id; [0] is void. */
  readonly types: readonly BtfType[];
  readonly nameAt: (offset: number) => string;
  /** By type id and depth: what isOfScalars() found. */
  readonly scalars: Map<string, boolean>;
}

export const badBtf = (fileName: string, where: string, why: string): OracleError =>
  badInput('read BTF', `${fileName}: .BTF ${where}`, `${why}; llvm-objcopy --remove-section=.BTF drops it`);

/**
 * Reads a .BTF section. Functions of the same name whose numbers differ (statics of several files) and
 * variadic ones are left out. Throws an `input` error if the section is malformed.
 */
export const readPrototypes = (bytes: Uint8Array, fileName: string): Prototypes =>
  prototypesIn(readBtf(bytes, fileName));

/** As {@link readPrototypes}. */
export function prototypesIn(btf: Btf): Prototypes {
  const found = new Map<string, Prototype | undefined>();
  for (const type of btf.types) {
    if (type.kind !== 'FUNC') continue;
    const name = btf.nameAt(type.nameOffset);
    const prototype = readPrototype(btf, type);
    const isOther = found.has(name) && found.get(name)?.args !== prototype?.args;
    found.set(name, isOther ? undefined : prototype);
  }
  const known = new Map<string, Prototype>();
  for (const [name, prototype] of found) if (prototype !== undefined) known.set(name, prototype);
  return known;
}

/** Checks header and types. Throws an `input` error if they are malformed. */
export function readBtf(bytes: Uint8Array, fileName: string): Btf {
  const reader = new ByteReader(bytes, (offset, size) =>
    badBtf(fileName, `offset ${offset}`, `${size} bytes are needed but it has ${bytes.length}`),
  );
  const magic = reader.u16(0);
  if (magic === BTF_MAGIC_SWAPPED) throw badBtf(fileName, 'header', 'it is big-endian');
  if (magic !== BTF_MAGIC) throw badBtf(fileName, 'header', `magic is 0x${magic.toString(16)}, not 0xeb9f`);
  if (reader.u8(2) !== 1) throw badBtf(fileName, 'header', `version is ${reader.u8(2)}, not 1`);
  const headerBytes = reader.u32(4);
  if (headerBytes < HEADER_BYTES) throw badBtf(fileName, 'header', `its length is ${headerBytes}`);
  const part = (at: number): { start: number; end: number } => {
    const start = headerBytes + reader.u32(at);
    const end = start + reader.u32(at + 4);
    if (end > bytes.length) {
      throw badBtf(fileName, 'header', `it claims bytes ${start} to ${end} but has ${bytes.length}`);
    }
    return { start, end };
  };
  const types = part(8);
  const strings = part(16);
  const stringReader = new ByteReader(bytes.subarray(strings.start, strings.end), (offset) =>
    badBtf(fileName, 'strings', `no name at offset ${offset}`),
  );
  return {
    reader,
    fileName,
    types: readTypes(reader, fileName, types.start, types.end),
    scalars: new Map(),
    nameAt: (offset) => stringReader.string(offset, MAX_NAME_BYTES),
  };
}

function readTypes(reader: ByteReader, fileName: string, start: number, end: number): BtfType[] {
  const types: BtfType[] = [{ id: 0, kind: 'VOID', nameOffset: 0, vlen: 0, sizeOrType: 0, extra: start }];
  for (let at = start; at < end; ) {
    const id = types.length;
    if (id > MAX_TYPES) throw badBtf(fileName, 'types', `more than ${MAX_TYPES}`);
    const type = readType(reader, at, id);
    if (type === undefined)
      throw badBtf(fileName, `type ${id}`, `kind ${(reader.u32(at + 4) >> 24) & 0x1f} is unknown`);
    types.push(type);
    const kind = KINDS.find(({ name }) => name === type.kind) ?? KINDS[0];
    at = type.extra + kind.fixed + kind.each * type.vlen;
    if (at > end) throw badBtf(fileName, `type ${id}`, 'it passes the end of the types');
  }
  return types;
}

/** Undefined if its kind is none we know: then its length is unknown, too. */
function readType(reader: ByteReader, at: number, id: number): BtfType | undefined {
  const info = reader.u32(at + 4);
  const kind = KINDS[(info >> 24) & 0x1f]?.name;
  if (kind === undefined || kind === 'VOID') return undefined;
  return {
    id,
    kind,
    nameOffset: reader.u32(at),
    vlen: info & 0xffff,
    sizeOrType: reader.u32(at + 8),
    extra: at + TYPE_BYTES,
  };
}

/** The type another one refers to. Throws an `input` error if there is none. */
export function typeAt(btf: Btf, id: number, user: BtfType): BtfType {
  const type = btf.types[id];
  if (type !== undefined) return type;
  const why = `it refers to type ${id}, but there are ${btf.types.length - 1}`;
  throw badBtf(btf.fileName, `type ${user.id} (${user.kind})`, why);
}

/** Of a FUNC; undefined if it is variadic. */
function readPrototype(btf: Btf, func: BtfType): Prototype | undefined {
  const proto = typeAt(btf, func.sizeOrType, func);
  if (proto.kind !== 'FUNC_PROTO') {
    throw badBtf(btf.fileName, `type ${func.id} (FUNC)`, `its type is ${proto.kind}, not FUNC_PROTO`);
  }
  let args = 0;
  const byValue: ValueArg[] = [];
  for (let i = 0; i < proto.vlen; i++) {
    const param = btf.reader.u32(proto.extra + i * 8 + 4);
    // btf.rst §2.2.13: a last parameter of type 0 stands for "…".
    if (param === 0) return undefined;
    const type = withoutModifiers(btf, typeAt(btf, param, proto), proto);
    const slots = slotsOfParam(btf, type, proto);
    if (slots > 1 || isComposed(type)) {
      const isScalar = isOfScalars(btf, type, 0);
      byValue.push({ position: i + 1, slot: args + 1, type: type.kind, bytes: type.sizeOrType, isScalar });
    }
    args += slots;
  }
  return { args, linkage: LINKAGE[func.vlen], byValue };
}

function slotsOfParam(btf: Btf, type: BtfType, proto: BtfType): number {
  switch (type.kind) {
    case 'STRUCT':
    case 'UNION':
      // Larger than two slots goes by address.
      return type.sizeOrType > 16 ? 1 : Math.ceil(type.sizeOrType / 8);
    case 'INT':
      return type.sizeOrType > 8 ? 2 : 1;
    case 'PTR':
    case 'ENUM':
    case 'ENUM64':
    case 'FLOAT':
      return 1;
    default:
      throw badBtf(btf.fileName, `type ${proto.id} (FUNC_PROTO)`, `a parameter cannot be a ${type.kind}`);
  }
}

const isComposed = ({ kind }: BtfType): boolean => kind === 'STRUCT' || kind === 'UNION';

/** Linux's limit of structures in structures passed by value. */
const MAX_NESTED = 3;

/** Linux __btf_type_is_scalar_struct(). A type is looked at once for each depth it is met at. */
function isOfScalars(btf: Btf, type: BtfType, depth: number): boolean {
  const key = `${type.id} ${depth}`;
  const known = btf.scalars.get(key) ?? findScalars(btf, type, depth);
  btf.scalars.set(key, known);
  return known;
}

function findScalars(btf: Btf, type: BtfType, depth: number): boolean {
  const bare = withoutModifiers(btf, type, type);
  switch (bare.kind) {
    case 'INT':
    case 'ENUM':
    case 'ENUM64':
      return true;
    case 'ARRAY': {
      const [element, count] = [btf.reader.u32(bare.extra), btf.reader.u32(bare.extra + 8)];
      return count > 0 && depth <= MAX_NESTED && isOfScalars(btf, typeAt(btf, element, bare), depth + 1);
    }
    case 'STRUCT':
    case 'UNION':
      if (depth > MAX_NESTED) return false;
      for (let i = 0; i < bare.vlen; i++) {
        const member = typeAt(btf, btf.reader.u32(bare.extra + i * 12 + 4), bare);
        if (!isOfScalars(btf, member, depth + 1)) return false;
      }
      return true;
    default:
      return false;
  }
}

const MODIFIERS: ReadonlySet<Kind> = new Set(['TYPEDEF', 'VOLATILE', 'CONST', 'RESTRICT', 'TYPE_TAG']);

function withoutModifiers(btf: Btf, type: BtfType, proto: BtfType): BtfType {
  for (let depth = 0; depth < MAX_RESOLVE_DEPTH; depth++) {
    if (!MODIFIERS.has(type.kind)) return type;
    type = typeAt(btf, type.sizeOrType, type);
  }
  throw badBtf(
    btf.fileName,
    `type ${proto.id} (FUNC_PROTO)`,
    `a parameter wraps more than ${MAX_RESOLVE_DEPTH} types`,
  );
}
