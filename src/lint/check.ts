/** What the data flow shows: at each instruction that some way leads to, what it may not read, write or call. */
import {
  isStackArgBase,
  MAX_REG_ARGS,
  MAX_STACK_ARGS,
  MAX_STACK_BYTES,
  STACK_ARG_FORMS,
  stackArgSlot,
} from '../bpf/calling.ts';
import type { CallInsn, Insn, LdxInsn } from '../bpf/insn.ts';
import { R0, R10, REG_COUNT } from '../bpf/reg.ts';
import { argRegs, registersRead, registerWritten } from '../bpf/registers.ts';
import { passed } from './call.ts';
import { argsOfCall, calledSubprog, incomingSlots } from './calls.ts';
import type { Fact } from './fact.ts';
import type { FunctionFlow } from './flow.ts';
import type { RuleId } from './rules.ts';
import { SLOT, type State } from './state.ts';
import type { ArgumentRead, Summary } from './summary.ts';
import {
  FUNCTION,
  functionOf,
  isOnly,
  may,
  NO_ADDRESS,
  NUMBER,
  OR_NULL,
  offOf,
  STACK,
  STALE,
  UNSET,
  type Value,
  ZERO,
} from './value.ts';
import { step } from './walk.ts';

/** A finding whose path has not been looked for. */
export interface Suspect {
  readonly rule: RuleId;
  readonly pc: number;
  readonly values: readonly (number | string)[];
  /** Where and what to look for; absent where the way there does not matter. */
  readonly trace?: { readonly subprog: number; readonly pc: number; readonly fact: Fact };
}

/** An instruction with what holds before it. */
interface Site extends Reached {
  /** Reads through passed pointers that have been told of. */
  readonly told: Set<ArgumentRead>;
}

export interface Reached {
  readonly fn: FunctionFlow;
  readonly state: State;
  readonly pc: number;
  readonly insn: Insn;
}

type Add = (suspect: Omit<Suspect, 'pc' | 'trace'> & { readonly pc?: number; readonly fact?: Fact }) => void;

/** All of a function, by slot. */
export function* functionSuspects(fn: FunctionFlow, told: Set<ArgumentRead>): Iterable<Suspect> {
  const slots: SlotCount = { stored: 0, needed: 0, stores: new Map() };
  for (const at of sitesOf(fn)) {
    const site = { ...at, told };
    yield* siteSuspects(site);
    countSlots(site, slots);
  }
  for (const [pc, slot] of slots.stores) {
    if (slot < slots.needed) continue;
    // One for a function, as Linux has it: the first store that is too far.
    yield { rule: 'unneeded-store', pc, values: [fn.subprog.index, slots.stored, slots.needed] };
    break;
  }
}

/** Instructions that are reached, with what holds before each. */
export function* sitesOf(fn: FunctionFlow): Iterable<Reached> {
  const { insns } = fn.context.program;
  for (let number = 0; number < fn.blocks.list.length; number++) {
    const state = fn.states[number]?.copy();
    const block = fn.blocks.list[number];
    if (state === undefined || block === undefined) continue;
    for (let pc = block.start; pc < block.end; pc++) {
      const insn = insns[pc];
      if (insn === undefined) continue;
      yield { fn, state, pc, insn };
      if (!step(fn.context, state, pc, insn)) break;
    }
  }
}

function siteSuspects(site: Site): Suspect[] {
  const found: Suspect[] = [];
  const { fn, pc } = site;
  const add: Add = ({ fact, ...suspect }) => {
    const trace = fact === undefined ? {} : { trace: { subprog: fn.subprog.index, pc, fact } };
    found.push({ pc, ...suspect, ...trace });
  };
  checkRegisters(site, add);
  checkMemory(site, add);
  checkIncoming(site, add);
  if (site.insn.kind === 'call') checkCall(site, site.insn, add);
  return found;
}

const unset = (index: number): Fact => ({ kind: 'value', index, kinds: UNSET });

