/**
 * Programs as C source: `BPF_RAW_INSN(code, dst, src, off, imm)` (include/linux/filter.h), lists of
 * `struct bpf_insn` by position or by field name, and arrays of bytes or of 64-bit words.
 */
import { badInput } from '../core/errors.ts';
import { ALU_ROWS } from './alu.ts';
import { JUMP_ROWS } from './jump.ts';

/** Fields in the order of struct bpf_insn. */
const FIELDS = ['code', 'dst', 'src', 'off', 'imm'] as const;

/** Names of the fields in C sources, Linux's and uBPF's. */
const FIELD_NAMES: ReadonlyMap<string, (typeof FIELDS)[number]> = new Map([
  ['code', 'code'],
  ['opcode', 'code'],
  ['dst_reg', 'dst'],
  ['dst', 'dst'],
  ['src_reg', 'src'],
  ['src', 'src'],
  ['off', 'off'],
  ['offset', 'off'],
  ['imm', 'imm'],
]);

/** include/uapi/linux/bpf_common.h and bpf.h. */
// biome-ignore format: a table
const CONSTANTS: ReadonlyMap<string, number> = new Map<string, number>([
  ['BPF_LD', 0x00], ['BPF_LDX', 0x01], ['BPF_ST', 0x02], ['BPF_STX', 0x03],
  ['BPF_ALU', 0x04], ['BPF_JMP', 0x05], ['BPF_JMP32', 0x06], ['BPF_ALU64', 0x07],
  ['BPF_W', 0x00], ['BPF_H', 0x08], ['BPF_B', 0x10], ['BPF_DW', 0x18],
  ['BPF_IMM', 0x00], ['BPF_ABS', 0x20], ['BPF_IND', 0x40], ['BPF_MEM', 0x60], ['BPF_MEMSX', 0x80], ['BPF_ATOMIC', 0xc0],
  ['BPF_K', 0x00], ['BPF_X', 0x08],
  ...ALU_ROWS.filter((row) => row.off === 0).map((row): [string, number] => [`BPF_${row.name.toUpperCase()}`, row.code << 4]),
  ...JUMP_ROWS.map((row): [string, number] => [`BPF_${row.name.toUpperCase()}`, row.code << 4]),
  ['BPF_END', 0xd0], ['BPF_TO_LE', 0x00], ['BPF_TO_BE', 0x08],
  ['BPF_JA', 0x00], ['BPF_CALL', 0x80], ['BPF_EXIT', 0x90], ['BPF_JCOND', 0xe0],
  ['BPF_FETCH', 0x01], ['BPF_XCHG', 0xe1], ['BPF_CMPXCHG', 0xf1], ['BPF_LOAD_ACQ', 0x100], ['BPF_STORE_REL', 0x110],
  ['BPF_PSEUDO_CALL', 1], ['BPF_PSEUDO_KFUNC_CALL', 2], ['BPF_PSEUDO_FUNC', 4],
  ['BPF_REG_FP', 10], ['BPF_REG_PARAMS', 11],
  ...Array.from({ length: 11 }, (_, n): [string, number] => [`BPF_REG_${n}`, n]),
  ...Array.from({ length: 11 }, (_, n): [string, number] => [`R${n}`, n]),
]);

const GROUP = /(?:BPF_RAW_INSN\s*\(|\{)([^(){}]*)[)}]/g;

