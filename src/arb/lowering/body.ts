/** Statements one after the other: branches, loops, exits, and whatever the other families lower. */
import type { AluInsn, JccInsn, MayGotoInsn } from '../../bpf/insn.ts';
import {
  aluImm,
  aluReg,
  EXIT_INSN,
  ja,
  jcc,
  jccImm,
  load,
  mayGoto,
  storeImm,
  storeReg,
} from '../../bpf/make-insn.ts';
import { R0, R10 } from '../../bpf/reg.ts';
import { lowestBit } from '../../core/bits.ts';
import type { Stmt } from '../spec.ts';
import { type FunctionBuilder, SCRATCH } from './builder.ts';
import { lowerCall } from './call.ts';
import { lowerAtomic, lowerLoad, lowerStore } from './memory.ts';
import { lowerAlu, lowerMovsx, lowerPad, lowerSwap, sourceReg } from './operate.ts';

type Branch = Stmt & { kind: 'branch' };
type Loop = Stmt & { kind: 'loop' };

/** What follows an exit is left out. */
export function lowerBody(b: FunctionBuilder, body: readonly Stmt[]): void {
  for (const stmt of body) {
    if (b.dead) return;
    lowerStmt(b, stmt);
  }
}

function lowerStmt(b: FunctionBuilder, stmt: Stmt): void {
  switch (stmt.kind) {
    case 'alu':
      return lowerAlu(b, stmt);
    case 'movsx':
      return lowerMovsx(b, stmt);
    case 'swap':
      return lowerSwap(b, stmt);
    case 'const':
      return b.constant(stmt.dst, stmt.word);
    case 'load':
      return lowerLoad(b, stmt);
    case 'store':
      return lowerStore(b, stmt);
    case 'atomic':
      return lowerAtomic(b, stmt);
    case 'branch':
      return lowerBranch(b, stmt);
    case 'loop':
      return lowerLoop(b, stmt);
    case 'pad':
      return lowerPad(b, stmt);
    case 'call':
      return lowerCall(b, stmt);
    case 'exit':
      return lowerExit(b, stmt.mix);
  }
}

function lowerBranch(b: FunctionBuilder, stmt: Branch): void {
  const over = b.emit(condition(b, stmt));
  const before = b.fork();
  lowerBody(b, stmt.then);
  const thenDead = b.dead;
  const thenState = b.state;
  b.state = before;
  b.dead = false;
  if (stmt.otherwise.length === 0) {
    b.land(over);
    if (!thenDead) b.join(thenState);
    return;
  }
  const skip = thenDead ? undefined : b.emit(ja(0, stmt.long ? 32 : 16));
  b.land(over);
  lowerBody(b, stmt.otherwise);
  if (skip !== undefined) b.land(skip);
  if (b.dead) b.state = thenState;
  else if (!thenDead) b.join(thenState);
  b.dead &&= thenDead;
}

function condition(b: FunctionBuilder, stmt: Branch): JccInsn | MayGotoInsn {
  const { op, width, source } = stmt;
  if (op === 'may_goto') return mayGoto(0);
  const dst = b.ensure(stmt.dst);
  if (source.from === 'imm') return jccImm(op, dst, source.imm, 0, width);
  return jcc(op, width, 'X', dst, sourceReg(b, source), 0, 0);
}

/** The count lives on the stack, since the body may use any register. */
function lowerLoop(b: FunctionBuilder, stmt: Loop): void {
  const counter = -(8 * Math.ceil(b.stack / 8) + 8 * ++b.nesting);
  b.emit(storeImm(R10, counter, stmt.count));
  const { weight } = b;
  b.weight = weight * stmt.count;
  // What holds at the head must hold after the body too: only calls take something away.
  if (makesCall(stmt.body)) b.state.defined &= ~SCRATCH;
  if (stmt.test === 'start') loopFromStart(b, stmt, counter);
  else loopToEnd(b, stmt, counter);
  // Not divided again: engines keep what was never divided as an integer.
  b.weight = weight;
  b.nesting--;
}

function loopToEnd(b: FunctionBuilder, { body, counter: reg }: Loop, counter: number): void {
  const head = b.length;
  lowerBody(b, body);
  if (b.dead) return;
  loadCounter(b, reg, counter);
  countDown(b, reg, counter);
  b.emit(jccImm('jne', reg, 0, head - b.length - 1));
}

/** The jump out at the head spans the jump back at the end, and the other way round. */
function loopFromStart(b: FunctionBuilder, { body, counter: reg }: Loop, counter: number): void {
  const head = b.length;
  loadCounter(b, reg, counter);
  const out = b.emit(jccImm('jeq', reg, 0, 0));
  const after = b.fork();
  countDown(b, reg, counter);
  lowerBody(b, body);
  if (!b.dead) b.emit(ja(head - b.length - 1));
  b.land(out);
  b.state = after;
  b.dead = false;
}

function loadCounter(b: FunctionBuilder, reg: number, counter: number): void {
  b.emit(load(reg, R10, counter));
  b.define(reg);
}

function countDown(b: FunctionBuilder, reg: number, counter: number): void {
  b.addImm(reg, -1);
  b.emit(storeReg(R10, counter, reg));
}

/** Odd, so that multiplying loses nothing: the prime of FNV-1 with 32 bits. */
const MIX = 0x0100_0193;

/** Bits r1..r9. */
const MIXED = 0x3fe;
const TIMES_MIX = aluImm('mul', R0, MIX);
const PLUS_REG = Array.from({ length: R10 }, (_, reg) => aluReg('add', R0, reg));

/** r0 = r0 * MIX + r, for each register of the mask that holds something: their order counts. */
export function lowerExit(b: FunctionBuilder, mix: number): void {
  b.ensure(R0);
  for (let left = mix & b.state.defined & MIXED; left !== 0; left &= left - 1) {
    b.emit(TIMES_MIX);
    b.emit(PLUS_REG[lowestBit(left)] as AluInsn);
  }
  b.emit(EXIT_INSN);
  b.dead = true;
}

function makesCall(body: readonly Stmt[]): boolean {
  for (const stmt of body) {
    if (stmt.kind === 'call') return true;
    if (stmt.kind === 'branch' && (makesCall(stmt.then) || makesCall(stmt.otherwise))) return true;
    if (stmt.kind === 'loop' && makesCall(stmt.body)) return true;
  }
  return false;
}

/** Bytes of stack that the counters of loops take. */
export const countersOf = (body: readonly Stmt[]): number => 8 * loopDepth(body);

function loopDepth(body: readonly Stmt[]): number {
  let depth = 0;
  for (const stmt of body) {
    const { kind } = stmt;
    if (kind === 'loop') depth = Math.max(depth, 1 + loopDepth(stmt.body));
    else if (kind === 'branch') depth = Math.max(depth, loopDepth(stmt.then), loopDepth(stmt.otherwise));
  }
  return depth;
}
