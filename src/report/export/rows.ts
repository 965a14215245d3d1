/** The instructions of a program as the forms of exports list them: in their convention, with what a reader asks first. */
import { MAX_REG_ARGS, stackArgSlot } from '../../bpf/calling.ts';
import { disassemble, type ListingNames, listingNames } from '../../bpf/disasm.ts';
import { encode } from '../../bpf/encode.ts';
import { type Insn, slotsOf } from '../../bpf/insn.ts';
import { type Program, type Subprog, subprogAt } from '../../bpf/program.ts';
import { toFileForm } from '../../bpf/stack-arg-form.ts';
import { calleeKey } from '../../core/env.ts';
import type { ExportSubject } from './subject.ts';

export interface Row {
  readonly pc: number;
  /** Its label, if it has one. */
  readonly label: string | undefined;
  /** The function that begins here. */
  readonly starts: Subprog | undefined;
  /** LLVM's dialect. */
  readonly text: string;
  /** 8 a slot. */
  readonly bytes: Uint8Array;
  /** What it has to do with arguments, in words; empty for most. */
  readonly note: string;
}

/** Rows, and the names they use. */
export interface Rows {
  readonly rows: readonly Row[];
  readonly names: ListingNames;
}

export function rowsOf({ program, convention }: Pick<ExportSubject, 'program' | 'convention'>): Rows {
  const insns = toFileForm(program.insns, program.subprogs, convention);
  const bytes = encode(insns);
  const names = listingNames({ ...program, insns });
  const rows = insns.flatMap((insn, pc): Row[] => {
    if (insn === undefined) return [];
    return [
      {
        pc,
        label: names.labels.get(pc),
        starts: program.subprogs.find(({ start }) => start === pc),
        text: disassemble(insn, { pc, ...names }),
        bytes: bytes.subarray(8 * pc, 8 * (pc + slotsOf(insn))),
        note: noteOf(program, pc),
      },
    ];
  });
  return { rows, names };
}

/** Arguments are named by the form that all programs have in memory. */
function noteOf(program: Program, pc: number): string {
  const insn = program.insns[pc] as Insn;
  const [access, off] = stackArgAccess(insn);
  const slot = access === undefined ? undefined : stackArgSlot(off, access);
  if (slot !== undefined) return `${access} arg ${MAX_REG_ARGS + 1 + slot}`;
  if (insn.kind !== 'call') return '';
  const args =
    insn.target === 'local'
      ? subprogAt(program, pc + 1 + insn.imm).args
      : program.callees.get(calleeKey({ kind: insn.target, id: insn.imm }))?.args;
  return args === undefined ? '' : `takes ${args}`;
}

const STACK_ARGS = 11;

function stackArgAccess(insn: Insn): readonly ['incoming' | 'outgoing' | undefined, off: number] {
  if (insn.kind === 'ldx' && insn.src === STACK_ARGS) return ['incoming', insn.off];
  if ((insn.kind === 'stx' || insn.kind === 'st') && insn.dst === STACK_ARGS) return ['outgoing', insn.off];
  return [undefined, 0];
}

/** `b7 01 00 00 65 00 00 00` */
export const bytesOf = (row: Row): string =>
  Array.from(row.bytes, (byte) => byte.toString(16).padStart(2, '0')).join(' ');
