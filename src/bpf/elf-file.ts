/**
 * The container: header, sections, symbols and relocations of a BPF object, each checked against the file's
 * end before it is read. What they mean is in elf-functions.ts, elf-target.ts and elf-data.ts.
 */
import { badInput, type OracleError } from '../core/errors.ts';
import { ByteReader } from './byte-reader.ts';
import {
  EHDR_SIZE,
  ELF_MAGIC,
  ELFCLASS64,
  ELFDATA2LSB,
  type ElfReloc,
  type ElfSection,
  type ElfSymbol,
  EM_BPF,
  ET_REL,
  EV_CURRENT,
  REL_SIZE,
  SHDR_SIZE,
  SHN,
  SHT,
  STT,
  SYM_SIZE,
} from './elf-format.ts';

/** Longest symbol or section name: twice the kernel's KSYM_NAME_LEN. */
const MAX_NAME_BYTES = 1024;
/** Bounds the work a hostile file can ask for; clang's largest objects have a few thousand. */
const MAX_TABLE_ENTRIES = 1 << 18;

/** An object whose tables have been read. Section contents are views of the file, not copies. */
export interface ElfFile {
  readonly fileName: string;
  readonly sections: readonly ElfSection[];
  readonly symbols: readonly ElfSymbol[];
  /** Contents of a section that has any in the file. */
  readonly contents: (section: ElfSection) => Uint8Array;
  /** Relocations of a section by offset. */
  readonly relocs: (section: ElfSection) => ReadonlyMap<number, ElfReloc>;
}

/** One line about an object: `read ELF: <file>: <where>: <why>`. */
export const badElf = (fileName: string, where: string, why: string): OracleError =>
  badInput('read ELF', `${fileName}: ${where}`, why);

/** How errors name a section. */
export const sectionLabel = (section: ElfSection): string =>
  `section ${section.index}${section.name === '' ? '' : ` (${section.name})`}`;

/** How errors name a symbol. */
export const symbolLabel = (symbol: ElfSymbol): string =>
  `symbol ${symbol.index}${symbol.name === '' ? '' : ` (${symbol.name})`}`;

/** Reads the tables. Throws an `input` error that names what is malformed. */
export function openElf(bytes: Uint8Array, fileName: string): ElfFile {
  const file = new ByteReader(bytes, (offset, size) =>
    badElf(fileName, `offset ${offset}`, `${size} bytes are needed but the file has ${bytes.length}`),
  );
  checkHeader(file, fileName);
  const sections = readSections(file, fileName);
  const symtab = sections.find((section) => section.type === SHT.SYMTAB);
  const symbols = symtab === undefined ? [] : readSymbols(file, fileName, sections, symtab);
  const relocTables = relocTablesByTarget(sections);
  return {
    fileName,
    sections,
    symbols,
    contents: (section) => contentsOf(file, fileName, section).bytes,
    relocs: (section) => {
      const tables = relocTables.get(section.index) ?? [];
      return readRelocs(file, fileName, { tables, symbols, symtab, section });
    },
  };
}

/** Whether a file is ELF at all, going by its first bytes. */
export const isElf = (bytes: Uint8Array): boolean => ELF_MAGIC.every((byte, i) => bytes[i] === byte);

function checkHeader(file: ByteReader, fileName: string): void {
  const bad = (why: string): OracleError => badElf(fileName, 'header', why);
  if (file.bytes.length === 0) throw bad('the file is empty');
  if (!isElf(file.bytes)) throw bad('this is not an ELF file (no 7f 45 4c 46 at its start)');
  if (file.bytes.length < EHDR_SIZE) {
    throw bad(`the file ends after ${file.bytes.length} of the header's ${EHDR_SIZE} bytes`);
  }
  if (file.u8(4) !== ELFCLASS64) throw bad(`class is ${file.u8(4)}; BPF objects are 64-bit (2)`);
  if (file.u8(5) !== ELFDATA2LSB) {
    throw bad(`byte order is ${file.u8(5)}; only little-endian (1) runs here: compile with -target bpfel`);
  }
  if (file.u8(6) !== EV_CURRENT || file.u32(20) !== EV_CURRENT) throw bad('the version is not 1');
  if (file.u16(18) !== EM_BPF) {
    throw bad(`machine is ${file.u16(18)}, not BPF (${EM_BPF}): compile with clang -target bpf`);
  }
  if (file.u16(16) !== ET_REL) {
    throw bad(`type is ${file.u16(16)}, not a relocatable object (${ET_REL}): compile with clang -c`);
  }
}

