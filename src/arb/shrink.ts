/**
 * Simpler specs, the greatest steps first: fewer functions, fewer statements (halves, then single ones),
 * branches and loops opened, fewer arguments and natives, less memory, plainer operands. Every spec lowers, so
 * nothing here can make an invalid program.
 */
import { MAX_ARGS, MAX_REG_ARGS } from '../bpf/calling.ts';
import { R10 } from '../bpf/reg.ts';
import { shrinkImm } from './imm.ts';
import type {
  AnyReg,
  ArgSource,
  CalleeChoice,
  FunctionSpec,
  Incoming,
  NativeSpec,
  ProgramSpec,
  Source,
  Stmt,
} from './spec.ts';
import { shrinkWord } from './word.ts';

export function* shrinkProgram(spec: ProgramSpec): Iterable<ProgramSpec> {
  yield* promote(spec);
  yield* dropFunctions(spec);
  for (let index = 0; index < spec.functions.length; index++) {
    const fn = spec.functions[index] as FunctionSpec;
    for (const simpler of shrinkFunction(fn, index)) yield withFunction(spec, index, simpler);
  }
  yield* absorbFunctions(spec);
  yield* dropNatives(spec);
  yield* dropArguments(spec);
  if (spec.ctx > 0) yield { ...spec, ctx: 0 };
  if (spec.data > 8) yield { ...spec, data: 8 };
  if (spec.rodata > 8) yield { ...spec, rodata: 8 };
}

function withFunction(spec: ProgramSpec, index: number, fn: FunctionSpec): ProgramSpec {
  return { ...spec, functions: spec.functions.map((old, k) => (k === index ? fn : old)) };
}

/** A word with a dirty upper half, and both halves negative. */
const DIRTY = 0xfedc_ba98_8765_4321n;

/** A function behind main in its place: its arguments gone, or words or main's first argument instead of them. */
function* promote(spec: ProgramSpec): Iterable<ProgramSpec> {
  for (let index = spec.functions.length - 1; index > 0; index--) {
    const [fn, ...rest] = spec.functions.slice(index);
    if (fn === undefined) continue;
    const main: FunctionSpec = { ...fn, args: 2, incoming: [] };
    yield { ...spec, functions: [main, ...rest] };
    const words = fn.incoming.map(({ dst }): Stmt => ({ kind: 'const', dst, word: DIRTY }));
    if (words.length === 0) continue;
    yield { ...spec, functions: [{ ...main, body: [...words, ...fn.body] }, ...rest] };
    const incoming = fn.incoming.flatMap((each): Incoming[] =>
      isPointer(each) ? [] : [{ ...each, argument: 1 }],
    );
    yield { ...spec, functions: [{ ...main, incoming }, ...rest] };
  }
}

const isPointer = ({ as }: Incoming): boolean => as === 'read' || as === 'write' || as === 'update';

/** Calls of a dropped function fold onto another callee. */
function* dropFunctions(spec: ProgramSpec): Iterable<ProgramSpec> {
  const { functions } = spec;
  if (functions.length > 2) yield { ...spec, functions: functions.slice(0, Math.ceil(functions.length / 2)) };
  for (let index = functions.length - 1; index > 0; index--) {
    yield { ...spec, functions: functions.filter((_, k) => k !== index) };
  }
}

/** A native takes over the arguments of a function that takes more, and the function is gone. */
function* absorbFunctions(spec: ProgramSpec): Iterable<ProgramSpec> {
  const { functions, natives } = spec;
  for (let index = functions.length - 1; index > 0; index--) {
    const { args } = functions[index] as FunctionSpec;
    const fewer = { ...spec, functions: functions.filter((_, k) => k !== index) };
    for (const [k, native] of natives.entries()) {
      const most = native.kind === 'helper' ? MAX_REG_ARGS : MAX_ARGS;
      if (native.args < args && args <= most)
        yield { ...fewer, natives: natives.with(k, { ...native, args }) };
    }
  }
}

