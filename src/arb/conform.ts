/**
 * A spec as a JIT takes it: statements of forms that it declines become others of their family, structures that it
 * lacks are taken out. Every spec has one, so shrinking goes on as it likes; conforming twice changes nothing.
 */
import type { AluOp } from '../bpf/alu.ts';
import type { AtomicOp } from '../bpf/atomic.ts';
import { MAX_REG_ARGS } from '../bpf/calling.ts';
import type { Insn } from '../bpf/insn.ts';
import { JUMP_ROWS, type JumpOp } from '../bpf/jump.ts';
import { R10 } from '../bpf/reg.ts';
import { hasStructure, type Profile, takes } from './profile.ts';
import type { ArgType, FunctionSpec, NativeSpec, ProgramSpec, Source, Stmt } from './spec.ts';

export function conform(spec: ProgramSpec, profile: Profile): ProgramSpec {
  if (profile.lacks.size === 0) return spec;
  const callsFunctions = takes(profile, { kind: 'call', target: 'local', imm: 0, off: 0 });
  const functions = callsFunctions ? spec.functions : spec.functions.slice(0, 1);
  return {
    ...spec,
    functions: functions.map((fn, index) => conformFunction(fn, index, profile)),
    natives: spec.natives.map((native) => conformNative(native, profile)).filter(isNative),
  };
}

const isNative = (native: NativeSpec | undefined): native is NativeSpec => native !== undefined;

function conformFunction(fn: FunctionSpec, index: number, profile: Profile): FunctionSpec {
  const most = hasStructure(profile, 'stack arguments') ? fn.args : MAX_REG_ARGS;
  const known = index === 0 && !hasStructure(profile, 'r2 at entry') ? 1 : most;
  const args = Math.min(fn.args, most, known);
  return {
    ...fn,
    args,
    incoming: fn.incoming.flatMap((each) =>
      each.argument > args ? [] : [{ ...each, as: conformType(each.as, profile) }],
    ),
    restarts: hasStructure(profile, 'jump back') ? fn.restarts : 0,
    body: conformBody(fn.body, profile),
  };
}

/** How the upper bits of an argument are dropped (lowering/head.ts). */
function conformType(as: ArgType, profile: Profile): ArgType {
  const has = (insn: Insn): boolean => takes(profile, insn);
  const bits = as === 's8' || as === 'u8' ? 8 : as === 's16' || as === 'u16' ? 16 : 32;
  switch (as) {
    case 's8':
    case 's16':
    case 's32':
      return ([32, 64] as const).every(
        (width) => width === bits || has({ kind: 'movsx', width, bits, dst: 0, src: 0 }),
      )
        ? as
        : conformType(`u${bits}`, profile);
    case 'u8':
    case 'u16':
      return has({ kind: 'alu', op: 'and', width: 32, source: 'K', dst: 0, src: 0, imm: 0 }) ? as : 'u64';
    case 'u32':
      return has({ kind: 'alu', op: 'mov', width: 32, source: 'X', dst: 0, src: 0, imm: 0 }) ? as : 'u64';
    default:
      return as;
  }
}

/** A kfunc may become a helper, and the other way round; undefined where neither is taken. */
function conformNative(native: NativeSpec, profile: Profile): NativeSpec | undefined {
  const kinds = native.kind === 'helper' ? (['helper', 'kfunc'] as const) : (['kfunc', 'helper'] as const);
  const kind = kinds.find((target) => takes(profile, { kind: 'call', target, imm: 0, off: 0 }));
  if (kind === undefined) return undefined;
  const most = kind === 'helper' || !hasStructure(profile, 'stack arguments') ? MAX_REG_ARGS : native.args;
  return { kind, args: Math.min(native.args, most) };
}

const conformBody = (body: readonly Stmt[], profile: Profile): Stmt[] =>
  body.flatMap((stmt) => conformStmt(stmt, profile));

function conformStmt(stmt: Stmt, profile: Profile): readonly Stmt[] {
  switch (stmt.kind) {
    case 'alu':
      return [conformAlu(stmt, profile)];
    case 'movsx':
      return [conformMovsx(stmt, profile)];
    case 'swap':
      return conformSwap(stmt, profile);
    case 'load':
      return conformLoad(stmt, profile);
    case 'store':
      return conformStore(stmt, profile);
    case 'atomic':
      return conformAtomic(stmt, profile);
    case 'branch':
      return [conformBranch(stmt, profile)];
    case 'loop':
      return conformLoop(stmt, profile);
    case 'const':
    case 'pad':
    case 'call':
    case 'exit':
      return [stmt];
  }
}

/** The first of these that the profile takes, else the last. */
function firstTaken<T>(choices: readonly T[], profile: Profile, insnOf: (choice: T) => Insn): T {
  return choices.find((choice) => takes(profile, insnOf(choice))) ?? (choices.at(-1) as T);
}

/** As it is, and an immediate in its stead. */
const sourcesLike = (source: Source, profile: Profile): readonly Source[] => [
  conformSource(source, profile),
  ...(source.from === 'imm' ? [] : [{ from: 'imm', imm: 1 } as const]),
];

/** What stands in for an operation. */
const LIKE_ALU: Readonly<Partial<Record<AluOp, AluOp>>> = {
  sdiv: 'div',
  smod: 'mod',
  arsh: 'rsh',
  neg: 'sub',
};

