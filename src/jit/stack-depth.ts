/**
 * How many bytes of BPF stack each subprog uses: what the verifier hands the JIT as `aux->stack_depth`. A
 * forward dataflow over r10 and everything derived from it, through registers, spills and calls. Where it
 * cannot follow a pointer it says the whole 512 bytes, never fewer than may be used.
 */
import { isStackArgBase, MAX_ARGS, MAX_REG_ARGS, MAX_STACK_BYTES, stackArgSlot } from '../bpf/calling.ts';
import type { AluInsn, Insn } from '../bpf/insn.ts';
import { type Program, type Subprog, targetOf } from '../bpf/program.ts';
import { R10 } from '../bpf/reg.ts';

/**
 * A value: NONE (no pointer we care for), TOP (any such pointer), or base and offset packed into a number.
 * Base 0 is this frame's fp, 1..12 are the arguments.
 */
type Value = number;
const NONE: Value = -1;
const TOP: Value = -2;
const FP = 0;
const BASES = MAX_ARGS + 1;
const SPAN = 2 * MAX_STACK_BYTES;

const pack = (base: number, off: number): Value =>
  base * SPAN + MAX_STACK_BYTES + Math.max(-MAX_STACK_BYTES, Math.min(MAX_STACK_BYTES - 1, off));
const baseOf = (value: Value): number => Math.floor(value / SPAN);
const offOf = (value: Value): number => (value % SPAN) - MAX_STACK_BYTES;

const REGS = 11;
const SPILLS = MAX_STACK_BYTES / 8;
const OUTGOING = 7;
/** Registers, then 8-byte stack slots from r10 - 8 downwards, then outgoing arguments. */
const STATE = REGS + SPILLS + OUTGOING;
type State = Int32Array;

/** What a caller needs to know of a subprog: how far below each of its bases it reaches (<= 0). */
interface Summary {
  readonly lowest: Int32Array;
}

/** Depth of each subprog in bytes, a multiple of 8. */
export function stackDepths(program: Program): number[] {
  const analysis = new Analysis(program);
  analysis.settle();
  return program.subprogs.map((subprog) => {
    const { lowest } = analysis.summary(subprog.index);
    return 8 * Math.ceil((0 - (lowest[FP] as number)) / 8);
  });
}

class Analysis {
  readonly #program: Program;
  readonly #summaries: Summary[];
  /** Some pointer into a stack was stored where we do not track it, so any load may yield one. */
  #escaped = false;
  #changed = false;

  constructor(program: Program) {
    this.#program = program;
    this.#summaries = program.subprogs.map(() => ({ lowest: new Int32Array(BASES) }));
  }

  summary(index: number): Summary {
    return this.#summaries[index] as Summary;
  }

  /** Repeats until neither a summary nor `escaped` changes; both only grow. Callees stand behind callers. */
  settle(): void {
    do {
      this.#changed = false;
      for (let index = this.#program.subprogs.length - 1; index >= 0; index--) {
        const subprog = this.#program.subprogs[index] as Subprog;
        if (this.#touchesStack(subprog)) this.#run(subprog);
      }
    } while (this.#changed);
  }

  /** Most subprogs of generated code never name r10 and take no pointers into a stack: nothing to do. */
  #touchesStack(subprog: Subprog): boolean {
    return subprog.index !== 0 || this.#program.subprogs.length > 1 || mentionsFp(this.#program, subprog);
  }

  #run(subprog: Subprog): void {
    const { insns } = this.#program;
    const states = new Map<number, State>([[subprog.start, entryState(subprog)]]);
    const work = [subprog.start];
    for (let start = work.pop(); start !== undefined; start = work.pop()) {
      const state = (states.get(start) as State).slice();
      for (let pc = start; pc < subprog.end; pc++) {
        const insn = insns[pc];
        if (insn === undefined) continue;
        this.#step(subprog, state, pc, insn);
        const target = targetOf(pc, insn);
        if (target !== undefined && (insn.kind === 'ja' || insn.kind === 'jcc' || insn.kind === 'may_goto')) {
          if (mergeInto(states, target, state)) work.push(target);
        }
        if (insn.kind === 'ja' || insn.kind === 'exit') break;
        const next = insn.kind === 'lddw' ? pc + 2 : pc + 1;
        // Join points keep a state of their own, so that a block is walked again only when it changes.
        if (states.has(next)) {
          if (mergeInto(states, next, state)) work.push(next);
          break;
        }
      }
    }
  }

