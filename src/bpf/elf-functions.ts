/** The functions of an object, and which of them are programs: what libbpf would load by itself. */
import { badInput } from '../core/errors.ts';
import { badElf, type ElfFile, sectionLabel, symbolLabel } from './elf-file.ts';
import { type ElfSection, type ElfSymbol, isExecutable, STB, STT } from './elf-format.ts';

/** Slots are 8 bytes. */
const SLOT_BYTES = 8;
/** Linux BPF_COMPLEXITY_LIMIT_INSNS: no program the kernel takes is longer. */
const MAX_FUNCTION_SLOTS = 1_000_000;

/** A function: slots [start, start + count) of its section. */
export interface ElfFunction {
  readonly name: string;
  /** Further names of the same code (aliases). */
  readonly aliases: readonly string[];
  readonly section: ElfSection;
  /** In slots, from the section's first. */
  readonly start: number;
  readonly count: number;
  /** Static functions are only ever subprogs. */
  readonly global: boolean;
}

/** A program of an object, as `--section` and `--function` choose it. */
export interface ElfProgram {
  readonly name: string;
  readonly section: string;
}

/** What the user chose; both absent: the first program. */
export interface FunctionChoice {
  readonly section?: string | undefined;
  readonly function?: string | undefined;
}

/** All functions, in order of section and offset. Throws on overlaps and on symbols that are no whole slots. */
export function functionsOf(elf: ElfFile): ElfFunction[] {
  const symbols = elf.symbols.filter(isDefinedFunction).sort(byPlace);
  const functions: ElfFunction[] = [];
  for (const symbol of symbols) {
    const next = toFunction(elf, symbol);
    const last = functions.at(-1);
    if (last === undefined || last.section !== next.section || last.start + last.count <= next.start) {
      functions.push(next);
    } else if (last.start === next.start && last.count === next.count) {
      functions[functions.length - 1] = { ...last, aliases: [...last.aliases, next.name] };
    } else {
      throw badElf(elf.fileName, symbolLabel(symbol), `it overlaps function ${last.name}`);
    }
  }
  return functions;
}

/** Programs: global functions outside .text, where subprogs are; those in .text if there are no others. */
export function programsOf(functions: readonly ElfFunction[]): readonly ElfFunction[] {
  const globals = functions.filter((fn) => fn.global);
  const entries = globals.filter((fn) => fn.section.name !== '.text');
  return entries.length > 0 ? entries : globals;
}

/** The function to run. Throws an `input` error that lists the programs there are. */
export function chooseFunction(
  fileName: string,
  functions: readonly ElfFunction[],
  choice: FunctionChoice,
): ElfFunction {
  const programs = programsOf(functions);
  const fits = (fn: ElfFunction): boolean =>
    (choice.section === undefined || fn.section.name === choice.section) &&
    (choice.function === undefined || fn.name === choice.function || fn.aliases.includes(choice.function));
  // A function the user names may be any; else a program, else (with a section) a global subprog of it.
  const pool =
    choice.function !== undefined ? functions : [...programs, ...functions.filter((fn) => fn.global)];
  const chosen = pool.find(fits);
  if (chosen !== undefined) return chosen;
  const wanted = [
    choice.section === undefined ? '' : `section ${choice.section}`,
    choice.function === undefined ? '' : `function ${choice.function}`,
  ].filter((part) => part !== '');
  if (wanted.length === 0 || programs.length === 0) throw noPrograms(fileName);
  throw badElf(fileName, wanted.join(', '), `no such program: ${describePrograms(programs.map(toProgram))}`);
}

/** The exception callback that a tag of `main` names. Throws an `input` error if it is no global function. */
export function callbackNamed(tag: string, functions: readonly ElfFunction[], main: string): ElfFunction {
  const found = functions.find(({ name, aliases }) => name === tag || aliases.includes(tag));
  if (found?.global === true) return found;
  const why = found === undefined ? 'could not be found' : 'must have global linkage';
  throw badInput('read ELF', main, `exception callback '${tag.slice(0, 60)}' ${why}`);
}

/** `it has 2 programs: xdp_main (xdp), tc_main (tc); choose with --function` */
export function describePrograms(programs: readonly ElfProgram[]): string {
  const shown = programs.slice(0, 20).map(({ name, section }) => `${name} (${section})`);
  const rest = programs.length > shown.length ? `, and ${programs.length - shown.length} more` : '';
  const count = programs.length === 1 ? '1 program' : `${programs.length} programs`;
  return `it has ${count}: ${shown.join(', ')}${rest}; choose with --function`;
}

export const toProgram = (fn: ElfFunction): ElfProgram => ({ name: fn.name, section: fn.section.name });

/** The function that starts at a slot of a section. */
export type FunctionAt = (section: ElfSection, slot: number) => ElfFunction | undefined;

export function functionFinder(functions: readonly ElfFunction[]): FunctionAt {
  const byPlaceKey = new Map(functions.map((fn) => [`${fn.section.index}:${fn.start}`, fn]));
  return (section, slot) => byPlaceKey.get(`${section.index}:${slot}`);
}

const noPrograms = (fileName: string): Error =>
  badElf(
    fileName,
    'symbols',
    'no programs: no global function (STT_FUNC) in an executable section; in assembly write .globl and .type NAME,@function and .size',
  );

const isDefinedFunction = (symbol: ElfSymbol): boolean => symbol.type === STT.FUNC && symbol.section !== 0;

/** By place; at the same place the global name first, as it is the one people know. */
function byPlace(a: ElfSymbol, b: ElfSymbol): number {
  return (
    a.section - b.section ||
    a.value - b.value ||
    Number(a.bind === STB.LOCAL) - Number(b.bind === STB.LOCAL) ||
    a.index - b.index
  );
}

function toFunction(elf: ElfFile, symbol: ElfSymbol): ElfFunction {
  const bad = (why: string): Error => badElf(elf.fileName, symbolLabel(symbol), why);
  const section = elf.sections[symbol.section];
  if (section === undefined) throw bad(`function in section ${symbol.section}, which holds no code`);
  if (!isExecutable(section)) throw bad(`function in ${sectionLabel(section)}, which holds no code`);
  if (symbol.name === '') throw bad('a function without a name');
  if (symbol.size === 0) throw bad('a function of size 0; in assembly give it a .size');
  if (symbol.value % SLOT_BYTES !== 0 || symbol.size % SLOT_BYTES !== 0) {
    throw bad(`value ${symbol.value} and size ${symbol.size} are not whole 8-byte instructions`);
  }
  const count = symbol.size / SLOT_BYTES;
  if (count > MAX_FUNCTION_SLOTS) throw bad(`${count} instructions; the kernel takes ${MAX_FUNCTION_SLOTS}`);
  const global = symbol.bind !== STB.LOCAL;
  return { name: symbol.name, aliases: [], section, start: symbol.value / SLOT_BYTES, count, global };
}
