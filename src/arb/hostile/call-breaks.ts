/** Breaks of rules for prototypes, for chains of calls, and for what stack arguments do not go with. */
import { MAX_ARGS, MAX_REG_ARGS, MAX_STACK_BYTES } from '../../bpf/calling.ts';
import type { Declared } from '../../bpf/declared.ts';
import type { CallInsn, Insn } from '../../bpf/insn.ts';
import type { Callee, Subprog } from '../../bpf/program.ts';
import { R10 } from '../../bpf/reg.ts';
import { calledNative, calledSubprog, HELPER } from '../../lint/calls.ts';
import { addressOf, type Change } from './change.ts';
import { R11 } from './read-breaks.ts';
import { type Break, before, instead, type Site } from './site.ts';

const helper = (id: number): CallInsn => ({ kind: 'call', target: 'helper', imm: id, off: 0 });
const kfunc = (id: number): CallInsn => ({ kind: 'call', target: 'kfunc', imm: id, off: 0 });

const TAIL_CALL = helper(HELPER.tail_call);
/** A helper that calls the function whose address is its second argument. */
const LOOP = helper(181);
/** Its only effect here: r1..r5 are gone. */
const CLOBBER = helper(5);
const THROW: Callee = { kind: 'kfunc', id: 9001, name: 'bpf_throw', args: 1 };
const RESUME: Callee = { kind: 'kfunc', id: 9002, name: 'bpf_unwind_resume', args: 0 };

/** At a function's first instruction; main is not one that others call. */
const atFunction =
  (
    isFit: (subprog: Subprog) => boolean,
    change: (subprog: Subprog, pick: number, site: Site) => Change | undefined,
  ): Break =>
  (site, pick) => {
    const { subprog, pc } = site;
    return subprog.index > 0 && pc === subprog.start && isFit(subprog)
      ? change(subprog, pick, site)
      : undefined;
  };

const anyFunction = (): boolean => true;
const hasStackArgs = ({ args }: Subprog): boolean => args > MAX_REG_ARGS;

const declare = ({ start, declared }: Subprog, more: Declared): Change => ({
  declared: new Map([[start, { ...declared, ...more }]]),
});

/** At a call of a helper or kfunc. */
const atNative =
  (kind: Callee['kind'], change: (callee: Callee, pick: number) => Callee | undefined): Break =>
  ({ program, insn }, pick) => {
    const callee = calledNative(program, insn);
    const changed = callee?.kind === kind ? change(callee, pick) : undefined;
    return changed === undefined ? undefined : { callees: [changed] };
  };

/** One of the arguments is a structure. */
const byValue = (
  pick: number,
  args: number,
  how: { readonly bytes: number; readonly isScalar: boolean } = { bytes: 16, isScalar: true },
): Pick<Declared, 'byValue'> => {
  const position = 1 + (pick % Math.max(args, 1));
  return { byValue: [{ position, slot: position, type: 'STRUCT', ...how }] };
};

/** At the exit of a function some instructions are put in, and more at the exit of the site's. */
const atExit =
  (change: (site: Site, pick: number) => Change | undefined): Break =>
  (site, pick) =>
    site.insn.kind === 'exit' ? change(site, pick) : undefined;

/** Another function becomes a callback that does this before it ends. */
const inCallback =
  (insns: readonly Insn[], callees: readonly Callee[]): Break =>
  (site) => {
    const { program, subprog, pc, insn } = site;
    if (insn.kind !== 'exit' || subprog.index === 0) return undefined;
    const main = program.subprogs[0]?.end ?? 0;
    if (program.insns[main - 1]?.kind !== 'exit') return undefined;
    const made = [addressOf(2, subprog.start), LOOP];
    return {
      insert: [
        { pc: main - 1, insns: made },
        { pc, insns },
      ],
      callees,
    };
  };

export const CALL_BREAKS = {
  'max-args': atFunction(anyFunction, ({ start }, pick) => ({
    args: new Map([[start, MAX_ARGS + 1 + (pick % 4)]]),
  })),
  'global-function': atFunction(hasStackArgs, (subprog) =>
    declare(subprog, { linkage: 'global', stated: true }),
  ),
  'split-argument': atFunction(hasStackArgs, (subprog, pick) =>
    declare(subprog, byValue(pick, subprog.args)),
  ),
  prototype: atFunction(anyFunction, (subprog, pick) =>
    declare(subprog, { btfArgs: (subprog.args + 1 + (pick % MAX_ARGS)) % (MAX_ARGS + 1) }),
  ),
  'helper-args': atNative('helper', (callee, pick) => ({ ...callee, args: MAX_REG_ARGS + 1 + (pick % 7) })),
  'max-kfunc-args': atNative('kfunc', (callee, pick) => ({ ...callee, args: MAX_ARGS + 1 + (pick % 4) })),
  'big-argument': atNative('kfunc', (callee, pick) =>
    callee.args === 0 ? undefined : { ...callee, declared: byValue(pick, callee.args ?? 1) },
  ),
  'invalid-args': (site) => {
    const callee = calledSubprog(site.program, site.pc, site.insn);
    if (callee === undefined || callee.args === 0 || callee.index === 0) return undefined;
    return { ...before(site, [CLOBBER]), ...declare(callee, { linkage: 'global', stated: true }) };
  },
  'tail-call': atExit((site) =>
    hasStackArgs(site.subprog) || site.needed > 0 ? before(site, [TAIL_CALL]) : undefined,
  ),
  'callback-args': atExit((site, pick) => {
    const takers = site.program.subprogs.filter((subprog) => subprog.index > 0 && hasStackArgs(subprog));
    const taker = takers[pick % takers.length];
    return taker === undefined ? undefined : before(site, [addressOf(2, taker.start), LOOP]);
  }),
  'callback-tail-call': inCallback([TAIL_CALL], []),
  'callback-throw': inCallback([kfunc(THROW.id)], [THROW]),
  'pad-argument': atFunction(anyFunction, ({ end }, pick) => ({
    insert: [
      {
        pc: end,
        side: 'after',
        insns: [
          { kind: 'st', size: 8, dst: R11, off: -8 * (1 + (pick % 7)), imm: pick },
          kfunc(RESUME.id),
          { kind: 'exit' },
        ],
      },
    ],
    callees: [RESUME],
  })),
  // It calls itself.
  'frame-depth': (site) => {
    const { insn, pc, subprog } = site;
    return insn.kind === 'call' && insn.target === 'local'
      ? instead(site, { ...insn, imm: subprog.start - pc - 1 })
      : undefined;
  },
  'stack-depth': (site) => {
    const callee = calledSubprog(site.program, site.pc, site.insn);
    if (callee === undefined) return undefined;
    const lowest: Insn = { kind: 'st', size: 8, dst: R10, off: -MAX_STACK_BYTES, imm: 0 };
    return {
      insert: [
        { pc: site.pc, insns: [lowest] },
        { pc: callee.start, insns: [lowest] },
      ],
    };
  },
} as const satisfies Readonly<Record<string, Break>>;
