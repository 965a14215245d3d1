/**
 * One program out of an object: main at slot 0, then every function it reaches, each appended where it is
 * first referred to, before what it refers to itself (libbpf's bpf_object__reloc_code()).
 */
import { OracleError } from '../core/errors.ts';
import { linesOf, readLines } from './btf-lines.ts';
import { decode } from './decode.ts';
import { type DataLayout, layOutData } from './elf-data.ts';
import { badElf, type ElfFile } from './elf-file.ts';
import type { ElfReloc, ElfSection } from './elf-format.ts';
import { type ElfFunction, functionFinder } from './elf-functions.ts';
import { type LinkInput, type Target, targetAt } from './elf-target.ts';
import type { Insn } from './insn.ts';
import type { DataSection, SourceLines } from './program.ts';
import type { RegisterRange } from './reg.ts';

const SLOT_BYTES = 8;
/** Linux BPF_COMPLEXITY_LIMIT_INSNS, for all functions of a program together. */
const MAX_PROGRAM_SLOTS = 1_000_000;

/** Instructions with every reference resolved, and what buildProgram needs to know of them. */
export interface Linked {
  readonly insns: readonly (Insn | undefined)[];
  /** By first slot. */
  readonly functions: ReadonlyMap<number, ElfFunction>;
  /** Names of kfuncs; the id of the first is 1. */
  readonly kfuncs: readonly string[];
  readonly data: readonly DataSection[];
  readonly lines: SourceLines;
  /** First slot of the exception callback that was named. */
  readonly callback: number | undefined;
}

/** For programs that are not going to be run. */
export interface LinkOptions {
  /** Which registers instructions may name. @defaultValue 'general' */
  readonly registers?: RegisterRange;
  /** Whether maps may be referred to. @defaultValue false */
  readonly takesMaps?: boolean;
  /** The exception callback: placed behind all others if none of them refers to it. */
  readonly callback?: ElfFunction | undefined;
}

/** A function in its place. */
interface Placed {
  readonly fn: ElfFunction;
  readonly start: number;
  readonly insns: (Insn | undefined)[];
  /** By slot, from the function's first. */
  readonly targets: ReadonlyMap<number, Target>;
}

/** Links the program that starts at `main`. Throws an `input` error that names the place in the object. */
export function link(
  elf: ElfFile,
  functions: readonly ElfFunction[],
  main: ElfFunction,
  { registers = 'general', takesMaps = false, callback }: LinkOptions = {},
): Linked {
  const input = { elf, functionAt: functionFinder(functions), takesMaps };
  const placed = placeReachable(input, main, registers, callback);
  const targets = [...placed.values()].flatMap((p) => [...p.targets.values()]);
  const data = layOutData(elf, new Set(targets.flatMap((t) => (t.kind === 'data' ? [t.section] : []))));
  const kfuncs = [...new Set(targets.flatMap((t) => (t.kind === 'kfunc' ? [t.name] : [])))];
  const kfuncIds = new Map(kfuncs.map((name, i) => [name, i + 1]));
  for (const { insns, start, targets } of placed.values()) {
    for (const [slot, target] of targets) {
      insns[slot] = resolve(start + slot, insns[slot] as Insn, target, { placed, data, kfuncIds });
    }
  }
  return {
    insns: [...placed.values()].flatMap((p) => p.insns),
    functions: new Map([...placed.values()].map((p) => [p.start, p.fn])),
    kfuncs,
    data: data.sections,
    lines: linesIn(elf, [...placed.values()]),
    callback: callback && placed.get(callback)?.start,
  };
}

/** Lines of functions that follow each other; empty where the object has none. */
function linesIn(elf: ElfFile, placed: readonly Placed[]): SourceLines {
  const [btf, ext] = ['.BTF', '.BTF.ext'].map((name) =>
    elf.sections.find((section) => section.name === name),
  );
  if (btf === undefined || ext === undefined) return [];
  const table = readLines(elf.contents(btf), elf.contents(ext));
  return placed.flatMap(({ fn }) => linesOf(table.get(fn.section.name), fn.start, fn.count));
}