function conformAlu(stmt: Stmt & { kind: 'alu' }, profile: Profile): Stmt {
  const other = stmt.width === 64 ? 32 : 64;
  const like = LIKE_ALU[stmt.op] ?? 'add';
  const choices = sourcesLike(stmt.source, profile).flatMap((source) =>
    ([stmt.op, like, 'add', 'mov'] as const).flatMap((op) =>
      ([stmt.width, other] as const).map((width): Stmt & { kind: 'alu' } => ({ ...stmt, op, width, source })),
    ),
  );
  return firstTaken(choices, profile, ({ op, width, source }) => {
    const kx = op === 'neg' || source.from === 'imm' ? 'K' : 'X';
    return { kind: 'alu', op, width, source: kx, dst: 0, src: 0, imm: 0 };
  });
}

function conformMovsx(stmt: Stmt & { kind: 'movsx' }, profile: Profile): Stmt {
  const src = readable(stmt.src, profile);
  const { width, bits, dst } = stmt;
  if (takes(profile, { kind: 'movsx', width, bits, dst: 0, src: 0 })) return { ...stmt, src };
  const source: Source = src === R10 ? { from: 'fp' } : { from: 'reg', reg: src };
  return conformAlu({ kind: 'alu', op: 'mov', width, dst, source }, profile);
}

function conformSwap(stmt: Stmt & { kind: 'swap' }, profile: Profile): readonly Stmt[] {
  const choices = ([stmt.op, 'be', 'le', 'bswap'] as const).map((op) => ({ ...stmt, op }));
  const taken = choices.find(({ op, bits }) => takes(profile, { kind: 'swap', op, bits, dst: 0 }));
  return taken === undefined ? [] : [taken];
}

function conformLoad(stmt: Stmt & { kind: 'load' }, profile: Profile): readonly Stmt[] {
  const choices = [stmt.sign, false].flatMap((sign) =>
    ([stmt.size, 8, 4] as const).map((size) => ({ ...stmt, sign: sign && size < 8, size })),
  );
  const taken = choices.find(({ size, sign }) =>
    takes(profile, { kind: 'ldx', size, sign, dst: 0, src: 0, off: 0 }),
  );
  return taken === undefined ? [] : [taken];
}

function conformStore(stmt: Stmt & { kind: 'store' }, profile: Profile): readonly Stmt[] {
  const choices = sourcesLike(stmt.source, profile).flatMap((source) =>
    ([stmt.size, 8, 4] as const).map((size) => ({ ...stmt, source, size })),
  );
  const taken = choices.find(({ source, size }) =>
    source.from === 'imm'
      ? takes(profile, { kind: 'st', size, dst: 0, off: 0, imm: 0 })
      : takes(profile, { kind: 'stx', size, dst: 0, src: 0, off: 0 }),
  );
  return taken === undefined ? [] : [taken];
}

/** Atomics that may stand in for each other; load_acquire and store_release are loads and stores to most. */
const LIKE_ATOMIC: readonly AtomicOp[] = ['add', 'fetch_add', 'xchg', 'or', 'and', 'xor'];

function conformAtomic(stmt: Stmt & { kind: 'atomic' }, profile: Profile): readonly Stmt[] {
  const { op, place } = stmt;
  // What fetches writes its register.
  const reg = readable(stmt.reg, profile);
  const sizes =
    stmt.size < 4 ? ([stmt.size, 4, 8] as const) : ([stmt.size, stmt.size === 4 ? 8 : 4] as const);
  for (const like of [op, ...LIKE_ATOMIC]) {
    for (const size of sizes) {
      if (!takes(profile, { kind: 'atomic', op: like, size, dst: 0, src: 0, off: 0 })) continue;
      const fits = reg === R10 && (like === 'fetch_add' || like === 'xchg') ? 0 : reg;
      const loads = takes(profile, { kind: 'ldx', size, sign: size === 4, dst: 0, src: 0, off: 0 });
      return [{ ...stmt, op: like, size, reg: fits, matches: stmt.matches && like === 'cmpxchg' && loads }];
    }
  }
  return conformStore(
    { kind: 'store', size: stmt.size, source: { from: 'reg', reg: reg % R10 }, place },
    profile,
  );
}

const JUMPS: readonly JumpOp[] = JUMP_ROWS.map(({ name }) => name);

function conformBranch(stmt: Stmt & { kind: 'branch' }, profile: Profile): Stmt {
  const then = conformBody(stmt.then, profile);
  const otherwise = conformBody(stmt.otherwise, profile);
  const long = stmt.long && takes(profile, { kind: 'ja', width: 32, off: 0 });
  const rest = { ...stmt, then, otherwise, long, dst: readable(stmt.dst, profile) };
  if (stmt.op === 'may_goto' && takes(profile, { kind: 'may_goto', off: 0 })) return rest;
  const other = stmt.width === 64 ? 32 : 64;
  const ops: readonly JumpOp[] = stmt.op === 'may_goto' ? JUMPS : [stmt.op, ...JUMPS];
  const choices = sourcesLike(stmt.source, profile).flatMap((source) =>
    ops.flatMap((op) => [{ op, width: stmt.width, source }, { op, width: other, source } as const]),
  );
  const taken = firstTaken(choices, profile, ({ op, width, source }) => {
    const kx = source.from === 'imm' ? 'K' : 'X';
    return { kind: 'jcc', op, width, source: kx, dst: 0, src: 0, imm: 0, off: 0 };
  });
  return { ...rest, ...taken };
}

/** Without jumps back the body runs once. */
function conformLoop(stmt: Stmt & { kind: 'loop' }, profile: Profile): readonly Stmt[] {
  const body = conformBody(stmt.body, profile);
  return hasStructure(profile, 'jump back') ? [{ ...stmt, body }] : body;
}

const readable = (reg: number, profile: Profile): number =>
  reg === R10 && !hasStructure(profile, 'r10 as a value') ? 0 : reg;

const conformSource = (source: Source, profile: Profile): Source =>
  source.from === 'fp' && !hasStructure(profile, 'r10 as a value') ? { from: 'reg', reg: 0 } : source;
