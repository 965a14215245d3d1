/**
 * Clang's BPF objects (clang -target bpf -c): one of their programs with the functions, the data and the
 * kfuncs it refers to. Maps, CO-RE relocations and program types are the kernel's business and stay outside.
 */
import { badInput, OracleError } from '../core/errors.ts';
import { type Prototypes, readPrototypes } from './btf.ts';
import { MAX_ARGS } from './calling.ts';
import { type ElfFile, openElf } from './elf-file.ts';
import { chooseFunction, type ElfProgram, functionsOf, programsOf, toProgram } from './elf-functions.ts';
import { type Linked, link } from './elf-link.ts';
import type { CallInsn } from './insn.ts';
import { highestArgRead } from './live-args.ts';
import type { Loaded, LoadOptions } from './loaded.ts';
import { buildProgram, type Callee, type Program, targetOf } from './program.ts';

export { isElf } from './elf-file.ts';
export { describePrograms, type ElfProgram } from './elf-functions.ts';

/**
 * Reads one program of an object: `options.function`, or the first of `options.section`, or the first.
 * Throws an `input` error that names the section, symbol or offset at fault. `bytes` is not kept.
 */
export function readElf(bytes: Uint8Array, options: LoadOptions): Loaded {
  const elf = openElf(bytes, options.fileName);
  const functions = functionsOf(elf);
  const main = chooseFunction(options.fileName, functions, options);
  const linked = link(elf, functions, main);
  const name = `${options.fileName}:${main.name}`;
  return { name, program: toLinkedProgram(name, linked, prototypesOf(elf), options) };
}

/** The programs of an object, in order of section and offset. Throws as `readElf`. */
export function listPrograms(bytes: Uint8Array, fileName: string): readonly ElfProgram[] {
  return programsOf(functionsOf(openElf(bytes, fileName))).map(toProgram);
}

function prototypesOf(elf: ElfFile): Prototypes {
  const section = elf.sections.find(({ name }) => name === '.BTF');
  return section === undefined ? new Map() : readPrototypes(elf.contents(section), elf.fileName);
}

/** Number of arguments a function or kfunc is declared with. */
type Declared = (name: string) => number | undefined;

function toLinkedProgram(name: string, linked: Linked, btf: Prototypes, options: LoadOptions): Program {
  const declared: Declared = (callee) => options.protos?.get(callee) ?? btf.get(callee);
  const isStated = (callee: string): boolean => options.protos?.has(callee) === true;
  try {
    return buildProgram(linked.insns, {
      name,
      functionNames: new Map([...linked.functions].map(([start, fn]) => [start, fn.name])),
      functionArgs: functionArgsOf(linked, declared, isStated),
      callees: linked.kfuncs.map((kfunc, i) => toCallee(kfunc, i + 1, declared)),
      data: linked.data,
      ...(linked.lines.length === 0 ? {} : { lines: linked.lines }),
      convention: options.convention ?? 'linux',
    });
  } catch (error) {
    if (!(error instanceof OracleError)) throw error;
    throw badInput('read ELF', `${name}: ${error.parts.where}`, error.parts.why, { cause: error });
  }
}

function toCallee(name: string, id: number, declared: Declared): Callee {
  const args = declared(name);
  if (args !== undefined && args > MAX_ARGS) {
    throw badInput('program', `kfunc ${name}`, `a kfunc takes at most ${MAX_ARGS} arguments, not ${args}`);
  }
  return { kind: 'kfunc', id, name, args };
}

/**
 * Number of arguments by first slot: the user's word, else BTF's. BTF tells the source's signature, but clang
 * changes that of static functions (it passes the members of a struct for the pointer to it, say): there, what
 * the code reads counts where it is more.
 */
function functionArgsOf(
  { insns, functions, kfuncs }: Linked,
  declared: Declared,
  isStated: (name: string) => boolean,
): Map<number, number> {
  const argsOfCall = (pc: number, call: CallInsn): number | undefined => {
    const target = targetOf(pc, call);
    const name = target === undefined ? kfuncs[call.imm - 1] : functions.get(target)?.name;
    return name === undefined || call.target === 'helper' ? undefined : declared(name);
  };
  const args = new Map<number, number>();
  for (const [start, fn] of functions) {
    const count = declared(fn.name);
    if (count === undefined) continue;
    const isExact = fn.global || isStated(fn.name);
    const read = isExact ? 0 : highestArgRead({ insns, start, end: start + fn.count, argsOfCall });
    args.set(start, Math.max(count, read));
  }
  return args;
}
