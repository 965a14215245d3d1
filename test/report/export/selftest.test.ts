import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { assemble } from '../../../src/bpf/asm.ts';
import { buildProgram, type Program } from '../../../src/bpf/program.ts';
import { Checker } from '../../../src/checker.ts';
import { defaultModel } from '../../../src/core/env.ts';
import { u64 } from '../../../src/core/u64.ts';
import { compile } from '../../../src/jit/compile.ts';
import { LINUX_TARGET } from '../../../src/jit/target.ts';
import { MUTANTS } from '../../../src/mutant/index.ts';
import { link } from '../../../src/report/export/selftest/items.ts';
import { kfuncModels } from '../../../src/report/export/selftest/kfunc-model.ts';
import { selftestExport, testOf } from '../../../src/report/export/selftest/selftest.ts';
import type { ExportSubject } from '../../../src/report/export/subject.ts';
import { exportSubject, generatedSubject } from '../../kit/export-subject.ts';

function program(text: string, args: Readonly<Record<string, number>> = {}): Program {
  const { insns, functionNames, callees } = assemble(text);
  const functionArgs = new Map(
    [...functionNames].flatMap(([slot, name]) => (name in args ? [[slot, args[name] ?? 0]] : [])),
  );
  const known = callees.map((callee) => ({ ...callee, args: args[callee.name] }));
  return buildProgram(insns, { functionNames, functionArgs, callees: known });
}

const memory = (subject: ExportSubject, bytes: Uint8Array): ExportSubject => ({
  ...subject,
  env: { ...subject.env, input: { memory: bytes } },
});

const retvalOf = (text: string): string | undefined => /^__success __retval\((\w+)\)$/m.exec(text)?.[1];

/** Calls f with twelve different arguments, and throws away what it returns. */
const IGNORANT = [
  ...[6, 7, 8, 9, 10, 11, 12].map((n) => `*(u64 *)(r11 - ${8 * (n - 5)}) = ${100 + n}`),
  ...[1, 2, 3, 4, 5].map((n) => `r${n} = ${100 + n}`),
  'call f',
  'r0 = 0',
  'exit',
].join('\n');
const F = '\nf:\nr0 = 0\nexit\n';

function mutated(name: string): Checker {
  const mutant = MUTANTS.find((candidate) => candidate.name === name);
  const target = mutant === undefined ? LINUX_TARGET : mutant.mutate(LINUX_TARGET);
  return new Checker({ compile: (tested) => compile(tested, {}, target).image });
}

/** r0 under a JIT, as a kernel would see it. */
function runUnder(name: string, { items, subject }: ReturnType<typeof testOf>): bigint | string {
  const checker = mutated(name);
  try {
    const { outcome } = checker.runNative(link(items, subject.program, 0n), { models: subject.env.models });
    return outcome.kind === 'exit' ? BigInt.asUintN(32, outcome.r0) : outcome.kind;
  } finally {
    checker.close();
  }
}