/** Is there a brace or a BPF_RAW_INSN in it? */
export const isCSource = (text: string): boolean => /\{|BPF_RAW_INSN/.test(text);

/** The wire bytes. Comments are removed already. Throws an `input` error that quotes what it cannot read. */
export function readCSource(text: string, name: string): Uint8Array {
  const other = /\b(BPF_(?!RAW_INSN)\w+)\s*\(/.exec(text)?.[1];
  if (other !== undefined) {
    throw badInput(
      'read C source',
      name,
      `\`${other}(…)\` is a macro only the C compiler knows; use BPF_RAW_INSN or compile it`,
    );
  }
  const groups = [...text.matchAll(GROUP)]
    .map((found) => items(found[1] ?? ''))
    .filter((group) => group.length > 0);
  if (groups.length === 0) throw badInput('read C source', name, 'there are no numbers in its braces');
  const [only] = groups;
  if (
    groups.length === 1 &&
    only !== undefined &&
    only.length !== FIELDS.length &&
    !/^\./.test(only[0] ?? '')
  ) {
    return numberArray(only, name);
  }
  const bytes = new Uint8Array(groups.length * 8);
  groups.forEach((group, slot) => {
    putSlot(new DataView(bytes.buffer, slot * 8, 8), group, `${name}: instruction ${slot}`);
  });
  return bytes;
}

const items = (group: string): string[] =>
  group
    .split(',')
    .map((item) => item.trim())
    .filter((item) => item !== '');

function putSlot(view: DataView, group: readonly string[], where: string): void {
  const field = new Map<string, number>();
  group.forEach((item, position) => {
    const named = /^\.(\w+)\s*=\s*(.*)$/.exec(item);
    const key = named === null ? FIELDS[position] : FIELD_NAMES.get(named[1] ?? '');
    if (key === undefined)
      throw badInput('read C source', where, `\`${item}\` is none of code, dst, src, off and imm`);
    field.set(key, constant(named?.[2] ?? item, where));
  });
  if (group.length < FIELDS.length && !group.some((item) => item.startsWith('.'))) {
    throw badInput(
      'read C source',
      where,
      `${group.length} numbers; an instruction has five: code, dst, src, off, imm`,
    );
  }
  const get = (key: (typeof FIELDS)[number], low: number, high: number): number => {
    const value = field.get(key) ?? 0;
    if (value < low || value > high)
      throw badInput('read C source', where, `${key} ${value} does not fit its field`);
    return value;
  };
  view.setUint8(0, get('code', 0, 0xff));
  view.setUint8(1, (get('src', 0, 15) << 4) | get('dst', 0, 15));
  view.setInt16(2, get('off', -0x8000, 0xffff), true);
  view.setInt32(4, get('imm', -0x8000_0000, 0xffff_ffff), true);
}

/** `BPF_ALU64 | BPF_MOV | BPF_K`, `0xb7`, `-1` */
function constant(text: string, where: string): number {
  return text.split('|').reduce((value, part) => {
    const word = part
      .trim()
      .replace(/^\((.*)\)$/, '$1')
      .replace(/[uUlL]+$/, '');
    const found = /^-?(?:0x[0-9a-f]+|\d+)$/i.test(word)
      ? Number(word.replace(/^-/, '')) * (word.startsWith('-') ? -1 : 1)
      : CONSTANTS.get(word);
    if (found === undefined)
      throw badInput('read C source', where, `\`${part.trim()}\` is neither a number nor a BPF constant`);
    return text.includes('|') ? value | found : found;
  }, 0);
}

/** Bytes if all fit, and there are eight for each instruction; else 64-bit words. */
function numberArray(group: readonly string[], name: string): Uint8Array {
  const values = group.map((item) => {
    const word = item.replace(/[uUlL]+$/, '');
    if (!/^(?:0x[0-9a-f]{1,16}|\d+)$/i.test(word)) {
      throw badInput(
        'read C source',
        name,
        `\`${item.slice(0, 40)}\` is not an unsigned number of up to 64 bits`,
      );
    }
    return BigInt(word);
  });
  if (values.some((value) => value > 0xffn)) return new Uint8Array(new BigUint64Array(values).buffer);
  if (values.length % 8 !== 0) {
    throw badInput(
      'read C source',
      name,
      `${values.length} bytes are not a whole number of 8-byte instructions`,
    );
  }
  return Uint8Array.from(values, Number);
}
