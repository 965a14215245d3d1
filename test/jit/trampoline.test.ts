/** Trampolines: their code byte for byte, and each kind run on the machines. */
import { afterAll, describe, expect, it } from 'vitest';
import { load } from '../../src/bpf/load.ts';
import { parseNativeProto } from '../../src/bpf/native-proto.ts';
import type { Program } from '../../src/bpf/program.ts';
import { Checker } from '../../src/checker.ts';
import { ATTACH_KINDS } from '../../src/core/native.ts';
import { compile } from '../../src/jit/compile.ts';

const checker = new Checker();
afterAll(() => checker.close());

/** The sum of the words at r1, by position, as far as `count` says. */
const weighing = (count: number): string =>
  [
    'r0 = *(u64 *)(r1 - 8)',
    ...Array.from({ length: count }, (_, k) => `r2 = *(u64 *)(r1 + ${8 * k})\nr0 *= 31\nr0 += r2`),
    'exit',
  ].join('\n');

const behind = (proto: string, text: string): Program => ({
  ...load(Buffer.from(text), { fileName: 'test.s', format: 'asm' }).program,
  native: parseNativeProto(proto, 'test'),
});

function trampolineBytes(proto: string, endbr = false): string {
  const { image } = compile(behind(proto, 'r0 = 0\nexit'), { endbr });
  const { offset = 0, end = 0 } = image.trampoline ?? {};
  return Buffer.from(image.code.subarray(offset, end)).toString('hex');
}

/** Without blanks and comments. */
const hex = (rows: readonly string[]): string => rows.map((row) => row.replace(/;.*|\s/g, '')).join('');

describe('the code of a trampoline', () => {
  it('is, for fentry, what the comment above __arch_prepare_bpf_trampoline() shows', () => {
    expect(trampolineBytes('fentry=ptr,ptr:u16')).toBe(
      hex([
        '55              ; push rbp',
        '4889e5          ; mov rbp, rsp',
        '4883ec30        ; sub rsp, 48: two words, their number, rbx, run_ctx',
        '48895de0        ; mov [rbp-32], rbx',
        'b802000000      ; mov eax, 2',
        '488945e8        ; mov [rbp-24], rax',
        '48897df0        ; mov [rbp-16], rdi',
        '488975f8        ; mov [rbp-8], rsi',
        '31ff            ; no cookie',
        '48897dd0        ; mov [rbp-48], rdi',
        '48bf0040230100c9ffff ; movabs rdi, prog',
        '488d75d0        ; lea rsi, [rbp-48]',
        'e87affffff      ; call __bpf_prog_enter',
        '4889c3          ; mov rbx, rax',
        '4885c0          ; test rax, rax',
        '7409            ; je past the program',
        '488d7df0        ; lea rdi, [rbp-16]',
        'e859ffffff      ; call the program',
        '48bf0040230100c9ffff',
        '4889de          ; mov rsi, rbx',
        '488d55d0        ; lea rdx, [rbp-48]',
        'e863ffffff      ; call __bpf_prog_exit',
        '488b7df0        ; mov rdi, [rbp-16]',
        '488b75f8        ; mov rsi, [rbp-8]',
        '488b5de0        ; mov rbx, [rbp-32]',
        'c9c3            ; leave; ret',
      ]),
    );
  });

  it('takes stack words behind one return address or two, and clears what lies above a lone narrow one', () => {
    const seven = 'u64,u64,u64,u64,u64,u64,u32';
    expect(trampolineBytes(`fentry=${seven}`)).toContain(
      hex(['488b4518', '488945f8', 'c745fc00000000 ; mov dword [rbp-4], 0']),
    );
    expect(trampolineBytes(`struct_ops=${seven}`)).toContain(
      hex(['488b4510', '488945f0', 'c745f400000000 ; mov dword [rbp-12], 0']),
    );
    expect(trampolineBytes(`fentry=${seven},u32`)).not.toContain('c745');
  });

  it('skips the traced function only where that was called', () => {
    expect(trampolineBytes('fexit=u64')).toMatch(/c94883c408c3$/);
    expect(trampolineBytes('fexit-jmp=u64')).toMatch(/[^8]..c9c3$|c9c3$/);
    expect(trampolineBytes('fexit-jmp=u64')).not.toMatch(/4883c408c3$/);
  });

  it('begins, and the traced function does, with endbr64 where that is asked for', () => {
    const traced = compile(behind('fentry=u64', 'r0 = 0\nexit'), { endbr: true }).image;
    expect([...traced.code.subarray(traced.entry, traced.entry + 5)]).toEqual([0xf3, 0x0f, 0x1e, 0xfa, 0xe8]);
    const called = compile(behind('struct_ops=u64', 'r0 = 0\nexit'), { endbr: true }).image;
    expect([...called.code.subarray(called.entry, called.entry + 5)]).toEqual([0xf3, 0x0f, 0x1e, 0xfa, 0x55]);
  });

  it('keeps rsp a multiple of 16 where the traced function gets stack words', () => {
    for (const attach of ['fexit', 'fexit-jmp'] as const) {
      for (let words = 7; words <= 12; words++) {
        const { image } = compile(behind(`${attach}=${'u64,'.repeat(words - 1)}u64`, 'r0 = 0\nexit'));
        // Right before native code calls rsp is one; callDepth counts from 8 below.
        expect(((image.trampoline?.callDepth ?? 0) + 8) % 16).toBe(0);
      }
    }
  });
});