function* dropNatives(spec: ProgramSpec): Iterable<ProgramSpec> {
  const { natives } = spec;
  for (let index = natives.length - 1; index >= 0; index--) {
    if (natives.length > 1) yield { ...spec, natives: natives.filter((_, k) => k !== index) };
  }
  for (let index = 0; index < natives.length; index++) {
    const native = natives[index] as NativeSpec;
    for (let args = 0; args < native.args; args++) {
      yield { ...spec, natives: natives.map((old, k) => (k === index ? { ...old, args } : old)) };
    }
  }
}

/** One argument less of a callee, and the arguments behind it one to the front, at every call. */
function* dropArguments(spec: ProgramSpec): Iterable<ProgramSpec> {
  const most = Math.max(...spec.natives.map((n) => n.args), ...spec.functions.slice(1).map((fn) => fn.args));
  for (let k = 0; k < most; k++) {
    const functions = spec.functions.map((fn) => ({ ...fn, body: withoutArgument(fn.body, k) }));
    for (let i = 1; i < functions.length; i++) {
      const fn = functions[i] as FunctionSpec;
      if (fn.args > k) yield withFunction({ ...spec, functions }, i, { ...fn, args: fn.args - 1 });
    }
    for (let i = 0; i < spec.natives.length; i++) {
      const native = spec.natives[i] as NativeSpec;
      const fewer = { ...native, args: native.args - 1 };
      if (native.args > k)
        yield { ...spec, functions, natives: spec.natives.map((old, j) => (j === i ? fewer : old)) };
    }
  }
}

const withoutArgument = (body: readonly Stmt[], argument: number): Stmt[] =>
  body.map((stmt): Stmt => {
    switch (stmt.kind) {
      case 'call':
        return { ...stmt, args: stmt.args.filter((_, k) => k !== argument) };
      case 'branch': {
        const then = withoutArgument(stmt.then, argument);
        const otherwise = withoutArgument(stmt.otherwise, argument);
        return { ...stmt, then, otherwise };
      }
      case 'loop':
        return { ...stmt, body: withoutArgument(stmt.body, argument) };
      default:
        return stmt;
    }
  });

/** Ends after one of its statements, with the register that sets in its result. */
function* cutShort(fn: FunctionSpec): Iterable<FunctionSpec> {
  for (let k = 0; k + 1 < fn.body.length; k++) {
    const reg = registerOf(fn.body[k] as Stmt);
    if (reg !== undefined) yield { ...fn, body: fn.body.slice(0, k + 1), mix: 1 << reg };
  }
}

function* shrinkFunction(fn: FunctionSpec, index: number): Iterable<FunctionSpec> {
  for (const body of shrinkBody(fn.body)) yield { ...fn, body };
  if (fn.mix !== 0) yield { ...fn, mix: 0 };
  if (fn.restarts > 0) yield { ...fn, restarts: 0 };
  if (fn.stack > 0) yield { ...fn, stack: 0 };
  if (fn.stack > 8) yield { ...fn, stack: 8 };
  for (let k = 0; k < fn.incoming.length; k++)
    yield { ...fn, incoming: fn.incoming.filter((_, i) => i !== k) };
  if (index > 0) for (let args = 0; args < fn.args; args++) yield { ...fn, args };
  for (let k = 0; k < fn.incoming.length; k++) {
    const incoming = fn.incoming[k] as Incoming;
    if (incoming.spill) yield { ...fn, incoming: fn.incoming.with(k, { ...incoming, spill: false }) };
    if (incoming.as !== 'u64') yield { ...fn, incoming: fn.incoming.with(k, { ...incoming, as: 'u64' }) };
  }
  for (let bit = 1; bit < 10; bit++) if (fn.mix & (1 << bit)) yield { ...fn, mix: fn.mix & ~(1 << bit) };
  yield* cutShort(fn);
}

/** @internal Fewer statements, then each one simpler. */
export function* shrinkBody(body: readonly Stmt[]): Iterable<readonly Stmt[]> {
  for (let size = body.length; size >= 1; size = size >> 1) {
    for (let at = 0; at + size <= body.length; at += size)
      yield [...body.slice(0, at), ...body.slice(at + size)];
  }
  for (let k = 0; k < body.length; k++) {
    for (const instead of shrinkStmt(body[k] as Stmt))
      yield [...body.slice(0, k), ...instead, ...body.slice(k + 1)];
  }
}

