/**
 * Pasted listings to instructions: the bytes where a line shows them, else its text, assembled. Calls whose
 * target only a relocation tells are resolved here; what needs an address is refused.
 */
import { badInput, OracleError } from '../core/errors.ts';
import { type Assembled, Builder, isLocalLabel } from './asm/builder.ts';
import { Cursor } from './asm/cursor.ts';
import { type Dialect, detectDialect } from './asm/dialect.ts';
import { llvmStatement } from './asm/llvm.ts';
import { mnemonicStatement } from './asm/mnemonic.ts';
import { textLast } from './asm/sections.ts';
import { tokenize } from './asm/tokens.ts';
import { decode } from './decode.ts';
import { fields } from './encode.ts';
import type { CallInsn, Insn, LddwInsn } from './insn.ts';
import { listedJson } from './listing-json.ts';
import { type ListedInsn, type ListedSection, listedSections } from './listing-lines.ts';
import { LDDW_OPCODE } from './load-store.ts';
import type { RegisterRange } from './reg.ts';

export { isListing } from './listing-lines.ts';

/** What emitting an instruction needs beside its line. */
interface Context {
  /** Where each section and symbol of the listing lies in the program. */
  readonly places: ReadonlyMap<string, number>;
  readonly dialect: Dialect;
  readonly builder: Builder;
  readonly registers: RegisterRange;
}

/**
 * Reads a listing of llvm-objdump, bpftool or the kernel's verifier. Sections follow one another, `.text` last.
 * Throws an `input` error at the first line that cannot be an instruction or that lacks its target.
 */
