import { describe, expect, it } from 'vitest';
import { CODE_BASE, ENTRY_RSP, STACK_BASE } from '../../src/core/layout.ts';
import {
  caller,
  expectGoodCase,
  imageOf,
  MAIN_FP,
  run,
  stackWords,
  subjectOf,
  TWELVE,
} from '../kit/images.ts';

describe('ImageRunner, calls of subprogs', () => {
  const SUB = [
    '55                       | push rbp',
    '48 89 e5                 | mov rbp, rsp',
    '48 83 ec 08              | sub rsp, 8',
    '48 c7 45 f8 77 00 00 00  | mov qword [rbp - 8], 0x77',
    '48 8b 45 10              | mov rax, [rbp + 16]',
    '4c 01 c8                 | add rax, r9',
    'c9                       | leave',
    'c3                       | ret',
  ];

  it('traces the call, its twelve arguments, both returns, registers and frames', () => {
    const got = run(caller(SUB));
    const junk = (gpr: number): bigint => 0x1a7e_0000_0000_0000n | (0x0101_0101_0101n * BigInt(gpr + 1));
    const regs = [0x66n, junk(13), junk(14), junk(15), MAIN_FP];
    expect(got.outcome).toEqual({ kind: 'exit', r0: 0x66n + 13n });
    expect(got.breaches).toEqual([]);
    expect(got.trace.total).toBe(3);
    expect(got.trace.events).toMatchObject([
      { kind: 'call', callee: { kind: 'bpf', id: 1 }, pc: 9, args: TWELVE, regs, result: undefined },
      { kind: 'return', subprog: 1, result: 13n, regs },
      { kind: 'return', subprog: 0, result: 0x66n + 13n, regs: null },
    ]);
    const unwritten = 0x57ac_cafe_0000_0000n | (MAIN_FP - 16n - STACK_BASE);
    expect(stackWords(got, 0)).toEqual([MAIN_FP - 16n, unwritten, 0x1234n]);
    // the callee's fp lies the caller's 72 bytes and 16 below the caller's
    expect(stackWords(got, 1)).toEqual([MAIN_FP - 72n - 16n - 8n, 0x77n]);
    expect(stackWords(got, 2)).toEqual([MAIN_FP - 16n, unwritten, 0x1234n]);
  });

  it('shows no frames unless asked, and counts events past the limit', () => {
    const got = run(caller(SUB), { options: { stackBytes: false, traceLimit: 2 } });
    expect(got.trace.events.map(({ stack }) => stack)).toEqual([null, null]);
    expect(got.trace.total).toBe(3);
  });

  it('follows recursion, whose return address is its own loop', () => {
    // f(rdi): push rbp; mov rbp, rsp; mov eax, edi; L: dec edi; js out; call f; (returns to L'): leave; ret
    const image = imageOf(
      [
        'bf 05 00 00 00     | 00 mov edi, 5',
        'e8 01 00 00 00     | 05 call 0b',
        'c3                 | 0a ret',
        '55                 | 0b push rbp',
        '48 89 e5           | 0c mov rbp, rsp',
        'ff cf              | 0f dec edi',
        '78 05              | 11 js 18',
        'e8 f3 ff ff ff     | 13 call 0b',
        'ff c0              | 18 inc eax',
        'c9                 | 1a leave',
        'c3                 | 1b ret',
      ],
      { subprogEntries: [0, 0x0b] },
    );
    const got = run(image, { subject: subjectOf({ subprogs: [{ args: 2 }, { args: 1 }] }) });
    expect(got.breaches).toEqual([]);
    expect(got.trace.events.map((e) => (e.kind === 'call' ? e.args[0] : `return ${e.subprog}`))).toEqual([
      ...[5n, 4n, 3n, 2n, 1n, 0n],
      ...Array(6).fill('return 1'),
      'return 0',
    ]);
  });

  it('takes a jump back to the entry for no call, and a jump to another subprog for one', () => {
    const image = imageOf(
      [
        'bf 03 00 00 00     | 00 mov edi, 3',
        'e8 01 00 00 00     | 05 call 0b',
        'c3                 | 0a ret',
        'ff cf              | 0b dec edi',
        '75 fc              | 0d jnz 0b',
        'eb 00              | 0f jmp 11',
        'b8 2a 00 00 00     | 11 mov eax, 42',
        'c3                 | 16 ret',
      ],
      { subprogEntries: [0, 0x0b, 0x11] },
    );
    const got = run(image, { subject: subjectOf({ subprogs: [{ args: 2 }, { args: 1 }, { args: 0 }] }) });
    expect(got.outcome).toEqual({ kind: 'exit', r0: 42n });
    expect(got.breaches).toEqual([]);
    const shape = got.trace.events.map((e) =>
      e.kind === 'call' ? `call ${e.callee.id}` : `return ${e.subprog}`,
    );
    expect(shape).toEqual(['call 1', 'call 2', 'return 2', 'return 1', 'return 0']);
  });

  it.each([
    [
      'rbx not restored',
      ['31 db c3 | xor ebx, ebx; ret'],
      { rule: 'callee-saved', what: 'rbx', want: 0x66n, got: 0n },
    ],
    [
      'r15 not restored',
      ['45 31 ff c3 | xor r15d, r15d; ret'],
      { rule: 'callee-saved', what: 'r15', got: 0n },
    ],
    ['arguments popped', ['c2 08 00 | ret 8'], { rule: 'stack-pointer', what: 'rsp' }],
    ['direction flag set', ['fd c3 | std; ret'], { rule: 'direction-flag', what: 'DF', want: 0n, got: 1n }],
    [
      'return address gone',
      ['59 48 31 c0 48 89 44 24 f8 ff e1 | pop rcx; xor rax, rax; mov [rsp - 8], rax; jmp rcx'],
      { rule: 'return-address', what: 'return address of subprog 1', want: CODE_BASE + 0x74n, got: 0n },
    ],
  ])('reports a broken promise: %s', (_name, callee, want) => {
    const { breaches } = run(caller(callee));
    expect(breaches[0]).toMatchObject({ ...want, at: 1 });
    expectGoodCase();
  });

  it('reports promises broken by main, and canaries', () => {
    const { breaches, outcome } = run(
      imageOf(['31 ed c6 44 24 10 01 fd c3 | xor ebp, ebp; mov byte [rsp + 16], 1; std; ret']),
    );
    expect(outcome.kind).toBe('exit');
    expect(breaches).toEqual([
      { rule: 'callee-saved', what: 'rbp', want: 0x1a7e_0606_0606_0606n, got: 0n, at: 0 },
      { rule: 'direction-flag', what: 'DF', want: 0n, got: 1n, at: 0 },
      {
        rule: 'canary',
        what: 'canary above the frame of main, at its return address + 16',
        want: 0x57ac_cafe_0000_0008n | (ENTRY_RSP - STACK_BASE),
        got: 0x57ac_cafe_0000_0001n | (ENTRY_RSP - STACK_BASE),
        at: 0,
      },
    ]);
    expectGoodCase();
  });

  it('reports a call made with the direction flag set', () => {
    const image = imageOf(
      ['48 83 ec 08', 'fd e8 06 00 00 00 | std; call', 'fc 48 83 c4 08 c3', 'fc c3 | cld; ret'],
      {
        subprogEntries: [0, 16],
      },
    );
    expect(run(image).breaches).toEqual([{ rule: 'direction-flag', what: 'DF', want: 0n, got: 1n, at: 0 }]);
  });

  it('sees main return from within a subprog', () => {
    const image = imageOf(
      ['e8 01 00 00 00 c3 | call 6; ret', '59 b8 03 00 00 00 c3 | pop rcx; mov eax, 3; ret'],
      {
        subprogEntries: [0, 6],
      },
    );
    const { outcome, trace, breaches } = run(image);
    expect([outcome, breaches]).toEqual([{ kind: 'exit', r0: 3n }, []]);
    expect(trace.events.map((e) => (e.kind === 'call' ? 'call' : e.subprog))).toEqual(['call', 0]);
  });
});
