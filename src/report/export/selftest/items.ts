/**
 * A program whose references are names instead of distances: it can be added to anywhere, be written as inline
 * assembly, and be put together again.
 */
import { accessOf, type Insn, slotsOf } from '../../../bpf/insn.ts';
import { atDistance, buildProgram, type DataSection, type Program, targetOf } from '../../../bpf/program.ts';
import { badInput } from '../../../core/errors.ts';
import { dataPlace } from '../data-place.ts';

/** Where an instruction refers to: a label of its function, a function by index, bytes of a data section by index. */
export type Reference =
  | { readonly kind: 'label'; readonly label: number }
  | { readonly kind: 'function'; readonly index: number }
  | { readonly kind: 'data'; readonly section: number; readonly offset: number };

/** A label is the slot it had in the program. */
export type Item =
  | { readonly kind: 'label'; readonly label: number }
  | { readonly kind: 'comment'; readonly text: string }
  | { readonly kind: 'insn'; readonly insn: Insn; readonly to?: Reference };

export interface ItemFunction {
  readonly name: string;
  readonly args: number;
  readonly items: readonly Item[];
}

/** A program in that form. */
export interface Items {
  /** Main first. */
  readonly functions: readonly ItemFunction[];
  readonly data: readonly DataSection[];
}

/** What a program has beside its instructions, and C that is loaded alone has not. */
function beyondC({ progArrays, native, exceptionCallback }: Program): string | undefined {
  if (progArrays !== undefined)
    return 'it has program arrays, which a selftest would have to fill at run time';
  if (native !== undefined)
    return 'native code calls it through a trampoline, which a selftest would have to attach at run time';
  if (exceptionCallback !== undefined)
    return 'it can throw: its callback would have to be a global function of C, which it is not here';
  return undefined;
}

/** Throws an `input` error for what has a meaning in one kernel only, such as maps by file descriptor. */
export function itemsOf(program: Program, where: string): Items {
  const beyond = beyondC(program);
  if (beyond !== undefined) throw badInput('export', where, `${beyond}; use data`);
  const targets = new Set(
    program.insns.flatMap((insn, pc) => {
      const isJump = insn?.kind === 'ja' || insn?.kind === 'jcc' || insn?.kind === 'may_goto';
      return isJump ? [targetOf(pc, insn)] : [];
    }),
  );
  const functions = program.subprogs.map(({ name, args, start, end }) => {
    const items: Item[] = [];
    for (let pc = start; pc < end; pc++) {
      const insn = program.insns[pc];
      if (targets.has(pc)) items.push({ kind: 'label', label: pc });
      if (insn !== undefined) items.push(itemOf(program, pc, insn, where));
    }
    return { name, args, items };
  });
  return { functions, data: program.data };
}

/** Accesses and casts that Linux's verifier makes of others: no source has them. */
const isOfVerifier = (insn: Insn): boolean =>
  accessOf(insn) !== undefined || (insn.kind === 'cast' && insn.to === 'percpu');

function itemOf(program: Program, pc: number, insn: Insn, where: string): Item {
  if (isOfVerifier(insn)) {
    const why = 'the verifier makes such an instruction of others, and takes none from a file; use data';
    throw badInput('export', `${where}: insn ${pc}`, why);
  }
  const target = targetOf(pc, insn);
  if (insn.kind === 'call' || insn.kind === 'lddw') {
    if (target !== undefined) {
      const index = program.subprogs.findIndex(({ start }) => start === target);
      return { kind: 'insn', insn, to: { kind: 'function', index } };
    }
    if (insn.kind === 'call') return { kind: 'insn', insn };
    if (insn.src !== 0) {
      const why = 'it names a map or variable by a number that means something in one kernel only; use data';
      throw badInput('export', `${where}: insn ${pc} (lddw)`, why);
    }
    const place = dataPlace(program, insn.imm);
    if (place === undefined) return { kind: 'insn', insn };
    const section = program.data.indexOf(place.section);
    return { kind: 'insn', insn, to: { kind: 'data', section, offset: place.offset } };
  }
  return target === undefined
    ? { kind: 'insn', insn }
    : { kind: 'insn', insn, to: { kind: 'label', label: target } };
}

/** Puts it together, with the data `shift` bytes farther up than it was. */
export function link({ functions, data }: Items, program: Program, shift: bigint): Program {
  const starts: number[] = [];
  const labels = new Map<number, number>();
  let slot = 0;
  for (const { items } of functions) {
    starts.push(slot);
    for (const item of items) {
      if (item.kind === 'label') labels.set(item.label, slot);
      if (item.kind === 'insn') slot += slotsOf(item.insn);
    }
  }
  const placed = data.map((section) => ({ ...section, address: section.address + shift }));
  const insns: (Insn | undefined)[] = [];
  for (const { items } of functions) {
    for (const item of items) {
      if (item.kind !== 'insn') continue;
      const insn = resolved(item, insns.length, { starts, labels, data: placed });
      insns.push(insn, ...(insn.kind === 'lddw' ? [undefined] : []));
    }
  }
  return buildProgram(insns, {
    name: program.name,
    functionNames: new Map(functions.map(({ name }, i) => [starts[i] ?? 0, name])),
    functionArgs: new Map(functions.map(({ args }, i) => [starts[i] ?? 0, args])),
    callees: [...program.callees.values()],
    data: placed,
  });
}

interface Layout {
  readonly starts: readonly number[];
  readonly labels: ReadonlyMap<number, number>;
  readonly data: readonly DataSection[];
}

function resolved(
  { insn, to }: Extract<Item, { kind: 'insn' }>,
  pc: number,
  { starts, labels, data }: Layout,
): Insn {
  switch (to?.kind) {
    case undefined:
      return insn;
    case 'data': {
      const imm = (data[to.section]?.address ?? 0n) + BigInt(to.offset);
      return insn.kind === 'lddw' ? { ...insn, imm } : insn;
    }
    case 'label':
      return atDistance(insn, (labels.get(to.label) ?? 0) - pc - 1);
    case 'function': {
      const distance = (starts[to.index] ?? 0) - pc - 1;
      if (insn.kind === 'call') return { ...insn, imm: distance };
      return insn.kind === 'lddw' ? { ...insn, imm: BigInt.asUintN(32, BigInt(distance)) } : insn;
    }
  }
}
