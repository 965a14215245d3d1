/** Loads, stores, atomics: addresses inside their regions, and stack bytes written before they are read. */
import type { Size } from '../../bpf/load-store.ts';
import { atomic, ldx, st, stx } from '../../bpf/make-insn.ts';
import { R0, R9, R10 } from '../../bpf/reg.ts';
import { fromNumber } from '../../core/u64.ts';
import { hasStructure } from '../profile.ts';
import type { Place, Stmt } from '../spec.ts';
import type { FunctionBuilder } from './builder.ts';
import { sourceReg } from './operate.ts';

/** Holds an address where r0 is taken. */
const ADDRESS_REG = R9;

interface Address {
  readonly base: number;
  readonly off: number;
}

interface Use {
  readonly access: 'read' | 'write' | 'update';
  readonly aligned: boolean;
}

export function lowerLoad(b: FunctionBuilder, { size, sign, dst, place }: Stmt & { kind: 'load' }): void {
  const { base, off } = address(b, place, size, { access: 'read', aligned: false });
  b.emit(ldx(size, sign, dst, base, off));
  b.define(dst);
}

export function lowerStore(b: FunctionBuilder, { size, source, place }: Stmt & { kind: 'store' }): void {
  const src = source.from === 'imm' ? undefined : sourceReg(b, source);
  const { base, off } = address(b, place, size, { access: 'write', aligned: false });
  if (source.from === 'imm') b.emit(st(size, base, off, source.imm));
  else if (src !== undefined) b.emit(stx(size, base, off, src));
}

export function lowerAtomic(b: FunctionBuilder, stmt: Stmt & { kind: 'atomic' }): void {
  const { op, size, reg, place } = stmt;
  if (stmt.matches && reg !== R0) {
    lowerMatchingCmpxchg(b, stmt);
    return;
  }
  if (op === 'cmpxchg') b.ensure(R0);
  if (op !== 'load_acquire') b.ensure(reg);
  const { base, off } = address(b, place, size, { access: 'update', aligned: true });
  if (op === 'load_acquire') {
    b.emit(atomic(op, size, reg, base, off));
    b.define(reg);
  } else b.emit(atomic(op, size, base, reg, off));
}

/** A cmpxchg that succeeds; 32-bit ones with an upper half of r0 that must not be there afterwards. */
function lowerMatchingCmpxchg(b: FunctionBuilder, { op, size, reg, place }: Stmt & { kind: 'atomic' }): void {
  b.ensure(reg);
  const isDirect = place.region === 'stack' && b.stack >= size && place.via === undefined;
  const via = isDirect || (place.via !== undefined && place.via !== R0) ? place.via : ADDRESS_REG;
  const { base, off } = address(b, { ...place, via }, size, { access: 'update', aligned: true });
  b.emit(ldx(size, size === 4, R0, base, off));
  b.define(R0);
  b.emit(atomic(op, size, base, reg, off));
}

/** Makes an address ready: base register and displacement. */
function address(b: FunctionBuilder, place: Place, size: Size, use: Use): Address {
  if (place.region === 'stack' && b.stack >= size) return stackAddress(b, place, size, use);
  const { addresses } = b.around;
  const region = addresses.region(
    place.region === 'stack' ? 'data' : place.region,
    use.access === 'read' ? 'read' : 'write',
  );
  const at = place.off % (region.size - size + 1);
  const disp = addresses.displacement(place.off);
  const base = place.via ?? R0;
  const fromStart = (use.aligned ? at - (at % size) : at) - disp;
  if (hasStructure(b.around.profile, 'address in a region'))
    b.constant(base, fromNumber(region.start + fromStart));
  else {
    b.constant(base, fromNumber(region.start));
    if (fromStart !== 0) b.addImm(base, fromStart);
  }
  return { base, off: disp };
}

function stackAddress(b: FunctionBuilder, place: Place, size: Size, { access }: Use): Address {
  const off = stackOffset(b, place.off, size);
  if (access === 'write') b.state.written.add(off, size);
  else b.touch(off, size);
  const { via } = place;
  if (via === undefined) return { base: R10, off };
  if (place.off % 3 !== 0) {
    b.move(via, R10);
    return { base: via, off };
  }
  b.pointTo(via, off);
  return { base: via, off: 0 };
}

/** Offset from r10 of `size` bytes of the stack, aligned. The stack holds as many. */
export function stackOffset(b: FunctionBuilder, choice: number, size: Size): number {
  return -size * (1 + (choice % Math.trunc(b.stack / size)));
}
