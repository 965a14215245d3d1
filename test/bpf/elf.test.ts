import { describe, expect, it } from 'vitest';
import { listPrograms, readElf } from '../../src/bpf/elf.ts';
import type { LddwInsn } from '../../src/bpf/insn.ts';
import { type Program, targetOf } from '../../src/bpf/program.ts';
import { DATA_BASE, PAGE_SIZE } from '../../src/core/layout.ts';
import { errorOf, objectFile } from './elf-fixtures.ts';

const load = (name: string, options: { section?: string; function?: string } = {}): Program =>
  readElf(objectFile(name), { fileName: name, ...options }).program;

const page = (n: number): bigint => DATA_BASE + BigInt(n * PAGE_SIZE);

/** Names of the subprogs a subprog refers to, with the instruction that does, in order. */
function references(program: Program, subprogName: string): string[] {
  const subprog = program.subprogs.find(({ name }) => name === subprogName);
  const found: string[] = [];
  program.insns.forEach((insn, pc) => {
    if (subprog === undefined || insn === undefined || pc < subprog.start || pc >= subprog.end) return;
    if (insn.kind === 'call' && insn.target === 'kfunc')
      found.push(`kfunc ${program.callees.get(`kfunc:${insn.imm}`)?.name}`);
    if (insn.kind === 'call' && insn.target === 'helper') found.push(`helper ${insn.imm}`);
    if (insn.kind !== 'call' && insn.kind !== 'lddw') return;
    const target = targetOf(pc, insn);
    const name = program.subprogs.find(({ start }) => start === target)?.name;
    if (target !== undefined) found.push(`${insn.kind} ${name}`);
  });
  return found;
}

describe('readElf: functions', () => {
  it.each(['calls.o', 'calls-no-btf.o'])('lays out main and what it reaches, as libbpf does: %s', (file) => {
    const program = load(file);
    expect(program.name).toBe(`${file}:entry`);
    expect(program.subprogs.map(({ name }) => name)).toEqual([
      'entry',
      'choose',
      'accumulate',
      'weigh',
      'callback',
    ]);
    expect(program.subprogs[0]?.start).toBe(0);
    expect(program.subprogs.at(-1)?.end).toBe(program.insns.length);
  });

  it('resolves calls of every form, code addresses and kfuncs', () => {
    const program = load('calls.o');
    expect(references(program, 'entry')).toEqual([
      'call choose',
      'lddw callback',
      'helper 181',
      'kfunc kfunc_two',
      'kfunc kfunc_weak',
    ]);
    expect(references(program, 'choose')).toEqual(['kfunc kfunc_two', 'call accumulate']);
    expect(references(program, 'accumulate')).toEqual(['call weigh']);
  });

  it('numbers kfuncs from 1 in order of first use and keeps helper numbers', () => {
    expect([...load('calls.o').callees.values()]).toEqual([
      { kind: 'helper', id: 181, name: 'helper_181', args: undefined },
      { kind: 'kfunc', id: 1, name: 'kfunc_two', args: 2 },
      { kind: 'kfunc', id: 2, name: 'kfunc_weak', args: 1 },
    ]);
  });

  it.each([
    { options: {}, want: ['entry', 'choose', 'accumulate', 'weigh', 'callback'] },
    { options: { section: 'tc' }, want: ['entry_tc', 'accumulate', 'weigh'] },
    { options: { function: 'entry_tc_plain' }, want: ['entry_tc_plain'] },
    { options: { section: 'tc', function: 'entry_tc' }, want: ['entry_tc', 'accumulate', 'weigh'] },
    { options: { function: 'weigh' }, want: ['weigh'] },
    { options: { section: '.text' }, want: ['accumulate', 'weigh'] },
  ])('starts at the chosen program: $options', ({ options, want }) => {
    expect(load('calls.o', options).subprogs.map(({ name }) => name)).toEqual(want);
  });

  it('lists the programs', () => {
    expect(listPrograms(objectFile('calls.o'), 'calls.o')).toEqual([
      { name: 'entry', section: 'xdp' },
      { name: 'entry_tc', section: 'tc' },
      { name: 'entry_tc_plain', section: 'tc' },
    ]);
  });

  it('names the programs there are when the choice fits none', () => {
    expect(errorOf(() => load('calls.o', { section: 'tc', function: 'entry' })).message).toBe(
      'read ELF: calls.o: section tc, function entry: no such program: it has 3 programs: entry (xdp), entry_tc (tc), entry_tc_plain (tc); choose with --function',
    );
  });
});

