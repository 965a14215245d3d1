/**
 * One function of a spec to instructions. Whatever the statements say, the result keeps the bytecode contract:
 * no register or stack byte is read before it is written, stack arguments are loaded before anything may
 * destroy them and all stored before each call, loops end, accesses stay inside their regions. What a statement
 * lacks is supplied where it is used: an undefined register gets a distinct constant.
 */

import { MAX_REG_ARGS } from '../bpf/calling.ts';
import type { Insn, JccInsn } from '../bpf/insn.ts';
import type { Size } from '../bpf/load-store.ts';
import { R0, R10 } from '../bpf/reg.ts';
import type { Addresses } from './regions.ts';
import { mix64 } from './regions.ts';
import type { ArgSource, FunctionSpec, Incoming, NativeSpec, Place, Source, Stmt } from './spec.ts';

type Call = Stmt & { kind: 'call' };

/** Bits r1..r5: lost at every call. */
const SCRATCH = 0b11_1110;

/** What a function may call, and what calling costs. */
export interface Callables {
  /** Index in the spec. */
  readonly functions: readonly {
    readonly index: number;
    readonly spec: FunctionSpec;
    readonly cost: number;
  }[];
  readonly natives: readonly NativeSpec[];
}

/** A call whose distance is set when all functions have their places. */
export interface OpenCall {
  readonly slot: number;
  readonly functionIndex: number;
}

export interface LoweredFunction {
  readonly insns: readonly (Insn | undefined)[];
  readonly calls: readonly OpenCall[];
  /** Instructions it runs at the most, its callees' included. */
  readonly cost: number;
}

/** Instructions a whole run may take. */
const BUDGET = 4000;
/** BPF registers have 64 bits each of these; odd, so that multiplying loses nothing. */
const MIX = 0x01_0001_93;

interface State {
  /** Bit r: r0..r9 may be read. */
  defined: number;
  /** Stack bytes that may be read: [k] is the byte at r10 - 1 - k. */
  readonly written: Uint8Array;
}

export class FunctionLowering {
  readonly #spec: FunctionSpec;
  readonly #index: number;
  readonly #callables: Callables;
  readonly #addresses: Addresses;
  readonly #seed: number;
  readonly #insns: (Insn | undefined)[] = [];
  readonly #calls: OpenCall[] = [];
  #state: State;
  #dead = false;
  #weight = 1;
  #cost = 0;
  #nesting = 0;
  #constants = 0;

  constructor(spec: FunctionSpec, index: number, callables: Callables, addresses: Addresses, seed: number) {
    this.#spec = spec;
    this.#index = index;
    this.#callables = callables;
    this.#addresses = addresses;
    this.#seed = seed;
    const inRegs = Math.min(spec.args, MAX_REG_ARGS);
    this.#state = { defined: (1 << (inRegs + 1)) - 2, written: new Uint8Array(512) };
  }

