/**
 * A kernel's selftest sees the result alone. Where a program passes arguments on the stack, this makes the result
 * depend on all of them by position, so that swapped ones show: each function of more than five arguments adds
 * position times argument to a variable, the results of kfuncs go there too, and main folds it into its result.
 */
import { MAX_REG_ARGS } from '../../../bpf/calling.ts';
import { dstOf } from '../../../bpf/insn.ts';
import { calleeKey } from '../../../core/env.ts';
import type { Item, ItemFunction, Items, Reference } from './items.ts';
import type { Observation } from './observe.ts';
import { addVariable } from './prepare.ts';
import { snippet } from './snippet.ts';

export const WITNESS = 'seen';

/** Whether it passes an argument on the stack. */
export const passesStackArgs = ({ functions }: Items): boolean =>
  functions.some(({ items }) => items.some((item) => item.kind === 'insn' && dstOf(item.insn) === 11));

/** `seen`: what is a number in the program as it is. */
export function weighed({ functions, data }: Items, seen: Observation): Items {
  const witness: Reference = { kind: 'data', section: data.length, offset: 0 };
  return {
    functions: functions.map((fn, index) => ({
      ...fn,
      items: [
        ...entryItems(fn, seen.numbers.get(calleeKey({ kind: 'bpf', id: index })) ?? [], witness),
        ...fn.items.flatMap((item) => itemsFor(item, index === 0, seen, witness)),
      ],
    })),
    data: addVariable(data, WITNESS, new Uint8Array(8)),
  };
}

function entryItems(fn: ItemFunction, positions: readonly number[], witness: Reference): Item[] {
  if (fn.args <= MAX_REG_ARGS || positions.length === 0) return [];
  const [sum, term] = scratchRegisters(fn);
  const text = [
    'r0 = address ll',
    `r${sum} = *(u64 *)(r0 + 0)`,
    `r${sum} *= 31`,
    ...positions.flatMap((position) => [
      position <= MAX_REG_ARGS
        ? `r${term} = r${position}`
        : `r${term} = *(u64 *)(r11 + ${8 * (position - MAX_REG_ARGS)})`,
      `r${term} *= ${position}`,
      `r${sum} += r${term}`,
    ]),
    `*(u64 *)(r0 + 0) = r${sum}`,
  ];
  return [
    { kind: 'comment', text: 'each argument, by its position' },
    ...snippet(text.join('\n'), witness),
    { kind: 'comment', text: 'the function itself' },
  ];
}

/** Two of r6..r9, if possible such as the function saves anyway, so that its frame stays the same. */
function scratchRegisters({ items }: ItemFunction): readonly [number, number] {
  const written = new Set(items.flatMap((item) => (item.kind === 'insn' ? [dstOf(item.insn)] : [])));
  const [first = 6, second = 7] = [6, 7, 8, 9].sort(
    (a, b) => Number(written.has(b)) - Number(written.has(a)),
  );
  return [first, second];
}

function itemsFor(item: Item, isMain: boolean, seen: Observation, witness: Reference): Item[] {
  if (item.kind !== 'insn') return [item];
  const { insn } = item;
  if (isMain && insn.kind === 'exit') return [...exitItems(seen, witness), item];
  if (insn.kind !== 'call' || insn.target !== 'kfunc') return [item];
  if (!seen.steady.has(calleeKey({ kind: 'kfunc', id: insn.imm }))) return [item];
  const text = 'r1 = address ll\nr2 = *(u64 *)(r1 + 0)\nr2 *= 31\nr2 += r0\n*(u64 *)(r1 + 0) = r2';
  return [item, { kind: 'comment', text: 'its result' }, ...snippet(text, witness)];
}

/** The result is 32 bits wide: the upper half is folded into the lower. */
function exitItems({ r0 }: Observation, witness: Reference): Item[] {
  const text = [
    'r1 = address ll',
    'r1 = *(u64 *)(r1 + 0)',
    // A result that is an address, or depends on one, shows nothing. One that was seen already must not cancel out.
    ...(r0 === undefined ? ['r0 = r1'] : ['r1 *= 30', 'r0 += r1']),
    'r1 = r0',
    'r1 >>= 32',
    'r0 ^= r1',
  ];
  return [{ kind: 'comment', text: 'all that was seen' }, ...snippet(text.join('\n'), witness)];
}
