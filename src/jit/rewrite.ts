/**
 * The rewrites Linux's verifier makes before its JIT sees a program (`do_misc_fixups()`,
 * `opt_subreg_zext_lo32_rnd_hi32()`), as one named pass: the JIT itself never meets a division by zero.
 *
 *   div-by-zero     x / 0 = 0, x % 0 = x; signed too (linux f6b1b3bf0d5f, 7dd34d7b7dcf)
 *   div-minus-one   MIN / -1 = MIN, x % -1 = 0, without a #DE (linux 7dd34d7b7dcf)
 *   cmpxchg32-zext  w0 = w0 after a 32-bit cmpxchg (linux 39491867ace5)
 *   may_goto        a counter below the frame's stack, set at entry, counted down (linux 011832b97b31)
 *
 * Constant blinding comes after them (blinding.ts). Jumps become indices of entries; a jump to a rewritten instruction goes to the first of its group.
 */
import { MAX_LOOPS } from '../bpf/calling.ts';
import type { AluInsn, AtomicInsn, Insn, JaInsn, JccInsn, Slots } from '../bpf/insn.ts';
import { aluImm, aluReg, ja, jccImm, load, movReg, storeImm, storeReg } from '../bpf/make-insn.ts';
import type { Subprog } from '../bpf/program.ts';
import { R0, R10 } from '../bpf/reg.ts';
import { JUMPS, MAY_BE_REWRITTEN } from '../bpf/traits.ts';
import { Entries, type RewritePass } from './entries.ts';
import { indexFrom, Marks } from './marks.ts';
import { REG_AX } from './regmap.ts';

/** A subprog after the rewrites. */
export interface Rewritten {
  readonly entries: Entries;
  /** Bytes of BPF stack, a multiple of 8, including the may_goto counter. */
  readonly stackDepth: number;
}

/** A group: what one instruction became. Jumps inside it count from the next entry; `out` marks the original jump. */
interface Group {
  readonly pass: RewritePass;
  readonly insns: readonly Insn[];
}

/**
 * Rewrites one subprog. `stackDepth`: bytes of stack its own code uses, a multiple of 8. `entries`: emptied first, and
 * filled. `marks`: of these slots.
 */
export function rewrite(
  slots: Slots,
  subprog: Subprog,
  stackDepth: number,
  entries: Entries = new Entries(),
  marks: Marks = new Marks().read(slots),
): Rewritten {
  entries.reset(slots);
  if (addAll(slots, subprog, entries, stackDepth, marks)) return { entries, stackDepth };
  const depth = stackDepth + 8;
  entries.reset(slots);
  entries.addMade(storeImm(R10, -depth, MAX_LOOPS), subprog.start, -1, 'may_goto');
  entries.setup = 1;
  addAll(slots, subprog, entries, depth, marks);
  return { entries, stackDepth: depth };
}

/** Adds all instructions of a subprog; false, and not all, if there is a may_goto and nothing sets up its counter. */
function addAll(
  slots: Slots,
  { start, end }: Subprog,
  entries: Entries,
  depth: number,
  { traits, special, specials }: Marks,
): boolean {
  const jumps: number[] = [];
  /** The first slot that is not added yet. */
  let next = start;
  for (let k = indexFrom(special, start, 0, specials); k < specials; k++) {
    const pc = special[k] as number;
    if (pc >= end) break;
    const bits = traits[pc] as number;
    const insn = slots[pc] as Insn;
    if (insn.kind === 'may_goto' && entries.setup === 0) return false;
    const group = (bits & MAY_BE_REWRITTEN) === 0 ? undefined : groupOf(insn, depth);
    if (group === undefined && (bits & JUMPS) === 0) continue;
    entries.addSlots(traits, next, pc);
    next = pc + 1;
    if (group !== undefined) addGroup(entries, group, pc, insn, jumps);
    else {
      jumps.push(entries.count);
      entries.add(bits, pc, next + (insn as JccInsn | JaInsn).off);
    }
  }
  entries.addSlots(traits, next, end);
  resolveTargets(entries, jumps);
  return true;
}

function addGroup(entries: Entries, { pass, insns }: Group, pc: number, insn: Insn, jumps: number[]): void {
  const base = entries.count;
  for (let k = 0; k < insns.length; k++) {
    const each = insns[k] as Insn;
    const leavesGroup = insn.kind === 'may_goto' && each.kind === 'jcc';
    const target = leavesGroup ? pc + 1 + insn.off : isJump(each) ? -2 - (base + k + 1 + each.off) : -1;
    if (target !== -1) jumps.push(entries.count);
    entries.addMade(each, pc, target, pass);
  }
}

/** Until all entries exist, the target of a jump is a slot (>= 0), or an entry's index written as -2 - index. */
function resolveTargets(entries: Entries, jumps: readonly number[]): void {
  const { targets } = entries;
  for (let k = 0; k < jumps.length; k++) {
    const i = jumps[k] as number;
    const target = targets[i] as number;
    targets[i] = target < -1 ? -2 - target : entries.firstOf(target);
  }
}