describe('the result a selftest states', () => {
  it('is r0 of a program without stack arguments, as 32 bits', () => {
    expect(retvalOf(selftestExport(exportSubject(program('r0 = 7\nexit\n'))))).toBe('7');
    expect(retvalOf(selftestExport(exportSubject(program('r0 = -2\nexit\n'))))).toBe('0xfffffffe');
  });

  it('is what the JIT makes of the test too, for generated programs', () => {
    let stated = 0;
    for (let index = 0; index < 60; index++) {
      const subject = generatedSubject(index);
      const test = testOf(subject);
      if (test.seen.r0 === undefined) continue;
      stated++;
      expect(runUnder('none', test), `case ${index}`).toBe(BigInt.asUintN(32, test.seen.r0));
    }
    expect(stated).toBeGreaterThan(10);
  });

  it.each(['swap-args-7-8-bpf', 'incoming-8-too-low'])(
    'differs under %s, though the program throws away what the function returns',
    (mutant) => {
      const subject = exportSubject(program(`${IGNORANT}${F}`, { f: 12 }));
      const test = testOf(subject);
      expect(runUnder('none', test)).toBe(BigInt.asUintN(32, test.seen.r0 ?? -1n));
      expect(runUnder(mutant, test)).not.toBe(BigInt.asUintN(32, test.seen.r0 ?? -1n));
    },
  );

  it('differs where the program returns what the kfunc returned', () => {
    const text = IGNORANT.replace('r0 = 0\n', '');
    const test = testOf(exportSubject(program(text, { f: 12 })));
    expect(runUnder('none', test)).toBe(BigInt.asUintN(32, test.seen.r0 ?? -1n));
    expect(runUnder('swap-args-7-8-kfunc', test)).not.toBe(BigInt.asUintN(32, test.seen.r0 ?? -1n));
  });

  it.each(['swap-args-7-8-bpf', 'swap-args-7-8-kfunc'])(
    'differs for most generated programs that %s makes diverge',
    (mutant) => {
      let stated = 0;
      let seen = 0;
      const checker = mutated(mutant);
      for (let index = 0; index < 80; index++) {
        const subject = generatedSubject(index);
        const { memory: bytes } = subject.env.input;
        if (checker.check(subject.program, { memory: bytes }).verdict !== 'diverge') continue;
        const test = testOf(subject);
        if (test.seen.r0 === undefined) continue;
        stated++;
        if (runUnder(mutant, test) !== BigInt.asUintN(32, test.seen.r0)) seen++;
      }
      checker.close();
      expect(stated).toBeGreaterThan(3);
      expect(seen / stated).toBeGreaterThan(0.8);
    },
  );

  it('differs where a kfunc gets two arguments the wrong way round', () => {
    const subject = exportSubject(program(IGNORANT, { f: 12 }));
    const swapped = exportSubject(
      program(IGNORANT.replace('= 107', '= X').replace('= 108', '= 107').replace('= X', '= 108'), { f: 12 }),
    );
    expect(testOf(subject).seen.r0).not.toBe(testOf(swapped).seen.r0);
  });

  it('is stated though a kfunc gets an address, which its model then leaves out', () => {
    const text = IGNORANT.replace('r3 = 103', 'r3 = r10').replace('r0 = 0\n', '');
    const exported = selftestExport(exportSubject(program(text, { f: 12 })));
    expect(retvalOf(exported)).toBeDefined();
    expect(exported).toContain('h = mix(h ^ (a2 + ');
    expect(exported).not.toContain('h = mix(h ^ (a3 + ');
  });

  it('leaves out arguments that are addresses', () => {
    const text = `${IGNORANT.replace('r3 = 103', 'r3 = r10').replace('*(u64 *)(r11 - 16) = 107', 'r6 = r10\n*(u64 *)(r11 - 16) = r6')}${F}`;
    const exported = selftestExport(exportSubject(program(text, { f: 12 })));
    expect(retvalOf(exported)).toBeDefined();
    expect(exported).toContain('*= 2;');
    expect(exported).not.toMatch(/\*= [37];/);
    expect(exported).toContain('*= 8;');
  });

  it.each([
    ['r0 = r10\nexit\n', 'its result depends on addresses'],
    ['call 5\nexit\n', 'it calls helpers, which return what a kernel makes of them'],
    ['r1 = 16\nr0 = *(u64 *)(r1 + 0)\nexit\n', 'the reference does not see it exit'],
  ])('is missing, with the reason, where there is none: %j', (text, why) => {
    const exported = selftestExport(exportSubject(program(text)));
    expect(retvalOf(exported)).toBeUndefined();
    expect(exported).toContain(` * It states no result: ${why}.\n`);
    expect(exported).toContain('\n__success\n');
  });
});

describe('main of a selftest', () => {
  it('begins with the case’s memory where it reads r1', () => {
    const reads = program('r0 = *(u8 *)(r1 + 1)\nr0 += r2\nexit\n');
    const exported = selftestExport(memory(exportSubject(reads), Uint8Array.of(5, 9)));
    expect(exported).toContain(
      'static __u8 memory[2] __used __attribute__((aligned(8))) = {\n\t0x05, 0x09,\n};',
    );
    expect(exported).toContain('\t"r1 = memory ll;"\n\t"r2 = 2;"\n\t"w0 = *(u8 *)(r1 + 1);"');
    expect(retvalOf(exported)).toBe('11');
  });

  it('has zeros there where the case has none', () => {
    const exported = selftestExport(exportSubject(program('r0 = r1\nr0 += r2\nexit\n')));
    expect(exported).toContain('\t"r1 = 0;"\n\t"r2 = 0;"\n\t"r0 = r1;"');
    expect(retvalOf(exported)).toBe('0');
  });

  it('is as it is where it reads neither', () => {
    const exported = selftestExport(memory(exportSubject(program('r0 = 1\nexit\n')), Uint8Array.of(5)));
    expect(exported).toContain('asm volatile (\n\t"r0 = 1;"\n\t"exit;"\n\t::: __clobber_all);');
    expect(exported).not.toContain('memory[');
  });
});

