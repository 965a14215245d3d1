import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { assemble } from '../../../src/bpf/asm.ts';
import { buildProgram, type Program } from '../../../src/bpf/program.ts';
import type { Image } from '../../../src/core/image.ts';
import { compile } from '../../../src/jit/compile.ts';
import { dataNamed } from '../../../src/report/export/data-place.ts';
import { EXPORTERS, type ExportForm } from '../../../src/report/export/forms.ts';
import { jitedLines } from '../../../src/report/export/jited.ts';
import type { ExportSubject } from '../../../src/report/export/subject.ts';
import { exportSubject, generatedSubject, read, substance } from '../../kit/export-subject.ts';
import { COUNTER, FALLS_THROUGH, programOf, TAIL_CALL_PROGRAMS } from '../../kit/tail-calls.ts';

const CASES = Array.from({ length: 60 }, (_, i) => i);
const EXTENSION = { data: '.data', asm: '.s', hex: '.hex', 'c-array': '.hex' } as const;

const program = (text: string) => {
  const { insns, functionNames, callees } = assemble(text);
  return buildProgram(insns, { functionNames, callees });
};

describe('an export', () => {
  it.each(['data', 'asm'] as const)('to %s is read back to the same program, whole', (form) => {
    for (const index of CASES) {
      const subject = generatedSubject(index);
      const { program: got, memory } = read(EXPORTERS[form](subject), `x${EXTENSION[form]}`);
      expect(substance(got), `case ${index}`).toEqual(substance(subject.program));
      if (form === 'data') expect(memory ?? new Uint8Array()).toEqual(subject.env.input.memory);
    }
  });

  it.each(['hex', 'c-array'] as const)('to %s is read back to the same instructions', (form) => {
    const without = CASES.map((index) => generatedSubject(index)).filter(
      (s) => dataNamed(s.program) === undefined,
    );
    expect(without.length).toBeGreaterThan(10);
    for (const subject of without) {
      const { program: got } = read(EXPORTERS[form](subject), `x${EXTENSION[form]}`);
      expect(substance(got).bytes).toBe(substance(subject.program).bytes);
    }
  });

  it.each(['zero', 'v3'] as const)('in the convention %s is read back as such', (convention) => {
    for (const form of ['data', 'asm'] as const) {
      for (const index of CASES.slice(0, 20)) {
        const subject = { ...generatedSubject(index), convention };
        const { program: got } = read(EXPORTERS[form](subject), `x${EXTENSION[form]}`);
        expect(got.convention).toBe(convention);
        expect(substance(got)).toEqual(substance(subject.program));
      }
    }
  });

  it.each(['hex', 'c-array'] as const)('to %s refuses data, which it cannot hold', (form) => {
    const data = [{ name: '.rodata', address: 0x35d1_8000_0000n, bytes: new Uint8Array(8), writable: false }];
    const subject = exportSubject(
      buildProgram([{ kind: 'lddw', dst: 0, src: 0, imm: 0x35d1_8000_0004n }, undefined, { kind: 'exit' }], {
        data,
        name: 'x.o',
      }),
    );
    expect(() => EXPORTERS[form](subject)).toThrow(
      `export: x.o: it has data (.rodata), and ${form} holds instructions alone; use data or asm`,
    );
  });

  it.each(['data', 'asm'] as const)('to %s keeps program arrays', (form) => {
    for (const text of TAIL_CALL_PROGRAMS) {
      const subject = exportSubject(programOf(text), {
        env: { input: { memory: COUNTER }, models: new Map(), insnLimit: 1000 },
      });
      const { program: got } = read(EXPORTERS[form](subject), `x${EXTENSION[form]}`);
      expect(got.progArrays).toEqual(subject.program.progArrays);
      expect(substance(got).bytes).toBe(substance(subject.program).bytes);
    }
  });

  it.each([
    ['hex', 'it has data (jumps), and hex holds'],
    ['c-array', 'it has data (jumps), and c-array holds'],
    ['selftest', 'it has program arrays'],
  ] as const)('to %s refuses program arrays', (form, why) => {
    expect(() => EXPORTERS[form](exportSubject(programOf(FALLS_THROUGH)))).toThrow(why);
  });

  it.each(Object.keys(EXPORTERS) as ExportForm[])('to %s stays whole whatever names there are', (form) => {
    const hostile = '*/ }; "\\%= {x} \u2028 \n-- result\n# oracle: convention v9\n';
    const plain = program('r1 = 1\ncall f\nexit\nf:\nr0 = r1\nexit\n');
    const subject = exportSubject({
      ...plain,
      subprogs: plain.subprogs.map((s) => ({ ...s, name: hostile })),
    });
    const text = EXPORTERS[form]({ ...subject, name: hostile });
    expect(text).not.toContain('\u2028');
    expect(text.split('\n').filter((line) => line === '-- result').length).toBe(form === 'data' ? 1 : 0);
    if (form === 'jited' || form === 'selftest') return;
    expect(substance(read(text, `x${EXTENSION[form]}`).program).bytes).toBe(substance(plain).bytes);
  });
});

