/**
 * Pasted listings, line by line: llvm-objdump -d (with -r, -S), bpftool prog dump xlated (plain, with opcodes,
 * JSON), the kernel verifier's log. Takes out of each line what it says; listing.ts makes instructions of it.
 */
import { badInput } from '../core/errors.ts';

/** One instruction as listed. At least one of `bytes` and `text` is there. */
export interface ListedInsn {
  /** Its number in the listing, counted in slots. */
  readonly index: number;
  /** `file:line`, for errors. */
  readonly where: string;
  bytes?: Uint8Array;
  readonly text?: string;
  /** Opcode byte, as the kernel prints it: `(bf) r6 = r1`. */
  readonly opcode?: number;
  relocation?: Relocation;
}

/** A line of llvm-objdump -r. */
export interface Relocation {
  readonly type: string;
  readonly symbol: string;
  readonly where: string;
}

/** Instructions that are numbered together. */
export interface ListedSection {
  readonly name: string | undefined;
  readonly insns: Map<number, ListedInsn>;
  /** Functions and other symbols by number of their first instruction. */
  readonly symbols: Map<number, string>;
}

const BYTE = '[0-9a-f]{2}';
const INSN_BYTES = new RegExp(`^((?:${BYTE}[ \\t]){8}(?:(?:${BYTE}[ \\t]){8})?)\\s*(.*)$`, 'i');
const ONLY_BYTES = new RegExp(`^\\s+(?:${BYTE} ?){8}(?:(?:${BYTE} ?){8})?$`, 'i');
const INDEXED = /^\s*(\d{1,6}):\s+(\S.*)$/;
const OPCODE = /^\(([0-9a-f]{2})\)\s*(.*)$/i;
const SECTION = /^Disassembly of section (.+):$/;
const SYMBOL = /^([0-9a-f]{8,16}) <(.+)>:$/i;
const RELOCATION = /^\s*[0-9a-f]{8,16}:\s+(R_BPF_\w+)\s+(\S+)\s*$/i;
/** `int entry(struct xdp_md *ctx):`, or `bpf_prog_6deef7357e7b4530_entry:`; not the log's `caller:`. */
const FUNCTION = /^(?!caller:|callee:)(?:[\w\s*]*\b([a-z_]\w*)\s*\(.*\)|([a-z_]\w*)):$/i;

/** Does this text look like a listing, rather than assembly or a hex dump? */
export function isListing(text: string): boolean {
  if (/^\s*\[\s*\{[\s\S]*"disasm"/.test(text)) return true;
  const lines = text.split('\n').filter((line) => line.trim() !== '' && !/^\s*[;#]/.test(line));
  const rests = lines.flatMap((line) => INDEXED.exec(line.replace(/\r$/, ''))?.[2] ?? []);
  return (
    rests.some((rest) => OPCODE.test(rest) || INSN_BYTES.test(`${rest} `)) || rests.length * 2 > lines.length
  );
}

/** Reads every line that means something; the others (source lines, register states) are passed over. */
export function listedSections(text: string, name: string): ListedSection[] {
  const reader = new Reader();
  // The kernel's log numbers register states as well as instructions; only the latter have an opcode.
  const plainText = !/^\s*\d+:\s+\([0-9a-f]{2}\)/im.test(text);
  text.split('\n').forEach((line, index) => {
    reader.read(line.trimEnd(), `${name}:${index + 1}`, { plainText });
  });
  return reader.sections.filter((section) => section.insns.size > 0);
}

class Reader {
  readonly sections: ListedSection[] = [{ name: undefined, insns: new Map(), symbols: new Map() }];
  #last: ListedInsn | undefined;
  #function: string | undefined;

  read(line: string, where: string, options: { readonly plainText: boolean }): void {
    const section = SECTION.exec(line);
    const symbol = SYMBOL.exec(line);
    const relocation = RELOCATION.exec(line);
    const indexed = INDEXED.exec(line);
    if (section !== null) {
      this.sections.push({ name: section[1], insns: new Map(), symbols: new Map() });
    } else if (symbol !== null) {
      this.#section().symbols.set(Number.parseInt(symbol[1] as string, 16) / 8, symbol[2] as string);
    } else if (relocation !== null) {
      if (this.#last !== undefined) {
        this.#last.relocation = { type: relocation[1] as string, symbol: relocation[2] as string, where };
      }
    } else if (indexed !== null) {
      this.#insn(listedInsn(Number(indexed[1]), indexed[2] as string, where, options));
    } else if (ONLY_BYTES.test(line)) {
      if (this.#last !== undefined) this.#last.bytes ??= parseBytes(line);
    } else {
      const header = FUNCTION.exec(line);
      this.#function = header?.[1] ?? header?.[2] ?? this.#function;
    }
  }

  #insn(insn: ListedInsn | undefined): void {
    if (insn === undefined) return;
    const { insns, symbols } = this.#section();
    const before = insns.get(insn.index);
    if (before !== undefined && before.text !== insn.text) {
      throw badInput(
        'read listing',
        insn.where,
        `instruction ${insn.index} stands twice, and differs from ${before.where}; paste one program at a time`,
      );
    }
    if (before === undefined) insns.set(insn.index, insn);
    this.#last = insns.get(insn.index);
    if (this.#function !== undefined) symbols.set(insn.index, this.#function);
    this.#function = undefined;
  }

  #section(): ListedSection {
    return this.sections.at(-1) as ListedSection;
  }
}

function listedInsn(
  index: number,
  rest: string,
  where: string,
  options: { readonly plainText: boolean },
): ListedInsn | undefined {
  const withBytes = INSN_BYTES.exec(`${rest} `);
  if (withBytes !== null) {
    const [, bytes = '', text = ''] = withBytes;
    return { index, where, bytes: parseBytes(bytes), text: text.trim() };
  }
  const withOpcode = OPCODE.exec(rest);
  if (withOpcode !== null) {
    const [, opcode = '', text = ''] = withOpcode;
    return { index, where, opcode: Number.parseInt(opcode, 16), text: text.replace(/;.*/, '').trim() };
  }
  return options.plainText ? { index, where, text: rest.trim() } : undefined;
}

function parseBytes(text: string): Uint8Array {
  return Uint8Array.from(text.match(/[0-9a-f]{2}/gi) ?? [], (byte) => Number.parseInt(byte, 16));
}