  #step(subprog: Subprog, state: State, pc: number, insn: Insn): void {
    switch (insn.kind) {
      case 'alu':
        state[insn.dst] = aluResult(state, insn);
        break;
      case 'movsx':
      case 'lddw':
        state[insn.dst] = NONE;
        break;
      case 'swap':
        state[insn.dst] = derived(state[insn.dst] as Value);
        break;
      case 'ldx':
        if (isStackArgBase(insn.src)) {
          state[insn.dst] = incoming(insn.off);
        } else {
          state[insn.dst] = this.#load(subprog, state, insn.src, insn.off, insn.size);
        }
        break;
      case 'stx':
        if (isStackArgBase(insn.dst)) setOutgoing(state, insn.off, state[insn.src] as Value);
        else this.#store(subprog, state, insn.dst, insn.off, insn.size, state[insn.src] as Value);
        break;
      case 'st':
        if (isStackArgBase(insn.dst)) setOutgoing(state, insn.off, NONE);
        else this.#store(subprog, state, insn.dst, insn.off, insn.size, NONE);
        break;
      case 'atomic':
        this.#atomic(subprog, state, insn);
        break;
      case 'call':
      case 'callx':
        this.#call(subprog, state, pc, insn);
        break;
    }
  }

  #atomic(subprog: Subprog, state: State, insn: Extract<Insn, { kind: 'atomic' }>): void {
    if (insn.op === 'load_acquire') {
      state[insn.dst] = this.#load(subprog, state, insn.src, insn.off, insn.size);
      return;
    }
    const old = this.#load(subprog, state, insn.dst, insn.off, insn.size);
    const stored = insn.op === 'xchg' || insn.op === 'cmpxchg' || insn.op === 'store_release';
    this.#store(
      subprog,
      state,
      insn.dst,
      insn.off,
      insn.size,
      stored ? (state[insn.src] as Value) : derived(old),
    );
    if (insn.op === 'cmpxchg') state[0] = join(state[0] as Value, old);
    else if (insn.op.startsWith('fetch_') || insn.op === 'xchg') state[insn.src] = old;
  }

  #load(subprog: Subprog, state: State, base: number, off: number, size: number): Value {
    const address = state[base] as Value;
    this.#reach(subprog, address, off);
    const slot = slotOf(address, off, size);
    if (slot !== undefined) return state[slot] as Value;
    return size === 8 && this.#escaped ? TOP : NONE;
  }

  #store(subprog: Subprog, state: State, base: number, off: number, size: number, value: Value): void {
    const address = state[base] as Value;
    this.#reach(subprog, address, off);
    const slot = slotOf(address, off, size);
    if (slot !== undefined) {
      state[slot] = value;
      return;
    }
    if (value !== NONE && size === 8) this.#escape();
    if (address === TOP || (address !== NONE && baseOf(address) === FP)) {
      // A store that is not a whole slot, or whose place is not known: spills it may hit are pointers no more.
      if (value !== NONE) for (let k = REGS; k < REGS + SPILLS; k++) state[k] = TOP;
    }
  }

  #call(subprog: Subprog, state: State, pc: number, insn: Insn): void {
    const local = insn.kind === 'call' && insn.target === 'local';
    const callee = local ? this.#subprogAtStart(targetOf(pc, insn) as number) : undefined;
    let passesPointer = false;
    for (let argument = 1; argument <= MAX_ARGS; argument++) {
      const value = state[argumentSlot(argument)] as Value;
      if (value === NONE) continue;
      passesPointer = true;
      const below = callee === undefined ? 0 : (this.summary(callee.index).lowest[argument] as number);
      this.#reach(subprog, value, below);
    }
    state[0] = local && (passesPointer || this.#escaped) ? TOP : NONE;
    for (let argument = 1; argument <= MAX_ARGS; argument++) state[argumentSlot(argument)] = NONE;
    // The callee may have written pointers into our frame.
    if (local && this.#escaped) for (let k = REGS; k < REGS + SPILLS; k++) state[k] = TOP;
  }

  #subprogAtStart(start: number): Subprog | undefined {
    return this.#program.subprogs.find((subprog) => subprog.start === start);
  }

  /** Notes that memory at `value + off` is used. */
  #reach(subprog: Subprog, value: Value, off: number): void {
    if (value === NONE) return;
    const { lowest } = this.summary(subprog.index);
    if (value === TOP) {
      for (let base = 0; base < BASES; base++) this.#lower(lowest, base, -MAX_STACK_BYTES);
    } else {
      this.#lower(lowest, baseOf(value), Math.max(-MAX_STACK_BYTES, offOf(value) + off));
    }
  }

  #lower(lowest: Int32Array, base: number, off: number): void {
    if (off >= (lowest[base] as number)) return;
    lowest[base] = off;
    this.#changed = true;
  }

  #escape(): void {
    if (!this.#escaped) this.#changed = true;
    this.#escaped = true;
  }
}