describe('readElf: data', () => {
  it('lays sections out by pages with one unmapped between two', () => {
    const { data } = load('calls.o');
    expect(data.map(({ name, address, writable }) => ({ name, address, writable }))).toEqual([
      { name: '.data', address: page(0), writable: true },
      { name: '.data.named', address: page(2), writable: true },
      { name: '.bss', address: page(4), writable: true },
      { name: '.rodata', address: page(6), writable: false },
      { name: '.rodata.str1.1', address: page(8), writable: false },
    ]);
  });

  it('fills them: values, zeros, and pointers with their addends', () => {
    const sections = new Map(load('calls.o').data.map((section) => [section.name, section]));
    const bytesOf = (name: string): DataView =>
      new DataView(sections.get(name)?.bytes.buffer ?? new ArrayBuffer(0));
    expect(bytesOf('.data').getBigUint64(0, true)).toBe(5n);
    expect(bytesOf('.data').getBigUint64(8, true)).toBe(page(0));
    expect(bytesOf('.data.named').getBigUint64(0, true)).toBe(0x1122334455667788n);
    expect(sections.get('.bss')?.bytes).toEqual(new Uint8Array(32));
    const text = Buffer.from(sections.get('.rodata.str1.1')?.bytes ?? []).toString('latin1');
    const words = [0, 8, 16].map((at) => Number(bytesOf('.rodata').getBigUint64(at, true) - page(8)));
    expect(words.map((at) => text.slice(at, text.indexOf('\0', at)))).toEqual(['zero', 'one', 'two']);
  });

  it('puts addresses with addends into lddw', () => {
    const program = load('calls.o', { function: 'accumulate' });
    const lddws = program.insns.filter((insn): insn is LddwInsn => insn?.kind === 'lddw');
    // sums is .bss + 0; table is .rodata + 24, after the three pointers of words, which come along.
    expect(lddws.map(({ src, imm }) => ({ src, imm }))).toEqual([
      { src: 0, imm: page(0) },
      { src: 0, imm: page(2) + 24n },
    ]);
    expect(program.data.map(({ name }) => name)).toEqual(['.bss', '.rodata', '.rodata.str1.1']);
  });

  it('loads only data the program can reach', () => {
    expect(load('calls.o', { function: 'entry_tc_plain' }).data).toEqual([]);
  });
});

describe('readElf: prototypes', () => {
  const argsOf = (program: Program): Record<string, number | undefined> =>
    Object.fromEntries([
      ...program.subprogs.map(({ name, args }) => [name, args]),
      ...[...program.callees.values()].map(({ name, args }) => [name, args]),
    ]);

  it('come from BTF', () => {
    expect(argsOf(load('calls.o'))).toEqual({
      entry: 1,
      choose: 1,
      accumulate: 1,
      weigh: 2,
      callback: 2,
      helper_181: undefined,
      kfunc_two: 2,
      kfunc_weak: 1,
    });
  });

  it('are unknown without BTF', () => {
    expect(argsOf(load('calls-no-btf.o'))).toMatchObject({ entry: 5, weigh: 5, kfunc_two: undefined });
  });

  it('count registers, and for static functions what the code reads', () => {
    expect(argsOf(load('wide-args.o'))).toEqual({
      entry: 1,
      promoted: 2,
      kfunc_pair: 3,
      kfunc_big: 3,
      kfunc_none: 0,
      kfunc_many: undefined,
    });
  });

  it('may not exceed twelve', () => {
    const loading = (name: string) => (): unknown =>
      readElf(objectFile('tiny.o'), { fileName: 'tiny.o', protos: new Map([[name, 13]]) });
    expect(errorOf(loading('kfunc_one')).message).toBe(
      'read ELF: tiny.o:entry: kfunc kfunc_one: a kfunc takes at most 12 arguments, not 13',
    );
    expect(errorOf(loading('twice')).message).toContain('a function takes at most 12 arguments, not 13');
  });

  it('give way to the user', () => {
    const protos = new Map([
      ['kfunc_one', 12],
      ['twice', 3],
    ]);
    const { program } = readElf(objectFile('tiny.o'), { fileName: 'tiny.o', protos });
    expect(argsOf(program)).toEqual({ entry: 1, twice: 3, kfunc_one: 12 });
  });
});
