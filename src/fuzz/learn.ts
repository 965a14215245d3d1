/**
 * Learns what a JIT takes from what it refuses: a small program for each form of instruction and for each
 * structure that generated programs have. One that is refused is left out of the programs made for it.
 */
import { type Profile, STRUCTURES, type Structure } from '../arb/profile.ts';
import type { Insn } from '../bpf/insn.ts';
import { EXIT_INSN, load, movImm, movReg } from '../bpf/make-insn.ts';
import { OPCODE_EXAMPLES } from '../bpf/opcode-forms.ts';
import { buildProgram, type Callee, type DataSection, type Program } from '../bpf/program.ts';
import { R0, R1, R2, R10 } from '../bpf/reg.ts';
import { DATA_BASE } from '../core/layout.ts';

/** Why a program for so many bytes of context is refused; undefined if it is taken. */
export type Refusal = (program: Program, contextSize: number) => string | undefined;

/** What beside forms and structures was asked; a JIT that refuses it can be sent nothing. */
export type Learned =
  | { readonly kind: 'profile'; readonly profile: Profile }
  | { readonly kind: 'refuses all'; readonly why: string };

const CONTEXT_BYTES = 16;
const R3 = 3;
const R11 = 11;

type Slots = readonly (Insn | undefined)[];

/** Asks for each form and each structure. The same JIT gives the same profile. */
export function learnProfile(refusal: Refusal): Learned {
  const ask = (slots: Slots): string | undefined => refusal(programOf(slots), CONTEXT_BYTES);
  const why = ask([movImm(R0, 1), EXIT_INSN]);
  if (why !== undefined) return { kind: 'refuses all', why };
  const lacks = new Map<string, string>();
  const note = (name: string, refused: string | undefined): void => {
    if (refused !== undefined) lacks.set(name, refused);
  };
  for (const { form, insn } of OPCODE_EXAMPLES) {
    const refused = ask(around(insn));
    const plain = refused === undefined ? undefined : withConstants(insn);
    note(form.name, plain === undefined ? refused : ask(plain));
  }
  for (const { name } of STRUCTURES) note(name, ask(STRUCTURE_PROBES[name]));
  return { kind: 'profile', profile: { lacks } };
}

const address = (dst: number, imm: bigint): Slots => [{ kind: 'lddw', dst, src: 0, imm }, undefined];
const store = (dst: number, off: number, size: 1 | 4 | 8): Insn => ({ kind: 'st', size, dst, off, imm: 1 });

/** A form with what it needs before and after it: registers that hold numbers, an address, a way to the end. */
function around(insn: Insn): Slots {
  const numbers = [movImm(R0, 1), movImm(R2, 2)];
  switch (insn.kind) {
    case 'alu':
      // Constants are known to validators: the operand comes from memory.
      return [
        load(R0, R1, 0),
        load(R2, R1, 8),
        { ...insn, dst: R0, src: insn.source === 'X' ? R2 : 0, imm: immOf(insn) },
        EXIT_INSN,
      ];
    case 'movsx':
      return [...numbers, { ...insn, dst: R0, src: R2 }, EXIT_INSN];
    case 'swap':
      return [...numbers, { ...insn, dst: R0 }, EXIT_INSN];
    case 'lddw':
      return [{ ...insn, dst: R0, imm: 1n }, undefined, EXIT_INSN];
    case 'ldx':
      return [store(R10, -8, 8), { ...insn, dst: R0, src: R10, off: -8 }, EXIT_INSN];
    case 'st':
      return [...numbers, { ...insn, dst: R10, off: -8 }, EXIT_INSN];
    case 'stx':
      return [...numbers, { ...insn, dst: R10, src: R2, off: -8 }, EXIT_INSN];
    case 'atomic':
      return insn.op === 'load_acquire'
        ? [...numbers, store(R10, -8, 8), { ...insn, dst: R0, src: R10, off: -8 }, EXIT_INSN]
        : [...numbers, store(R10, -8, 8), { ...insn, dst: R10, src: R2, off: -8 }, EXIT_INSN];
    case 'jcc':
      return [
        load(R0, R1, 0),
        load(R2, R1, 8),
        { ...insn, dst: R0, src: insn.source === 'X' ? R2 : 0, off: 1 },
        movImm(R0, 2),
        EXIT_INSN,
      ];
    case 'ja':
    case 'may_goto':
      return [
        ...numbers,
        { kind: 'jcc', op: 'jeq', width: 64, source: 'K', dst: R0, src: 0, imm: 1, off: 2 },
        movImm(R0, 3),
        { ...insn, off: 1 },
        movImm(R0, 2),
        EXIT_INSN,
      ];
    case 'call':
      return insn.target === 'local'
        ? [{ ...insn, imm: 1 }, EXIT_INSN, movImm(R0, 1), EXIT_INSN]
        : [movImm(R1, 1), { ...insn, imm: 1 }, EXIT_INSN];
    default:
      return [movImm(R0, 1), insn];
  }
}

/** The same for a JIT that does not take loads, and knows no constants either; undefined where there were none. */
function withConstants(insn: Insn): Slots | undefined {
  if (insn.kind !== 'alu' && insn.kind !== 'jcc') return undefined;
  const [, , ...rest] = around(insn);
  return [movImm(R0, 1), movImm(R2, 2), ...rest];
}

/** An immediate that every validator takes: a shift count, a divisor. */
const immOf = ({ op, source }: Insn & { kind: 'alu' }): number => (source === 'X' || op === 'neg' ? 0 : 3);

// biome-ignore format: a program a line
const STRUCTURE_PROBES: Readonly<Record<Structure, Slots>> = {
  'jump back': [
    store(R10, -8, 8), load(R0, R10, -8), { kind: 'alu', op: 'add', width: 64, source: 'K', dst: R0, src: 0, imm: -1 },
    { kind: 'stx', size: 8, dst: R10, src: R0, off: -8 },
    { kind: 'jcc', op: 'jne', width: 64, source: 'K', dst: R0, src: 0, imm: 0, off: -4 }, EXIT_INSN,
  ],
  'stack arguments': [
    ...[1, 2, 3, 4, 5].map((reg) => movImm(reg, reg)), store(R11, -8, 8), { kind: 'call', target: 'kfunc', imm: 2, off: 0 }, EXIT_INSN,
  ],
  'address in a region': [...address(R3, DATA_BASE + 8n), load(R0, R3, -8), EXIT_INSN],
  'stack word in parts': [store(R10, -8, 4), store(R10, -4, 4), load(R0, R10, -8), EXIT_INSN],
  'r2 at entry': [movReg(R0, R2), EXIT_INSN],
  'r10 as a value': [
    movImm(R0, 1), { kind: 'jcc', op: 'jeq', width: 64, source: 'K', dst: R10, src: 0, imm: 5, off: 0 },
    { kind: 'stx', size: 8, dst: R10, src: R10, off: -8 }, EXIT_INSN,
  ],
};

const CALLEES: readonly Callee[] = [
  { kind: 'helper', id: 1, name: 'helper1', args: 1 },
  { kind: 'kfunc', id: 1, name: 'kfunc1', args: 1 },
  { kind: 'kfunc', id: 2, name: 'kfunc2', args: 6 },
];
const DATA: readonly DataSection[] = [
  { name: '.data', address: DATA_BASE, bytes: new Uint8Array(16), writable: true },
];

const programOf = (slots: Slots): Program =>
  buildProgram(slots, { name: 'probe', callees: CALLEES, data: DATA });
