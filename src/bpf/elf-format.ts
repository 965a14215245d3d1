/**
 * The numbers of ELF64 that a BPF object uses, and its tables as read. Authority: System V gABI, chapters
 * "ELF Header", "Sections", "Symbol Table", "Relocation"; for BPF's machine number and relocations, linux
 * Documentation/bpf/llvm_reloc.rst.
 */
export const ELF_MAGIC = [0x7f, 0x45, 0x4c, 0x46] as const;
export const ELFCLASS64 = 2;
export const ELFDATA2LSB = 1;
export const EV_CURRENT = 1;
export const ET_REL = 1;
export const EM_BPF = 247;

/** Bytes of a file header, a section header, a symbol and a relocation without addend. */
export const EHDR_SIZE = 64;
export const SHDR_SIZE = 64;
export const SYM_SIZE = 24;
export const REL_SIZE = 16;

export const SHT = { NULL: 0, PROGBITS: 1, SYMTAB: 2, STRTAB: 3, RELA: 4, NOBITS: 8, REL: 9 } as const;
export const SHF = { WRITE: 0x1, ALLOC: 0x2, EXECINSTR: 0x4, COMPRESSED: 0x800 } as const;
export const SHN = { UNDEF: 0, LORESERVE: 0xff00, ABS: 0xfff1, COMMON: 0xfff2, XINDEX: 0xffff } as const;
export const STB = { LOCAL: 0, GLOBAL: 1, WEAK: 2 } as const;
export const STT = { NOTYPE: 0, OBJECT: 1, FUNC: 2, SECTION: 3, FILE: 4 } as const;

/** Relocations of BPF (llvm_reloc.rst, "Different Relocation Types"). */
// biome-ignore format: a table
export const R_BPF = {
  NONE:      0,
  /** The two imms of an lddw. */
  '64_64':   1,
  /** 8 bytes of data. */
  ABS64:     2,
  /** 4 bytes of data. */
  ABS32:     3,
  /** As ABS32, in .BTF and .BTF.ext: for tools, never for the loader. */
  NODYLD32:  4,
  /** The imm of a call. */
  '64_32':  10,
} as const;

/** A section header. Sizes and offsets in bytes. */
export interface ElfSection {
  readonly index: number;
  readonly name: string;
  readonly type: number;
  readonly flags: number;
  readonly offset: number;
  readonly size: number;
  readonly link: number;
  readonly info: number;
  readonly align: number;
}

/** A symbol. `value` is an offset in bytes into its section. */
export interface ElfSymbol {
  readonly index: number;
  /** Empty for section symbols. */
  readonly name: string;
  readonly bind: number;
  readonly type: number;
  /** Section it is defined in, or one of SHN. */
  readonly section: number;
  readonly value: number;
  readonly size: number;
}

/** A relocation: `offset` in bytes into the section it patches. */
export interface ElfReloc {
  readonly offset: number;
  readonly type: number;
  readonly symbol: ElfSymbol;
}

export const isExecutable = (section: ElfSection): boolean =>
  section.type === SHT.PROGBITS && (section.flags & SHF.EXECINSTR) !== 0;

/** Memory of the program: initialised or zero-filled, not code. */
export const isData = (section: ElfSection): boolean =>
  (section.type === SHT.PROGBITS || section.type === SHT.NOBITS) &&
  (section.flags & SHF.ALLOC) !== 0 &&
  (section.flags & SHF.EXECINSTR) === 0;