describe('assembly', () => {
  it('says of each instruction where it is and which argument it is about', () => {
    const subject = exportSubject(
      program('r1 = 1\n*(u64 *)(r11 - 16) = 7\ncall f\nexit\nf:\nr0 = *(u64 *)(r11 + 16)\nexit\n'),
    );
    const text = EXPORTERS.asm({
      ...subject,
      env: { ...subject.env, input: { memory: Uint8Array.of(1, 255) } },
    });
    expect(text).toBe(`# Exported from program. Each line: instruction, slot, bytes.
# Its memory: --mem 01ff
# oracle: convention linux
# oracle: proto main=5
# oracle: proto f=7

main:
  r1 = 1                                   #    0: b7 01 00 00 01 00 00 00
  *(u64 *)(r11 - 16) = 7                   #    1: 7a 0b f0 ff 07 00 00 00  outgoing arg 7
  call f                                   #    2: 85 10 00 00 01 00 00 00  takes 7
  exit                                     #    3: 95 00 00 00 00 00 00 00

# f takes 7
f:
  r0 = *(u64 *)(r11 + 16)                  #    4: 79 b0 10 00 00 00 00 00  incoming arg 7
  exit                                     #    5: 95 00 00 00 00 00 00 00
`);
  });
});

describe('a program that native code calls through a trampoline', () => {
  const example = (name: string): ExportSubject => {
    const { program } = read(readFileSync(`examples/${name}`, 'utf8'), name);
    return exportSubject(program);
  };

  it.each(['fexit.s', 'struct-ops.s'])('is called so again, of %s as assembly and as a case', (name) => {
    const subject = example(name);
    for (const form of ['asm', 'data'] as const)
      expect(read(EXPORTERS[form](subject), `x${EXTENSION[form]}`).program.native).toEqual(
        subject.program.native,
      );
  });

  it('has no trampoline and no thunks among its __jited lines', () => {
    const { program } = example('fexit.s');
    const plain = { ...program };
    delete (plain as { native?: unknown }).native;
    const lines = (image: Image): string[] => jitedLines({ program }, image);
    const own = lines(compile(plain).image);
    expect(lines(compile(program).image)).toEqual(own);
    expect(lines(compile(program, { returnThunk: true }).image)).toHaveLength(own.length);
  });

  it('is no selftest', () => {
    expect(() => EXPORTERS.selftest(example('fexit.s'))).toThrow('native code calls it through a trampoline');
  });

  it('keeps the types of kfuncs that take structures', () => {
    const { program } = example('kfunc-aggregates.s');
    const again = read(EXPORTERS.asm(exportSubject(program)), 'x.s').program;
    const signatures = ({ callees }: Program) => [...callees.values()].map(({ signature }) => signature);
    expect(signatures(again)).toEqual(signatures(program));
    expect(signatures(program)[0]).toBeDefined();
  });
});