const SIGNATURES: readonly (readonly [types: string, words: number])[] = [
  ['', 0],
  ['u8,s16,s32,u64', 4],
  ['u64,u64,u64,u64,u64,u64,s32', 7],
  ['u64,u64,u64,u64,u64,u64,s32,u8', 8],
  ['u64,u64,u64,u64,u64,struct16,u32', 8],
  ['u64,u64,u64,u64,struct12,u64', 7],
  ['u64,u64,u64,u64,u64,u64,u64,u128', 9],
  ['u64,u64,u64,u64,u64,u128,u64,struct9,s8', 10],
  ['u128,u128,u128,u128,u128,u128', 12],
  ['u64,u64,u64,u64,u64,u64,u64,u64,u64,u64,u64,u64', 12],
];

describe.each(ATTACH_KINDS)('%s', (attach) => {
  it.each(SIGNATURES)('of (%s)', (types, words) => {
    const result = attach === 'struct_ops' ? 'u64' : 'u128';
    for (const returned of ['', `:${result}`]) {
      const { verdict, divergences } = checker.check(
        behind(`${attach}=${types}${returned}`, weighing(words)),
      );
      expect({ verdict, divergences }).toEqual({ verdict: 'agree', divergences: [] });
    }
  });

  it('takes words from the memory of a case', () => {
    const memory = new Uint8Array(new BigUint64Array([7n, 0xffff_ffff_0000_0001n]).buffer);
    const found = checker.check(behind(`${attach}=u64,u32`, weighing(2)), { memory });
    const want = 2n * 31n * 31n + 7n * 31n + 0xffff_ffff_0000_0001n;
    expect(found.want?.outcome).toEqual({ kind: 'exit', r0: want });
    expect(found.verdict).toBe('agree');
  });

  it('leaves faults of the program to the program', () => {
    const found = checker.check(
      behind(`${attach}=u64`, 'r0 = *(u64 *)(r1 + 0)\nr1 = 16\nr0 = *(u64 *)(r1 + 0)\nexit'),
    );
    expect(found.want?.outcome.kind).toBe('fault');
    expect(found.verdict).toBe('agree');
  });
});

describe('a program that is called through a trampoline', () => {
  it('finds no length in r2', () => {
    const { verdict, reason } = checker.check(behind('fentry=u64', 'r0 = r2\nexit'));
    expect(verdict).toBe('inconclusive');
    expect(reason).toMatchObject({ kind: 'poison' });
  });

  it('finds what the traced function returned behind the arguments', () => {
    const read = (at: number): string => `r0 = *(u64 *)(r1 + ${at})\nexit`;
    for (const [word, at] of [8, 16].entries()) {
      const { verdict, got } = checker.check(behind('fexit=u64:struct16', read(at)));
      expect(verdict).toBe('agree');
      expect(got?.outcome).toEqual({ kind: 'exit', r0: got?.native?.at(-1)?.words[word] });
    }
  });

  it('may be of another JIT', () => {
    const other = new Checker({
      compile: ({ native: _, ...rest }) => {
        const { trampoline: __, ...image } = compile(rest).image;
        return image;
      },
    });
    expect(other.check(behind('fexit=u64,u64,u64,u64,u64,u64,u64:u64', weighing(7))).verdict).toBe('agree');
    other.close();
  });
});
