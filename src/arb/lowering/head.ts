/**
 * The head of a function: a loop over its first instruction, the deepest byte of its stack, then its arguments.
 * Linux wants all loads of incoming slots before the first store to an outgoing one and the first call.
 */

import { MAX_REG_ARGS } from '../../bpf/calling.ts';
import type { Size } from '../../bpf/load-store.ts';
import { aluImm, aluReg, jccImm, ldx, load, movsx, storeReg, stx } from '../../bpf/make-insn.ts';
import { R0, R9, R10 } from '../../bpf/reg.ts';
import type { Incoming } from '../spec.ts';
import type { FunctionBuilder } from './builder.ts';
import { stackOffset } from './memory.ts';
import { loadArg } from './stack-arg.ts';

export function lowerHead(b: FunctionBuilder): void {
  const { restarts, incoming, args } = b.spec;
  if (restarts > 0) restart(b, restarts);
  /** Argument registers that still hold their argument. */
  let intact = (1 << (Math.min(args, MAX_REG_ARGS) + 1)) - 2;
  for (const each of incoming) {
    if (each.argument > args) continue;
    if (each.argument <= MAX_REG_ARGS && (intact & (1 << each.argument)) === 0) continue;
    take(b, each);
    if (each.dst !== each.argument) intact &= ~(1 << each.dst);
  }
  if (b.stack > 0) b.touch(-b.stack, 1);
}

/** A loop over the function's first instruction; its count lives in a data cell of its own. */
function restart(b: FunctionBuilder, times: number): void {
  b.weight = times + 1;
  b.constant(R0, b.around.addresses.cell(b.around.index));
  b.emit(load(R9, R0, 0));
  b.addImm(R9, 1);
  b.emit(storeReg(R0, 0, R9));
  b.emit(jccImm('jle', R9, times, -b.length - 1));
  b.define(R9);
  b.weight = 1;
}

function take(b: FunctionBuilder, { argument, as, dst, spill }: Incoming): void {
  const inRegister = argument <= MAX_REG_ARGS;
  const src = inRegister ? argument : dst;
  if (!inRegister) {
    b.emit(loadArg(dst, argument));
    b.define(dst);
  }
  // Nobody promises main a pointer to 8 bytes.
  if (b.around.index > 0 && (as === 'read' || as === 'write' || as === 'update')) {
    if (src !== dst) b.move(dst, src);
    access(b, as, dst);
  } else narrow(b, as, dst, src);
  if (!spill || b.stack < 8) return;
  const off = stackOffset(b, argument, 8);
  b.emit(storeReg(R10, off, dst));
  b.state.written.add(off, 8);
}

/** Drops the upper bits on the way from src to dst, in one of the ways compilers do. */
function narrow(b: FunctionBuilder, as: Incoming['as'], dst: number, src: number): void {
  switch (as) {
    case 's8':
    case 's16':
    case 's32': {
      const bits = as === 's8' ? 8 : as === 's16' ? 16 : 32;
      b.emit(movsx(bits < 32 && dst % 2 === 1 ? 32 : 64, bits, dst, src));
      break;
    }
    case 'u32':
      b.emit(aluReg('mov', dst, src, 32));
      break;
    case 'u8':
    case 'u16':
      if (src !== dst) b.move(dst, src);
      b.emit(aluImm('and', dst, as === 'u8' ? 0xff : 0xffff, 32));
      break;
    default:
      if (src !== dst) b.move(dst, src);
  }
  b.define(dst);
}

const SIZES: readonly Size[] = [8, 4, 2, 1];

/** Loads, stores or both through a pointer to 8 bytes. */
function access(b: FunctionBuilder, as: 'read' | 'write' | 'update', pointer: number): void {
  const value = pointer === R0 ? R9 : R0;
  const size = SIZES[pointer % SIZES.length] as Size;
  const off = 8 - size;
  if (as === 'write') {
    b.emit(stx(size, pointer, off, b.ensure(value)));
    return;
  }
  b.emit(ldx(size, false, value, pointer, off));
  b.define(value);
  if (as === 'read') return;
  b.addImm(value, -pointer - 1);
  b.emit(stx(size, pointer, off, value));
}
