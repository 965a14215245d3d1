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
import { Entries, type RewritePass } from './entries.ts';
import { REG_AX } from './regmap.ts';
import { scratchWords } from './scratch.ts';

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

/** By slot. */
const FIRST_ENTRY = scratchWords();

/**
 * Rewrites one subprog. `stackDepth`: bytes of stack its own code uses, a multiple of 8. `entries`: emptied first, and
 * filled.
 */
export function rewrite(
  slots: Slots,
  subprog: Subprog,
  stackDepth: number,
  entries: Entries = new Entries(),
): Rewritten {
  entries.reset(slots);
  if (addAll(slots, subprog, entries, stackDepth)) return { entries, stackDepth };
  const depth = stackDepth + 8;
  entries.reset(slots);
  entries.addMade(storeImm(R10, -depth, MAX_LOOPS), subprog.start, -1, 'may_goto');
  entries.setup = 1;
  addAll(slots, subprog, entries, depth);
  return { entries, stackDepth: depth };
}

/** Adds all instructions of a subprog; false, and not all, if there is a may_goto and nothing sets up its counter. */
function addAll(slots: Slots, { start, end }: Subprog, entries: Entries, depth: number): boolean {
  const firstEntry = FIRST_ENTRY.take(end - start);
  const jumps: number[] = [];
  for (let pc = start; pc < end; pc++) {
    const insn = slots[pc];
    firstEntry[pc - start] = entries.count;
    if (insn === undefined) continue;
    const { kind } = insn;
    if (kind === 'jcc' || kind === 'ja') {
      jumps.push(entries.count);
      entries.add(insn, pc, pc + 1 + insn.off);
      continue;
    }
    if (kind === 'may_goto' && entries.setup === 0) return false;
    const group = groupOf(insn, depth);
    if (group === undefined) entries.add(insn, pc, -1);
    else addGroup(entries, group, pc, insn, jumps);
  }
  resolveTargets(entries, jumps, firstEntry, start);
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
function resolveTargets(
  { targets }: Entries,
  jumps: readonly number[],
  firstEntry: Int32Array,
  start: number,
): void {
  for (let k = 0; k < jumps.length; k++) {
    const i = jumps[k] as number;
    const target = targets[i] as number;
    targets[i] = target < -1 ? -2 - target : (firstEntry[target - start] as number);
  }
}

/** A jump as the JIT sees them: no may_goto is left. */
const isJump = (insn: Insn): insn is JaInsn | JccInsn => insn.kind === 'ja' || insn.kind === 'jcc';

/** What an instruction becomes, if it does not stay. */
function groupOf(insn: Insn, depth: number): Group | undefined {
  switch (insn.kind) {
    case 'alu':
      return rewriteAlu(insn);
    case 'atomic':
      return rewriteCmpxchg(insn);
    case 'may_goto':
      return mayGoto(depth);
    default:
      return undefined;
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
    case 'smod':
      return rewriteDivision(insn, guardSmod);
    default:
      return undefined;
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
