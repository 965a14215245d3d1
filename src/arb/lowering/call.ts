/** Calls: every argument put in its place, registers and outgoing slots alike, right before the call. */
import { MAX_REG_ARGS } from '../../bpf/calling.ts';
import { movImm, st } from '../../bpf/make-insn.ts';
import { R0 } from '../../bpf/reg.ts';
import { fromNumber } from '../../core/u64.ts';
import type { ArgSource, CalleeChoice, Stmt } from '../spec.ts';
import { type Callable, type FunctionBuilder, SCRATCH } from './builder.ts';
import { stackOffset } from './memory.ts';
import { outgoingOff, R11, storeArg } from './stack-arg.ts';

type Call = Stmt & { kind: 'call' };
type PointerSource = ArgSource & { from: 'pointer' };

const WORD = 8;

export function lowerCall(b: FunctionBuilder, stmt: Call): void {
  const target = choose(b, stmt.callee);
  if (target === undefined) return;
  /** Argument registers that hold their argument. */
  let placed = 0;
  const order = argumentOrder(stmt.order, target.args);
  for (let k = 0; k < target.args; k++) {
    const argument = order === undefined ? k + 1 : (order[k] as number) & ARGUMENT;
    const drawn = stmt.args[argument - 1];
    const isPointer = (target.pointers & (1 << argument)) !== 0;
    const source = isPointer ? asPointer(drawn, argument) : available(b, drawn, argument, placed);
    if (argument <= MAX_REG_ARGS) {
      place(b, argument, source);
      placed |= 1 << argument;
    } else store(b, argument, source, stmt.scratch);
  }
  b.calls.push({ slot: b.emit(target.insn), callee: target });
  b.cost += b.weight * target.cost;
  b.depth = Math.max(b.depth, target.depth);
  b.outgoing = Math.max(b.outgoing, target.args - MAX_REG_ARGS);
  b.state.defined = (b.state.defined & ~SCRATCH) | (1 << R0);
}

/** Whom a choice folds to: a function that the budget allows, else a native; undefined if there is none. */
function choose(b: FunctionBuilder, { kind, index }: CalleeChoice): Callable | undefined {
  const { functions, natives, budget } = b.around;
  if (kind === 'bpf' || natives.length === 0) {
    for (let k = 0; k < functions.length; k++) {
      const callable = functions.at(-1 - ((index + k) % functions.length));
      if (callable !== undefined && b.cost + b.weight * callable.cost <= budget) return callable;
    }
  }
  return natives[index % natives.length];
}

/** Bits of an argument's number, which stand below its key in an order. */
const ARGUMENT = 15;

/** Arguments in the order of their keys, then of their numbers; undefined where no key says other than ascending. */
function argumentOrder(keys: readonly number[], args: number): readonly number[] | undefined {
  if (keys.length === 0) return undefined;
  const order = new Array<number>(args);
  for (let argument = 1; argument <= args; argument++) {
    const key = (argument <= keys.length ? (keys[argument - 1] as number) : 0) * (ARGUMENT + 1) + argument;
    // They are few: each goes past those behind it.
    let at = argument - 1;
    for (; at > 0 && (order[at - 1] as number) > key; at--) order[at] = order[at - 1] as number;
    order[at] = key;
  }
  return order;
}

type Available = Exclude<ArgSource, { from: 'argument' }>;

/**
 * What a source comes to when some argument registers (bit n: rn) hold their arguments already; an argument that
 * nothing was drawn for is its own number.
 */
function available(
  b: FunctionBuilder,
  source: ArgSource | undefined,
  argument: number,
  placed: number,
): Available {
  if (source === undefined) return { from: 'imm', imm: argument };
  const { from } = source;
  if (from === 'reg') {
    if ((placed & (1 << source.reg)) === 0) return source;
  } else if (from === 'argument') {
    if ((placed & (1 << source.argument)) !== 0) return { from: 'reg', reg: source.argument };
  } else return source;
  return { from: 'word', word: b.freshArgument(argument) };
}

function asPointer(source: ArgSource | undefined, argument: number): PointerSource {
  return source?.from === 'pointer' ? source : { from: 'pointer', region: 'stack', off: argument };
}

/** dst = source */
function place(b: FunctionBuilder, dst: number, source: Available): void {
  switch (source.from) {
    case 'reg':
      b.move(dst, b.ensure(source.reg));
      break;
    case 'imm':
      b.emit(movImm(dst, source.imm));
      b.define(dst);
      break;
    case 'word':
      b.constant(dst, source.word);
      break;
    case 'pointer':
      placePointer(b, dst, source);
      break;
  }
}

/** Points to 8 initialised bytes, aligned. */
function placePointer(b: FunctionBuilder, dst: number, { region: name, off }: PointerSource): void {
  if (name === 'stack' && b.stack >= WORD) {
    const at = stackOffset(b, off, WORD);
    b.touch(at, WORD);
    b.pointTo(dst, at);
    return;
  }
  const { start, size } = b.around.addresses.region(name === 'ctx' ? 'ctx' : 'data', 'write');
  b.constant(dst, fromNumber(start + WORD * (off % Math.trunc(size / WORD))));
}

/** The outgoing slot of an argument = source. */
function store(b: FunctionBuilder, argument: number, source: Available, scratch: number): void {
  if (source.from === 'imm') {
    b.emit(st(WORD, R11, outgoingOff(argument), source.imm));
  } else if (source.from === 'reg') {
    b.emit(storeArg(argument, b.ensure(source.reg)));
  } else {
    const via = (SCRATCH & (1 << scratch)) !== 0 ? R0 : scratch;
    place(b, via, source);
    b.emit(storeArg(argument, via));
  }
}
