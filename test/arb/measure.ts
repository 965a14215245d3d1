/** How simple specs are: what shrinking takes away first comes first. */
import type { CallGraph } from '../../src/arb/call-graph.ts';
import type { HostileSpec } from '../../src/arb/hostile/program.ts';
import type { MemorySpec } from '../../src/arb/memory.ts';
import type { ArgSource, FunctionSpec, NativeSpec, ProgramSpec, Source, Stmt } from '../../src/arb/spec.ts';
import type { Measure } from '../kit/arbitrary-kit.ts';

const sum = <T>(items: readonly T[], weigh: (item: T) => bigint): bigint =>
  items.reduce((total, item) => total + weigh(item), 0n);

/** 0, 1, -1, 2, -2, … */
export const weighImm = (imm: number): bigint => 2n * BigInt(Math.abs(imm)) - (imm > 0 ? 1n : 0n);

/** More than any immediate weighs. */
const REGISTER = 2n ** 40n;
/** A statement that is no constant: more than any constant weighs. */
const STATEMENT = 2n ** 70n;

const weighSource = (source: Source): bigint => (source.from === 'imm' ? weighImm(source.imm) : REGISTER);

/** Plain (argument n is the number n), the first argument again, anything else. */
function weighArg(arg: ArgSource, index: number): bigint {
  if (arg.from === 'imm' && arg.imm === index + 1) return 0n;
  return arg.from === 'argument' && arg.argument === 1 ? 1n : 2n;
}

interface Weight {
  readonly statements: bigint;
  readonly args: bigint;
  readonly detail: bigint;
}

const WEIGHTLESS: Weight = { statements: 0n, args: 0n, detail: 0n };

const add = (a: Weight, b: Weight): Weight => ({
  statements: a.statements + b.statements,
  args: a.args + b.args,
  detail: a.detail + b.detail,
});

const weighBody = (body: readonly Stmt[]): Weight => body.map(weighStmt).reduce(add, WEIGHTLESS);

function weighStmt(stmt: Stmt): Weight {
  const own = { statements: 1n, args: stmt.kind === 'call' ? BigInt(stmt.args.length) : 0n };
  const weight: Weight = { ...own, detail: weighDetail(stmt) };
  if (stmt.kind === 'loop') return add(weight, weighBody(stmt.body));
  if (stmt.kind === 'branch') return [weighBody(stmt.then), weighBody(stmt.otherwise)].reduce(add, weight);
  return weight;
}

function weighDetail(stmt: Stmt): bigint {
  switch (stmt.kind) {
    case 'const':
      return stmt.word;
    case 'branch':
    case 'alu':
    case 'store':
      return STATEMENT + weighSource(stmt.source);
    case 'loop':
      return STATEMENT + BigInt(stmt.count);
    case 'call': {
      const { callee, args, order } = stmt;
      const kind = callee.kind === 'bpf' ? 100 : 0;
      const sources = args.reduce((total, arg, k) => total + weighArg(arg, k), 0n);
      return STATEMENT + sources + sum(order, BigInt) + BigInt(kind + callee.index);
    }
    case 'pad':
      return STATEMENT + BigInt(stmt.bytes);
    case 'exit':
      return STATEMENT + BigInt(stmt.mix);
    default:
      return STATEMENT;
  }
}

export function measureBody(body: readonly Stmt[]): Measure {
  const { statements, args, detail } = weighBody(body);
  return [statements, args, detail];
}

const weighFunction = ({ body, incoming, stack, restarts, mix }: FunctionSpec): bigint =>
  weighBody(body).detail +
  BigInt(stack + restarts + mix) +
  sum(incoming, ({ spill, as }) => (spill ? 1n : 0n) + (as === 'u64' ? 0n : 1n));

const arity = (items: readonly { readonly args: number }[]): bigint => sum(items, ({ args }) => BigInt(args));

export const measureNative = ({ args }: NativeSpec): Measure => [BigInt(args)];

export const measureMemory = ({ ctx, data, rodata }: MemorySpec): Measure => [BigInt(ctx + data + rodata)];

export function measureGraph({ functions, natives }: CallGraph): Measure {
  const calls = sum(functions, (fn) => BigInt(fn.calls.length));
  return [BigInt(functions.length), calls, BigInt(natives.length), arity(functions) + arity(natives)];
}

export function measureProgram(spec: ProgramSpec): Measure {
  const { functions, natives } = spec;
  const bodies = functions.map(({ body }) => weighBody(body)).reduce(add, WEIGHTLESS);
  return [
    BigInt(functions.length),
    bodies.statements,
    BigInt(natives.length),
    arity(functions) + arity(natives),
    sum(functions, ({ incoming }) => BigInt(incoming.length)),
    bodies.args,
    sum(functions, weighFunction) + (measureMemory(spec)[0] as bigint),
  ];
}

export const measureHostile = ({ base, edits }: HostileSpec): Measure => [
  BigInt(edits.length),
  ...measureProgram(base),
  sum(edits, ({ at, pick }) => BigInt(at + pick)),
];