function readSections(file: ByteReader, fileName: string): ElfSection[] {
  const bad = (why: string): OracleError => badElf(fileName, 'section headers', why);
  const offset = file.size64(40);
  const entrySize = file.u16(58);
  const count = file.u16(60);
  const namesIndex = file.u16(62);
  if (offset === 0 || count === 0) throw bad('there are none');
  if (entrySize !== SHDR_SIZE) throw bad(`their size is ${entrySize}, not ${SHDR_SIZE} bytes`);
  if (namesIndex >= count) throw bad(`their names are in section ${namesIndex}, but there are ${count}`);
  if (!(offset + count * SHDR_SIZE <= file.bytes.length)) {
    throw bad(`${count} of them at offset ${offset} do not fit in the file's ${file.bytes.length} bytes`);
  }
  const headers = Array.from({ length: count }, (_, i) => readSection(file, offset + i * SHDR_SIZE, i));
  const names = headers[namesIndex]?.section as ElfSection;
  if (names.type !== SHT.STRTAB)
    throw bad(`their names are in section ${namesIndex}, which holds no strings`);
  const strings = contentsOf(file, fileName, names);
  return headers.map(({ section, name }) => ({ ...section, name: strings.string(name, MAX_NAME_BYTES) }));
}

function readSection(file: ByteReader, at: number, index: number): { section: ElfSection; name: number } {
  const section = {
    index,
    name: '',
    type: file.u32(at + 4),
    flags: Number(file.u64(at + 8) & 0xffff_ffffn),
    offset: file.size64(at + 24),
    size: file.size64(at + 32),
    link: file.u32(at + 40),
    info: file.u32(at + 44),
    align: file.size64(at + 48),
  };
  return { section, name: file.u32(at) };
}

/** A reader of one section; its offsets count from the section's first byte. */
function contentsOf(file: ByteReader, fileName: string, section: ElfSection): ByteReader {
  const { offset, size } = section;
  if (!(offset + size <= file.bytes.length)) {
    const why = `it lies at ${offset} to ${offset + size}, but the file has ${file.bytes.length} bytes`;
    throw badElf(fileName, sectionLabel(section), why);
  }
  return new ByteReader(file.slice(offset, size), (at, wanted) =>
    badElf(fileName, sectionLabel(section), `nothing complete at offset ${at} (${wanted} bytes looked at)`),
  );
}

function entriesOf(table: ByteReader, entrySize: number, fileName: string, section: ElfSection): number {
  const count = table.bytes.length / entrySize;
  if (!Number.isInteger(count)) {
    const why = `its size ${table.bytes.length} is not a whole number of ${entrySize}-byte entries`;
    throw badElf(fileName, sectionLabel(section), why);
  }
  if (count > MAX_TABLE_ENTRIES) {
    throw badElf(fileName, sectionLabel(section), `${count} entries; at most ${MAX_TABLE_ENTRIES} are read`);
  }
  return count;
}

