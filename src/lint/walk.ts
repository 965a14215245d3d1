/**
 * What one instruction does to the state of its function: the transfer function of the data flow. Nothing is
 * judged here; who reads what should not be read gets anything.
 */
import { isStackArgBase, MAX_REG_ARGS, stackArgSlot } from '../bpf/calling.ts';
import type { AluInsn, AtomicInsn, Insn, LdxInsn, StInsn, StxInsn } from '../bpf/insn.ts';
import { R0, R10, REG_COUNT } from '../bpf/reg.ts';
import { argRegs } from '../bpf/registers.ts';
import { call } from './call.ts';
import { addressedSubprog } from './calls.ts';
import type { WalkContext } from './context.ts';
import { loadFrom, storeTo } from './memory.ts';
import { SLOT, type State } from './state.ts';
import { computed, functionAt, may, moved, NUMBER, OTHER, STACK, told, type Value, ZERO } from './value.ts';

/** Does an instruction; false if what follows it is not reached, as far as is known. */
export function step(context: WalkContext, state: State, pc: number, insn: Insn): boolean {
  switch (insn.kind) {
    case 'alu':
      set(state, insn.dst, aluResult(state, insn));
      return true;
    case 'movsx':
      set(state, insn.dst, mixed(state, read(state, insn.src), NUMBER));
      return true;
    case 'cast':
      set(state, insn.dst, mixed(state, read(state, insn.src), OTHER));
      return true;
    case 'swap':
      set(state, insn.dst, mixed(state, read(state, insn.dst), NUMBER));
      return true;
    case 'lddw':
      set(state, insn.dst, address(context, pc, insn));
      return true;
    case 'ldx':
      set(
        state,
        insn.dst,
        isStackArgBase(insn.src) ? incoming(context, insn) : load(context, state, pc, insn),
      );
      return true;
    case 'ld_abs':
    case 'ld_ind':
      for (const reg of argRegs(MAX_REG_ARGS)) state.clear(reg);
      set(state, R0, OTHER);
      return true;
    case 'st':
      store(context, state, insn, insn.imm === 0 ? ZERO : NUMBER);
      return true;
    case 'stx':
      store(context, state, insn, read(state, insn.src));
      return true;
    case 'atomic':
      atomic(context, state, pc, insn);
      return true;
    case 'call':
    case 'callx':
      return call(context, state, pc, insn);
    default:
      return true;
  }
}

/** A register as its reader sees it. A number that names none holds anything. */
const read = (state: State, reg: number): Value => (reg < REG_COUNT ? told(state.value(reg)) : OTHER);

/** r10 stays what it is, whoever writes to it. */
function set(state: State, reg: number, value: Value): void {
  if (reg < R10) state.values[reg] = value;
}

function aluResult(state: State, { op, width, source, dst, src, imm }: AluInsn): Value {
  const right = source === 'X' ? read(state, src) : imm === 0 ? ZERO : NUMBER;
  if (op === 'mov') {
    return width === 64 || source === 'K' ? right : mixed(state, right, NUMBER);
  }
  const left = read(state, dst);
  if (width === 64 && source === 'K' && op === 'add') return moved(left, imm);
  if (width === 64 && source === 'K' && op === 'sub') return moved(left, -imm);
  return mixed(state, left, right);
}

/** A pointer that goes into it is lost. */
function mixed(state: State, left: Value, right: Value): Value {
  if (may(left, STACK) || may(right, STACK)) state.escaped = true;
  return computed(left, right);
}

function address({ program }: WalkContext, pc: number, insn: Insn): Value {
  const subprog = addressedSubprog(program, pc, insn);
  return subprog === undefined ? OTHER : functionAt(subprog.index);
}

function incoming({ summary }: WalkContext, { off }: LdxInsn): Value {
  const slot = stackArgSlot(off, 'incoming');
  return slot === undefined ? OTHER : summary.argument(MAX_REG_ARGS + 1 + slot);
}

function load(context: WalkContext, state: State, pc: number, { src, off, size }: LdxInsn): Value {
  return loadFrom(context, state, { base: read(state, src), off, size, pc });
}

function store(context: WalkContext, state: State, insn: StInsn | StxInsn, value: Value): void {
  const { dst, off, size } = insn;
  if (!isStackArgBase(dst)) return storeTo(context, state, { base: read(state, dst), off, size }, value);
  const slot = stackArgSlot(off, 'outgoing');
  if (slot !== undefined && size === 8) state.values[SLOT + slot] = value;
  state.late = true;
}

/** RFC 9669 §5.3: what was there goes to src, or r0 for cmpxchg. */
function atomic(context: WalkContext, state: State, pc: number, insn: AtomicInsn): void {
  const { op, dst, src, off, size } = insn;
  if (op === 'load_acquire') {
    set(state, dst, loadFrom(context, state, { base: read(state, src), off, size, pc }));
    return;
  }
  const place = { base: read(state, dst), off, size };
  if (op === 'store_release') return storeTo(context, state, place, read(state, src));
  loadFrom(context, state, { ...place, pc });
  storeTo(context, state, place, OTHER);
  if (op === 'cmpxchg') set(state, R0, OTHER);
  else if (op === 'xchg' || op.startsWith('fetch_')) set(state, src, OTHER);
}
