/** Instructions of any shape, as files and callers have them, to the one shape of insn-shape.ts. */
import { u64 } from '../core/u64.ts';
import type { Insn, Slots } from './insn.ts';
import { isUniform, wordOf } from './insn-shape.ts';
import {
  alu,
  atomic,
  call,
  callx,
  cast,
  EXIT_INSN,
  ja,
  jcc,
  lddw,
  ldx,
  legacyLoad,
  mayGoto,
  movsx,
  st,
  stx,
  swap,
} from './make-insn.ts';
import { INSN, traitsOfWord } from './traits.ts';

/** Traits (traits.ts) of any instruction. */
export function traitsOf(insn: Insn): number {
  const word = wordOf(insn) || wordOf(uniform(insn));
  return word === 0 ? INSN : traitsOfWord(word);
}

/** The same instructions; those that are of the shape already stay what they are. */
export const uniformSlots = (slots: Slots): Slots =>
  slots.every((insn) => insn === undefined || isUniform(insn))
    ? slots
    : slots.map((insn) => (insn === undefined || isUniform(insn) ? insn : uniform(insn)));

/** A copy. */
export function uniform(insn: Insn): Insn {
  switch (insn.kind) {
    case 'alu':
      return alu(insn.op, insn.width, insn.source, insn.dst, insn.src, insn.imm);
    case 'movsx':
      return movsx(insn.width, insn.bits, insn.dst, insn.src);
    case 'cast':
      return cast(insn.to, insn.dst, insn.src);
    case 'swap':
      return swap(insn.op, insn.bits, insn.dst);
    case 'lddw':
      return lddw(insn.dst, u64(insn.imm), insn.src);
    case 'ja':
      return ja(insn.off, insn.width);
    case 'jcc':
      return jcc(insn.op, insn.width, insn.source, insn.dst, insn.src, insn.imm, insn.off);
    case 'may_goto':
      return mayGoto(insn.off);
    case 'call':
      return call(insn.target, insn.imm, insn.off);
    case 'callx':
      return callx(insn.dst);
    case 'exit':
      return EXIT_INSN;
    default:
      return uniformAccess(insn);
  }
}

type AccessInsn = Extract<Insn, { kind: 'ldx' | 'stx' | 'st' | 'atomic' | 'ld_abs' | 'ld_ind' }>;

function uniformAccess(insn: AccessInsn): Insn {
  switch (insn.kind) {
    case 'ldx':
      return ldx(insn.size, insn.sign, insn.dst, insn.src, insn.off, insn.access);
    case 'stx':
      return stx(insn.size, insn.dst, insn.off, insn.src, insn.access);
    case 'st':
      return st(insn.size, insn.dst, insn.off, insn.imm, insn.access);
    case 'atomic':
      return atomic(insn.op, insn.size, insn.dst, insn.src, insn.off, insn.access);
    case 'ld_abs':
    case 'ld_ind':
      return legacyLoad(insn.kind, insn.size, insn.src, insn.imm);
    // Of no kind there is, as a caller without types may have it: who comes to it says so.
    default:
      return insn;
  }
}
