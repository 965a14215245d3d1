/** The built-in table: what each convention makes of each call (call-forms.ts), and what gcc makes of it. */
import { CONVENTION_NAMES, type ConventionName, MAX_STACK_ARGS } from '../bpf/calling.ts';
import type { Program } from '../bpf/program.ts';
import type { Image } from '../core/image.ts';
import { type Cost, insnCosts, moreThan, NO_COST, sumCosts, timesCost } from '../x86/insn-cost.ts';
import {
  bpfProgram,
  CALLEE_KINDS,
  type CalleeKind,
  type CallForm,
  VALUES,
  type Value,
} from './call-forms.ts';
import { GCC_STYLES, type GccStyle, type NativeCode } from './gcc.ts';
import type { Runs } from './measure.ts';
import { NATIVE_CODE } from './native-code.ts';
import { type PartInsn, partsOf } from './parts.ts';

/** Compiles and runs. */
export interface CostMachines {
  readonly compile: (program: Program, convention: ConventionName) => Image;
  /** Runs the image and counts; throws an `engine` error if there is no engine. */
  readonly run: (program: Program, image: Image) => Runs;
}

/** What one call costs, by what for; the program has no other. */
export interface CallTotals {
  /** Stores of stack arguments. */
  readonly passed: Cost;
  /** Loads of stack arguments; null for a native callee, which is not in the image. */
  readonly received: Cost | null;
  /** Beside the `call` itself: before it, and after it. */
  readonly before: Cost;
  readonly after: Cost;
  /** The caller's prologue and epilogue. */
  readonly frame: Cost;
  /** All native code, caller's and callee's. */
  readonly all: Cost;
}

/** One row: a call under a convention. */
export interface TableRow extends CallForm {
  readonly convention: ConventionName;
  /** Native instructions between the store of the last argument and the `call`; null without stack arguments. */
  readonly betweenLastStoreAndCall: number | null;
  /** Argument by argument, from the sixth on. */
  readonly passedEach: readonly Cost[];
  readonly receivedEach: readonly Cost[] | null;
  /** As the code stands. */
  readonly static: CallTotals;
  /** As counted in a run. */
  readonly executed: CallTotals;
  /** All native code, beyond what the same call with five arguments costs. */
  readonly extra: Cost;
  /** The caller's prologue and epilogue, likewise. */
  readonly frameExtra: Cost;
}

/** What gcc's code costs beyond the call with five arguments: of caller and callee, or of the caller alone. */
export interface NativeRow {
  readonly style: GccStyle;
  readonly callee: CalleeKind;
  readonly value: Value;
  readonly stackArgs: number;
  readonly extra: Cost;
}

const ARITIES = Array.from({ length: MAX_STACK_ARGS + 1 }, (_, k) => k);

/** By convention, callee, value, number of stack arguments. */
export const tableRows = (machines: CostMachines): TableRow[] =>
  CONVENTION_NAMES.flatMap((convention) =>
    CALLEE_KINDS.flatMap((callee) =>
      VALUES.flatMap((value) =>
        series((stackArgs) => call({ callee, value, stackArgs }, convention, machines)),
      ),
    ),
  );

type Unrelated = Omit<TableRow, 'extra' | 'frameExtra'>;

/** Rows of all numbers of stack arguments, each held against the first, which has none. */
function series(rowOf: (stackArgs: number) => Unrelated): TableRow[] {
  const rows = ARITIES.map(rowOf);
  const [five] = rows as [Unrelated];
  return rows.map((row) => ({
    ...row,
    extra: moreThan(row.static.all, five.static.all),
    frameExtra: moreThan(row.static.frame, five.static.frame),
  }));
}

function call(form: CallForm, convention: ConventionName, { compile, run }: CostMachines): Unrelated {
  const program = bpfProgram(form);
  const image = compile(program, convention);
  const insns = partsOf(program, image);
  const runs = run(program, image);
  const each = (part: 'passed' | 'received'): Cost[] =>
    insns.filter((insn) => insn.part === part).map(({ cost }) => cost);
  return {
    ...form,
    convention,
    betweenLastStoreAndCall: form.stackArgs === 0 ? null : between(insns),
    passedEach: each('passed'),
    receivedEach: form.callee === 'kfunc' ? null : each('received'),
    static: totals(insns, form, () => 1),
    executed: totals(insns, form, ({ offset }) => runs[offset] as number),
  };
}

/** In the order of the code, which runs from top to bottom. */
function between(insns: readonly PartInsn[]): number {
  const last = insns.findLastIndex(({ part }) => part === 'passed');
  return insns.findIndex(({ part }, i) => i > last && part === 'call') - last - 1;
}

function totals(
  insns: readonly PartInsn[],
  { callee }: CallForm,
  timesOf: (insn: PartInsn) => number,
): CallTotals {
  const total = (isWanted: (insn: PartInsn) => boolean): Cost =>
    sumCosts(insns.filter(isWanted).map((insn) => timesCost(timesOf(insn), insn.cost)));
  return {
    passed: total(({ part }) => part === 'passed'),
    received: callee === 'kfunc' ? null : total(({ part }) => part === 'received'),
    before: total(({ part }) => part === 'before'),
    after: total(({ part }) => part === 'after'),
    frame: total(({ part, subprog }) => subprog === 0 && (part === 'prologue' || part === 'epilogue')),
    all: total(() => true),
  };
}

/** By style, callee, value, number of stack arguments. A kfunc is native itself, so its own code is no part of the call. */
export const nativeRows = (): NativeRow[] =>
  (Object.keys(GCC_STYLES) as GccStyle[]).flatMap((style) =>
    CALLEE_KINDS.flatMap((callee) => VALUES.flatMap((value) => nativeSeries(style, callee, value))),
  );

function nativeSeries(style: GccStyle, callee: CalleeKind, value: Value): NativeRow[] {
  const codes = ARITIES.map((stackArgs) => nativeCode(style, value, stackArgs));
  const costs = codes.map((code) =>
    sumCosts([hexCost(code.caller), callee === 'bpf' ? hexCost(code.callee) : NO_COST]),
  );
  const [five = NO_COST] = costs;
  return costs.map((cost, stackArgs) => ({ style, callee, value, stackArgs, extra: moreThan(cost, five) }));
}

function nativeCode(style: GccStyle, value: Value, stackArgs: number): NativeCode {
  const found = NATIVE_CODE.find(
    (code) => code.style === style && code.value === value && code.stackArgs === stackArgs,
  );
  if (found === undefined) throw new Error(`no code of gcc for ${style}, ${value}, ${stackArgs}`);
  return found;
}

function hexCost(hex: string): Cost {
  const code = new Uint8Array((hex.match(/../g) ?? []).map((byte) => Number.parseInt(byte, 16)));
  return sumCosts(insnCosts(code, 0, code.length).map(({ cost }) => cost));
}
