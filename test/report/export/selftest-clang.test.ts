/** What clang makes of exported selftests: instruction by instruction the program that was exported. */
import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { assemble } from '../../../src/bpf/asm.ts';
import { readElf } from '../../../src/bpf/elf.ts';
import { encode } from '../../../src/bpf/encode.ts';
import { load } from '../../../src/bpf/load.ts';
import { buildProgram, type Program, targetOf } from '../../../src/bpf/program.ts';
import { calleeKey } from '../../../src/core/env.ts';
import { dataPlace } from '../../../src/report/export/data-place.ts';
import { link } from '../../../src/report/export/selftest/items.ts';
import { namesOf } from '../../../src/report/export/selftest/names.ts';
import { selftestExport, testOf } from '../../../src/report/export/selftest/selftest.ts';
import { passesStackArgs } from '../../../src/report/export/selftest/weigh.ts';
import type { ExportSubject } from '../../../src/report/export/subject.ts';
import { CLANG, compileC, NO_CLANG } from '../../kit/clang.ts';
import { exportSubject, generatedSubject } from '../../kit/export-subject.ts';

const GENERATED = Array.from({ length: 200 }, (_, i) => i);
const EXAMPLES = fileURLToPath(new URL('../../../examples', import.meta.url));
/** What a selftest cannot hold, and says so. */
const BEYOND_C = new Map([
  ['tail-calls.data', /program arrays/],
  ['fexit.s', /trampoline/],
  ['struct-ops.s', /trampoline/],
  ['exceptions.s', /it can throw/],
  ['probes.data', /insn \d+: the verifier makes/],
]);
const examples = readdirSync(EXAMPLES).filter((name) => name.includes('.') && !BEYOND_C.has(name));

function exampleSubject(name: string): ExportSubject {
  const { program, memory = new Uint8Array() } = load(readFileSync(`${EXAMPLES}/${name}`), {
    fileName: name,
  });
  return exportSubject(program, { env: { input: { memory }, models: new Map(), insnLimit: 100_000 } });
}

it.each([...BEYOND_C])('an exported selftest is refused of examples/%s', (name, why) => {
  expect(() => selftestExport(exampleSubject(name))).toThrow(why);
});

/** Instructions by function, with names and contents in the place of distances and addresses. */
function instructions(program: Program, names: ReadonlyMap<string, string>): Record<string, string[]> {
  const nameOf = (name: string): string => names.get(name) ?? name;
  const bySlot = new Map(program.subprogs.map(({ start, name }) => [start, nameOf(name)]));
  const text = (pc: number): string => {
    const insn = program.insns[pc];
    if (insn === undefined) return '';
    if (insn.kind === 'call' && insn.target === 'kfunc')
      return `call ${nameOf(program.callees.get(calleeKey({ kind: 'kfunc', id: insn.imm }))?.name ?? '')}`;
    if (insn.kind === 'call' && insn.target === 'local')
      return `call ${bySlot.get(targetOf(pc, insn) ?? -1)}`;
    const place = insn.kind === 'lddw' && insn.src === 0 ? dataPlace(program, insn.imm) : undefined;
    if (insn.kind === 'lddw' && place !== undefined)
      return `r${insn.dst} = ${Buffer.from(place.section.bytes.subarray(place.offset)).toString('hex')}`;
    if (insn.kind === 'lddw' && insn.src === 4)
      return `r${insn.dst} = ${bySlot.get(targetOf(pc, insn) ?? -1)}`;
    return Buffer.from(encode(insn.kind === 'lddw' ? [insn, undefined] : [insn])).toString('hex');
  };
  return Object.fromEntries(
    program.subprogs.map(({ name, start, end }) => [
      nameOf(name),
      Array.from({ length: end - start }, (_, i) => text(start + i)),
    ]),
  );
}

/** Variables that the compiler put into one section follow one another: what is wanted is the start of what is there. */
function expectSame(got: Record<string, string[]>, want: Record<string, string[]>): void {
  for (const [name, lines] of Object.entries(got)) {
    const wanted = want[name] ?? [];
    const cut = lines.map((line, i) =>
      /^r\d+ = [0-9a-f]+$/.test(wanted[i] ?? '') && line.startsWith(wanted[i] ?? '') ? wanted[i] : line,
    );
    expect(cut, name).toEqual(wanted);
  }
}

function checkCompiled(subject: ExportSubject): void {
  const { object, complaint } = compileC(selftestExport(subject));
  expect(complaint).toBe('');
  if (object === undefined) throw new Error('no object');
  const { items } = testOf(subject);
  const names = namesOf(items, subject.program);
  const renamed = new Map([
    ...items.functions.map(({ name }, i) => [name, names.functions[i] ?? ''] as const),
    ...[...subject.program.callees].map(([key, { name }]) => [name, names.kfuncs.get(key) ?? name] as const),
  ]);
  const main = names.functions[0] ?? '';
  const got = instructions(readElf(object, { fileName: 'x.o', function: main }).program, new Map());
  expectSame(got, instructions(link(items, subject.program, 0n), renamed));
  if (passesStackArgs(items)) return;
  // Nothing but what main begins with is there that was not in the program.
  const own = instructions(subject.program, renamed);
  expectSame({ ...got, [main]: got[main]?.slice(-(own[main]?.length ?? 0)) ?? [] }, own);
}

const reason = CLANG === undefined ? ` (skipped: ${NO_CLANG})` : '';

describe.skipIf(CLANG === undefined)(`an exported selftest, compiled${reason}`, () => {
  it.each(examples)('has the instructions of examples/%s', (name) => {
    checkCompiled(exampleSubject(name));
  });

  it('are of programs of either kind', () => {
    const passing = GENERATED.filter((index) => passesStackArgs(testOf(generatedSubject(index)).items));
    expect(passing.length).toBeGreaterThan(20);
    expect(GENERATED.length - passing.length).toBeGreaterThan(20);
  });

  it.each(Array.from({ length: 20 }, (_, i) => i))(
    'has those of generated programs from ten times %i on',
    (block) => {
      for (const index of GENERATED.slice(10 * block, 10 * block + 10))
        checkCompiled(generatedSubject(index));
    },
  );

  it('compiles whatever names there are', () => {
    const { insns } = assemble('call f\ncall g\nr0 = 0\nexit\nf:\nr0 = 1\nexit\n');
    const callees = [{ kind: 'kfunc', id: 1, name: 'a"; %[b] */', args: 7 }] as const;
    const functionNames = new Map([
      [0, 'int'],
      [4, 'r1 */ \\" %='],
    ]);
    const program = buildProgram(insns, { callees, functionNames, name: '*/ \\ " %=\n??/' });
    checkCompiled(exportSubject(program));
  });
});
