/**
 * Simpler specs, the greatest steps first: fewer functions, fewer statements (halves, then single ones),
 * branches and loops opened, fewer arguments and natives, less memory, plainer operands. Every spec lowers, so
 * nothing here can make an invalid program.
 */
import { shrinkImm } from './imm.ts';
import type { ArgSource, FunctionSpec, NativeSpec, ProgramSpec, Source, Stmt } from './spec.ts';
import { shrinkWord } from './word.ts';

export function* shrinkProgram(spec: ProgramSpec): Iterable<ProgramSpec> {
  yield* dropFunctions(spec);
  for (let index = 0; index < spec.functions.length; index++) {
    const fn = spec.functions[index] as FunctionSpec;
    for (const simpler of shrinkFunction(fn, index)) yield withFunction(spec, index, simpler);
  }
  yield* dropNatives(spec);
  if (spec.ctx > 0) yield { ...spec, ctx: 0 };
  if (spec.data > 8) yield { ...spec, data: 8 };
  if (spec.rodata > 8) yield { ...spec, rodata: 8 };
}

function withFunction(spec: ProgramSpec, index: number, fn: FunctionSpec): ProgramSpec {
  return { ...spec, functions: spec.functions.map((old, k) => (k === index ? fn : old)) };
}

/** Calls of a dropped function fold onto another callee. */
function* dropFunctions(spec: ProgramSpec): Iterable<ProgramSpec> {
  const { functions } = spec;
  if (functions.length > 2) yield { ...spec, functions: functions.slice(0, Math.ceil(functions.length / 2)) };
  for (let index = functions.length - 1; index > 0; index--) {
    yield { ...spec, functions: functions.filter((_, k) => k !== index) };
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
    const incoming = fn.incoming[k];
    if (incoming === undefined || !incoming.spill) continue;
    yield { ...fn, incoming: fn.incoming.map((old, i) => (i === k ? { ...old, spill: false } : old)) };
  }
  for (let bit = 1; bit < 10; bit++) if (fn.mix & (1 << bit)) yield { ...fn, mix: fn.mix & ~(1 << bit) };
}

/** Fewer statements, then each one simpler. */
function* shrinkBody(body: readonly Stmt[]): Iterable<readonly Stmt[]> {
  for (let size = body.length; size >= 1; size = size >> 1) {
    for (let at = 0; at + size <= body.length; at += size)
      yield [...body.slice(0, at), ...body.slice(at + size)];
  }
  for (let k = 0; k < body.length; k++) {
    for (const instead of shrinkStmt(body[k] as Stmt))
      yield [...body.slice(0, k), ...instead, ...body.slice(k + 1)];
  }
}

/** What may stand in the place of a statement. */
function* shrinkStmt(stmt: Stmt): Iterable<readonly Stmt[]> {
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
      for (const args of shrinkArgs(stmt.args)) yield [{ ...stmt, args }];
      if (stmt.order.some((key) => key !== 0)) yield [{ ...stmt, order: stmt.order.map(() => 0) }];
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
}
