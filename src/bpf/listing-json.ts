/** `bpftool --json prog dump xlated … opcodes` (tools/bpf/bpftool/xlated_dumper.c, dump_xlated_json()). */
import { badInput } from '../core/errors.ts';
import type { ListedInsn, ListedSection } from './listing-lines.ts';

/** What one element of the array says, as far as it is used. */
interface JsonInsn {
  readonly disasm?: unknown;
  readonly proto?: unknown;
  readonly opcodes?: {
    readonly code?: unknown;
    readonly src_reg?: unknown;
    readonly dst_reg?: unknown;
    readonly off?: unknown;
    readonly imm?: unknown;
  };
}

/** Reads the array; every element is an instruction. */
export function listedJson(text: string, name: string): ListedSection {
  const elements = parse(text, name);
  const insns = new Map<number, ListedInsn>();
  const symbols = new Map<number, string>();
  let index = 0;
  elements.forEach((element, position) => {
    const where = `${name}: element ${position}`;
    const proto =
      typeof element.proto === 'string' ? /([a-z_]\w*)\s*\(/i.exec(element.proto)?.[1] : undefined;
    if (proto !== undefined) symbols.set(index, proto);
    const disasm = /^\(([0-9a-f]{2})\)\s*(.*)$/is.exec(
      typeof element.disasm === 'string' ? element.disasm : '',
    );
    if (disasm === null) throw badInput('read listing', where, 'no `disasm` of the form "(bf) r6 = r1"');
    const opcode = Number.parseInt(disasm[1] as string, 16);
    const bytes = element.opcodes === undefined ? {} : { bytes: bytesOf(element.opcodes, where) };
    insns.set(index, { index, where, opcode, text: (disasm[2] ?? '').trim(), ...bytes });
    index += opcode === 0x18 ? 2 : 1;
  });
  return { name: undefined, insns, symbols };
}

function parse(text: string, name: string): JsonInsn[] {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (cause) {
    throw badInput('read listing', name, `not JSON: ${(cause as Error).message}`, { cause });
  }
  const isList = Array.isArray(value) && value.every((each) => typeof each === 'object' && each !== null);
  if (!isList)
    throw badInput(
      'read listing',
      name,
      'not an array of instructions, as bpftool -j prog dump xlated prints it',
    );
  return value as JsonInsn[];
}

/** Wire bytes: `imm` of a wide instruction has 12 bytes, the second slot's included. */
function bytesOf(opcodes: NonNullable<JsonInsn['opcodes']>, where: string): Uint8Array {
  const [code, src, dst] = [opcodes.code, opcodes.src_reg, opcodes.dst_reg].map((value) =>
    byte(value, where),
  );
  const off = byteList(opcodes.off, where);
  const imm = byteList(opcodes.imm, where);
  if (off.length !== 2 || (imm.length !== 4 && imm.length !== 12)) {
    throw badInput(
      'read listing',
      where,
      `off has ${off.length} bytes and imm ${imm.length}; want 2, and 4 or 12`,
    );
  }
  return Uint8Array.of(code ?? 0, ((src ?? 0) << 4) | (dst ?? 0), ...off, ...imm);
}

function byteList(value: unknown, where: string): number[] {
  return Array.isArray(value) ? value.map((each) => byte(each, where)) : [];
}

function byte(value: unknown, where: string): number {
  const number = typeof value === 'string' && /^0x[0-9a-f]{1,2}$/i.test(value) ? Number(value) : value;
  if (typeof number !== 'number' || !Number.isInteger(number) || number < 0 || number > 255) {
    throw badInput('read listing', where, `${JSON.stringify(value)} is not a byte such as "0xbf"`);
  }
  return number;
}