  lower(): LoweredFunction {
    if (this.#spec.restarts > 0) this.#restart(this.#spec.restarts);
    for (const incoming of this.#spec.incoming) this.#loadIncoming(incoming);
    this.#body(this.#spec.body);
    if (!this.#dead) this.#exit(this.#spec.mix);
    return { insns: this.#insns, calls: this.#calls, cost: this.#cost };
  }

  #emit(insn: Insn): number {
    this.#insns.push(insn);
    if (insn.kind === 'lddw') this.#insns.push(undefined);
    this.#cost += this.#weight;
    return this.#insns.length - 1;
  }

  #define(reg: number): void {
    this.#state.defined |= 1 << reg;
  }

  /** The register, holding something. */
  #ensure(reg: number): number {
    if ((this.#state.defined & (1 << reg)) === 0) {
      this.#emit({ kind: 'lddw', dst: reg, src: 0, imm: mix64(this.#seed, this.#index, this.#constants++) });
      this.#define(reg);
    }
    return reg;
  }

  #body(body: readonly Stmt[]): void {
    for (const stmt of body) {
      if (this.#dead) return;
      this.#stmt(stmt);
    }
  }

  #stmt(stmt: Stmt): void {
    switch (stmt.kind) {
      case 'alu':
        return this.#alu(stmt);
      case 'movsx':
        this.#ensure(stmt.src);
        this.#emit({ kind: 'movsx', width: stmt.width, bits: stmt.bits, dst: stmt.dst, src: stmt.src });
        return this.#define(stmt.dst);
      case 'swap':
        this.#emit({ kind: 'swap', op: stmt.op, bits: stmt.bits, dst: this.#ensure(stmt.dst) });
        return;
      case 'const':
        this.#emit({ kind: 'lddw', dst: stmt.dst, src: 0, imm: stmt.word });
        return this.#define(stmt.dst);
      case 'load':
        return this.#load(stmt);
      case 'store':
        return this.#store(stmt);
      case 'atomic':
        return this.#atomic(stmt);
      case 'branch':
        return this.#branch(stmt);
      case 'loop':
        return this.#loop(stmt);
      case 'pad':
        return this.#pad(stmt.bytes, stmt.reg);
      case 'call':
        return this.#call(stmt);
      case 'exit':
        return this.#exit(stmt.mix);
    }
  }

  #alu(stmt: Stmt & { kind: 'alu' }): void {
    const { op, width, dst } = stmt;
    if (op !== 'mov') this.#ensure(dst);
    if (op === 'neg') {
      this.#emit({ kind: 'alu', op, width, source: 'K', dst, src: 0, imm: 0 });
    } else if (stmt.source.from === 'imm') {
      const imm = legalImm(op, width, stmt.source.imm);
      this.#emit({ kind: 'alu', op, width, source: 'K', dst, src: 0, imm });
    } else {
      const src = this.#sourceReg(stmt.source);
      this.#emit({ kind: 'alu', op, width, source: 'X', dst, src, imm: 0 });
    }
    this.#define(dst);
  }

