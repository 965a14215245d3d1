/** The code of the conventions of the mail thread, to be read beside their frames (src/jit/convention). */
import { describe, expect, it } from 'vitest';
import { CONVENTION_NAMES, type ConventionName } from '../../src/bpf/calling.ts';
import { Checker } from '../../src/checker.ts';
import { compile } from '../../src/jit/compile.ts';
import { disassembleNative } from '../../src/x86/disasm.ts';
import { add, exit, kfunc, link, mov, passArg, store, sub, takeArg } from '../kit/insns.ts';

/** Main passes 8 arguments to a subprog and 7 to a kfunc. */
const PROGRAM = link(
  [
    [
      mov('r6', 6),
      store(8, 'r10', -16, 1),
      passArg(8, 8),
      passArg(7, 'r6'),
      passArg(6, 'r6'),
      sub(1),
      passArg(6, 'r0'),
      passArg(7, -1),
      kfunc(1),
      exit,
    ],
    [takeArg('r0', 6), takeArg('r1', 8), add('r0', 'r1'), exit],
  ],
  { callees: [{ kind: 'kfunc', id: 1, name: 'sum', args: 7 }] },
);

function listing(convention: ConventionName): string {
  const { image } = compile(PROGRAM, { convention, base: 0x1000n, calleeAddress: () => 0x2000n });
  const lines = disassembleNative(image.code, { base: 0x1000n, syntax: 'intel' });
  return lines.map(({ text }) => text).join('\n');
}

describe('a call with stack arguments', () => {
  it('under zero is that of linux', () => {
    expect(listing('zero')).toBe(listing('linux'));
  });

  it('under reply', () => {
    expect(listing('reply')).toMatchInlineSnapshot(`
      "nop [rax+rax]
      nop [rax]
      push rbp
      mov rbp, rsp
      sub rsp, 0x10
      push rbx
      sub rsp, 0x18
      mov ebx, 0x6
      mov qword ptr [rbp-0x10], 0x1
      mov qword ptr [rbp-0x20], 0x8
      mov [rbp-0x28], rbx
      mov [rbp-0x30], rbx
      call 0x1060
      mov [rbp-0x30], rax
      mov qword ptr [rbp-0x28], 0xffffffffffffffff
      pop r9
      call 0x2000
      sub rsp, 0x8
      add rsp, 0x18
      pop rbx
      leave
      ret
      int3
      int3
      int3
      int3
      int3
      int3
      int3
      int3
      nop [rax+rax]
      nop [rax]
      push rbp
      mov rbp, rsp
      mov rax, [rbp+0x10]
      mov rdi, [rbp+0x20]
      add rax, rdi
      leave
      ret"
    `);
  });

  it('under v3', () => {
    expect(listing('v3')).toMatchInlineSnapshot(`
      "nop [rax+rax]
      nop [rax]
      push rbp
      mov rbp, rsp
      sub rsp, 0x28
      push rbx
      mov ebx, 0x6
      mov qword ptr [rbp-0x10], 0x1
      mov qword ptr [rbp-0x18], 0x8
      mov [rbp-0x20], rbx
      mov [rbp-0x28], rbx
      push qword ptr [rbp-0x18]
      push qword ptr [rbp-0x20]
      push qword ptr [rbp-0x28]
      call 0x1070
      add rsp, 0x18
      mov [rbp-0x28], rax
      mov qword ptr [rbp-0x20], 0xffffffffffffffff
      push qword ptr [rbp-0x20]
      mov r9, [rbp-0x28]
      call 0x2000
      add rsp, 0x8
      pop rbx
      leave
      ret
      int3
      int3
      int3
      int3
      int3
      int3
      int3
      int3
      int3
      int3
      int3
      int3
      int3
      int3
      nop [rax+rax]
      nop [rax]
      push rbp
      mov rbp, rsp
      mov rax, [rbp+0x10]
      mov rdi, [rbp+0x20]
      add rax, rdi
      leave
      ret"
    `);
  });

  it('gives the same result under all of them', () => {
    const results = CONVENTION_NAMES.map((convention) => {
      const checker = new Checker({ jit: { convention } });
      const { verdict, got } = checker.check(PROGRAM);
      checker.close();
      return [verdict, got?.outcome];
    });
    expect(results[0]?.[0]).toBe('agree');
    for (const result of results) expect(result).toEqual(results[0]);
  });
});
