/** One pass over the code of a subprog: follows stack pointers through registers, spills and calls. */
import { isStackArgBase, MAX_REG_ARGS, STACK_ARG_BASES, stackArgSlot } from '../../bpf/calling.ts';
import { type AluInsn, type AtomicInsn, fieldBits, type Insn, type LdxInsn } from '../../bpf/insn.ts';
import type { Program, Subprog } from '../../bpf/program.ts';
import { R0 } from '../../bpf/reg.ts';
import { lowestBit } from '../../core/bits.ts';
import { CONTEXT_OF_HELPER } from '../../core/callback.ts';
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

/** No slot; a small integer, as slots are. */
const NOWHERE = -1;

/** Bases of stack arguments: to store no pointer there may overwrite one. */
const ALWAYS = STACK_ARG_BASES;

export class Walk {
  readonly #program: Program;
  readonly #subprog: Subprog;
  readonly #summary: Summary;
  readonly #facts: StackFacts;
  /** Where code jumps to, by slot from the start. */
  readonly #states: (State | undefined)[];
  /** Something was decided by nobody having a pointer into the frame. */
  #reliesOnHidden = false;

  constructor(program: Program, subprog: Subprog, summary: Summary, facts: StackFacts) {
    this.#program = program;
    this.#subprog = subprog;
    this.#summary = summary;
    this.#facts = facts;
    this.#states = new Array(subprog.end - subprog.start);
  }

  /** Sweeps in program order; again from the first loop head that changed, until none does. */
  run(): void {
    const { start } = this.#subprog;
    const { pointerArgs } = this.#summary;
    this.#states[0] = pointerArgs === 0 ? PLAIN : entryState(pointerArgs);
    for (let from = start; from !== NOWHERE; from = this.#sweep(from));
    if (this.#reliesOnHidden && this.#summary.isExposed) this.#summary.isStale = true;
  }

  #sweep(from: number): number {
    const { start, end } = this.#subprog;
    const { insns } = this.#program;
    const states = this.#states;
    const state = STATE;
    let isReached = false;
    let again = NOWHERE;
    for (let pc = from; pc < end; pc++) {
      if (states[pc - start] !== undefined) {
        if (isReached) mergeAt(states, pc - start, state, join);
        assign(state, states[pc - start] as State);
        isReached = true;
      }
      const insn = insns[pc];
      if (!isReached || insn === undefined || !this.#concerns(insn, state.live)) continue;
      this.#step(state, pc, insn);
      if (insn.kind === 'ja' || insn.kind === 'jcc' || insn.kind === 'may_goto') {
        const target = pc + 1 + insn.off;
        const isLoop = target <= pc;
        const changed = mergeAt(states, target - start, state, isLoop ? widen : join);
        if (changed && isLoop && (again === NOWHERE || target < again)) again = target;
      }
      if (insn.kind === 'ja' || insn.kind === 'exit') isReached = false;
    }
    return again;
  }

  /**
   * Whether an instruction has to be looked at where these are live: of no pointers comes none, which most are of.
   * Told by fields before kinds, as no processor can predict these.
   */
  #concerns(insn: Insn, live: number): boolean {
    if ((fieldBits(insn) & (live | ALWAYS)) !== 0) return true;
    switch (insn.kind) {
      case 'jcc':
      case 'ja':
      case 'may_goto':
      case 'call':
      case 'callx':
      case 'exit':
      case 'atomic':
        return true;
      case 'ldx':
        return this.#facts.found !== NONE;
      default:
        return false;
    }
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
      case 'exit':
        if (state.regs[R0] !== NONE) this.#facts.returnsPointer(this.#summary);
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
