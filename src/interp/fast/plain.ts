/**
 * The fast form of the reference, for runs that are short: constants, moves, sums, products, jumps, and what goes
 * through r10 and the base of stack arguments are most of any program, and run here in one loop. Before an instruction
 * of any other kind, or one that does not simply succeed, it stops, with nothing of it done: the interpreter runs it.
 */
import { isStackArgBase, MAX_STACK_BYTES, stackArgSlot } from '../../bpf/calling.ts';
import type { AluInsn, Insn, JccInsn, LdxInsn, StInsn, StxInsn } from '../../bpf/insn.ts';
import { R10 } from '../../bpf/reg.ts';
import type { Word } from '../../core/execution.ts';
import { fromS32, u64 } from '../../core/u64.ts';
import type { Frame } from '../frame.ts';
import { isTaken } from '../jump.ts';
import type { Machine } from '../machine.ts';

/** Runs `most` instructions at the most; how many it ran. No linear memory has the registers yet. */
export function runPlain(m: Machine, most: number): number {
  const { insns } = m.program;
  const { frame } = m;
  const { words } = m.regs;
  let { next } = m;
  let ran = 0;
  for (; ran < most; ran++) {
    const insn = insns[next];
    const distance = insn === undefined ? 0 : run(frame, words, insn);
    if (distance === 0) break;
    next += distance;
  }
  m.next = next;
  return ran;
}

/** Runs an instruction if it is plain: slots from it to the next one, else 0. A jump to itself is left out, too. */
function run(frame: Frame, words: Word[], insn: Insn): number {
  switch (insn.kind) {
    case 'lddw':
      if (insn.src !== 0 || insn.dst >= R10) return 0;
      words[insn.dst] = insn.imm;
      return 2;
    case 'alu':
      return alu(words, insn) ? 1 : 0;
    case 'stx':
      return store(frame, insn, words[insn.src]) ? 1 : 0;
    case 'st':
      return store(frame, insn, fromS32(insn.imm)) ? 1 : 0;
    case 'ldx':
      return load(frame, words, insn) ? 1 : 0;
    case 'jcc':
      return jcc(words, insn);
    case 'ja':
      return 1 + insn.off;
    default:
      return 0;
  }
}

function alu(words: Word[], { op, width, source, dst, src, imm }: AluInsn): boolean {
  if (width === 32 || dst >= R10) return false;
  const left = words[dst];
  if (source === 'K') {
    if (op === 'mov') words[dst] = fromS32(imm);
    else if (op === 'add') words[dst] = left === undefined ? undefined : u64(left + fromS32(imm));
    else if (op === 'mul') words[dst] = left === undefined ? undefined : u64(left * fromS32(imm));
    else return false;
    return true;
  }
  const right = words[src];
  if (op === 'mov') words[dst] = right;
  else if (op === 'add')
    words[dst] = left === undefined || right === undefined ? undefined : u64(left + right);
  else return false;
  return true;
}

function jcc(words: Word[], insn: JccInsn): number {
  const left = words[insn.dst];
  const right = insn.source === 'X' ? words[insn.src] : fromS32(insn.imm);
  if (left === undefined || right === undefined) return 0;
  return isTaken(insn, left, right) ? 1 + insn.off : 1;
}

/** To the frame, or to the slot of an outgoing argument. */
function store(frame: Frame, { dst, off, size, access }: StxInsn | StInsn, word: Word): boolean {
  if (access !== undefined) return false;
  if (dst === R10) {
    if (off < -MAX_STACK_BYTES || off + size > 0) return false;
    frame.stack.storeAligned(MAX_STACK_BYTES + off, size, word);
    return true;
  }
  const slot = isStackArgBase(dst) && size === 8 ? stackArgSlot(off, 'outgoing') : undefined;
  if (slot === undefined) return false;
  frame.storeOutgoing(slot, word);
  return true;
}

/** From the frame, or from the slot of an incoming argument. */
function load(frame: Frame, words: Word[], { dst, src, off, size, sign, access }: LdxInsn): boolean {
  if (access !== undefined || sign || dst >= R10) return false;
  if (src === R10) {
    if (off < -MAX_STACK_BYTES || off + size > 0) return false;
    words[dst] = frame.stack.loadAligned(MAX_STACK_BYTES + off, size);
    return true;
  }
  const slot = isStackArgBase(src) && size === 8 ? stackArgSlot(off, 'incoming') : undefined;
  if (slot === undefined) return false;
  words[dst] = frame.incoming(slot);
  return true;
}
