import { describe, expect, it } from 'vitest';
import type { ConventionName } from '../../src/bpf/calling.ts';
import { load } from '../../src/bpf/load.ts';
import { type Program, subprogAt } from '../../src/bpf/program.ts';
import { toFileForm } from '../../src/bpf/stack-arg-form.ts';

const loaded = (text: string, convention?: ConventionName): Program =>
  load(new TextEncoder().encode(text), {
    fileName: 'a.s',
    ...(convention === undefined ? {} : { convention }),
  }).program;

/** f takes 7 arguments and passes 8 on: its own lie at -8 and -16 under shared offsets, g's at -24 and below. */
const body = (base: string, load: (n: number) => string, store: (slot: number) => string): string => `
main:
  *(u64 *)(${base} - 8) = 1
  *(u64 *)(${base} - 16) = 2
  call f
  exit
f:
  r1 = *(u64 *)(${base} ${load(6)})
  r2 = *(u64 *)(${base} ${load(7)})
  *(u64 *)(${base} ${store(0)}) = r1
  *(u64 *)(${base} ${store(1)}) = r2
  *(u64 *)(${base} ${store(2)}) = 3
  call g
  exit
g:
  r0 = *(u64 *)(${base} ${load(8)})
  exit
`;
const split = (base: string): string =>
  body(
    base,
    (n) => `+ ${8 * (n - 5)}`,
    (slot) => `- ${8 * (slot + 1)}`,
  );
const SHARED = body(
  'r12',
  (n) => `- ${8 * (n - 5)}`,
  (slot) => `- ${16 + 8 * (slot + 1)}`,
);

describe('a program with stack arguments', () => {
  const linux = loaded(split('r11'));

  it.each([
    ['zero', split('r12')],
    ['reply', SHARED],
    ['v3', SHARED],
  ] as const)('is the same in memory when its file is in the form of %s', (convention, text) => {
    const program = loaded(text, convention);
    expect(program.insns).toEqual(linux.insns);
    expect(program.subprogs).toEqual(linux.subprogs);
    expect(program.convention).toBe(convention);
  });

  it('names its convention in its file', () => {
    expect(loaded(`# oracle: convention v3\n${SHARED}`)).toMatchObject({
      convention: 'v3',
      insns: linux.insns,
    });
  });

  it('in the form of linux runs under any convention', () => {
    expect(loaded(split('r11'), 'reply').insns).toEqual(linux.insns);
  });

  it.each(['zero', 'reply', 'v3'] as const)('is written in the form of %s, and read back', (convention) => {
    const written = toFileForm(linux.insns, linux.subprogs, convention);
    const bases = written.map((insn) =>
      insn?.kind === 'ldx' ? insn.src : insn?.kind === 'st' ? insn.dst : 12,
    );
    expect(new Set(bases)).toEqual(new Set([12]));
    const pc = linux.insns.findIndex((insn, k) => insn?.kind === 'st' && subprogAt(linux, k).name === 'f');
    expect(written[pc]).toMatchObject({ dst: 12, off: convention === 'zero' ? -24 : -40 });
  });

  it('takes the number of arguments of a prototype over what its loads show', () => {
    const text = 'call f\nexit\nf:\n*(u64 *)(r12 - 24) = 1\nr0 = *(u64 *)(r12 - 8)\ncall 1\nexit\n';
    const options = { fileName: 'a.s', convention: 'v3' } as const;
    const bytes = new TextEncoder().encode(text);
    expect(load(bytes, options).program.subprogs[1]).toMatchObject({ args: 6, outgoing: 2 });
    const stated = load(bytes, { ...options, protos: new Map([['f', 7]]) });
    expect(stated.program.subprogs[1]).toMatchObject({ args: 7, outgoing: 1 });
  });

  it.each([
    [
      'both bases',
      '*(u64 *)(r11 - 8) = 1\n*(u64 *)(r12 - 16) = 1\nexit\n',
      'zero',
      /insn 0: .*through r11 here/,
    ],
    ['r12 under linux', '*(u64 *)(r12 - 8) = 1\nexit\n', 'linux', /R12 is invalid/],
    ['a load on the wrong side', 'r0 = *(u64 *)(r12 + 8)\nexit\n', 'v3', /loads take off/],
    [
      'a store among incoming ones',
      'r0 = *(u64 *)(r12 - 16)\n*(u64 *)(r12 - 8) = 1\nexit\n',
      'v3',
      /stores take/,
    ],
  ] as const)('is refused with %s', (_, text, convention, words) => {
    expect(() => loaded(text, convention)).toThrow(words);
  });
});
