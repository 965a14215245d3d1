/** Breaks of rules for what is read and passed. Such programs can be run: what nobody promised is poison. */
import {
  isStackArgBase,
  MAX_ARGS,
  MAX_REG_ARGS,
  MAX_STACK_ARGS,
  MAX_STACK_BYTES,
} from '../../bpf/calling.ts';
import type { Insn } from '../../bpf/insn.ts';
import { R0, R10 } from '../../bpf/reg.ts';
import { argsOfCall, calledSubprog } from '../../lint/calls.ts';
import type { State } from '../../lint/state.ts';
import { may, UNSET } from '../../lint/value.ts';
import { callTo } from './change.ts';
import { type Break, before, instead, isPlain } from './site.ts';

/** Base of stack arguments. */
export const R11 = 11;

export const READ_BREAKS = {
  'late-load': (site, pick) => {
    const { insn, state, subprog } = site;
    const passed = subprog.args - MAX_REG_ARGS;
    return isPlain(insn) && state.late && passed > 0
      ? instead(site, loadArgument(pick, MAX_REG_ARGS + 1 + (pick % passed)))
      : undefined;
  },
  'excess-load': (site, pick) => {
    const args = Math.max(site.subprog.args, MAX_REG_ARGS);
    return isPlain(site.insn) && args < MAX_ARGS
      ? instead(site, loadArgument(pick, args + 1 + (pick % (MAX_ARGS - args))))
      : undefined;
  },
  'missing-argument': (site) => {
    const { insn } = site;
    return (insn.kind === 'st' || insn.kind === 'stx') && isStackArgBase(insn.dst)
      ? instead(site, { kind: 'ja', width: 16, off: 0 })
      : undefined;
  },
  // A call that has just been made is made again.
  'stale-argument': (site) => {
    const { program, pc, insn } = site;
    if (insn.kind !== 'call' || (argsOfCall(program, pc, insn) ?? 0) <= MAX_REG_ARGS) return undefined;
    const callee = calledSubprog(program, pc, insn);
    return before(site, [callee === undefined ? insn : callTo(callee.start)]);
  },
  'unneeded-store': (site, pick) => {
    const { insn, needed } = site;
    if (!isPlain(insn) || needed >= MAX_STACK_ARGS) return undefined;
    const slot = needed + (pick % (MAX_STACK_ARGS - needed));
    return instead(site, { kind: 'st', size: 8, dst: R11, off: -8 * (slot + 1), imm: pick });
  },
  'unset-register': (site, pick) => {
    const { insn, state } = site;
    const src = unsetRegister(state, pick);
    if (!isPlain(insn) || src === undefined) return undefined;
    const op = pick % 2 === 0 ? 'mov' : 'xor';
    const dst = definedRegister(state, pick);
    return instead(site, { kind: 'alu', op, width: 64, source: 'X', dst, src, imm: 0 });
  },
  'unset-stack': (site, pick) => {
    const off = -8 * (1 + (pick % (MAX_STACK_BYTES / 8)));
    if (!isPlain(site.insn) || site.state.isWritten(off, 8)) return undefined;
    return instead(site, { kind: 'ldx', size: 8, sign: false, dst: pick % R10, src: R10, off });
  },
} as const satisfies Readonly<Record<string, Break>>;

function loadArgument(pick: number, argument: number): Insn {
  const off = 8 * (argument - MAX_REG_ARGS);
  return { kind: 'ldx', size: 8, sign: false, dst: pick % R10, src: R11, off };
}

const isSet = (state: State, reg: number): boolean => !may(state.value(reg), UNSET);

function unsetRegister(state: State, pick: number): number | undefined {
  for (let k = 0; k < R10; k++) if (!isSet(state, (pick + k) % R10)) return (pick + k) % R10;
  return undefined;
}

/** Some register that holds something, r0 if there is none. */
export function definedRegister(state: State, pick: number): number {
  for (let k = 0; k < R10; k++) if (isSet(state, (pick + k) % R10)) return (pick + k) % R10;
  return R0;
}