function mentionsFp(program: Program, subprog: Subprog): boolean {
  for (let pc = subprog.start; pc < subprog.end; pc++) {
    const insn = program.insns[pc];
    if (insn === undefined) continue;
    if (('src' in insn && insn.src === R10) || ('dst' in insn && insn.dst === R10)) return true;
  }
  return false;
}

function entryState(subprog: Subprog): State {
  const state = new Int32Array(STATE).fill(NONE);
  state[R10] = pack(FP, 0);
  if (subprog.index === 0) return state;
  for (let k = 1; k <= MAX_REG_ARGS; k++) state[k] = pack(k, 0);
  return state;
}

function mergeInto(states: Map<number, State>, at: number, from: State): boolean {
  const into = states.get(at);
  if (into === undefined) {
    states.set(at, from.slice());
    return true;
  }
  let changed = false;
  for (let k = 0; k < STATE; k++) {
    const merged = join(into[k] as Value, from[k] as Value);
    if (merged !== into[k]) {
      into[k] = merged;
      changed = true;
    }
  }
  return changed;
}

/** The lower of two pointers with one base; a pointer wins over no pointer. */
function join(a: Value, b: Value): Value {
  if (a === b || b === NONE) return a;
  if (a === NONE) return b;
  if (a === TOP || b === TOP || baseOf(a) !== baseOf(b)) return TOP;
  return Math.min(a, b);
}

/** A pointer that went through arithmetic we do not follow. */
const derived = (value: Value): Value => (value === NONE ? NONE : TOP);

function aluResult(state: State, insn: AluInsn): Value {
  const dst = state[insn.dst] as Value;
  const src = insn.source === 'X' ? (state[insn.src] as Value) : NONE;
  if (insn.width === 32) return NONE;
  if (insn.op === 'mov') return src;
  if (insn.source === 'K' && dst !== NONE && dst !== TOP && (insn.op === 'add' || insn.op === 'sub')) {
    return pack(baseOf(dst), offOf(dst) + (insn.op === 'add' ? insn.imm : -insn.imm));
  }
  return dst === NONE && src === NONE ? NONE : TOP;
}

/** State index of the 8-byte spill slot an access names whole, if it does. */
function slotOf(address: Value, off: number, size: number): number | undefined {
  if (address === NONE || address === TOP || baseOf(address) !== FP || size !== 8) return undefined;
  const at = offOf(address) + off;
  if (at >= 0 || at < -MAX_STACK_BYTES || at % 8 !== 0) return undefined;
  return REGS + -at / 8 - 1;
}

const argumentSlot = (argument: number): number =>
  argument <= MAX_REG_ARGS ? argument : REGS + SPILLS + argument - MAX_REG_ARGS - 1;

function incoming(off: number): Value {
  const slot = stackArgSlot(off, 'incoming');
  return slot === undefined ? NONE : pack(MAX_REG_ARGS + 1 + slot, 0);
}

function setOutgoing(state: State, off: number, value: Value): void {
  const slot = stackArgSlot(off, 'outgoing');
  if (slot !== undefined) state[REGS + SPILLS + slot] = value;
}
