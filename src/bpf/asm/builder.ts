/**
 * Collects instructions, labels and what refers to them, and joins the three when all text is read. Knows
 * nothing of syntax: both dialects fill it.
 */
import { calleeKey } from '../../core/env.ts';
import { badInput } from '../../core/errors.ts';
import type { CallInsn, Insn, JaInsn, JccInsn, LddwInsn, MayGotoInsn } from '../insn.ts';
import type { Callee } from '../program.ts';
import { type CodeSection, moveTextLast } from './sections.ts';

type JumpInsn = JaInsn | JccInsn | MayGotoInsn;

/** Where a jump or call goes: so many slots on, or to a label. */
export type Target = number | string;

/** What assembling yields. */
export interface Assembled {
  /** By slot; the second slot of a wide instruction is undefined. */
  readonly insns: (Insn | undefined)[];
  /** Line of the text by slot, from 1 on; 0 where it is not known. */
  readonly lines: readonly number[];
  /** Functions by first slot: the first label of a section, every label that is called, and every `.type …,@function`. */
  readonly functionNames: ReadonlyMap<number, string>;
  /** Helpers and kfuncs the text names. */
  readonly callees: readonly Callee[];
  /** Of those functions, by first slot; empty if no directive says anything of it. */
  readonly linkage: ReadonlyMap<number, 'static' | 'global'>;
}

interface Reference {
  readonly pc: number;
  readonly name: string;
  readonly where: string;
  /** How many labels of this number were defined before it, for `1b` and `1f`. */
  readonly defined: number;
}

/** A label inside a function, as compilers and people write them: .Ltmp0, LBB0_3, L1, l0, 1. */
const LOCAL_LABEL = /^(?:\.L|LBB|L\d|l\d|\d)/;
/** Is this the name of a place inside a function? */
export const isLocalLabel = (name: string): boolean => LOCAL_LABEL.test(name);

const NUMERIC_REFERENCE = /^(\d+)([bf])$/i;
/** A kfunc known by its number only. */
const NUMBERED_KFUNC = /^kfunc_(\d{1,10})$/;

export class Builder {
  readonly #insns: (Insn | undefined)[] = [];
  readonly #lines: number[] = [];
  #line = 0;
  readonly #labels = new Map<string, number>();
  readonly #numeric = new Map<string, number[]>();
  readonly #dataLabels = new Set<string>();
  readonly #functions = new Set<string>();
  readonly #globals = new Set<string>();
  readonly #references: Reference[] = [];
  readonly #sections: CodeSection[] = [{ name: '.text', start: 0 }];
  /** Callees whose number the text gives, by key. */
  readonly #numbered = new Map<string, Callee>();

  /** Slot of the next instruction. */
  get pc(): number {
    return this.#insns.length;
  }

  /** The instruction at a slot that `emit` filled. */
  at(pc: number): Insn {
    const insn = this.#insns[pc];
    if (insn === undefined) throw new RangeError(`no instruction at ${pc}`);
    return insn;
  }

  /** What is emitted from now on stands on this line. */
  startLine(line: number): void {
    this.#line = line;
  }

  /** The instruction that was emitted last, taken back: one that no label refers to. */
  takeLast(): Insn | undefined {
    return this.#insns.pop();
  }