/** The register it sets: a constant in it may do, where no more than its use matters. */
function registerOf(stmt: Stmt): AnyReg | undefined {
  switch (stmt.kind) {
    case 'alu':
    case 'movsx':
    case 'swap':
    case 'load':
      return stmt.dst;
    case 'atomic':
      return stmt.reg === R10 ? undefined : stmt.reg;
    case 'pad':
      return stmt.reg;
    case 'call':
      return stmt.scratch;
    default:
      return undefined;
  }
}

/** What may stand in the place of a statement. */
function* shrinkStmt(stmt: Stmt): Iterable<readonly Stmt[]> {
  const reg = registerOf(stmt);
  if (reg !== undefined) yield [{ kind: 'const', dst: reg, word: 1n }];
  switch (stmt.kind) {
    case 'branch':
      yield stmt.then;
      if (stmt.otherwise.length > 0) {
        yield stmt.otherwise;
        yield [{ ...stmt, otherwise: [] }];
      }
      for (const then of shrinkBody(stmt.then)) yield [{ ...stmt, then }];
      for (const otherwise of shrinkBody(stmt.otherwise)) yield [{ ...stmt, otherwise }];
      for (const source of shrinkSource(stmt.source)) yield [{ ...stmt, source }];
      break;
    case 'loop':
      yield stmt.body;
      if (stmt.count > 1) yield [{ ...stmt, count: 1 }];
      for (const body of shrinkBody(stmt.body)) yield [{ ...stmt, body }];
      break;
    case 'call':
      for (const callee of shrinkCallee(stmt.callee)) yield [{ ...stmt, callee }];
      for (const args of shrinkArgs(stmt.args)) yield [{ ...stmt, args }];
      if (stmt.order.some((key) => key !== 0)) yield [{ ...stmt, order: [] }];
      break;
    case 'alu':
    case 'store':
      for (const source of shrinkSource(stmt.source)) yield [{ ...stmt, source }];
      break;
    case 'const':
      for (const word of shrinkWord(stmt.word)) yield [{ ...stmt, word }];
      break;
    case 'pad':
      if (stmt.bytes > 4) yield [{ ...stmt, bytes: stmt.bytes >> 1 }];
      break;
    case 'exit':
      if (stmt.mix !== 0) yield [{ ...stmt, mix: 0 }];
      break;
  }
}

function* shrinkSource(source: Source): Iterable<Source> {
  if (source.from !== 'imm') yield { from: 'imm', imm: 1 };
  else for (const imm of shrinkImm(source.imm)) yield { from: 'imm', imm };
}

/** First all arguments plain, then one after the other. A plain argument n is the number n. */
function* shrinkArgs(args: readonly ArgSource[]): Iterable<readonly ArgSource[]> {
  const plain = args.map((_, k): ArgSource => ({ from: 'imm', imm: k + 1 }));
  const isPlain = (k: number): boolean => {
    const arg = args[k];
    return arg?.from === 'imm' && arg.imm === k + 1;
  };
  if (args.some((_, k) => !isPlain(k))) yield plain;
  for (let k = 0; k < args.length; k++) {
    if (!isPlain(k)) yield args.map((arg, i) => (i === k ? (plain[k] as ArgSource) : arg));
  }
  for (let k = 0; k < args.length; k++) {
    if (!isPlain(k) && !isFirst(args[k])) yield args.map((arg, i) => (i === k ? FIRST : arg));
  }
}

/** The plainest register: it holds argument 1. */
const FIRST: ArgSource = { from: 'argument', argument: 1 };

const isFirst = (arg: ArgSource | undefined): boolean => arg?.from === 'argument' && arg.argument === 1;

/** A native callee instead of a function; one that stands before it. */
function* shrinkCallee({ kind, index }: CalleeChoice): Iterable<CalleeChoice> {
  if (kind === 'bpf') for (let native = 0; native < 4; native++) yield { kind: 'native', index: native };
  for (let before = 0; before < index; before++) yield { kind, index: before };
}
