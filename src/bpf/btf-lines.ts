/**
 * Lines of source from .BTF.ext, of objects built with -g. Authority: linux Documentation/bpf/btf.rst §4.2
 * (`struct btf_ext_header`, `struct bpf_line_info`). Nothing depends on them but reports: a section that is
 * malformed has no lines.
 */
import { ByteReader } from './byte-reader.ts';
import type { SourceLine } from './program.ts';

const BTF_MAGIC = 0xeb9f;
const SLOT_BYTES = 8;
/** `struct bpf_line_info`: insn_off, file_name_off, line_off, line_col. */
const MIN_RECORD_BYTES = 16;
/** In `line_col` the line stands above the column. */
const COLUMN_BITS = 10;
/** Linux PATH_MAX. */
const MAX_NAME_BYTES = 4096;

/** By name of section, then by slot in it: where a new line begins. */
export type LineTable = ReadonlyMap<string, ReadonlyMap<number, SourceLine>>;

/** Reads the two sections; empty where they are malformed. */
export function readLines(btf: Uint8Array, ext: Uint8Array): LineTable {
  try {
    return readTable(readerOf(ext), stringsOf(readerOf(btf)));
  } catch (error) {
    if (error instanceof MalformedError) return new Map();
    throw error;
  }
}

class MalformedError extends Error {}

const malformed = (): never => {
  throw new MalformedError();
};

const readerOf = (bytes: Uint8Array): ByteReader => new ByteReader(bytes, malformed);

/** The names, which are in .BTF: `struct btf_header`. */
function stringsOf(btf: ByteReader): (offset: number) => string {
  if (btf.u16(0) !== BTF_MAGIC) malformed();
  const strings = readerOf(btf.slice(btf.u32(4) + btf.u32(16), btf.u32(20)));
  return (offset) => strings.string(offset, MAX_NAME_BYTES);
}

function readTable(ext: ByteReader, nameAt: (offset: number) => string): LineTable {
  if (ext.u16(0) !== BTF_MAGIC) malformed();
  const lines = readerOf(ext.slice(ext.u32(4) + ext.u32(16), ext.u32(20)));
  const table = new Map<string, Map<number, SourceLine>>();
  if (lines.bytes.length === 0) return table;
  const recordBytes = lines.u32(0);
  if (recordBytes < MIN_RECORD_BYTES) malformed();
  for (let at = 4; at < lines.bytes.length; ) {
    const section = nameAt(lines.u32(at));
    const records = lines.slice(at + 8, lines.u32(at + 4) * recordBytes);
    const known = table.get(section) ?? new Map<number, SourceLine>();
    table.set(section, known);
    for (let record = 0; record < records.length; record += recordBytes) {
      const place = at + 8 + record;
      const line = lines.u32(place + 12) >>> COLUMN_BITS;
      // Line 0 is code no line stands for.
      if (line > 0) known.set(lines.u32(place) / SLOT_BYTES, { file: nameAt(lines.u32(place + 4)), line });
    }
    at += 8 + records.length;
  }
  return table;
}

/** The lines of the slots [start, start + count) of a section, each held until the next one, from 0 on. */
export function linesOf(
  table: ReadonlyMap<number, SourceLine> | undefined,
  start: number,
  count: number,
): (SourceLine | undefined)[] {
  let line: SourceLine | undefined;
  return Array.from({ length: count }, (_, i) => {
    line = table?.get(start + i) ?? line;
    return line;
  });
}
