/** The claims of the mail thread on stack arguments, held against the numbers. Words follow the numbers. */
import { CONVENTION_NAMES, type ConventionName, MAX_REG_ARGS, MAX_STACK_ARGS } from '../bpf/calling.ts';
import { CALLEE_KINDS, type CalleeKind, VALUES } from '../cost/call-forms.ts';
import { GCC_STYLES, type GccStyle } from '../cost/gcc.ts';
import type { TableRow } from '../cost/table.ts';
import type { Cost } from '../x86/insn-cost.ts';
import { nativeAt, rowAt, type TableReport } from './cost-sections.ts';

/** What the reviewer asked for, as numbers of one convention. */
export interface ConventionVerdict {
  readonly convention: ConventionName;
  /** Each store and each load of a stack argument is one native instruction. */
  readonly onePerArgument: boolean;
  /** Argument 6 is nowhere in memory. */
  readonly arg6InRegister: boolean;
  /** Native instructions for the call's sake, around it, by number of stack arguments from 1 on. */
  readonly aroundCall: Readonly<Record<CalleeKind, readonly number[]>>;
  /** Instructions more than gcc's code, by number of stack arguments from 1 on; values in registers. */
  readonly beyondGcc: Readonly<Record<CalleeKind, Readonly<Record<GccStyle, readonly number[]>>>>;
  /** Loads and stores more than gcc's code that stores, likewise. */
  readonly memoryBeyondGcc: Readonly<Record<CalleeKind, readonly number[]>>;
}

const ARITIES = Array.from({ length: MAX_STACK_ARGS }, (_, i) => i + 1);

export const verdicts = (report: TableReport): ConventionVerdict[] =>
  CONVENTION_NAMES.map((convention) => verdictOf(report, convention));

function verdictOf({ rows, native }: TableReport, convention: ConventionName): ConventionVerdict {
  const own = rows.filter((row) => row.convention === convention);
  const byCallee = <T>(of: (callee: CalleeKind) => T): Record<CalleeKind, T> => ({
    bpf: of('bpf'),
    kfunc: of('kfunc'),
  });
  const byArity = (callee: CalleeKind, of: (row: TableRow) => number): number[] =>
    ARITIES.map((k) => of(rowAt(rows, convention, callee, 'reg', k)));
  const gcc = (style: GccStyle, callee: CalleeKind, k: number) =>
    nativeAt(native.rows, style, callee, 'reg', k).extra;
  const beyond = (callee: CalleeKind, style: GccStyle): number[] =>
    byArity(callee, ({ extra, stackArgs }) => extra.insns - gcc(style, callee, stackArgs).insns);
  return {
    convention,
    onePerArgument: own.every(({ passedEach, receivedEach, stackArgs }) =>
      [passedEach, receivedEach ?? passedEach].every(
        (costs) => costs.length === stackArgs && costs.every(({ insns }) => insns === 1),
      ),
    ),
    arg6InRegister: own.every(({ passedEach, receivedEach }) =>
      [passedEach[0], receivedEach?.[0]].every((cost) => (cost?.loads ?? 0) + (cost?.stores ?? 0) === 0),
    ),
    aroundCall: byCallee((callee) =>
      byArity(callee, ({ static: code }) => code.before.insns + code.after.insns),
    ),
    beyondGcc: byCallee((callee) => ({ push: beyond(callee, 'push'), store: beyond(callee, 'store') })),
    memoryBeyondGcc: byCallee((callee) =>
      byArity(callee, ({ extra, stackArgs }) => {
        const { loads, stores } = gcc('store', callee, stackArgs);
        return extra.loads + extra.stores - loads - stores;
      }),
    ),
  };
}

/** No additional moves at calls, each instruction as it is, argument 6 in its register. */
export const keepsDemand = ({ onePerArgument, arg6InRegister, aroundCall }: ConventionVerdict): boolean =>
  onePerArgument &&
  arg6InRegister &&
  CALLEE_KINDS.every((callee) => aroundCall[callee].every((n) => n === 0));

/** A sequence for k = 1..7 as a formula where it is one: `0`, `k`, `k + 1`, else the range. */
export function formula(values: readonly number[]): string {
  const [first = 0] = values;
  if (values.every((value) => value === first)) return `${first}`;
  for (const slope of [1, 2]) {
    const above = values.map((value, i) => value - slope * (i + 1));
    const [offset = 0] = above;
    if (above.some((value) => value !== offset)) continue;
    const term = slope === 1 ? 'k' : `${slope}k`;
    return offset === 0 ? term : `${term} ${offset < 0 ? '−' : '+'} ${Math.abs(offset)}`;
  }
  return `${Math.min(...values)} to ${Math.max(...values)}`;
}

