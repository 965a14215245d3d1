/**
 * Instructions of one shape: every object has all fields that any kind has, in one order. What goes through programs
 * reads `kind` of each instruction; JavaScript engines find it at once where all objects are alike, and search for
 * it where there are sixteen sorts of them.
 */
import type { AluInsn, Insn, JccInsn, Slots } from './insn.ts';

/** What any instruction may have; undefined where its kind has no such field. */
class Fields {
  kind: Insn['kind'];
  op: string | undefined = undefined;
  width: number | undefined = undefined;
  source: 'K' | 'X' | undefined = undefined;
  dst: number | undefined = undefined;
  src: number | undefined = undefined;
  off: number | undefined = undefined;
  imm: number | bigint | undefined = undefined;
  size: number | undefined = undefined;
  sign: boolean | undefined = undefined;
  bits: number | undefined = undefined;
  access: string | undefined = undefined;
  to: string | undefined = undefined;
  target: string | undefined = undefined;

  constructor(kind: Insn['kind']) {
    this.kind = kind;
  }
}

/** The same instructions; those that are of the shape already stay what they are. */
export const uniformSlots = (slots: Slots): Slots =>
  slots.map((insn) => (insn === undefined || insn instanceof Fields ? insn : uniform(insn)));

/** A copy. */
function uniform(insn: Insn): Insn {
  const fields = new Fields(insn.kind);
  copyComputing(insn, fields);
  copyAccess(insn, fields);
  copyControl(insn, fields);
  return fields as unknown as Insn;
}

function copyComputing(insn: Insn, to: Fields): void {
  switch (insn.kind) {
    case 'alu':
      copyOperation(insn, to);
      return;
    case 'movsx':
      to.width = insn.width;
      to.bits = insn.bits;
      to.dst = insn.dst;
      to.src = insn.src;
      return;
    case 'cast':
      to.to = insn.to;
      to.dst = insn.dst;
      to.src = insn.src;
      return;
    case 'swap':
      to.op = insn.op;
      to.bits = insn.bits;
      to.dst = insn.dst;
      return;
    case 'lddw':
      to.dst = insn.dst;
      to.src = insn.src;
      to.imm = insn.imm;
  }
}

/** What is computed or compared. */
function copyOperation({ op, width, source, dst, src, imm }: AluInsn | JccInsn, to: Fields): void {
  to.op = op;
  to.width = width;
  to.source = source;
  to.dst = dst;
  to.src = src;
  to.imm = imm;
}

function copyAccess(insn: Insn, to: Fields): void {
  switch (insn.kind) {
    case 'ldx':
      to.sign = insn.sign;
      break;
    case 'st':
      to.imm = insn.imm;
      break;
    case 'atomic':
      to.op = insn.op;
      break;
    case 'ld_abs':
    case 'ld_ind':
      to.size = insn.size;
      to.src = insn.src;
      to.imm = insn.imm;
      return;
    case 'stx':
      break;
    default:
      return;
  }
  to.size = insn.size;
  to.dst = insn.dst;
  if (insn.kind !== 'st') to.src = insn.src;
  to.off = insn.off;
  to.access = insn.access;
}

function copyControl(insn: Insn, to: Fields): void {
  switch (insn.kind) {
    case 'ja':
      to.width = insn.width;
      to.off = insn.off;
      return;
    case 'jcc':
      copyOperation(insn, to);
      to.off = insn.off;
      return;
    case 'may_goto':
      to.off = insn.off;
      return;
    case 'call':
      to.target = insn.target;
      to.imm = insn.imm;
      to.off = insn.off;
      return;
    case 'callx':
      to.dst = insn.dst;
  }
}
