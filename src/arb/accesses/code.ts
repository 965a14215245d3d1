/** Steps to instructions: registers are given a value before they are read, and addresses right before their access. */
import type { Insn } from '../../bpf/insn.ts';
import {
  aluImm,
  aluReg,
  atomic,
  call,
  cast,
  EXIT_INSN,
  lddw,
  ldx,
  load,
  movImm,
  movReg,
  st,
  storeReg,
  stx,
} from '../../bpf/make-insn.ts';
import { CPU_OFFSET } from '../../core/percpu.ts';
import { ARENA_START, PERCPU_START, placeOf } from './places.ts';
import type { AccessStep, Whereabouts } from './spec.ts';

const REGS = 10;
const FIRST_SAVED = 6;
const HELPER = 5;
const MULTIPLIER = 31;

interface Access {
  readonly base: number;
  readonly at: Whereabouts;
  readonly off: number;
}

class AccessCode {
  readonly insns: (Insn | undefined)[] = [];
  /** Slots of calls of the function. */
  readonly calls: number[] = [];
  usesArena = false;
  readonly #defined = new Set<number>();

  emit(...insns: readonly Insn[]): void {
    for (const insn of insns) {
      this.insns.push(insn);
      if (insn.kind === 'lddw') this.insns.push(undefined);
    }
  }

  /** A register that holds something. */
  read(reg: number): number {
    if (!this.#defined.has(reg)) this.emit(movImm(this.write(reg), 0x1357_0000 + reg));
    return reg;
  }

  write(reg: number): number {
    this.#defined.add(reg);
    return reg;
  }

  set(reg: number, value: bigint): void {
    this.emit(lddw(this.write(reg), BigInt.asUintN(64, value)));
  }

  /** Puts an address into the base, which is another register than those to keep; yields the offset from there. */
  address(
    access: 'probe' | 'arena',
    { base, at, off }: Access,
    size: number,
    keep: readonly number[],
  ): Access {
    let free = base;
    while (keep.includes(free)) free = (free + 1) % REGS;
    const place = placeOf(access, at, size);
    const from = place - BigInt(off);
    const fits = access === 'probe' || (from >= 0n && from < 0x1_0000_0000n);
    this.set(free, fits ? from : place);
    if (access === 'arena') this.usesArena = true;
    return { base: free, at, off: fits ? off : 0 };
  }

  called(): void {
    for (let reg = 1; reg < FIRST_SAVED; reg++) this.#defined.delete(reg);
    this.write(0);
  }

  defined(): readonly number[] {
    return [...this.#defined].sort((a, b) => a - b);
  }
}

/** Main, then the function if it is called. */
export function accessCode(steps: readonly AccessStep[]): {
  readonly insns: readonly (Insn | undefined)[];
  readonly functions: ReadonlyMap<number, string>;
} {
  const code = new AccessCode();
  for (const step of steps) emitStep(code, step);
  const others = code.defined().filter((reg) => reg !== 0);
  code.read(0);
  for (const reg of others) code.emit(aluImm('mul', 0, MULTIPLIER), aluReg('add', 0, reg));
  code.emit(EXIT_INSN);
  const functions = new Map([[0, 'main']]);
  if (code.calls.length === 0) return { insns: code.insns, functions };
  const start = code.insns.length;
  for (const slot of code.calls) code.insns[slot] = call('local', start - slot - 1);
  emitFunction(code);
  return { insns: code.insns, functions: functions.set(start, 'function') };
}

/** Uses callee-saved registers, and the arena if there is one. */
function emitFunction(code: AccessCode): void {
  code.emit(movReg(7, 1), movReg(9, 7), aluImm('add', 9, 3), movReg(0, 9));
  if (code.usesArena) {
    code.emit(movImm(1, Number(ARENA_START)), ldx(8, false, 8, 1, 0, 'arena'), aluReg('add', 0, 8));
  }
  code.emit(EXIT_INSN);
}

function emitStep(code: AccessCode, step: AccessStep): void {
  switch (step.kind) {
    case 'set':
      return code.set(step.reg, step.value);
    case 'mix':
      code.read(step.src);
      code.read(step.dst);
      return code.emit(aluReg(step.op, step.dst, step.src));
    case 'load':
      return emitLoad(code, step);
    case 'store':
      return emitStore(code, step);
    case 'atomic':
      return emitAtomic(code, step);
    case 'cast': {
      code.usesArena = true;
      const src = code.read(step.src);
      return code.emit(cast(step.to, code.write(step.dst), src));
    }
    case 'percpu':
      return emitPercpu(code, step);
    case 'call':
      return emitCall(code, step.callee);
  }
}

function emitLoad(code: AccessCode, step: AccessStep & { kind: 'load' }): void {
  const { access, size } = step;
  // What was there must not be what is there after a fault.
  code.read(step.dst);
  const { base: src, off } = code.address(access, step, size, []);
  const sign = step.sign && size < 8;
  code.emit(ldx(size, sign, code.write(step.dst), src, off, access));
}

function emitStore(code: AccessCode, step: AccessStep & { kind: 'store' }): void {
  const { size, value } = step;
  const src = 'reg' in value ? code.read(value.reg) : undefined;
  const { base: dst, off } = code.address('arena', step, size, src === undefined ? [] : [src]);
  if (src !== undefined) code.emit(stx(size, dst, off, src, 'arena'));
  else code.emit(st(size, dst, off, 'imm' in value ? value.imm : 0, 'arena'));
}

function emitAtomic(code: AccessCode, step: AccessStep & { kind: 'atomic' }): void {
  const { op } = step;
  const isAny = op === 'load_acquire' || op === 'store_release';
  const size = isAny || step.size >= 4 ? step.size : 4;
  const value = code.read(step.value);
  const expected = op === 'cmpxchg' ? [code.read(0)] : [];
  const { base, off } = code.address('arena', step, size, [value, ...expected]);
  const [dst, src] = op === 'load_acquire' ? [value, base] : [base, value];
  code.emit(atomic(op, size, dst, src, off, 'arena'));
}

function emitPercpu(code: AccessCode, { dst, src, word, stores }: AccessStep & { kind: 'percpu' }): void {
  const value = dst === src ? (src + 1) % REGS : src;
  code.set(src, PERCPU_START - CPU_OFFSET);
  code.emit(cast('percpu', code.write(dst), src));
  if (stores) code.emit(storeReg(dst, 8 * word, code.read(value)));
  code.emit(load(code.write(value), dst, 8 * word));
}

function emitCall(code: AccessCode, callee: 'helper' | 'function'): void {
  const args = callee === 'helper' ? FIRST_SAVED - 1 : 1;
  for (let reg = 1; reg <= args; reg++) code.read(reg);
  if (callee === 'function') code.calls.push(code.insns.length);
  code.emit(call('helper', HELPER));
  code.called();
}