  emit(insn: Insn): void {
    this.#insns.push(insn);
    if (insn.kind === 'lddw') this.#insns.push(undefined);
    while (this.#lines.length < this.#insns.length) this.#lines.push(this.#line);
  }

  emitJump(insn: JumpInsn, target: Target, where: string): void {
    if (typeof target === 'string') this.#refer(target, where);
    this.emit(typeof target === 'number' ? { ...insn, off: target } : insn);
  }

  /** Call of a subprog, by distance or label. A label nobody defines is a kfunc, `off` is its module's BTF. */
  emitCall(target: Target, off: number, where: string): void {
    if (typeof target === 'string') this.#refer(target, where);
    this.emit({ kind: 'call', target: 'local', imm: typeof target === 'number' ? target : 0, off });
  }

  /** Call of a helper or kfunc whose number is known. */
  emitNumberedCall(
    target: 'helper' | 'kfunc',
    id: number,
    options: { name?: string; off?: number } = {},
  ): void {
    if (options.name !== undefined) {
      const callee: Callee = { kind: target, id, name: options.name, args: undefined };
      this.#numbered.set(calleeKey(callee), callee);
    }
    this.emit({ kind: 'call', target, imm: id, off: options.off ?? 0 });
  }

  /** `dst = name`, the address of a function of this text. */
  emitAddress(dst: number, name: string, where: string): void {
    this.#refer(name, where);
    this.emit({ kind: 'lddw', dst, src: 4, imm: 0n });
  }

  /** Defines a label here; `section` says whether it can be code. */
  label(name: string, section: 'code' | 'data', where: string): void {
    if (section === 'data') {
      this.#dataLabels.add(name);
      return;
    }
    if (/^\d+$/.test(name)) {
      this.#numeric.set(name, [...(this.#numeric.get(name) ?? []), this.pc]);
      return;
    }
    const before = this.#labels.get(name);
    if (before !== undefined) {
      throw badInput('assemble', where, `the label \`${name}\` stands already at insn ${before}`);
    }
    this.#labels.set(name, this.pc);
  }

  /** A label if the text has none of that name: `exit` of the mnemonic dialect. */
  defaultLabel(name: string): void {
    if (!this.#labels.has(name)) this.#labels.set(name, this.pc);
  }

  /** Code follows that belongs to this section. */
  section(name: string): void {
    this.#sections.push({ name, start: this.pc });
  }

  /** `name` is a function, called or not. */
  declareFunction(name: string): void {
    this.#functions.add(name);
  }

  /** `name` can be called from other files. */
  declareGlobal(name: string): void {
    this.#globals.add(name);
  }

  finish(): Assembled {
    const callees = this.#resolve();
    const code = moveTextLast(
      { insns: this.#insns, functionNames: this.#functionNames(), lines: this.#lines },
      this.#sections,
    );
    return {
      ...code,
      callees: [...this.#numbered.values(), ...callees],
      linkage: this.#linkage(code.functionNames),
    };
  }

  #linkage(names: ReadonlyMap<number, string>): Map<number, 'static' | 'global'> {
    if (this.#globals.size === 0) return new Map();
    return new Map([...names].map(([slot, name]) => [slot, this.#globals.has(name) ? 'global' : 'static']));
  }

  #refer(name: string, where: string): void {
    const digits = NUMERIC_REFERENCE.exec(name)?.[1] ?? name;
    const defined = this.#numeric.get(digits)?.length ?? 0;
    this.#references.push({ pc: this.pc, name, where, defined });
  }

  #resolve(): Callee[] {
    const kfuncs = new KfuncNumbers(this.#takenKfuncs());
    for (const reference of this.#references) {
      const insn = this.#insns[reference.pc];
      const slot = this.#slotOf(reference);
      if (insn?.kind === 'call') this.#insns[reference.pc] = this.#resolveCall(insn, reference, slot, kfuncs);
      else if (insn?.kind === 'lddw') this.#insns[reference.pc] = this.#resolveAddress(insn, reference, slot);
      else this.#insns[reference.pc] = resolveJump(insn as JumpInsn, reference, slot);
    }
    return kfuncs.callees();
  }

  #takenKfuncs(): number[] {
    const written = this.#insns.filter((insn) => insn?.kind === 'call' && insn.target === 'kfunc');
    const named = this.#references.map((reference) => numberedKfunc(reference.name));
    return [...written.map((insn) => (insn as CallInsn).imm), ...named.filter((id) => id !== undefined)];
  }

  #slotOf({ name, defined }: Reference): number | undefined {
    const numeric = NUMERIC_REFERENCE.exec(name);
    if (numeric === null) return this.#labels.get(name);
    const slots = this.#numeric.get(numeric[1] as string) ?? [];
    return numeric[2]?.toLowerCase() === 'b' ? slots[defined - 1] : slots[defined];
  }

  #resolveCall(insn: CallInsn, ref: Reference, slot: number | undefined, kfuncs: KfuncNumbers): CallInsn {
    if (slot === undefined) {
      if (this.#dataLabels.has(ref.name))
        throw badInput('assemble', ref.where, `\`${ref.name}\` is data, not a function`);
      return { ...insn, target: 'kfunc', imm: kfuncs.idOf(ref.name) };
    }
    if (insn.off !== 0)
      throw badInput('assemble', ref.where, `\`${ref.name}\` is a function of this text, not of a module`);
    this.#functions.add(ref.name);
    return { ...insn, imm: slot - (ref.pc + 1) };
  }

  #resolveAddress(insn: LddwInsn, ref: Reference, slot: number | undefined): LddwInsn {
    if (slot === undefined) {
      const what = this.#dataLabels.has(ref.name) ? 'data' : 'not defined here';
      throw badInput(
        'assemble',
        ref.where,
        `\`${ref.name}\` is ${what}: its address is known only to an ELF object; assemble it with clang and load the .o`,
      );
    }
    this.#functions.add(ref.name);
    return { ...insn, imm: BigInt.asUintN(32, BigInt(slot - (ref.pc + 1))) };
  }

  #functionNames(): Map<number, string> {
    const starts = new Set(this.#sections.map(({ start }) => start));
    const names = new Map<number, string>();
    for (const [name, slot] of this.#labels) {
      const isFirst = starts.has(slot) && !isLocalLabel(name) && name !== 'exit';
      if ((isFirst || this.#functions.has(name)) && !names.has(slot)) names.set(slot, name);
    }
    return names;
  }
}

/** 7 of `kfunc_7`; ids are 32 bits. */
function numberedKfunc(name: string): number | undefined {
  const digits = NUMBERED_KFUNC.exec(name)?.[1];
  return digits === undefined || Number(digits) > 0xffff_ffff ? undefined : Number(digits) | 0;
}

function resolveJump(insn: JumpInsn, { name, where, pc }: Reference, slot: number | undefined): Insn {
  if (slot === undefined) throw badInput('assemble', where, `no label \`${name}\` to jump to`);
  const off = slot - (pc + 1);
  const wide = insn.kind === 'ja' && insn.width === 32;
  if (!wide && (off < -0x8000 || off > 0x7fff)) {
    throw badInput(
      'assemble',
      where,
      `\`${name}\` is ${off} slots away, too far for 16 bits; use gotol (ja32)`,
    );
  }
  return { ...insn, off };
}

/** Numbers kfuncs 1, 2, … in order of first appearance, around those that are numbered already. */
class KfuncNumbers {
  readonly #taken: Set<number>;
  readonly #ids = new Map<string, number>();

  constructor(taken: readonly number[]) {
    this.#taken = new Set(taken);
  }

  idOf(name: string): number {
    const id = this.#ids.get(name) ?? numberedKfunc(name) ?? this.#unused();
    this.#ids.set(name, id);
    return id;
  }

  callees(): Callee[] {
    return [...this.#ids].map(([name, id]) => ({ kind: 'kfunc', id, name, args: undefined }));
  }

  #unused(): number {
    let id = 1;
    while (this.#taken.has(id)) id++;
    this.#taken.add(id);
    return id;
  }
}
