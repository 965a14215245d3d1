/**
 * Loads and stores: RFC 9669 §5.
 *
 *   opcode byte   +-------------+------+-------+
 *                 | mode (3)    | size | class |    class: 0 = LD, 1 = LDX, 2 = ST, 3 = STX
 *                 +-------------+------+-------+
 */
export const CLASS_LD = 0x00;
export const CLASS_LDX = 0x01;
export const CLASS_ST = 0x02;
export const CLASS_STX = 0x03;

/** Bytes accessed. */
export type Size = 1 | 2 | 4 | 8;

export interface SizeRow {
  readonly name: 'b' | 'h' | 'w' | 'dw';
  readonly bytes: Size;
  /** Bits 3 and 4 of the opcode byte, in place. */
  readonly bits: number;
}

// biome-ignore format: a table
export const SIZE_ROWS = [
  { name: 'w',  bytes: 4, bits: 0x00 },
  { name: 'h',  bytes: 2, bits: 0x08 },
  { name: 'b',  bytes: 1, bits: 0x10 },
  { name: 'dw', bytes: 8, bits: 0x18 },
] as const satisfies readonly SizeRow[];

/** Modes, in place (top three bits). RFC 9669 §5. */
export const MODE = { imm: 0x00, abs: 0x20, ind: 0x40, mem: 0x60, memsx: 0x80, atomic: 0xc0 } as const;

/** Modes of Linux's own accesses, in place: include/linux/filter.h. */
export const ACCESS_MODE = {
  probe: { mem: 0x20, memsx: 0x40 },
  arena: { mem: 0xa0, memsx: 0xc0, atomic: 0xe0 },
} as const;

/** The wide instruction: LD | DW | IMM, two slots. RFC 9669 §5.4. */
export const LDDW_OPCODE = 0x18;

/** Values of `src` of LDDW, with the pseudo-code names of RFC 9669 §5.4. */
// biome-ignore format: a table
export const LDDW_SRC = [
  'imm64', 'map_by_fd', 'map_val_by_fd', 'var_addr', 'code_addr', 'map_by_idx', 'map_val_by_idx',
] as const;

/** The size row of so many bytes. */
export function sizeRow(bytes: Size): SizeRow {
  const row = SIZE_ROWS.find((r) => r.bytes === bytes);
  if (row === undefined) throw new RangeError(`no such access size: ${bytes}`);
  return row;
}
