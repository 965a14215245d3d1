/**
 * Global data of an object: the sections the program refers to, by itself or through pointers in data, laid
 * out page by page from DATA_BASE in the order of the section headers, with a page unmapped after each.
 */
import { DATA_BASE, PAGE_SIZE } from '../core/layout.ts';
import { badElf, type ElfFile, sectionLabel } from './elf-file.ts';
import { type ElfReloc, type ElfSection, isExecutable, R_BPF, SHF, SHT } from './elf-format.ts';
import { checkDataTarget, type DataPlace, definition } from './elf-target.ts';
import type { DataSection } from './program.ts';

/** All data of a program together. Linux arrays, which hold it there, end at 4 GiB; no test needs that. */
const MAX_DATA_BYTES = 64 * 1024 * 1024;

/** Data at its addresses. */
export interface DataLayout {
  readonly sections: readonly DataSection[];
  /** Address of a section's first byte. */
  readonly addressOf: (section: ElfSection) => bigint;
}

/** Lays out `roots` and all they point to. Throws an `input` error for what cannot be pointed to. */
export function layOutData(elf: ElfFile, roots: Iterable<ElfSection>): DataLayout {
  const pointers = followPointers(elf, roots);
  const addresses = assignAddresses(
    elf,
    [...pointers.keys()].sort((a, b) => a.index - b.index),
  );
  const addressOf = (section: ElfSection): bigint => addresses.get(section) ?? DATA_BASE;
  const sections = [...addresses].map(
    ([section, address]): DataSection => ({
      name: section.name,
      address,
      bytes: relocate(elf, section, pointers.get(section) ?? [], addressOf),
      writable: (section.flags & SHF.WRITE) !== 0 && !section.name.startsWith('.rodata'),
    }),
  );
  return { sections: sections.filter(({ bytes }) => bytes.length > 0), addressOf };
}

/** A pointer that stands in data. */
interface Pointer {
  readonly offset: number;
  readonly to: DataPlace;
}

function followPointers(elf: ElfFile, roots: Iterable<ElfSection>): Map<ElfSection, readonly Pointer[]> {
  const found = new Map<ElfSection, readonly Pointer[]>();
  const queue = [...roots];
  for (let section = queue.pop(); section !== undefined; section = queue.pop()) {
    if (found.has(section)) continue;
    const pointers = pointersIn(elf, section);
    found.set(section, pointers);
    for (const next of new Set(pointers.map(({ to }) => to.section))) queue.push(next);
  }
  return found;
}

function pointersIn(elf: ElfFile, section: ElfSection): Pointer[] {
  const pointers: Pointer[] = [];
  for (const reloc of elf.relocs(section).values()) {
    if (reloc.type !== R_BPF.NONE) pointers.push({ offset: reloc.offset, to: pointee(elf, section, reloc) });
  }
  return pointers;
}

function pointee(elf: ElfFile, section: ElfSection, { type, offset, symbol }: ElfReloc): DataPlace {
  const where = `${section.name}+0x${offset.toString(16)}`;
  if (type === R_BPF.ABS32) {
    throw badElf(elf.fileName, where, 'R_BPF_64_ABS32: an address does not fit in 4 bytes of data');
  }
  if (type !== R_BPF.ABS64)
    throw badElf(elf.fileName, where, `relocation type ${type} has no meaning in data`);
  if (section.type === SHT.NOBITS || offset + 8 > section.size) {
    throw badElf(elf.fileName, where, 'R_BPF_64_ABS64 patches 8 bytes that are not there');
  }
  const { section: target, value } = definition(elf, symbol, where);
  if (isExecutable(target)) {
    const name = symbol.name === '' ? target.name : symbol.name;
    throw badElf(elf.fileName, where, `code addresses in data are not supported: it points to ${name}`);
  }
  const addend = readAddend(elf.contents(section), offset);
  const to = { section: target, offset: BigInt.asIntN(64, BigInt(value) + addend) };
  checkDataTarget(elf, symbol, to, where);
  return to;
}

/** REL: the addend stands where the address will. */
const readAddend = (bytes: Uint8Array, offset: number): bigint =>
  new DataView(bytes.buffer, bytes.byteOffset, bytes.length).getBigUint64(offset, true);

function assignAddresses(elf: ElfFile, sections: readonly ElfSection[]): Map<ElfSection, bigint> {
  const addresses = new Map<ElfSection, bigint>();
  let total = 0;
  let pages = 0;
  for (const section of sections) {
    if (section.align > PAGE_SIZE) {
      const why = `aligned to ${section.align}; at most ${PAGE_SIZE} is possible`;
      throw badElf(elf.fileName, sectionLabel(section), why);
    }
    total += section.size;
    if (total > MAX_DATA_BYTES) {
      const why = `${total} bytes of data in all; at most ${MAX_DATA_BYTES} are loaded`;
      throw badElf(elf.fileName, sectionLabel(section), why);
    }
    addresses.set(section, DATA_BASE + BigInt(pages * PAGE_SIZE));
    pages += Math.ceil(section.size / PAGE_SIZE) + 1;
  }
  return addresses;
}

function relocate(
  elf: ElfFile,
  section: ElfSection,
  pointers: readonly Pointer[],
  addressOf: (section: ElfSection) => bigint,
): Uint8Array {
  const bytes = new Uint8Array(section.size);
  if (section.type === SHT.NOBITS) return bytes;
  bytes.set(elf.contents(section));
  const view = new DataView(bytes.buffer);
  for (const { offset, to } of pointers) {
    view.setBigUint64(offset, BigInt.asUintN(64, addressOf(to.section) + to.offset), true);
  }
  return bytes;
}
