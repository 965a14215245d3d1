/**
 * Where a loaded library keeps the addresses of what it calls, as its own tables say: System V gABI, "Dynamic Section" and
 * "Symbol Table"; x86-64 psABI §4.4 (relocation types). Libraries reach their exported functions that way too, so that
 * another library may put its own in their place.
 */
import koffi from 'koffi';
import { PAGE, PROT, placeCode, protect } from './host-code.ts';
import type { Pointer } from './libunicorn.ts';

const WORD = 8;
/** Elf64_Ehdr and Elf64_Phdr: sizes, and where what is read lies. */
const EHDR = { size: 64, phoff: 32, phentsize: 54, phnum: 56 } as const;
const PHDR = { type: 0, vaddr: 16, memsz: 40 } as const;
/** Elf64_Rela and Elf64_Sym, in halves of words. */
const RELA = { size: 6, offset: 0, type: 2, symbol: 3 } as const;
const SYM = { size: 6, name: 0, value: 2 } as const;
const PT = { dynamic: 2, relro: 0x6474_e552 } as const;
const DT = { pltRelSize: 2n, strtab: 5n, symtab: 6n, strSize: 10n, jmpRel: 23n } as const;
const R_X86_64_JUMP_SLOT = 7;
const HALF = 2 ** 32;

export interface ImportSlot {
  readonly at: Pointer;
  /** What it holds: the address of the function. */
  readonly word: BigUint64Array;
  /** Where the library has a function of that name itself; null where it has none. */
  readonly own: Pointer | null;
  /** Whether it was made read-only once the library was linked. */
  readonly isRelro: boolean;
}

interface Segment {
  readonly start: Pointer;
  readonly size: bigint;
}

/** The slots of these functions in the library that `inside` is an address of; those it does not call have none. */
export function importSlots(inside: Pointer, names: readonly string[]): ReadonlyMap<string, ImportSlot> {
  const base = baseOf(inside);
  const slots = new Map<string, ImportSlot>();
  if (base === null) return slots;
  const segments = segmentsOf(base);
  const dynamic = segments.get(PT.dynamic);
  if (dynamic === undefined) return slots;
  const table = tablesOf(base, dynamic);
  const wanted = offsetsOf(names, table('strtab'), Number(table('strSize')));
  const relas = new Uint32Array(koffi.view(table('jmpRel'), Number(table('pltRelSize'))));
  const symbols = symbolsOf(relas, table('symtab'));
  for (let i = 0; i < relas.length; i += RELA.size) {
    const symbol = SYM.size * (relas[i + RELA.symbol] as number);
    const name = wanted.get(symbols[symbol + SYM.name] as number);
    if (name === undefined || relas[i + RELA.type] !== R_X86_64_JUMP_SLOT) continue;
    const value = wordAt(symbols, symbol + SYM.value);
    const at = base + wordAt(relas, i + RELA.offset);
    const word = new BigUint64Array(koffi.view(at, WORD));
    slots.set(name, {
      at,
      word,
      own: value === 0n ? null : base + value,
      isRelro: isIn(at, segments.get(PT.relro)),
    });
  }
  return slots;
}

/** As many as the relocations name: nothing says how many there are. */
function symbolsOf(relas: Uint32Array, at: Pointer): Uint32Array {
  let last = 0;
  for (let i = RELA.symbol; i < relas.length; i += RELA.size) last = Math.max(last, relas[i] as number);
  return new Uint32Array(koffi.view(at, 4 * SYM.size * (last + 1)));
}

const wordAt = (halves: Uint32Array, i: number): bigint =>
  BigInt((halves[i + 1] as number) * HALF + (halves[i] as number));

/** Puts code of ours in their place, a page at most, for the whole process: for all of them, or for none where that cannot be. */
export function replaceAll(
  changes: readonly (readonly [slot: ImportSlot, code: readonly number[]])[],
): boolean {
  const page = placeCode(Uint8Array.from(changes.flatMap(([, code]) => code)));
  if (page === null) return false;
  const relro = changes.filter(([{ isRelro }]) => isRelro).map(([{ at }]) => at & -BigInt(PAGE));
  const isWritable = relro.every((page) => protect(page, PROT.readWrite));
  let at = page;
  for (const [{ word }, code] of changes) {
    if (isWritable) word[0] = at;
    at += BigInt(code.length);
  }
  for (const page of relro) protect(page, PROT.read);
  return isWritable;
}

/** dladdr(3): where the library begins. */
function baseOf(inside: Pointer): Pointer | null {
  const info = new BigUint64Array(4);
  const dladdr = koffi.load(null).func('int dladdr(void *address, void *info)');
  return dladdr(inside, info) === 0 ? null : (info[1] as bigint);
}

function segmentsOf(base: Pointer): ReadonlyMap<number, Segment> {
  const head = new DataView(koffi.view(base, EHDR.size));
  const size = head.getUint16(EHDR.phentsize, true);
  const at = base + head.getBigUint64(EHDR.phoff, true);
  const segments = new Map<number, Segment>();
  for (let i = 0; i < head.getUint16(EHDR.phnum, true); i++) {
    const segment = new DataView(koffi.view(at + BigInt(i * size), size));
    const start = base + segment.getBigUint64(PHDR.vaddr, true);
    segments.set(segment.getUint32(PHDR.type, true), { start, size: segment.getBigUint64(PHDR.memsz, true) });
  }
  return segments;
}

/** Entries of the dynamic section; glibc has made addresses of offsets there, musl has not. */
function tablesOf(base: Pointer, { start, size }: Segment): (name: keyof typeof DT) => bigint {
  const words = new BigUint64Array(koffi.view(start, Number(size)));
  const entries = new Map<bigint, bigint>();
  for (let i = 0; i + 1 < words.length && words[i] !== 0n; i += 2)
    entries.set(words[i] as bigint, words[i + 1] as bigint);
  return (name) => {
    const value = entries.get(DT[name]) ?? 0n;
    return name.endsWith('Size') || value >= base ? value : base + value;
  };
}

/** Where these names are among the strings; each may be the end of a longer one too. */
function offsetsOf(names: readonly string[], at: Pointer, size: number): ReadonlyMap<number, string> {
  const strings = Buffer.from(koffi.view(at, size));
  const offsets = new Map<number, string>();
  for (const name of names) {
    const bytes = Buffer.from(`${name}\0`);
    for (let i = strings.indexOf(bytes); i >= 0; i = strings.indexOf(bytes, i + 1)) offsets.set(i, name);
  }
  return offsets;
}

/** RELRO ends with the last whole page. */
const isIn = (at: Pointer, segment: Segment | undefined): boolean =>
  segment !== undefined && at >= segment.start && at < ((segment.start + segment.size) & -BigInt(PAGE));
