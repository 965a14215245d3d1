/**
 * A case as a program of a kernel: r1 of main points to the context there, so what the case has in r1 and r2, memory
 * and its size, is put there by main's first instructions, and the memory is a variable.
 */
import { highestArgRead } from '../../../bpf/live-args.ts';
import type { DataSection, Program } from '../../../bpf/program.ts';
import { calleeKey } from '../../../core/env.ts';
import { badInput } from '../../../core/errors.ts';
import { DATA_BASE, PAGE_SIZE } from '../../../core/layout.ts';
import type { ExportSubject } from '../subject.ts';
import { type Item, type Items, itemsOf } from './items.ts';
import { snippet } from './snippet.ts';

/** Names of variables that are added. */
export const MEMORY = 'memory';

export function prepared({ program, env, name }: ExportSubject): Items {
  const items = itemsOf(program, name);
  if (!readsInput(program)) return items;
  if (items.functions.some((fn) => fn.items.some((item) => callsMain(item))))
    throw badInput('export', name, 'a function calls main, which takes memory; a kernel has no such calls');
  const { memory } = env.input;
  if (memory.length === 0) return withPreamble(items, snippet('r1 = 0\nr2 = 0'));
  const data = addVariable(items.data, MEMORY, memory);
  const section = data.length - 1;
  const preamble = snippet(`r1 = address ll\nr2 = ${memory.length}`, { kind: 'data', section, offset: 0 });
  return withPreamble({ ...items, data }, preamble);
}

const callsMain = (item: Item): boolean =>
  item.kind === 'insn' && item.to?.kind === 'function' && item.to.index === 0;

function withPreamble({ functions: [main, ...others], data }: Items, preamble: readonly Item[]): Items {
  if (main === undefined) return { functions: [], data };
  const comment: Item = { kind: 'comment', text: 'what the case has in r1 and r2' };
  return { functions: [{ ...main, items: [comment, ...preamble, ...main.items] }, ...others], data };
}

/** Whether main reads r1 or another register of arguments while it holds what it had at entry. */
function readsInput(program: Program): boolean {
  const { insns, subprogs, callees } = program;
  const argsOfCall = (pc: number, call: { target: string; imm: number }): number | undefined =>
    call.target === 'local'
      ? subprogs.find(({ start }) => start === pc + 1 + call.imm)?.args
      : callees.get(calleeKey({ kind: call.target as 'helper', id: call.imm }))?.args;
  return highestArgRead({ insns, start: 0, end: subprogs[0]?.end ?? 0, argsOfCall }) > 0;
}

/** One more writable section behind the others. */
export function addVariable(data: readonly DataSection[], name: string, bytes: Uint8Array): DataSection[] {
  const page = BigInt(PAGE_SIZE);
  const end = data.reduce((highest, { address, bytes: { length } }) => {
    const next = address + BigInt(length);
    return next > highest ? next : highest;
  }, DATA_BASE);
  const address = (end / page + 2n) * page;
  return [...data, { name, address, bytes, writable: true }];
}
