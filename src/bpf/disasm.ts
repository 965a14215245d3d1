/** Instructions to text: one line each (disasm-llvm.ts, disasm-mnemonic.ts), or a whole program with labels. */
import { calleeKey } from '../core/env.ts';
import type { Dialect } from './asm/dialect.ts';
import { llvmText } from './disasm-llvm.ts';
import { mnemonicText } from './disasm-mnemonic.ts';
import { accessOf, type Insn, type Slots } from './insn.ts';
import { type Callee, type Program, targetOf } from './program.ts';

export interface DisassembleOptions {
  /** @defaultValue 'llvm' */
  readonly dialect?: Dialect;
  /** Slot of the instruction; with `labels`, jumps and calls are then written with the label of their target. */
  readonly pc?: number;
  /** Labels by slot. */
  readonly labels?: ReadonlyMap<number, string>;
  /** Names of kfuncs, by `calleeKey`; without one a kfunc is `kfunc_<id>`. */
  readonly callees?: ReadonlyMap<string, Callee>;
}

/**
 * One instruction as one line, as `llvm-objdump -d --mcpu=v4 --no-print-imm-hex` prints it, or as
 * bpf_conformance's disassembler does. `assemble` reads it back to the same instruction.
 */
export function disassemble(insn: Insn, options: DisassembleOptions = {}): string {
  const pc = options.pc;
  const target = pc === undefined ? undefined : targetOf(pc, insn);
  const label = target === undefined ? undefined : options.labels?.get(target);
  const name =
    insn.kind === 'call' && insn.target === 'kfunc'
      ? (options.callees?.get(calleeKey({ kind: 'kfunc', id: insn.imm }))?.name ?? `kfunc_${insn.imm >>> 0}`)
      : undefined;
  const text =
    options.dialect === 'mnemonic' ? mnemonicText(insn, label) : llvmText(insn, { label, kfunc: name });
  const access = accessOf(insn);
  return access === undefined ? text : `${access} ${text}`;
}

/** What a whole listing is made of; a Program has it all. */
export type ListedProgram = Pick<Program, 'insns'> & Partial<Pick<Program, 'subprogs' | 'callees'>>;

/**
 * The whole program, one instruction a line, with a label before each function and jump target. `assemble`
 * reads it back to the same bytes.
 */
export function disassembleProgram(
  program: ListedProgram,
  options: Pick<DisassembleOptions, 'dialect'> = {},
): string {
  const { labels, callees } = listingNames(program);
  const lines: string[] = [];
  program.insns.forEach((insn, pc) => {
    if (insn === undefined) return;
    const label = labels.get(pc);
    if (label !== undefined) lines.push(`${label}:`);
    lines.push(`  ${disassemble(insn, { ...options, pc, labels, callees })}`);
  });
  return `${lines.join('\n')}\n`;
}

/** Names that a listing of a program uses, all of them fit for both assemblers. */
export interface ListingNames {
  /** Of functions and of targets of jumps, by slot. */
  readonly labels: ReadonlyMap<number, string>;
  /** Of kfuncs, by `calleeKey`; those without a usable name are `kfunc_<id>`. */
  readonly callees: ReadonlyMap<string, Callee>;
}

export function listingNames(program: ListedProgram): ListingNames {
  const functions = functionLabels(program);
  const labels = new Map([...jumpLabels(program.insns, new Set(functions.values())), ...functions]);
  return { labels, callees: nameableKfuncs(program, new Set(labels.values())) };
}

/** A name both assemblers take for a label and not for something else. */
const PLAIN_NAME = /^[A-Za-z_][A-Za-z0-9_]*$/;
const TAKEN_NAME = /^(?:[rw]\d+|pc|exit|helper|local|runtime|kfunc_\d+|l\d.*|LBB.*|skb|ll)$/i;

const isPlain = (name: string): boolean => PLAIN_NAME.test(name) && !TAKEN_NAME.test(name);

/** Functions keep their names where those are usable and not taken twice. */
function functionLabels({ insns, subprogs }: ListedProgram): Map<number, string> {
  const starts = new Map((subprogs ?? []).map((subprog) => [subprog.start, subprog.name]));
  insns.forEach((insn, pc) => {
    const target = insn?.kind === 'call' || insn?.kind === 'lddw' ? targetOf(pc, insn) : undefined;
    const inside = target !== undefined && insns[target] !== undefined;
    if (inside && !starts.has(target)) starts.set(target, `func_${target}`);
  });
  const labels = new Map<number, string>();
  const used = new Set<string>();
  for (const [start, name] of starts) {
    const label = isPlain(name) && !used.has(name) ? name : `func_${start}`;
    used.add(label);
    labels.set(start, label);
  }
  return labels;
}

function jumpLabels(insns: Slots, taken: ReadonlySet<string>): Map<number, string> {
  const labels = new Map<number, string>();
  insns.forEach((insn, pc) => {
    if (insn?.kind !== 'ja' && insn?.kind !== 'jcc' && insn?.kind !== 'may_goto') return;
    const target = targetOf(pc, insn);
    if (target !== undefined && insns[target] !== undefined && !taken.has(`l${target}`)) {
      labels.set(target, `l${target}`);
    }
  });
  return labels;
}

/** Kfuncs whose names, assembled, get the same ids again: 1, 2, … in order of first appearance. */
function nameableKfuncs(program: ListedProgram, taken: ReadonlySet<string>): Map<string, Callee> {
  const found = new Map<string, Callee>();
  for (const insn of program.insns) {
    if (insn?.kind !== 'call' || insn.target !== 'kfunc') continue;
    const key = calleeKey({ kind: 'kfunc', id: insn.imm });
    if (found.has(key)) continue;
    const callee = program.callees?.get(key);
    const usable = callee !== undefined && isPlain(callee.name) && !taken.has(callee.name);
    if (!usable || insn.imm !== found.size + 1) return new Map();
    found.set(key, callee);
  }
  const names = new Set([...found.values()].map((callee) => callee.name));
  return names.size === found.size ? found : new Map();
}