function checkRegisters({ fn, state, pc, insn }: Site, add: Add): void {
  for (const reg of new Set(registersNeeded(fn, pc, insn)))
    if (reg < REG_COUNT && may(state.value(reg), UNSET))
      add({ rule: 'unset-register', values: [reg], fact: unset(reg) });
  if (registerWritten(insn) === R10) add({ rule: 'read-only-fp', values: [] });
}

/**
 * A call of a function of the program needs none: what that needs of its arguments it reads itself. Neither does
 * a helper or kfunc without a prototype.
 */
function registersNeeded({ context, subprog }: FunctionFlow, pc: number, insn: Insn): readonly number[] {
  if (insn.kind === 'exit') return subprog.index === 0 ? [R0] : [];
  if (insn.kind !== 'call') return registersRead(insn);
  return insn.target === 'local' ? [] : argRegs(argsOfCall(context.program, pc, insn) ?? 0);
}

interface Access {
  readonly reg: number;
  readonly off: number;
  readonly size: number;
  readonly reads: boolean;
}

function accessOf(insn: Insn): Access | undefined {
  switch (insn.kind) {
    case 'ldx':
      return { ...insn, reg: insn.src, reads: true };
    case 'st':
    case 'stx':
      return { ...insn, reg: insn.dst, reads: false };
    case 'atomic':
      if (insn.op === 'load_acquire') return { ...insn, reg: insn.src, reads: true };
      return { ...insn, reg: insn.dst, reads: insn.op !== 'store_release' };
    default:
      return undefined;
  }
}

function checkMemory({ state, insn }: Site, add: Add): void {
  const access = accessOf(insn);
  if (access === undefined || access.reg >= REG_COUNT) return;
  const { reg, off, size, reads } = access;
  const base = state.value(reg);
  const wrong = wrongKind(base);
  if (wrong !== undefined)
    add({
      rule: 'no-address',
      values: [reg, wrong.name],
      fact: { kind: 'value', index: reg, kinds: wrong.kinds },
    });
  if (!may(base, STACK)) return;
  const at = offOf(base) + off;
  if (isOutside(at, size))
    add({ rule: 'stack-bounds', values: [reads ? ' read from' : ' write to', reg, at, size] });
  else if (reads) checkWritten(state, { at, size }, add);
}

const isOutside = (at: number, size: number): boolean => at < -MAX_STACK_BYTES || at + size > 0;

/** Linux's reg_type_str() of what is no address. */
function wrongKind(value: Value): { readonly name: string; readonly kinds: number } | undefined {
  if (!may(value, NO_ADDRESS)) return undefined;
  if (may(value, ZERO | NUMBER)) return { name: 'scalar', kinds: ZERO | NUMBER };
  if (may(value, OR_NULL)) return { name: 'map_value_or_null', kinds: OR_NULL };
  return { name: 'func', kinds: FUNCTION };
}

function checkWritten(
  state: State,
  { at, size, pc }: { readonly at: number; readonly size: number; readonly pc?: number },
  add: Add,
): void {
  if (state.isWritten(at, size)) return;
  let byte = 0;
  while (state.isWritten(at + byte, 1)) byte++;
  add({
    rule: 'unset-stack',
    values: [at, byte, size],
    fact: { kind: 'unwritten', off: at, size },
    ...(pc === undefined ? {} : { pc }),
  });
}

function checkIncoming({ fn, state, insn }: Site, add: Add): void {
  if (insn.kind !== 'ldx' || !isIncoming(insn)) return;
  if (state.late) add({ rule: 'late-load', values: [], fact: { kind: 'late' } });
  const depth = 8 * incomingSlots(fn.subprog);
  if (insn.off > depth) add({ rule: 'excess-load', values: [insn.off, depth] });
}

/** A load of a stack argument that is one by its form (shape.ts). */
function isIncoming({ src, off, size, sign }: LdxInsn): boolean {
  return src === STACK_ARG_FORMS.linux.base && size === 8 && !sign && off > 0 && off % 8 === 0;
}

