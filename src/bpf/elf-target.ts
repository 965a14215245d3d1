/**
 * What an instruction of an object refers to: its relocation, if it has one, else its own distance. Authority:
 * linux Documentation/bpf/llvm_reloc.rst, and libbpf's reading of it (bpf_program__record_reloc()).
 *
 *   call, R_BPF_64_32, defined symbol     function at symbol + 8 (imm + 1)       imm is -1 for a named function
 *   call, R_BPF_64_32, undefined symbol   kfunc of that name
 *   lddw, R_BPF_64_64, data symbol        address of symbol + imm64
 *   lddw, R_BPF_64_64, symbol of a map    the map at symbol + imm64, where maps are let through
 *   lddw, R_BPF_64_64, code symbol        code address of the function at symbol + imm64
 *   call (src 1), no relocation           function imm + 1 slots on
 */
import type { OracleError } from '../core/errors.ts';
import { badElf, type ElfFile, sectionLabel, symbolLabel } from './elf-file.ts';
import {
  type ElfReloc,
  type ElfSection,
  type ElfSymbol,
  isData,
  isExecutable,
  R_BPF,
  SHN,
  STT,
} from './elf-format.ts';
import type { ElfFunction, FunctionAt } from './elf-functions.ts';
import type { Insn } from './insn.ts';
import { targetOf } from './program.ts';

/** What a reference resolves to. */
export type Target =
  | { readonly kind: 'call' | 'code_addr'; readonly fn: ElfFunction }
  | { readonly kind: 'kfunc'; readonly name: string }
  | ({ readonly kind: 'data' } & DataPlace)
  | ({ readonly kind: 'map' } & DataPlace);

/** A place in a section and where it is defined. */
export interface Place {
  readonly section: ElfSection;
  /** Of the symbol, in bytes. */
  readonly value: number;
}

/** A place in data: `offset` in bytes from the section's first, any number, as only an access has to hit. */
export interface DataPlace {
  readonly section: ElfSection;
  readonly offset: bigint;
}

/** The object as far as references need it. */
export interface LinkInput {
  readonly elf: ElfFile;
  readonly functionAt: FunctionAt;
  /** Maps are let through: nothing is going to be run. */
  readonly takesMaps: boolean;
}

/** An instruction at `slot` of its section. */
export interface Site {
  readonly section: ElfSection;
  readonly slot: number;
  readonly insn: Insn;
}

/** Undefined where the instruction refers to nothing. Throws an `input` error that names the instruction. */
export function targetAt(input: LinkInput, site: Site, reloc: ElfReloc | undefined): Target | undefined {
  if (reloc === undefined || reloc.type === R_BPF.NONE) return ownTarget(input, site);
  const { insn } = site;
  if (reloc.type === R_BPF['64_32'] && insn.kind === 'call' && insn.target === 'local') {
    return callTarget(input, site, reloc.symbol, insn.imm);
  }
  if (reloc.type === R_BPF['64_64'] && insn.kind === 'lddw' && insn.src === 0) {
    return addressTarget(input, site, reloc.symbol, BigInt.asIntN(64, insn.imm));
  }
  throw badSite(input.elf, site, `relocation type ${reloc.type} does not fit this instruction`);
}

/** Where a symbol is defined. Throws if it is nowhere in this object. */
export function definition(elf: ElfFile, symbol: ElfSymbol, where: string): Place {
  if (symbol.section === SHN.UNDEF) {
    const why = `unresolved symbol ${symbol.name || symbol.index}: link it in (bpftool gen object), or define it in this file`;
    throw badElf(elf.fileName, where, why);
  }
  const section = symbol.section < SHN.LORESERVE ? elf.sections[symbol.section] : undefined;
  if (section !== undefined) return { section, value: symbol.value };
  const why =
    symbol.section === SHN.COMMON
      ? `${symbolLabel(symbol)} is a common symbol: compile with -fno-common`
      : `${symbolLabel(symbol)} is in no section (st_shndx ${symbol.section})`;
  throw badElf(elf.fileName, where, why);
}

/** Checks that a reference to `symbol + addend` may point there. Throws on maps and what is not loaded. */
export function checkDataTarget(
  elf: ElfFile,
  symbol: ElfSymbol,
  { section, offset }: DataPlace,
  where: string,
): void {
  if (isMapSection(section)) {
    throw badElf(
      elf.fileName,
      where,
      `maps are not supported: it refers to map ${mapName(elf, symbol, { section, offset })}`,
    );
  }
  if (isData(section)) return;
  throw badElf(elf.fileName, where, `it refers to ${sectionLabel(section)}, which is not loaded`);
}

/** How errors name an instruction of an object: `xdp+0x28 (call)`. */
export const siteLabel = ({ section, slot, insn }: Site): string =>
  `${section.name}+0x${(slot * 8).toString(16)} (${insn.kind})`;

const badSite = (elf: ElfFile, site: Site, why: string): OracleError =>
  badElf(elf.fileName, siteLabel(site), why);

function ownTarget(input: LinkInput, site: Site): Target | undefined {
  const { insn, slot, section } = site;
  if (insn.kind !== 'call' && insn.kind !== 'lddw') return undefined;
  const target = targetOf(slot, insn);
  if (target === undefined) return undefined;
  const fn = functionStarting(input, site, section, target);
  return { kind: insn.kind === 'call' ? 'call' : 'code_addr', fn };
}

function callTarget(input: LinkInput, site: Site, symbol: ElfSymbol, imm: number): Target {
  if (symbol.section === SHN.UNDEF) {
    if (symbol.name === '')
      throw badSite(input.elf, site, `${symbolLabel(symbol)} is undefined and has no name`);
    return { kind: 'kfunc', name: symbol.name };
  }
  const { section, value } = definition(input.elf, symbol, siteLabel(site));
  return { kind: 'call', fn: functionStarting(input, site, section, value / 8 + imm + 1) };
}

function addressTarget(input: LinkInput, site: Site, symbol: ElfSymbol, addend: bigint): Target {
  const where = siteLabel(site);
  const place = definition(input.elf, symbol, where);
  const offset = BigInt(place.value) + addend;
  if (isExecutable(place.section)) {
    return { kind: 'code_addr', fn: functionStarting(input, site, place.section, Number(offset) / 8) };
  }
  if (input.takesMaps && isMapSection(place.section)) return { kind: 'map', section: place.section, offset };
  checkDataTarget(input.elf, symbol, { section: place.section, offset }, where);
  return { kind: 'data', section: place.section, offset };
}

function functionStarting(input: LinkInput, site: Site, section: ElfSection, slot: number): ElfFunction {
  const fn = input.functionAt(section, slot);
  if (fn !== undefined) return fn;
  throw badSite(input.elf, site, `no function starts at ${section.name}+${slot * 8}, which it refers to`);
}

/** `.maps` holds BTF-defined maps, `maps` legacy ones (libbpf's MAPS_ELF_SEC). */
const isMapSection = ({ name }: ElfSection): boolean =>
  name === '.maps' || name === 'maps' || name.startsWith('maps/');

/** Static maps are named by their section's symbol, so look for the object there. */
function mapName(elf: ElfFile, symbol: ElfSymbol, { section, offset }: DataPlace): string {
  if (symbol.name !== '') return symbol.name;
  const object = elf.symbols.find(
    (s) => s.section === section.index && s.type === STT.OBJECT && BigInt(s.value) === offset,
  );
  return object?.name ?? `at ${section.name}+${offset}`;
}