function readSymbols(
  file: ByteReader,
  fileName: string,
  sections: readonly ElfSection[],
  symtab: ElfSection,
): ElfSymbol[] {
  const table = contentsOf(file, fileName, symtab);
  const count = entriesOf(table, SYM_SIZE, fileName, symtab);
  const strtab = sections[symtab.link];
  if (strtab?.type !== SHT.STRTAB) {
    throw badElf(fileName, sectionLabel(symtab), `sh_link is ${symtab.link}, which is no string table`);
  }
  const strings = contentsOf(file, fileName, strtab);
  return Array.from({ length: count }, (_, index): ElfSymbol => {
    const at = index * SYM_SIZE;
    const info = table.u8(at + 4);
    const symbol = {
      index,
      name: strings.string(table.u32(at), MAX_NAME_BYTES),
      bind: info >> 4,
      type: info & 0xf,
      section: table.u16(at + 6),
      value: table.size64(at + 8),
      size: table.size64(at + 16),
    };
    checkSymbol(fileName, sections, symbol);
    return symbol;
  });
}

/** A defined symbol lies in its section; its end may be one past the last byte. */
function checkSymbol(fileName: string, sections: readonly ElfSection[], symbol: ElfSymbol): void {
  if (symbol.section === SHN.UNDEF || symbol.section >= SHN.LORESERVE) return;
  const section = sections[symbol.section];
  if (section === undefined) {
    const why = `it is in section ${symbol.section}, but there are ${sections.length}`;
    throw badElf(fileName, symbolLabel(symbol), why);
  }
  if (symbol.type === STT.FILE || symbol.value + symbol.size <= section.size) return;
  const why = `value ${symbol.value} and size ${symbol.size} pass the end of ${sectionLabel(section)}, ${section.size}`;
  throw badElf(fileName, symbolLabel(symbol), why);
}

/** Relocation tables by the section they patch (sh_info). */
function relocTablesByTarget(sections: readonly ElfSection[]): Map<number, ElfSection[]> {
  const tables = new Map<number, ElfSection[]>();
  for (const section of sections) {
    if (section.type !== SHT.REL && section.type !== SHT.RELA) continue;
    const others = tables.get(section.info);
    if (others === undefined) tables.set(section.info, [section]);
    else others.push(section);
  }
  return tables;
}

/** Tables whose sh_info is `section`. */
interface RelocPlace {
  readonly tables: readonly ElfSection[];
  readonly symbols: readonly ElfSymbol[];
  readonly symtab: ElfSection | undefined;
  readonly section: ElfSection;
}

function readRelocs(file: ByteReader, fileName: string, place: RelocPlace): Map<number, ElfReloc> {
  const relocs = new Map<number, ElfReloc>();
  for (const table of place.tables) {
    if (table.type === SHT.RELA) {
      const why = 'relocations with addends (RELA) are not BPF: assemble for clang -target bpf';
      throw badElf(fileName, sectionLabel(table), why);
    }
    readRelocTable(file, fileName, place, table, relocs);
  }
  return relocs;
}

function readRelocTable(
  file: ByteReader,
  fileName: string,
  { symbols, symtab, section }: RelocPlace,
  table: ElfSection,
  relocs: Map<number, ElfReloc>,
): void {
  const bad = (why: string): OracleError => badElf(fileName, sectionLabel(table), why);
  if (table.link !== symtab?.index) throw bad(`sh_link is ${table.link}, which is not the symbol table`);
  const entries = contentsOf(file, fileName, table);
  const count = entriesOf(entries, REL_SIZE, fileName, table);
  for (let i = 0; i < count; i++) {
    const offset = entries.size64(i * REL_SIZE);
    const type = entries.u32(i * REL_SIZE + 8);
    const symbolIndex = entries.u32(i * REL_SIZE + 12);
    const symbol = symbols[symbolIndex];
    if (symbol === undefined) {
      throw bad(`entry ${i} names symbol ${symbolIndex}, but there are ${symbols.length}`);
    }
    if (offset >= section.size) {
      throw bad(
        `entry ${i} patches offset ${offset} of ${sectionLabel(section)}, which has ${section.size} bytes`,
      );
    }
    if (relocs.has(offset)) throw bad(`entry ${i} patches offset ${offset}, as another one does`);
    relocs.set(offset, { offset, type, symbol });
  }
}