function checkCall(site: Site, insn: CallInsn, add: Add): void {
  const { fn, state, pc } = site;
  const { program } = fn.context;
  const args = argsNeeded(site, insn);
  for (let slot = 0; slot < args - MAX_REG_ARGS; slot++) {
    const value = state.value(SLOT + slot);
    if (!may(value, UNSET)) continue;
    const rule = may(value, STALE) ? 'stale-argument' : 'missing-argument';
    add({
      rule,
      values: [args, slot + 1],
      fact: { kind: 'value', index: SLOT + slot, kinds: value & (UNSET | STALE) },
    });
  }
  const callee = calledSubprog(program, pc, insn);
  if (callee === undefined) return checkCallbacks(site, add);
  if (callee.declared?.linkage === 'global' && callee.declared.stated) {
    const reg = argRegs(callee.args).find((n) => may(state.value(n), UNSET));
    if (reg !== undefined)
      add({ rule: 'invalid-args', values: [callee.index, callee.name], fact: unset(reg) });
  }
  checkPassedStack(site, callee.index, add);
}

/** What the callee reads through pointers into this function's stack; each load is told of once. */
function checkPassedStack({ fn, state, told }: Site, index: number, add: Add): void {
  const { program, summaries } = fn.context;
  const callee = summaries[index] as Summary;
  if (!readsUnwritten(callee, state)) return;
  for (const read of callee.reads) {
    const { argument, off, size, pc } = read;
    const value = passed(state, argument);
    if (told.has(read) || !isOnly(value, STACK)) continue;
    const at = offOf(value) + off;
    const isOut = isOutside(at, size);
    if (!isOut && state.isWritten(at, size)) continue;
    told.add(read);
    const reg = accessOf(program.insns[pc] as Insn)?.reg ?? 0;
    if (isOut) add({ rule: 'stack-bounds', pc, values: [' read from', reg, at, size] });
    else checkWritten(state, { at, size, pc }, add);
  }
}

/** Whether some of the reads are of what is not there. */
function readsUnwritten({ reads, readBytes, readsFar }: Summary, state: State): boolean {
  if (reads.length === 0) return false;
  if (readsFar) return true;
  return readBytes.some((bytes, argument) => {
    const value = passed(state, argument);
    return bytes !== undefined && isOnly(value, STACK) && !state.areWritten(offOf(value), bytes);
  });
}

/** Functions whose address a helper or kfunc gets: they are called with five arguments. */
function checkCallbacks({ fn, state }: Site, add: Add): void {
  for (const n of argRegs(MAX_REG_ARGS)) {
    const value = passed(state, n);
    const callback = may(value, FUNCTION) ? fn.context.program.subprogs[functionOf(value)] : undefined;
    if (callback !== undefined && callback.args > MAX_REG_ARGS)
      add({ rule: 'callback-args', values: [callback.args, 1] });
  }
}

/** Arguments a call takes. A kfunc without a prototype takes what has been stored for it. */
function argsNeeded({ fn, state, pc }: Site, insn: CallInsn): number {
  const known = argsOfCall(fn.context.program, pc, insn);
  if (known !== undefined) return known;
  if (insn.target !== 'kfunc') return MAX_REG_ARGS;
  let slots = MAX_STACK_ARGS;
  while (slots > 0 && isOnly(state.value(SLOT + slots - 1), UNSET | STALE)) slots--;
  return MAX_REG_ARGS + slots;
}

/** Outgoing slots that are stored, up to the farthest, and that calls need; each store's slot. */
interface SlotCount {
  stored: number;
  needed: number;
  readonly stores: Map<number, number>;
}

function countSlots(site: Site, count: SlotCount): void {
  const { insn, pc } = site;
  if (insn.kind === 'call') count.needed = Math.max(count.needed, argsNeeded(site, insn) - MAX_REG_ARGS);
  if ((insn.kind !== 'st' && insn.kind !== 'stx') || insn.size !== 8 || !isStackArgBase(insn.dst)) return;
  const slot = stackArgSlot(insn.off, 'outgoing');
  if (slot === undefined) return;
  count.stores.set(pc, slot);
  count.stored = Math.max(count.stored, slot + 1);
}
