/** One pass over the code of a subprog: follows stack pointers through registers, spills and calls. */
import { isStackArgBase, MAX_REG_ARGS, STACK_ARG_BASES, stackArgSlot } from '../../bpf/calling.ts';
import type { AluInsn, AtomicInsn, Insn, JccInsn, LdxInsn, StxInsn } from '../../bpf/insn.ts';
import type { Program, Subprog } from '../../bpf/program.ts';
import { R0, R10 } from '../../bpf/reg.ts';
import { ATOMIC, CALLS, EXITS, JUMPS, LOADS, STORES } from '../../bpf/traits.ts';
import { lowestBit } from '../../core/bits.ts';
import { CONTEXT_OF_HELPER } from '../../core/callback.ts';
import type { Marks } from '../marks.ts';
import type { StackFacts, Summary } from './facts.ts';
import {
  basesOf,
  derived,
  derivedFromBoth,
  FOUND,
  FP,
  hasBase,
  join,
  moved,
  NONE,
  pointer,
  type Value,
  widen,
} from './pointer.ts';
import {
  argumentsOf,
  assign,
  clearArguments,
  disturbSpills,
  entryState,
  getArgument,
  loadSpill,
  mergeAt,
  PLAIN,
  type State,
  setArgument,
  setReg,
  storeSpill,
} from './state.ts';

/** Where a sweep is: none goes on where another one was. */
const STATE: State = entryState(0);
/** Where code jumps to, by slot from the start of the subprog that is walked; of others what was left. */
const STATES: (State | undefined)[] = [];

/** No slot; a small integer, as slots are. */
const NOWHERE = -1;

/** Traits of what has to be looked at wherever it is: all else only if it names a register that is live. */
const ALWAYS = JUMPS | EXITS;
const FP_BIT = 1 << R10;
/** r0..r10 in `live`, and as arguments in `pointerArgs`, those below stack arguments. */
const LIVE_REGS = (1 << (R10 + 1)) - 1;
const REG_POINTER_ARGS = (1 << (MAX_REG_ARGS + 1)) - 1;
const OWN_FRAME = pointer(FP);

/** What is known of the subprog, and of all. */
interface Known {
  readonly summary: Summary;
  readonly facts: StackFacts;
}

export class Walk {
  readonly #program: Program;
  readonly #marks: Marks;
  readonly #subprog: Subprog;
  readonly #summary: Summary;
  readonly #facts: StackFacts;
  /** Something was decided by nobody having a pointer into the frame. */
  #reliesOnHidden = false;

  constructor(program: Program, marks: Marks, subprog: Subprog, { summary, facts }: Known) {
    this.#program = program;
    this.#marks = marks;
    this.#subprog = subprog;
    this.#summary = summary;
    this.#facts = facts;
  }