  #sourceReg(source: Source & { from: 'reg' | 'fp' }): number {
    return source.from === 'fp' ? R10 : this.#ensure(source.reg);
  }

  #load(stmt: Stmt & { kind: 'load' }): void {
    const at = this.#address(stmt.place, stmt.size, { write: false, aligned: false });
    this.#emit({ kind: 'ldx', size: stmt.size, sign: stmt.sign, dst: stmt.dst, src: at.base, off: at.off });
    this.#define(stmt.dst);
  }

  #store(stmt: Stmt & { kind: 'store' }): void {
    const { size, source } = stmt;
    if (source.from === 'reg') this.#ensure(source.reg);
    const at = this.#address(stmt.place, size, { write: true, aligned: false });
    if (source.from === 'imm') this.#emit({ kind: 'st', size, dst: at.base, off: at.off, imm: source.imm });
    else
      this.#emit({
        kind: 'stx',
        size,
        dst: at.base,
        src: source.from === 'fp' ? R10 : source.reg,
        off: at.off,
      });
  }

  #atomic(stmt: Stmt & { kind: 'atomic' }): void {
    const { op, size, reg } = stmt;
    if (op === 'cmpxchg') this.#ensure(R0);
    if (op !== 'load_acquire') this.#ensure(reg);
    const at = this.#address(stmt.place, size, { write: true, aligned: true, read: true });
    if (op === 'load_acquire') {
      this.#emit({ kind: 'atomic', op, size, dst: reg, src: at.base, off: at.off });
      this.#define(reg);
    } else this.#emit({ kind: 'atomic', op, size, dst: at.base, src: reg, off: at.off });
  }

  /** Makes an address ready: base register and displacement. Stack bytes to be read are written first. */
  #address(
    place: Place,
    size: Size,
    use: { readonly write: boolean; readonly aligned: boolean; readonly read?: boolean },
  ): { base: number; off: number } {
    if (place.region === 'stack' && this.#spec.stack > 0) return this.#stackAddress(place, size, use);
    const region = this.#addresses.region(place.region, use.write);
    const off = fold(place.off, region.size, size, use.aligned);
    const via = place.via ?? R0;
    const disp = this.#addresses.displacement(place.off);
    this.#emit({ kind: 'lddw', dst: via, src: 0, imm: region.address + BigInt(off - disp) });
    this.#define(via);
    return { base: via, off: disp };
  }

  #stackAddress(
    place: Place,
    size: Size,
    use: { readonly write: boolean; readonly read?: boolean },
  ): { base: number; off: number } {
    const off = fold(place.off, this.#spec.stack, size, true) - this.#spec.stack;
    if (!use.write || use.read) this.#touch(off, size);
    this.#mark(off, size);
    if (place.via === undefined) return { base: R10, off };
    const disp = place.off % 3 === 0 ? 0 : off;
    this.#emit({ kind: 'alu', op: 'mov', width: 64, source: 'X', dst: place.via, src: R10, imm: 0 });
    if (disp === 0)
      this.#emit({ kind: 'alu', op: 'add', width: 64, source: 'K', dst: place.via, src: 0, imm: off });
    this.#define(place.via);
    return { base: place.via, off: disp };
  }

  /** Writes stack bytes [off, off + size) unless they all were. */
  #touch(off: number, size: Size): void {
    for (let k = 0; k < size; k++) {
      if (this.#state.written[-off - 1 - k] === 1) continue;
      const imm = Number(BigInt.asIntN(32, mix64(this.#seed, this.#index, this.#constants++)));
      this.#emit({ kind: 'st', size, dst: R10, off, imm });
      break;
    }
    this.#mark(off, size);
  }

  #mark(off: number, size: number): void {
    for (let k = 0; k < size; k++) this.#state.written[-off - 1 - k] = 1;
  }

  #fork(): State {
    return { defined: this.#state.defined, written: this.#state.written.slice() };
  }

  #join(other: State): void {
    this.#state.defined &= other.defined;
    const { written } = this.#state;
    for (let k = 0; k < written.length; k++)
      written[k] = (written[k] as number) & (other.written[k] as number);
  }

  #branch(stmt: Stmt & { kind: 'branch' }): void {
    const over = this.#emit(this.#condition(stmt));
    const before = this.#fork();
    this.#body(stmt.then);
    const thenDead = this.#dead;
    const thenState = this.#state;
    this.#state = before;
    this.#dead = false;
    if (stmt.otherwise.length === 0) {
      this.#land(over);
      if (!thenDead) this.#join(thenState);
      return;
    }
    const skip = thenDead ? undefined : this.#emit({ kind: 'ja', width: stmt.long ? 32 : 16, off: 0 });
    this.#land(over);
    this.#body(stmt.otherwise);
    if (skip !== undefined) this.#land(skip);
    if (this.#dead) this.#state = thenState;
    else if (!thenDead) this.#join(thenState);
    this.#dead &&= thenDead;
  }

  #condition(stmt: Stmt & { kind: 'branch' }): Insn {
    const { op, width, source } = stmt;
    if (op === 'may_goto') return { kind: 'may_goto', off: 0 };
    const dst = this.#ensure(stmt.dst);
    if (source.from === 'imm')
      return { kind: 'jcc', op, width, source: 'K', dst, src: 0, imm: source.imm, off: 0 };
    return { kind: 'jcc', op, width, source: 'X', dst, src: this.#sourceReg(source), imm: 0, off: 0 };
  }

  /** Makes the jump at `slot` go to the next instruction. */
  #land(slot: number): void {
    const jump = this.#insns[slot] as JccInsn;
    this.#insns[slot] = { ...jump, off: this.#insns.length - slot - 1 };
  }

  #loop(stmt: Stmt & { kind: 'loop' }): void {
    const counter = -(this.#spec.stack + 8 * ++this.#nesting);
    const { count, test } = stmt;
    this.#emit({ kind: 'st', size: 8, dst: R10, off: counter, imm: count });
    this.#weight *= count;
    if (makesCall(stmt.body)) this.#state.defined &= ~SCRATCH;
    const head = this.#insns.length;
    if (test === 'start') this.#loopFromStart(stmt, counter, head);
    else {
      this.#body(stmt.body);
      if (!this.#dead) {
        this.#countDown(stmt.counter, counter);
        this.#emit(jccImm('jne', stmt.counter, 0, head - this.#insns.length - 1));
      }
    }
    this.#weight /= count;
    this.#nesting--;
  }

  /** The jump out at the head spans the jump back at the end, and the other way round. */
  #loopFromStart(stmt: Stmt & { kind: 'loop' }, counter: number, head: number): void {
    this.#emit({ kind: 'ldx', size: 8, sign: false, dst: stmt.counter, src: R10, off: counter });
    const out = this.#emit(jccImm('jeq', stmt.counter, 0, 0));
    this.#define(stmt.counter);
    const after = this.#fork();
    this.#countDown(stmt.counter, counter);
    this.#body(stmt.body);
    if (!this.#dead) this.#emit({ kind: 'ja', width: 16, off: head - this.#insns.length - 1 });
    this.#land(out);
    this.#state = after;
    this.#dead = false;
  }

  #countDown(reg: number, counter: number): void {
    this.#emit({ kind: 'ldx', size: 8, sign: false, dst: reg, src: R10, off: counter });
    this.#emit({ kind: 'alu', op: 'add', width: 64, source: 'K', dst: reg, src: 0, imm: -1 });
    this.#emit({ kind: 'stx', size: 8, dst: R10, src: reg, off: counter });
    this.#define(reg);
  }

  /** Additions of 7 bytes (imm32) and 4 bytes (imm8) each under Linux's JIT. */
  #pad(bytes: number, reg: number): void {
    this.#ensure(reg);
    let left = bytes;
    while (left >= 4) {
      const long = left % 4 !== 0 && left >= 7;
      const imm = long ? 0x1234_5678 : 3;
      this.#emit({ kind: 'alu', op: 'add', width: 64, source: 'K', dst: reg, src: 0, imm });
      left -= long ? 7 : 4;
    }
  }

  #call(stmt: Call): void {
    const target = this.#choose(stmt);
    if (target === undefined) return;
    const order = Array.from({ length: target.args }, (_, k) => k + 1);
    order.sort((a, b) => (stmt.order[a - 1] ?? 0) - (stmt.order[b - 1] ?? 0) || a - b);
    for (const argument of order) {
      const source = stmt.args[argument - 1] ?? { from: 'imm', imm: argument };
      if (argument <= MAX_REG_ARGS) this.#regArg(argument, source);
      else this.#stackArg(-8 * (argument - MAX_REG_ARGS), source, stmt.scratch);
    }
    const slot = this.#emit(target.insn);
    if (target.functionIndex !== undefined) this.#calls.push({ slot, functionIndex: target.functionIndex });
    this.#cost += this.#weight * target.cost;
    this.#state.defined = (this.#state.defined & ~SCRATCH) | 1;
  }

  /** The callee a choice folds to; undefined if there is none that the budget allows. */
  #choose({ callee }: Call): { args: number; cost: number; insn: Insn; functionIndex?: number } | undefined {
    const affordable = this.#callables.functions.filter((f) => this.#cost + this.#weight * f.cost < BUDGET);
    const { natives } = this.#callables;
    if (affordable.length > 0 && (callee.kind === 'bpf' || natives.length === 0)) {
      const { index, spec, cost } = affordable[
        callee.index % affordable.length
      ] as (typeof affordable)[number];
      return {
        args: spec.args,
        cost,
        functionIndex: index,
        insn: { kind: 'call', target: 'local', imm: 0, off: 0 },
      };
    }
    const native = natives[callee.index % natives.length];
    if (native === undefined) return undefined;
    const imm = 1 + natives.indexOf(native);
    return { args: native.args, cost: 0, insn: { kind: 'call', target: native.kind, imm, off: 0 } };
  }

  #regArg(dst: number, source: ArgSource): void {
    switch (source.from) {
      case 'reg':
        this.#ensure(source.reg);
        this.#emit({ kind: 'alu', op: 'mov', width: 64, source: 'X', dst, src: source.reg, imm: 0 });
        break;
      case 'imm':
        this.#emit({ kind: 'alu', op: 'mov', width: 64, source: 'K', dst, src: 0, imm: source.imm });
        break;
      case 'word':
        this.#emit({ kind: 'lddw', dst, src: 0, imm: source.word });
        break;
      case 'stack':
        this.#emit({ kind: 'alu', op: 'mov', width: 64, source: 'X', dst, src: R10, imm: 0 });
        this.#emit({
          kind: 'alu',
          op: 'add',
          width: 64,
          source: 'K',
          dst,
          src: 0,
          imm: this.#stackPointer(source.off),
        });
        break;
    }
    this.#define(dst);
  }

  #stackArg(off: number, source: ArgSource, scratch: number): void {
    if (source.from === 'imm') {
      this.#emit({ kind: 'st', size: 8, dst: 11, off, imm: source.imm });
    } else if (source.from === 'reg') {
      this.#emit({ kind: 'stx', size: 8, dst: 11, src: this.#ensure(source.reg), off });
    } else {
      const via = scratch >= 1 && scratch <= MAX_REG_ARGS ? R0 : scratch;
      this.#regArg(via, source);
      this.#emit({ kind: 'stx', size: 8, dst: 11, src: via, off });
    }
  }

  /** Offset from r10 of something on the stack; r10 itself where there is none. */
  #stackPointer(off: number): number {
    return this.#spec.stack === 0 ? 0 : fold(off, this.#spec.stack, 8, true) - this.#spec.stack;
  }

  #loadIncoming({ argument, dst, spill }: Incoming): void {
    if (argument > this.#spec.args) return;
    this.#emit({ kind: 'ldx', size: 8, sign: false, dst, src: 11, off: 8 * (argument - MAX_REG_ARGS) });
    this.#define(dst);
    if (!spill || this.#spec.stack === 0) return;
    const off = -8 * (1 + (argument % (this.#spec.stack / 8)));
    this.#emit({ kind: 'stx', size: 8, dst: R10, src: dst, off });
    this.#mark(off, 8);
  }

  /** A loop over the function's first instruction; its count lives in a data cell of its own. */
  #restart(times: number): void {
    const cell = this.#addresses.cell(this.#index);
    this.#weight = times + 1;
    this.#emit({ kind: 'lddw', dst: R0, src: 0, imm: cell });
    this.#emit({ kind: 'ldx', size: 8, sign: false, dst: 9, src: R0, off: 0 });
    this.#emit({ kind: 'alu', op: 'add', width: 64, source: 'K', dst: 9, src: 0, imm: 1 });
    this.#emit({ kind: 'stx', size: 8, dst: R0, src: 9, off: 0 });
    this.#emit(jccImm('jle', 9, times, -this.#insns.length - 1));
    this.#weight = 1;
    this.#state.defined |= 1 | (1 << 9);
  }

  /** r0 = r0 * MIX + r, for each register of the mask that holds something: their order counts. */
  #exit(mix: number): void {
    this.#ensure(R0);
    for (let reg = 1; reg < 10; reg++) {
      if (((mix & this.#state.defined) >> reg) % 2 === 0) continue;
      this.#emit({ kind: 'alu', op: 'mul', width: 64, source: 'K', dst: R0, src: 0, imm: MIX });
      this.#emit({ kind: 'alu', op: 'add', width: 64, source: 'X', dst: R0, src: reg, imm: 0 });
    }
    this.#emit({ kind: 'exit' });
    this.#dead = true;
  }
}

/** Shift counts inside the width, divisors other than 0: what Linux's verifier wants of immediates. */
function legalImm(op: string, width: 32 | 64, imm: number): number {
  if (op === 'lsh' || op === 'rsh' || op === 'arsh') return imm & (width - 1);
  if (imm === 0 && (op === 'div' || op === 'mod' || op === 'sdiv' || op === 'smod')) return 1;
  return imm;
}

/** An offset inside a region for an access of `size` bytes. */
function fold(off: number, region: number, size: number, aligned: boolean): number {
  const at = off % (region - size + 1);
  return aligned ? at - (at % size) : at;
}

const makesCall = (body: readonly Stmt[]): boolean =>
  body.some(
    (stmt) =>
      stmt.kind === 'call' ||
      (stmt.kind === 'branch' && (makesCall(stmt.then) || makesCall(stmt.otherwise))) ||
      (stmt.kind === 'loop' && makesCall(stmt.body)),
  );

const jccImm = (op: JccInsn['op'], dst: number, imm: number, off: number): JccInsn => ({
  kind: 'jcc',
  op,
  width: 64,
  source: 'K',
  dst,
  src: 0,
  imm,
  off,
});