export function readListing(text: string, name: string, registers: RegisterRange = 'general'): Assembled {
  const sections = textLast(/^\s*\[/.test(text) ? [listedJson(text, name)] : listedSections(text, name));
  if (sections.length === 0) {
    throw badInput(
      'read listing',
      name,
      'no line of it is an instruction (such as `0: bf 16 …` or `0: (bf) r6 = r1`)',
    );
  }
  const { places, bases } = layOut(sections);
  const context: Context = { places, dialect: dialectOf(sections), builder: new Builder(), registers };
  sections.forEach((section, at) => {
    emitSection(section, bases[at] as number, context);
  });
  return context.builder.finish();
}

function dialectOf(sections: readonly ListedSection[]): Dialect {
  const listed = sections.flatMap(ascending);
  return detectDialect(listed.map(({ text = '', where }) => ({ text, where })));
}

const ascending = (section: ListedSection): ListedInsn[] =>
  [...section.insns.values()].sort((a, b) => a.index - b.index);

function layOut(sections: readonly ListedSection[]): { places: Map<string, number>; bases: number[] } {
  const places = new Map<string, number>();
  const bases: number[] = [];
  let base = 0;
  for (const section of sections) {
    const listed = ascending(section);
    const first = listed[0]?.index ?? 0;
    const last = listed.at(-1);
    bases.push(base - first);
    if (section.name !== undefined) places.set(section.name, base - first);
    for (const [index, symbol] of section.symbols) places.set(symbol, base - first + index);
    base += (last?.index ?? 0) - first + (last !== undefined && isWide(last) ? 2 : 1);
  }
  return { places, bases };
}

const isWide = ({ bytes, opcode, text }: ListedInsn): boolean =>
  (bytes?.[0] ?? opcode) === LDDW_OPCODE || (bytes === undefined && /\bll$|^lddw\b/.test(text ?? ''));

/** `base` is the slot of the section's instruction 0. */
function emitSection(section: ListedSection, base: number, context: Context): void {
  const { builder } = context;
  let expected: number | undefined;
  for (const listed of ascending(section)) {
    if (expected !== undefined && listed.index !== expected) {
      throw badInput(
        'read listing',
        listed.where,
        `instruction ${expected} is missing before ${listed.index} (cut out, or never reached by the verifier)`,
      );
    }
    const symbol = section.symbols.get(listed.index);
    if (symbol !== undefined && !isLocalLabel(symbol)) {
      builder.label(symbol, 'code', listed.where);
      builder.declareFunction(symbol);
    }
    emitListed(listed, context);
    expected = builder.pc - base;
  }
}

function emitListed(listed: ListedInsn, context: Context): void {
  const { builder } = context;
  if (listed.bytes === undefined && listed.relocation === undefined) {
    emitText(listed, context);
    return;
  }
  const insn =
    listed.bytes === undefined
      ? alone(listed, context)
      : decodeAlone(listed.bytes, listed.where, context.registers);
  if (listed.relocation !== undefined) emitRelocated(insn, listed, context);
  else if (insn.kind === 'call') emitCall(insn, listed, builder);
  else builder.emit(insn);
}

function decodeAlone(bytes: Uint8Array, where: string, registers: RegisterRange): Insn {
  try {
    return decode(bytes, { registers })[0] as Insn;
  } catch (error) {
    if (!(error instanceof OracleError)) throw error;
    throw badInput('read listing', where, error.parts.why, { cause: error });
  }
}

/** The instruction a line of text means by itself. */
function alone(listed: ListedInsn, context: Context): Insn {
  const builder = new Builder();
  readText(listed, { ...context, builder });
  return builder.at(0);
}

/** A call by its bytes; the text gives the name. */
function emitCall(insn: CallInsn, { text = '', where }: ListedInsn, builder: Builder): void {
  if (insn.target === 'local') {
    if (insn.imm === -1) throw notLinked(where);
    builder.emit(insn);
    return;
  }
  const name = /^call\s+([a-z_]\w*)#/i.exec(text)?.[1];
  const named = name === undefined || name === 'unknown' ? {} : { name };
  builder.emitNumberedCall(insn.target, insn.imm, { ...named, off: insn.off });
}

const notLinked = (where: string): Error =>
  badInput(
    'read listing',
    where,
    'this call is not linked: list it with its relocations (llvm-objdump -dr), or load the .o',
  );

function emitText(listed: ListedInsn, context: Context): void {
  const { text = '', opcode, where } = listed;
  const { builder, dialect } = context;
  if (opcode === undefined && dialect === 'llvm' && /^call\s+-?(?:0x)?[0-9a-f]+$/i.test(text)) {
    throw badInput(
      'read listing',
      where,
      `\`${text}\`: llvm-objdump prints calls of helpers and of functions alike; list the bytes as well`,
    );
  }
  const before = builder.pc;
  readText(listed, context);
  if (opcode === undefined) return;
  const got = fields(builder.at(before))[0];
  if (got !== opcode) {
    throw badInput(
      'read listing',
      where,
      `\`${text}\` is opcode 0x${got.toString(16)}, but the line says 0x${opcode.toString(16).padStart(2, '0')} (rewritten by the verifier?)`,
    );
  }
}

function readText({ text = '', opcode, where }: ListedInsn, { builder, dialect, registers }: Context): void {
  const wide = opcode === LDDW_OPCODE ? /^(r\d+) = (-?(?:0x[0-9a-f]+|\d+))$/i.exec(text) : null;
  if (opcode === LDDW_OPCODE && wide === null) {
    throw badInput(
      'read listing',
      where,
      `\`${text}\` needs an address that the listing does not give; load the .o`,
    );
  }
  const statement = wide === null ? text : `${text} ll`;
  const cursor = new Cursor(tokenize(statement, where), where, registers);
  (dialect === 'llvm' ? llvmStatement : mnemonicStatement)(cursor, builder);
}

function emitRelocated(insn: Insn, listed: ListedInsn, { places, builder }: Context): void {
  const { type, symbol, where } = listed.relocation ?? { type: '', symbol: '', where: listed.where };
  const place = places.get(symbol);
  if (insn.kind === 'call' && type === 'R_BPF_64_32') {
    if (place !== undefined) builder.emitCall(place + insn.imm + 1 - (builder.pc + 1), 0, where);
    else if (symbol.startsWith('.'))
      throw badInput('read listing', where, `it calls into ${symbol}, which is not listed`);
    else builder.emitCall(symbol, 0, where);
  } else if (insn.kind === 'lddw' && place !== undefined) {
    builder.emit(codeAddress(insn, place, builder.pc));
  } else {
    throw badInput('read listing', where, `${type} needs the address of \`${symbol}\`; load the .o instead`);
  }
}

/** Address of a function: of its section's start plus the bytes in imm. */
function codeAddress(insn: LddwInsn, place: number, pc: number): LddwInsn {
  const slot = place + Number(BigInt.asIntN(32, insn.imm)) / 8;
  return { ...insn, src: 4, imm: BigInt.asUintN(32, BigInt(slot - (pc + 1))) };
}
