/**
 * Clang's BPF objects (clang -target bpf -c): one of their programs with the functions, the data and the
 * kfuncs it refers to. Maps, CO-RE relocations and program types are the kernel's business and stay outside.
 */
import { badInput, OracleError } from '../core/errors.ts';
import { type Btf, type Prototype, type Prototypes, prototypesIn, readBtf } from './btf.ts';
import { exceptionCallbackOf } from './btf-tags.ts';
import type { Declared } from './declared.ts';
import { type ElfFile, openElf } from './elf-file.ts';
import {
  callbackNamed,
  chooseFunction,
  type ElfProgram,
  functionsOf,
  programsOf,
  toProgram,
} from './elf-functions.ts';
import { type Linked, link } from './elf-link.ts';
import type { CallInsn } from './insn.ts';
import { highestArgRead } from './live-args.ts';
import { type Loaded, type LoadOptions, registersOf } from './loaded.ts';
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
  const takesMaps = options.shape === 'as-is';
  const name = `${options.fileName}:${main.name}`;
  const btf = btfOf(elf);
  const tagged = btf && exceptionCallbackOf(btf, main.name);
  const callback = tagged === undefined ? undefined : callbackNamed(tagged, functions, name);
  const linked = link(elf, functions, main, { registers: registersOf(options), takesMaps, callback });
  const prototypes = btf === undefined ? new Map() : prototypesIn(btf);
  return { name, program: toLinkedProgram(name, linked, prototypes, options) };
}

/** The programs of an object, in order of section and offset. Throws as `readElf`. */
export function listPrograms(bytes: Uint8Array, fileName: string): readonly ElfProgram[] {
  return programsOf(functionsOf(openElf(bytes, fileName))).map(toProgram);
}

function btfOf(elf: ElfFile): Btf | undefined {
  const section = elf.sections.find(({ name }) => name === '.BTF');
  return section && readBtf(elf.contents(section), elf.fileName);
}

/** Number of arguments a function or kfunc is declared with. */
type ArgsOf = (name: string) => number | undefined;

function toLinkedProgram(name: string, linked: Linked, btf: Prototypes, options: LoadOptions): Program {
  const { protos, shape = 'checked' } = options;
  const argsOf: ArgsOf = (callee) => protos?.get(callee) ?? btf.get(callee)?.args;
  const isStated = (callee: string): boolean => protos?.has(callee) === true;
  const declaredOf = (callee: string): Declared | undefined => declared(btf.get(callee), isStated(callee));
  try {
    return buildProgram(linked.insns, {
      name,
      functionNames: new Map([...linked.functions].map(([start, fn]) => [start, fn.name])),
      functionArgs: functionArgsOf(linked, argsOf, isStated),
      functionDeclared: functionDeclaredOf(linked, declaredOf),
      callees: linked.kfuncs.map((kfunc, i) => toCallee(kfunc, i + 1, { argsOf, declaredOf })),
      data: linked.data,
      ...(linked.callback === undefined ? {} : { exceptionCallback: linked.callback }),
      ...(linked.lines.length === 0 ? {} : { lines: linked.lines }),
      convention: options.convention ?? 'linux',
      shape,
    });
  } catch (error) {
    if (!(error instanceof OracleError)) throw error;
    throw badInput('read ELF', `${name}: ${error.parts.where}`, error.parts.why, { cause: error });
  }
}

interface Known {
  readonly argsOf: ArgsOf;
  readonly declaredOf: (name: string) => Declared | undefined;
}

function toCallee(name: string, id: number, { argsOf, declaredOf }: Known): Callee {
  const declared = declaredOf(name);
  const known = declared === undefined ? {} : { declared };
  return { kind: 'kfunc', id, name, args: argsOf(name), ...known };
}

/** What BTF says beside the number of arguments, where that is of any account. */
function declared(prototype: Prototype | undefined, isStated: boolean): Declared | undefined {
  if (prototype === undefined) return undefined;
  const { args, linkage, byValue } = prototype;
  const found: Declared = {
    ...(linkage === undefined ? {} : { linkage }),
    ...(byValue.length === 0 ? {} : { byValue }),
    ...(isStated ? { btfArgs: args } : {}),
  };
  return Object.keys(found).length === 0 ? undefined : found;
}

/** By first slot. */
function functionDeclaredOf({ functions }: Linked, declaredOf: Known['declaredOf']): Map<number, Declared> {
  const found = new Map<number, Declared>();
  for (const [start, { name }] of functions) {
    const declared = declaredOf(name);
    if (declared !== undefined) found.set(start, { ...declared, stated: true });
  }
  return found;
}

/**
 * Number of arguments by first slot: the user's word, else BTF's. BTF tells the source's signature, but clang
 * changes that of static functions (it passes the members of a struct for the pointer to it, say): there, what
 * the code reads counts where it is more.
 */
function functionArgsOf(
  { insns, functions, kfuncs }: Linked,
  declared: ArgsOf,
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