  /** Sweeps in program order; again from the first loop head that changed, until none does. */
  run(): void {
    const { start, end } = this.#subprog;
    const { pointerArgs } = this.#summary;
    if ((this.#marks.all & JUMPS) !== 0) for (let at = 0; at < end - start; at++) STATES[at] = undefined;
    STATES[0] = pointerArgs === 0 ? PLAIN : entryState(pointerArgs);
    for (let from = start; from !== NOWHERE; from = this.#sweep(from));
    if (this.#reliesOnHidden && this.#summary.isExposed) this.#summary.isStale = true;
  }

  #sweep(from: number): number {
    const { start, end } = this.#subprog;
    const { insns } = this.#program;
    const { traits, all } = this.#marks;
    const states = STATES;
    const state = STATE;
    let again = NOWHERE;
    /** Traits of what has to be looked at; none where nothing is reached. */
    let concerns = 0;
    for (let pc = from; pc < end; pc++) {
      if ((pc === from || (all & JUMPS) !== 0) && states[pc - start] !== undefined) {
        if (concerns !== 0) mergeAt(states, pc - start, state, join);
        assign(state, states[pc - start] as State);
        concerns = this.#concerns(state);
      }
      const bits = traits[pc] as number;
      if ((bits & concerns) === 0) continue;
      const insn = insns[pc] as Insn;
      if ((bits & JUMPS) !== 0) {
        const target = pc + 1 + (insn as JccInsn).off;
        const isLoop = target <= pc;
        const changed = mergeAt(states, target - start, state, isLoop ? widen : join);
        if (changed && isLoop && (again === NOWHERE || target < again)) again = target;
        if (insn.kind === 'ja') concerns = 0;
      } else if ((bits & EXITS) !== 0) {
        if (state.regs[R0] !== NONE) this.#facts.returnsPointer(this.#summary);
        concerns = 0;
      } else if (isPlainAccess(state, bits, insn))
        this.#facts.reach(this.#summary, OWN_FRAME, (insn as LdxInsn).off);
      else {
        this.#step(state, pc, insn);
        concerns = this.#concerns(state);
      }
    }
    return again;
  }

  /** Of no pointers comes none, so that most instructions concern nobody. */
  #concerns({ live, spills }: State): number {
    let concerns = (live & LIVE_REGS) | ALWAYS;
    // They take arguments and r0, and see the frame.
    if (live !== FP_BIT || spills !== undefined || this.#facts.found !== NONE) concerns |= CALLS;
    // To store no pointer there may overwrite one.
    if (live > LIVE_REGS || this.#summary.pointerArgs > REG_POINTER_ARGS) concerns |= STACK_ARG_BASES;
    if (this.#facts.found !== NONE) concerns |= LOADS | ATOMIC;
    // cmpxchg may leave r0 as it is.
    if ((live & 1) !== 0) concerns |= ATOMIC;
    return concerns;
  }

  #step(state: State, pc: number, insn: Insn): void {
    switch (insn.kind) {
      case 'alu':
        setReg(state, insn.dst, aluResult(state, insn));
        break;
      case 'cast':
      case 'movsx':
        setReg(state, insn.dst, derived(state.regs[insn.src] as Value));
        break;
      case 'swap':
        setReg(state, insn.dst, derived(state.regs[insn.dst] as Value));
        break;
      case 'lddw':
        setReg(state, insn.dst, NONE);
        break;
      case 'ldx':
        setReg(state, insn.dst, this.#loadOrTake(state, insn));
        break;
      case 'stx':
        this.#storeOrPass(state, insn, state.regs[insn.src] as Value);
        break;
      case 'st':
        this.#storeOrPass(state, insn, NONE);
        break;
      case 'atomic':
        this.#atomic(state, insn);
        break;
      case 'call':
      case 'callx':
        this.#call(state, pc, insn);
        break;
    }
  }

  #loadOrTake(state: State, { src, off, size }: LdxInsn): Value {
    const slot = isStackArgBase(src) ? stackArgSlot(off, 'incoming') : undefined;
    if (slot === undefined) return this.#load(state, state.regs[src] as Value, off, size);
    const n = MAX_REG_ARGS + 1 + slot;
    return (this.#summary.pointerArgs & (1 << n)) === 0 ? NONE : pointer(n);
  }

  #storeOrPass(state: State, insn: { dst: number; off: number; size: number }, value: Value): void {
    const slot = isStackArgBase(insn.dst) ? stackArgSlot(insn.off, 'outgoing') : undefined;
    if (slot === undefined) this.#store(state, state.regs[insn.dst] as Value, insn.off, insn.size, value);
    else setArgument(state, MAX_REG_ARGS + 1 + slot, value);
  }

  #load(state: State, address: Value, off: number, size: number): Value {
    if (address === NONE && this.#facts.found === NONE) return NONE;
    this.#facts.reach(this.#summary, address, off);
    const own = this.#ownPart(address);
    const value = own === NONE ? NONE : loadSpill(state, own, off, size);
    if (own === address && address !== NONE) return value;
    const { found } = this.#facts;
    return join(value, size === 8 ? found : derived(found));
  }

  #store(state: State, address: Value, off: number, size: number, value: Value): void {
    if (address === NONE && value === NONE) return;
    this.#facts.reach(this.#summary, address, off);
    const own = this.#ownPart(address);
    if (own !== NONE) storeSpill(state, own, off, size, value);
    if (own !== address || address === NONE) this.#facts.escape(this.#summary, value);
  }

  /** The address itself if it lies in this frame, something less exact if it may, else NONE. */
  #ownPart(address: Value): Value {
    if (basesOf(address) === 1 << FP) return address;
    if (hasBase(address, FOUND)) {
      if (this.#summary.isExposed) return derived(address);
      this.#reliesOnHidden = true;
    }
    return hasBase(address, FP) ? join(address, NONE) : NONE;
  }

  /** RFC 9669 §5.3: what is there before goes to src (r0 for cmpxchg), what is there after stems from both. */
  #atomic(state: State, insn: AtomicInsn): void {
    const { op, off, size } = insn;
    const [dst, src] = [state.regs[insn.dst] as Value, state.regs[insn.src] as Value];
    if (op === 'load_acquire') {
      setReg(state, insn.dst, this.#load(state, src, off, size));
      return;
    }
    if (op === 'store_release') {
      this.#store(state, dst, off, size, src);
      return;
    }
    const old = this.#load(state, dst, off, size);
    const isSwap = op === 'xchg' || op === 'cmpxchg';
    this.#store(
      state,
      dst,
      off,
      size,
      op === 'xchg' ? src : isSwap ? join(old, src) : derivedFromBoth(old, src),
    );
    if (op === 'cmpxchg') setReg(state, R0, join(state.regs[R0] as Value, old));
    else if (op === 'xchg' || op.startsWith('fetch_')) setReg(state, insn.src, old);
  }

  #call(state: State, pc: number, insn: Insn): void {
    const facts = this.#facts;
    const callee = facts.calleeOf(pc, insn, this.#summary);
    const passed = this.#passArguments(state, callee);
    facts.passContext(this.#summary, insn, getArgument(state, CONTEXT_OF_HELPER));
    if (state.spills !== undefined || facts.found !== NONE) this.#exposeSpills(state);
    setReg(state, R0, callee?.returnsPointer ? derivedFromBoth(passed, facts.found) : NONE);
    clearArguments(state);
  }

  /** All of them in one. */
  #passArguments(state: State, callee: Summary | undefined): Value {
    let passed = NONE;
    for (let left = argumentsOf(state); left !== 0; left &= left - 1) {
      const n = lowestBit(left);
      const value = getArgument(state, n);
      this.#facts.pass(this.#summary, callee, n, value);
      passed = derivedFromBoth(passed, value);
    }
    return passed;
  }

  /** To a function that is called, if it may have a pointer to them. */
  #exposeSpills(state: State): void {
    if (!this.#summary.isExposed) {
      this.#reliesOnHidden = true;
      return;
    }
    if (state.spills !== undefined) this.#escapeAll(state.spills);
    disturbSpills(state, this.#facts.found);
  }

  #escapeAll(values: readonly Value[]): void {
    let last = NONE;
    for (let k = 0; k < values.length; k++) {
      const value = values[k] as Value;
      // Of a frame that was disturbed before, most are the same.
      if (value !== last) this.#facts.escape(this.#summary, value);
      last = value;
    }
  }
}

/** Whether an instruction loads or stores by r10 alone, what is no pointer, where the frame holds none. */
function isPlainAccess({ regs, live, spills }: State, bits: number, insn: Insn): boolean {
  if ((bits & (LOADS | STORES)) === 0 || (bits & live & LIVE_REGS) !== FP_BIT || spills !== undefined)
    return false;
  const { dst, src } = insn as StxInsn;
  return ((bits & STORES) === 0 ? src : dst) === R10 && dst !== src && regs[R10] === OWN_FRAME;
}

function aluResult(state: State, insn: AluInsn): Value {
  const dst = state.regs[insn.dst] as Value;
  const src = insn.source === 'X' ? (state.regs[insn.src] as Value) : NONE;
  if (insn.op === 'mov') return insn.width === 64 ? src : derived(src);
  if (insn.width === 64 && insn.source === 'K') {
    if (insn.op === 'add') return moved(dst, insn.imm);
    // Not -imm, which may be the -0 that is no integer.
    if (insn.op === 'sub') return moved(dst, 0 - insn.imm);
  }
  return derivedFromBoth(dst, src);
}