describe('the .data form', () => {
  it('states the result of the file, else that of the reference, as nobody’s promise', () => {
    const subject = exportSubject(program('r0 = 5\nexit\n'));
    const stated = EXPORTERS.data({ ...subject, expected: 7n as never });
    expect(read(stated, 'x.data').expected).toBe(7n);
    const text = EXPORTERS.data(subject);
    expect(text).toMatch(/-- result\n0x5\n$/);
    expect(read(text, 'x.data').expected).toBeUndefined();
  });

  it('keeps what the case’s own file said of where it came from', () => {
    const oracle = new Map([
      ['seed', ['1']],
      ['path', ['2:3']],
      ['jit', ['mutant:x']],
    ]);
    const text = EXPORTERS.data(exportSubject(program('exit\n'), { oracle }));
    expect(read(text, 'x.data').oracle?.get('path')).toEqual(['2:3']);
    expect(read(text, 'x.data').oracle?.get('jit')).toEqual(['mutant:x']);
  });
});

describe('__jited lines', () => {
  const lines = (text: string): string[] => EXPORTERS.jited(exportSubject(program(text))).split('\n');

  it('have labels for jumps inside a function, and patterns for what a kernel decides', () => {
    const got = lines('r1 = 3\nif r1 == 0 goto +1\ncall f\nr0 = 0\nexit\nf:\nr0 = 1\nexit\n');
    expect(got.slice(0, 3)).toEqual([
      '/* Exported from program: what the builtin JIT makes of it */',
      '__arch_x86_64',
      '/* main */',
    ]);
    expect(got).toContain('__jited("\tje\tL0")');
    expect(got.filter((line) => line.includes('L0:'))).toEqual(['__jited("L0:\txorl\t%eax, %eax")']);
    expect(got).toContain('__jited("\tcallq\t0x{{.*}}")');
    expect(got.filter((line) => line === '__jited("\t{{(retq|jmp\t0x)}}")')).toHaveLength(2);
    expect(got.indexOf('__jited("...")')).toBe(got.indexOf('/* f */') - 1);
    expect(got.join()).not.toContain('int3');
  });

  it('give a prefix a line of its own', () => {
    const got = lines('r1 = 1\nlock *(u64 *)(r10 - 8) += r1\nr0 = 0\nexit\n');
    expect(got[got.indexOf('__jited("\tlock")') + 1]).toBe('__jited("\taddq\t%rdi, -0x8(%rbp)")');
  });

  it('leave open where data lies', () => {
    const data = [{ name: '.data', address: 0x35d1_8000_0000n, bytes: new Uint8Array(8), writable: true }];
    const { insns } = program('r1 = 0x35d180000000 ll\nr2 = 0x1122334455667788 ll\nr0 = 0\nexit\n');
    const text = EXPORTERS.jited(exportSubject(buildProgram(insns, { data })));
    // biome-ignore lint/suspicious/noTemplateCurlyInString: a pattern of the kernel's
    expect(text).toContain('movabsq\t${{.*}}, %rdi');
    expect(text).toContain('movabsq\t$0x1122334455667788, %rsi');
  });
});

describe('llvmInsns', async () => {
  const { llvmInsns } = await import('../../../src/report/export/llvm-text.ts');
  const vectors = readFileSync(new URL('../../vectors/x86-llvm.txt', import.meta.url), 'utf8')
    .split('\n')
    .filter((line) => line !== '' && !line.startsWith('#'))
    .map((line) => line.split(' | ') as [bytes: string, text: string]);

  it.each(vectors)('writes %s as LLVM does: %s', (bytes, want) => {
    const code = Uint8Array.from(bytes.split(' '), (byte) => Number.parseInt(byte, 16));
    const [insn] = llvmInsns(code, 0, code.length);
    expect(`${insn?.mnemonic} ${insn?.operands}`.trim()).toBe(want);
  });
});
