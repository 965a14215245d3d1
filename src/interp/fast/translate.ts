/**
 * A subprog as a WebAssembly module: its blocks in one loop, and at the head of the loop the choice of the block.
 *
 *   block $exit
 *     loop $again
 *       block … block                 one for each block of the subprog, so that jumps forward are plain branches
 *         br_table BLOCK              in jumps backward; a block that jumps to itself is a loop of its own
 *       end   block 0
 *       end   block 1 …
 *   end
 */
import type { Insn, JccInsn, Slots } from '../../bpf/insn.ts';
import type { JumpOp } from '../../bpf/jump.ts';
import type { Subprog } from '../../bpf/program.ts';
import { R10 } from '../../bpf/reg.ts';
import { emitAtomic, emitLdx, emitSt, emitStx } from './access.ts';
import { emitAlu, emitMovsx, emitSwap, operand, right } from './alu.ts';
import { type Block, blocksOf } from './blocks.ts';
import { type Effects, effectsOf } from './effects.ts';
import { Emitter } from './emitter.ts';
import { BLOCK, FUEL_LEFT, findFunction, LOOPS_LEFT, local, POISON, runFunction } from './function.ts';
import { PAGES } from './layout.ts';
import { Code, I32, I64, moduleOf, OP } from './wasm.ts';

export interface Translation {
  readonly module: Uint8Array<ArrayBuffer>;
  readonly blocks: readonly Block[];
}

export function translate(insns: Slots, subprog: Subprog): Translation {
  const blocks = blocksOf(insns, subprog);
  const code = new Code();
  const exit = code.open(OP.block).depth;
  const again = code.open(OP.loop).depth;
  for (let k = 0; k < blocks.length; k++) code.open(OP.block);
  code.get(BLOCK).table(blocks.length);
  const index = new Map(blocks.map(({ start }, k) => [start, k]));
  const emitter = new Emitter(code, exit);
  const sets = { used: 0, written: 0 };
  blocks.forEach((block, k) => {
    code.end();
    const jumps = { at: k, again, count: blocks.length, indexOf: (pc: number) => index.get(pc) as number };
    emitBlock(emitter, insns, block, jumps);
    for (const { reads, writes } of effectsIn(insns, block)) {
      sets.used |= reads | writes;
      sets.written |= writes;
    }
  });
  code.end().end();
  return { module: moduleOf([runFunction(sets, code), findFunction()], PAGES), blocks };
}

/** Of the instructions that are translated. */
function effectsIn(insns: Slots, { start, end }: Block): Effects[] {
  return insns.slice(start, end).flatMap((insn) => (insn === undefined ? [] : (effectsOf(insn) ?? [])));
}

interface Jumps {
  /** The block that jumps. */
  readonly at: number;
  readonly again: number;
  readonly count: number;
  readonly indexOf: (pc: number) => number;
}

function emitBlock(emitter: Emitter, insns: Slots, block: Block, jumps: Jumps): void {
  const { code } = emitter;
  const effects = effectsIn(insns, block);
  Object.assign(emitter, { pc: block.start, length: effects.length, done: effects.length, written: 0 });
  const self = code.open(OP.loop).depth;
  enter(emitter, effects);
  emitter.done = 0;
  for (let pc = block.start; pc < block.end; pc++) {
    const insn = insns[pc];
    if (insn === undefined) continue;
    emitter.pc = pc;
    const effect = effectsOf(insn);
    if (effect === undefined) emitter.leave();
    else if (insn.kind === 'ja' || insn.kind === 'jcc') {
      emitter.settlePoison();
      jump(code, insn.kind === 'jcc' ? insn : undefined, jumps, { to: pc + 1 + insn.off, self });
    } else emitInsn(emitter, insn);
    emitter.done++;
    emitter.written |= effect?.writes ?? 0;
    if (insn.kind === 'ja' || insn.kind === 'jcc' || effect === undefined) emitter.written = 0;
  }
  emitter.settlePoison();
  code.end();
}

/** Leaves where a register it needs is poison, or where the limit lies within the block. */
function enter(emitter: Emitter, effects: readonly Effects[]): void {
  const { code, length } = emitter;
  let [needed, written] = [0, 0];
  for (const { reads, writes } of effects) {
    needed |= reads & ~written;
    written |= writes;
  }
  needed &= ~(1 << R10);
  if (needed !== 0) {
    code.get(POISON).i32(needed).op(I32.and);
    emitter.leaveIf();
  }
  if (length === 0) return;
  code.get(FUEL_LEFT).i32(length).op(I32.lt_s);
  emitter.leaveIf();
  code.get(FUEL_LEFT).i32(length).op(I32.sub).set(FUEL_LEFT);
}

function emitInsn(emitter: Emitter, insn: Insn): void {
  switch (insn.kind) {
    case 'alu':
      emitAlu(emitter, insn);
      break;
    case 'movsx':
      emitMovsx(emitter, insn);
      break;
    case 'swap':
      emitSwap(emitter, insn);
      break;
    case 'lddw':
      emitter.code.i64(BigInt.asIntN(64, insn.imm)).set(local(insn.dst));
      break;
    case 'ldx':
      emitLdx(emitter, insn);
      break;
    case 'stx':
      emitStx(emitter, insn);
      break;
    case 'st':
      emitSt(emitter, insn);
      break;
    case 'atomic':
      emitAtomic(emitter, insn);
      break;
    // may_goto: no other kind is left that has effects (effects.ts).
    default:
      mayGoto(emitter);
  }
}

/** KERNEL: the counter of the frame; what happens when it is used up is the interpreter's. */
function mayGoto(emitter: Emitter): void {
  emitter.code.get(LOOPS_LEFT).op(I32.eqz);
  emitter.leaveIf();
  emitter.code.get(LOOPS_LEFT).i32(1).op(I32.sub).set(LOOPS_LEFT);
}

// biome-ignore format: a table
const RELATIONS = {
  jeq: 'eq', jne: 'ne', jgt: 'gt_u', jge: 'ge_u', jlt: 'lt_u', jle: 'le_u',
  jsgt: 'gt_s', jsge: 'ge_s', jslt: 'lt_s', jsle: 'le_s',
} as const satisfies Partial<Record<JumpOp, string>>;

function condition(code: Code, insn: JccInsn): void {
  const { op, width, dst } = insn;
  operand(code, width, dst);
  right(code, insn);
  const ops = width === 64 ? I64 : I32;
  if (op !== 'jset') code.op(ops[RELATIONS[op]]);
  else if (width === 64) code.op(I64.and).i64(0n).op(I64.ne);
  else code.op(I32.and);
}

/** `insn`: the condition, if there is one. */
function jump(
  code: Code,
  insn: JccInsn | undefined,
  { at, again, count, indexOf }: Jumps,
  { to, self }: { readonly to: number; readonly self: number },
): void {
  if (insn !== undefined) condition(code, insn);
  const target = indexOf(to);
  const opcode = insn === undefined ? OP.br : OP.brIf;
  if (target === at) code.branch(opcode, self);
  // Labels of blocks: the last one was opened first, right inside the loop.
  else if (target > at) code.branch(opcode, again + count - target);
  else if (insn === undefined) code.i32(target).set(BLOCK).branch(OP.br, again);
  else code.open(OP.if).i32(target).set(BLOCK).branch(OP.br, again).end();
}
