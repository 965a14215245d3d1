/**
 * A function as it is lowered: its instructions so far, what is known at the end of them, and what running them
 * may cost. The families (operate, memory, call, head, body) work on it.
 */
import { MAX_REG_ARGS } from '../../bpf/calling.ts';
import type { CallInsn, Insn, JaInsn, JccInsn, LddwInsn, MayGotoInsn } from '../../bpf/insn.ts';
import { land } from '../../bpf/insn-shape.ts';
import { addImm, lddw, movReg, st } from '../../bpf/make-insn.ts';
import type { Callee } from '../../bpf/program.ts';
import { R10 } from '../../bpf/reg.ts';
import type { U64 } from '../../core/u64.ts';
import { distinct32, distinct64 } from '../distinct.ts';
import { hasStructure, type Profile } from '../profile.ts';
import type { Addresses } from '../regions.ts';
import type { ArgType, FunctionSpec } from '../spec.ts';
import { Written } from './written.ts';
import { WrittenWords } from './written-words.ts';

/** A function that may be called, a helper or a kfunc. */
export interface Callable {
  /** The call; of a function without its distance yet. */
  readonly insn: CallInsn;
  /** Of a function, in the spec. */
  readonly functionIndex: number | undefined;
  /** What a program knows a helper or kfunc by. */
  readonly native: Callee | undefined;
  readonly args: number;
  /** Argument n is a pointer: bit n. */
  readonly pointers: number;
  /** Instructions one call runs at the most. */
  readonly cost: number;
  /** Bytes of stack it and its callees take at the most. */
  readonly depth: number;
}

/** What surrounds a function. */
export interface Surroundings {
  /** Index in the spec. */
  readonly index: number;
  /** The functions behind it, the nearest last. */
  readonly functions: readonly Callable[];
  readonly natives: readonly Callable[];
  readonly addresses: Addresses;
  readonly seed: number;
  /** What the JIT takes that the program is for. */
  readonly profile: Profile;
  /** Instructions a call of it may run at the most, its callees' included. */
  readonly budget: number;
  /** Bytes of stack it may use, and how many of them counters of its loops take. */
  readonly room: number;
  readonly counters: number;
}

/** A call in a function. The distance of a function is set when all have their places. */
export interface MadeCall {
  readonly slot: number;
  readonly callee: Callable;
}

/** What holds at a point of the code, whichever way it was reached. */
export interface State {
  /** Bit r: r0..r10 may be read. */
  defined: number;
  readonly written: Written;
}

/** A jump whose target is still open: made for its slot alone. */
type Jump = JaInsn | JccInsn | MayGotoInsn;

/**
 * Keys of a function's constants (distinct.ts): by what they are for, not by their number, so that few change
 * when a shrink takes something away.
 */
const REGISTER_KEYS = 0;
const STACK_KEYS = 0x8000;
const ARGUMENT_KEYS = 0x9000;

/** Bits r1..r5: lost at every call. */
export const SCRATCH = 0b11_1110;

export class FunctionBuilder {
  readonly spec: FunctionSpec;
  readonly around: Surroundings;
  /** Bytes of stack for statements; below them lie the counters of loops. */
  readonly stack: number;
  readonly insns: (Insn | undefined)[] = [];
  readonly calls: MadeCall[] = [];
  state: State;
  /** No way leads here. */
  dead = false;
  /** Times the code being lowered may run. */
  weight = 1;
  cost = 0;
  /** Bytes of stack that those it calls take at the most. */
  depth = 0;
  /** Stack arguments that its calls pass at the most. */
  outgoing = 0;
  /** Loops around the code being lowered. */
  nesting = 0;
  /** Constants each register was given. */
  readonly #given = [0, 0, 0, 0, 0, 0, 0, 0, 0, 0];

  constructor(spec: FunctionSpec, around: Surroundings, stack: number) {
    this.spec = spec;
    this.around = around;
    this.stack = stack;
    const inRegisters = Math.min(spec.args, MAX_REG_ARGS);
    const written = hasStructure(around.profile, 'stack word in parts') ? new Written() : new WrittenWords();
    this.state = { defined: (1 << R10) | ((1 << (inRegisters + 1)) - 2), written };
  }

  /** Slots so far: the slot of what is emitted next. */
  get length(): number {
    return this.insns.length;
  }

  /** Appends what takes one slot; the one it went to. */
  emit(insn: Exclude<Insn, LddwInsn>): number {
    this.cost += this.weight;
    return this.insns.push(insn) - 1;
  }

  /** dst = dst op imm, 64 bits. */
  addImm(dst: number, imm: number): void {
    this.emit(addImm(dst, imm));
  }

  /** dst = src, 64 bits. */
  move(dst: number, src: number): void {
    this.emit(movReg(dst, src));
    this.define(dst);
  }

  constant(dst: number, imm: U64): void {
    this.insns.push(lddw(dst, imm), undefined);
    this.cost += this.weight;
    this.define(dst);
  }

  /** dst = r10 + off */
  pointTo(dst: number, off: number): void {
    this.move(dst, R10);
    this.addImm(dst, off);
  }

  define(reg: number): void {
    this.state.defined |= 1 << reg;
  }

  isDefined(reg: number): boolean {
    return (this.state.defined & (1 << reg)) !== 0;
  }

  /** The register, holding something. */
  ensure(reg: number): number {
    if (this.isDefined(reg)) return reg;
    const times = this.#given[reg] as number;
    this.#given[reg] = times + 1;
    this.constant(reg, this.#fresh(REGISTER_KEYS + times * R10 + reg));
    return reg;
  }

  /** A word for an argument of the next call that is nowhere else in the program. */
  freshArgument(argument: number): U64 {
    return this.#fresh(ARGUMENT_KEYS + 16 * this.calls.length + argument);
  }

  #fresh(key: number): U64 {
    return distinct64(this.around.seed, this.around.index, key);
  }

  /** Writes stack bytes [r10 + off, + size) unless they all were. */
  touch(off: number, size: 1 | 2 | 4 | 8): void {
    if (this.state.written.has(off, size)) return;
    const imm = distinct32(this.around.seed, this.around.index, STACK_KEYS - off);
    this.emit(st(size, R10, off, imm));
    this.state.written.add(off, size);
  }

  fork(): State {
    return { defined: this.state.defined, written: this.state.written.copy() };
  }

  join(other: State): void {
    this.state.defined &= other.defined;
    this.state.written.keepCommon(other.written);
  }

  /** Makes the jump at `slot` go to what is emitted next. */
  land(slot: number): void {
    land(this.insns[slot] as Jump, this.length - slot - 1);
  }
}

const isPointer = (type: ArgType): boolean => type === 'read' || type === 'write' || type === 'update';

/** Arguments of a function that its callers must make pointers: bit n. */
export function pointersOf({ args, incoming }: FunctionSpec): number {
  let mask = 0;
  for (const { argument, as } of incoming) if (argument <= args && isPointer(as)) mask |= 1 << argument;
  return mask;
}