/** A jump as the JIT sees them: no may_goto is left. */
const isJump = (insn: Insn): insn is JaInsn | JccInsn => insn.kind === 'ja' || insn.kind === 'jcc';

/** What one that may become something else (bpf/traits.ts) becomes, if it does not stay. */
function groupOf(insn: Insn, depth: number): Group | undefined {
  switch (insn.kind) {
    case 'atomic':
      return rewriteCmpxchg(insn);
    case 'may_goto':
      return mayGoto(depth);
    default:
      return rewriteAlu(insn as AluInsn);
  }
}

function rewriteAlu(insn: AluInsn): Group | undefined {
  switch (insn.op) {
    case 'div':
      return rewriteDivision(insn, guardDiv);
    case 'mod':
      return rewriteDivision(insn, guardMod);
    case 'sdiv':
      return rewriteDivision(insn, guardSdiv);
    default:
      return rewriteDivision(insn, guardSmod);
  }
}

function rewriteCmpxchg(insn: AtomicInsn): Group | undefined {
  if (insn.op !== 'cmpxchg' || insn.size !== 4) return undefined;
  return { pass: 'cmpxchg32-zext', insns: [insn, aluReg('mov', R0, R0, 32)] };
}

const rewriteDivision = (insn: AluInsn, guard: (insn: AluInsn) => Group): Group | undefined =>
  insn.source === 'X' ? guard(insn) : byConstant(insn);

/**
 * Constant divisors 0 and -1. NON-LINUX for 0: the verifier refuses it ("division by zero"), RFC 9669 §4.1
 * defines it, so it is done here as the register form would.
 */
function byConstant(insn: AluInsn): Group | undefined {
  const isMod = insn.op === 'mod' || insn.op === 'smod';
  if (insn.imm === 0) {
    const keep = insn.width === 32 ? keepLow(insn) : ja(0);
    return { pass: 'div-by-zero', insns: [isMod ? keep : aluImm('mov', insn.dst, 0, 32)] };
  }
  if (insn.imm !== -1 || insn.op === 'div' || insn.op === 'mod') return undefined;
  return { pass: 'div-minus-one', insns: [isMod ? aluImm('mov', insn.dst, 0, 32) : neg(insn)] };
}

/** if (src != 0) goto div; dst = 0; goto out; div: dst /= src; out: */
const guardDiv = (insn: AluInsn): Group => ({
  pass: 'div-by-zero',
  insns: [jccImm('jne', insn.src, 0, 2, insn.width), aluReg('xor', insn.dst, insn.dst, 32), ja(1), insn],
});

/** if (src == 0) goto out; dst %= src; and for 32 bits, the skipped path still zero-extends. */
const guardMod = (insn: AluInsn): Group =>
  insn.width === 64
    ? { pass: 'div-by-zero', insns: [jccImm('jeq', insn.src, 0, 1), insn] }
    : { pass: 'div-by-zero', insns: [jccImm('jeq', insn.src, 0, 2, 32), insn, ja(1), keepLow(insn)] };

/** ax = src + 1; ax > 1: divide; ax == 0: src is -1, negate; else src is 0, so 0 - which negated is 0. */
const guardSdiv = (insn: AluInsn): Group => ({
  pass: 'div-minus-one',
  insns: [
    movReg(REG_AX, insn.src),
    aluImm('add', REG_AX, 1, insn.width),
    jccImm('jgt', REG_AX, 1, 4, insn.width),
    jccImm('jeq', REG_AX, 0, 1, insn.width),
    aluImm('mov', insn.dst, 0, insn.width),
    neg(insn),
    ja(1),
    insn,
  ],
});

/** ax = src + 1; ax > 1: divide; ax == 1: src is 0, keep dst; else src is -1, so 0. */
const guardSmod = (insn: AluInsn): Group => {
  const keep = insn.width === 32 ? [ja(1), keepLow(insn)] : [];
  return {
    pass: 'div-minus-one',
    insns: [
      movReg(REG_AX, insn.src),
      aluImm('add', REG_AX, 1, insn.width),
      jccImm('jgt', REG_AX, 1, 3, insn.width),
      jccImm('jeq', REG_AX, 1, insn.width === 32 ? 4 : 3, insn.width),
      aluImm('mov', insn.dst, 0, 32),
      ja(1),
      insn,
      ...keep,
    ],
  };
};

/** ax = counter; if (ax == 0) goto target; ax -= 1; counter = ax. The jump's own distance is set by the caller. */
const mayGoto = (stackDepth: number): Group => ({
  pass: 'may_goto',
  insns: [
    load(REG_AX, R10, -stackDepth),
    jccImm('jeq', REG_AX, 0, 0),
    aluImm('sub', REG_AX, 1),
    storeReg(R10, -stackDepth, REG_AX),
  ],
});

/** w(dst) = w(dst): clears the upper half. */
const keepLow = ({ dst }: AluInsn): AluInsn => aluReg('mov', dst, dst, 32);
const neg = ({ width, dst }: AluInsn): AluInsn => aluImm('neg', dst, 0, width);