describe('inline assembly', () => {
  it('doubles percent signs, numbers its labels, and has bytes for what clang cannot say', () => {
    const text =
      'r1 = 5\nr1 %= 3\nr1 s%= 2\nr2 = r10\nr3 = load_acquire((u64 *)(r2 - 8))\nif r1 == 0 goto +1\nr1 = 0\nr0 = 0\nexit\n';
    const exported = selftestExport(exportSubject(program(text)));
    for (const line of ['"r1 %%= 3;"', '"r1 s%%= 2;"', '"if r1 == 0 goto l7_%=;"', '"l7_%=:"'])
      expect(exported).toContain(`\t${line}\n`);
    expect(exported).toContain('\t".8byte 0x00000100fff823db;" /* r3 = load_acquire((u64 *)(r2 - 8)) */\n');
  });

  it('declares kfuncs and names them as operands', () => {
    const exported = selftestExport(exportSubject(program('call kf\nexit\n', { kf: 0 })));
    expect(exported).toContain('extern __u64 kf(void) __ksym;\n');
    expect(exported).toContain('\t"call %[kf];"\n\t"exit;"\n\t:: __imm(kf) : __clobber_all);');
  });
});

describe('selftestExport', () => {
  it.each(['map_by_fd(3)', 'var_addr(3)'])(
    'refuses %s, which means something in one kernel only',
    (value) => {
      const subject = exportSubject(program(`r1 = ${value}\nr0 = 0\nexit\n`), { name: 'x.s' });
      expect(() => selftestExport(subject)).toThrow(
        /^export: x\.s: insn 0 \(lddw\): it names a map or variable/,
      );
    },
  );

  it('refuses calls of a main that takes memory', () => {
    const subject = exportSubject(program('m:\nr0 = r1\ncall f\nexit\nf:\ncall m\nexit\n'));
    expect(() => selftestExport(subject)).toThrow('a function calls main, which takes memory');
  });
});

describe('kfuncModels', () => {
  const folder = mkdtempSync(join(tmpdir(), 'bpf-oracle-model-'));
  afterAll(() => rmSync(folder, { recursive: true }));
  const cc = ['cc', 'gcc', 'clang'].find((name) => spawnSync(name, ['--version']).status === 0);

  it.skipIf(cc === undefined)('compute in C what the reference’s kfuncs compute', () => {
    const callee = { kind: 'kfunc', id: 77, name: 'kf', args: 12 } as const;
    const args = Array.from({ length: 12 }, (_, i) => u64(0x9123_4567_89ab_cdefn * BigInt(i + 3)));
    const counting = [1, 2, 3, 5, 8, 12];
    const source = [
      '#include <stdio.h>',
      'typedef unsigned long long u64;',
      '#define __bpf_kfunc',
      ...kfuncModels([{ callee, name: 'kf', args: 12, counting }]),
      `int main(void) { printf("%llx", kf(${args.map((arg) => `0x${arg.toString(16)}ull`).join(', ')})); return 0; }`,
    ].join('\n');
    const [input, output] = [join(folder, 'model.c'), join(folder, 'model')];
    writeFileSync(input, source);
    expect(`${spawnSync(cc ?? '', ['-Wall', '-Werror', input, '-o', output]).stderr}`).toBe('');
    const counted = args.map((arg, i) => (counting.includes(i + 1) ? arg : undefined));
    const want = defaultModel({
      callee,
      args: counted,
      memory: { read: () => undefined, write: () => false },
    });
    expect(`${spawnSync(output).stdout}`).toBe(want.toString(16));
  });
});