export function verdictRows(all: readonly ConventionVerdict[]): string[][] {
  const yes = (is: boolean): string => (is ? 'yes' : 'no');
  const styles = Object.keys(GCC_STYLES) as GccStyle[];
  return [
    [
      'convention',
      'one instruction an argument',
      'argument 6 in r9',
      ...CALLEE_KINDS.map((callee) => `around the call, ${callee}`),
      ...CALLEE_KINDS.flatMap((callee) => styles.map((style) => `beyond gcc ${style}, ${callee}`)),
      'as demanded',
    ],
    ...all.map((verdict) => [
      verdict.convention,
      yes(verdict.onePerArgument),
      yes(verdict.arg6InRegister),
      ...CALLEE_KINDS.map((callee) => formula(verdict.aroundCall[callee])),
      ...CALLEE_KINDS.flatMap((callee) => styles.map((style) => formula(verdict.beyondGcc[callee][style]))),
      yes(keepsDemand(verdict)),
    ]),
  ];
}

/** Sentences on the claims, in the order of the thread. */
export function verdictLines(report: TableReport): string[] {
  const all = verdicts(report);
  const of = (name: ConventionName): ConventionVerdict =>
    all.find(({ convention }) => convention === name) as ConventionVerdict;
  const demanded = all.filter(keepsDemand).map(({ convention }) => convention);
  const { aroundCall: v3 } = of('v3');
  const { aroundCall: reply } = of('reply');
  const linux = of('linux');
  const calls = report.rows.filter(
    ({ convention, stackArgs }) => convention === 'linux' && stackArgs > 0,
  ).length;
  return [
    `"It is still a copy" (of v3): ${formula(v3.bpf)} instructions around a call of a BPF function, ${formula(v3.kfunc)} around one of a kfunc, for k stack arguments. ${v3.bpf.every((n, i) => n > i) ? 'True: each argument is moved once more.' : 'Not so.'}`,
    `"Directly write into proper outgoing stack arg locations" (reply): ${of('reply').onePerArgument && reply.bpf.every((n) => n === 0) ? 'true' : 'not true'} for BPF functions (${formula(reply.bpf)} around the call); a kfunc takes ${formula(reply.kfunc)}, and argument 6 goes through memory: ${formula(of('reply').memoryBeyondGcc.kfunc)} loads and stores more than gcc's code.`,
    `"No additional moves", "only special case 6th arg" (the review): kept by ${demanded.length === 0 ? 'none' : demanded.join(' and ')}, in each of the ${calls} calls of the table (${CALLEE_KINDS.length} kinds of callee, ${VALUES.length} kinds of value, ${ARITIES.length} numbers of arguments).`,
    `"It has to be zero overhead": a whole call of a kfunc takes, under linux, ${formula(linux.beyondGcc.kfunc.store)} instructions and ${formula(linux.memoryBeyondGcc.kfunc)} loads and stores more than gcc's code that stores to its area, and ${formula(linux.beyondGcc.kfunc.push)} instructions more than gcc's code that pushes. ${linux.beyondGcc.kfunc.store.every((n) => n <= 0) ? 'From BPF to native, the claim holds.' : 'From BPF to native, the claim does not hold.'}`,
    `From BPF to BPF, linux takes ${formula(linux.beyondGcc.bpf.store)} more than gcc's code that stores and ${formula(linux.beyondGcc.bpf.push)} more than gcc's that pushes${linux.memoryBeyondGcc.bpf.every((n) => n === 0) ? ', with as many loads and stores' : ''}: BPF loads argument 6 to a register of its own, where gcc uses r9 as it is.`,
    hookLine(report),
  ];
}

/** Arguments 6 and on of a native call, as far as the trampoline is concerned. */
function hookLine({ hook: { each, rest } }: TableReport): string {
  const further = each.slice(MAX_REG_ARGS);
  const sums = (of: (cost: Cost) => number): number[] =>
    further.map((_, k) => further.slice(0, k + 1).reduce((sum, cost) => sum + of(cost), 0));
  const insns = formula(sums((cost) => cost.insns));
  const memory = formula(sums(({ loads, stores }) => loads + stores));
  const isFree = further.every(({ insns: count }) => count === 0);
  return `"From struct_ops hooks into bpf progs" (as for kfuncs, zero overhead): ${isFree ? 'holds' : 'does not hold, of any convention'}. A trampoline stores all words of a native call to an array, of which BPF gets a pointer: arguments 6 to 5 + k take ${insns} instructions and ${memory} loads and stores in it, then one load each in the program; ${rest.insns} instructions more are in it whatever it passes.`;
}