/** Depth first, in order of reference; without recursion, as a chain of calls may be long. */
function placeReachable(
  input: LinkInput,
  main: ElfFunction,
  registers: RegisterRange,
  callback: ElfFunction | undefined,
): Map<ElfFunction, Placed> {
  const { elf } = input;
  const placed = new Map<ElfFunction, Placed>();
  const relocs = relocsOnce(elf);
  const pending = callback === undefined ? [main] : [callback, main];
  let start = 0;
  for (let fn = pending.pop(); fn !== undefined; fn = pending.pop()) {
    if (placed.has(fn)) continue;
    const insns = decodeFunction(elf, fn, registers);
    const targets = targetsOf(input, fn, insns, relocs(fn.section));
    placed.set(fn, { fn, start, insns, targets });
    start += fn.count;
    if (start > MAX_PROGRAM_SLOTS) {
      const why = `${main.name} and all it calls exceed ${MAX_PROGRAM_SLOTS} instructions`;
      throw badElf(elf.fileName, `function ${fn.name}`, why);
    }
    for (const target of [...targets.values()].reverse()) if ('fn' in target) pending.push(target.fn);
  }
  return placed;
}

/** Relocations by section, read when first asked for. */
function relocsOnce(elf: ElfFile): (section: ElfSection) => ReadonlyMap<number, ElfReloc> {
  const known = new Map<ElfSection, ReadonlyMap<number, ElfReloc>>();
  return (section) => {
    const relocs = known.get(section) ?? elf.relocs(section);
    known.set(section, relocs);
    return relocs;
  };
}

function decodeFunction(
  elf: ElfFile,
  { name, section, start, count }: ElfFunction,
  registers: RegisterRange,
): (Insn | undefined)[] {
  const bytes = elf.contents(section).subarray(start * SLOT_BYTES, (start + count) * SLOT_BYTES);
  try {
    return decode(bytes, { registers });
  } catch (error) {
    if (!(error instanceof OracleError)) throw error;
    const { where, why } = error.parts;
    throw badElf(
      elf.fileName,
      `function ${name} (${section.name}+0x${(start * SLOT_BYTES).toString(16)})`,
      `${where}: ${why}`,
    );
  }
}

function targetsOf(
  input: LinkInput,
  fn: ElfFunction,
  insns: readonly (Insn | undefined)[],
  relocs: ReadonlyMap<number, ElfReloc>,
): Map<number, Target> {
  const targets = new Map<number, Target>();
  for (let i = 0; i < insns.length; i++) {
    const insn = insns[i];
    if (insn === undefined) continue;
    const slot = fn.start + i;
    const reloc = relocs.get(slot * SLOT_BYTES);
    const target = targetAt(input, { section: fn.section, slot, insn }, reloc);
    if (target !== undefined) targets.set(i, target);
  }
  return targets;
}

interface Layout {
  readonly placed: ReadonlyMap<ElfFunction, Placed>;
  readonly data: DataLayout;
  readonly kfuncIds: ReadonlyMap<string, number>;
}

/** The instruction at `pc` with its target filled in. */
function resolve(pc: number, insn: Insn, target: Target, layout: Layout): Insn {
  if (target.kind === 'kfunc') {
    return { kind: 'call', target: 'kfunc', imm: layout.kfuncIds.get(target.name) ?? 0, off: 0 };
  }
  const dst = insn.kind === 'lddw' ? insn.dst : 0;
  // BPF_PSEUDO_MAP_FD, with the map's place for its descriptor.
  if (target.kind === 'map') return { kind: 'lddw', dst, src: 1, imm: BigInt.asUintN(32, target.offset) };
  if (target.kind === 'data') {
    const address = layout.data.addressOf(target.section) + target.offset;
    return { kind: 'lddw', dst, src: 0, imm: BigInt.asUintN(64, address) };
  }
  const distance = (layout.placed.get(target.fn)?.start ?? 0) - pc - 1;
  if (target.kind === 'call') return { kind: 'call', target: 'local', imm: distance, off: 0 };
  return { kind: 'lddw', dst, src: 4, imm: BigInt.asUintN(64, BigInt(distance)) };
}
