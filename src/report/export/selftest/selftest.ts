/**
 * A case as a selftest of the kernel, in the manner of tools/testing/selftests/bpf/progs/verifier_*.c: naked functions
 * of inline assembly, and the result they must have. It compiles anywhere that clang knows BPF.
 */
import type { DataSection, Program } from '../../../bpf/program.ts';
import { calleeKey } from '../../../core/env.ts';
import { commentText, stringText } from '../c-text.ts';
import type { ExportSubject } from '../subject.ts';
import { asmLine } from './inline-asm.ts';
import type { ItemFunction, Items } from './items.ts';
import { kfuncModels, type NamedKfunc, parameters } from './kfunc-model.ts';
import { maskedKfuncs, type Positions } from './masked-kfuncs.ts';
import { type Names, namesOf } from './names.ts';
import { type Observation, observe } from './observe.ts';
import { PREAMBLE } from './preamble.ts';
import { prepared } from './prepare.ts';
import { passesStackArgs, weighed } from './weigh.ts';

/** The test as a program, and what the reference sees of it. */
export interface Test {
  readonly items: Items;
  readonly seen: Observation;
  /** Arguments of kfuncs that their results depend on. */
  readonly positions: Positions;
  /** The case with such kfuncs. */
  readonly subject: ExportSubject;
}

export function testOf(given: ExportSubject): Test {
  const items = prepared(given);
  const kfuncs = maskedKfuncs(given, items);
  const seen = observe(kfuncs.subject, items);
  if (!passesStackArgs(items)) return { items, seen, ...kfuncs };
  const more = weighed(items, seen);
  return { items: more, seen: observe(kfuncs.subject, more), ...kfuncs };
}

export function selftestExport(subject: ExportSubject): string {
  const test = testOf(subject);
  const { items, seen } = test;
  const names = namesOf(items, subject.program);
  const kfuncs = kfuncsOf(subject.program, names, test);
  const [main, ...others] = items.functions.map((fn, i) => ({ fn, name: names.functions[i] ?? '' }));
  return [
    '// SPDX-License-Identifier: GPL-2.0',
    ...head(subject, seen, passesStackArgs(items)),
    PREAMBLE,
    '',
    ...items.data.flatMap((section, i) => variable(section, names.data[i] ?? '', isNamed(items, i))),
    ...kfuncs.map(({ name, args }) => `extern __u64 ${name}(${parameters('__u64', args)}) __ksym;\n`),
    ...others.map(({ name, fn }) => `static __u64 ${name}(${parameters('__u64', fn.args)});`),
    ...(others.length === 0 ? [] : ['']),
    ...mainFunction(main?.name ?? '', main?.fn, subject, seen, names),
    ...others.flatMap(({ name, fn }) => [
      '__naked __noinline __used',
      `static __u64 ${name}(${parameters('__u64', fn.args)})`,
      ...body(fn, names),
      '',
    ]),
    'char _license[] SEC("license") = "GPL";',
    ...kfuncComment(kfuncs),
    '',
  ].join('\n');
}

function head({ name, replay }: ExportSubject, { whyNot }: Observation, isWeighed: boolean): string[] {
  return [
    '/*',
    ` * Exported by bpf-oracle from ${commentText(name)}; to run it there:`,
    ` *   ${commentText(replay)}`,
    ...(isWeighed
      ? [' * The result depends on each argument of calls with more than five, by its position.']
      : []),
    ...(whyNot === undefined ? [] : [` * It states no result: ${whyNot}.`]),
    ' * Whether a verifier takes it is not known: the reference has none.',
    ' */',
  ];
}

/** Of all data, what some instruction names. */
const isNamed = ({ functions }: Items, section: number): boolean =>
  functions.some(({ items }) =>
    items.some((item) => item.kind === 'insn' && item.to?.kind === 'data' && item.to.section === section),
  );

const BYTES_A_LINE = 12;

function variable({ bytes, writable }: DataSection, name: string, isNamedSomewhere: boolean): string[] {
  if (!isNamedSomewhere) return [];
  const digits = Array.from(bytes, (byte) => `0x${byte.toString(16).padStart(2, '0')},`);
  const rows = Array.from({ length: Math.ceil(digits.length / BYTES_A_LINE) }, (_, row) =>
    digits.slice(BYTES_A_LINE * row, BYTES_A_LINE * (row + 1)),
  );
  const declared = `static ${writable ? '' : 'const '}__u8 ${name}[${Math.max(bytes.length, 1)}] __used __attribute__((aligned(8)))`;
  if (bytes.every((byte) => byte === 0)) return [`${declared} = {};`, ''];
  return [`${declared} = {`, ...rows.map((row) => `\t${row.join(' ')}`), '};', ''];
}

function mainFunction(
  name: string,
  fn: ItemFunction | undefined,
  subject: ExportSubject,
  { r0 }: Observation,
  names: Names,
): string[] {
  if (fn === undefined) return [];
  return [
    'SEC("tc")',
    `__description("bpf-oracle: ${stringText(subject.name)}")`,
    `__success${r0 === undefined ? '' : ` __retval(${retval(r0)})`}`,
    `__naked int ${name}(void)`,
    ...body(fn, names),
    '',
  ];
}

/** The kernel returns the low 32 bits to who runs a program. */
function retval(r0: bigint): string {
  const low = BigInt.asUintN(32, r0);
  return low < 0x1_0000n ? `${low}` : `0x${low.toString(16)}`;
}

function body(fn: ItemFunction, names: Names): string[] {
  const called = new Set(
    fn.items.flatMap((item) => {
      if (item.kind !== 'insn' || item.insn.kind !== 'call' || item.insn.target !== 'kfunc') return [];
      return [names.kfuncs.get(calleeKey({ kind: 'kfunc', id: item.insn.imm })) ?? ''];
    }),
  );
  const inputs = [...called].map((name) => `__imm(${name})`).join(', ');
  return [
    '{',
    '\tasm volatile (',
    ...fn.items.map((item) => asmLine(item, names)),
    inputs === '' ? '\t::: __clobber_all);' : `\t:: ${inputs} : __clobber_all);`,
    '}',
  ];
}

function kfuncsOf({ callees }: Program, { kfuncs }: Names, { seen, positions }: Test): NamedKfunc[] {
  return [...callees.values()].flatMap((callee) => {
    const key = calleeKey(callee);
    const name = kfuncs.get(key);
    if (name === undefined) return [];
    const args = callee.args ?? seen.arity.get(key) ?? 0;
    return [{ callee, name, args, counting: positions.get(key) ?? [] }];
  });
}

function kfuncComment(kfuncs: readonly NamedKfunc[]): string[] {
  const models = kfuncModels(kfuncs);
  if (models.length === 0) return [];
  return [
    '',
    '/*',
    ' * The kfuncs, for a module such as bpf_testmod. In their results each argument counts by its position, but for',
    ' * those that are addresses in this test.',
    ' *',
    ...models.map((line) => (line === '' ? ' *' : ` *\t${line}`)),
    ' */',
  ];
}
