/** A few whole images, to be read: Intel syntax, as a disassembler of its own prints the bytes. */
import { describe, expect, it } from 'vitest';
import type { Insn } from '../../src/bpf/insn.ts';
import { compile } from '../../src/jit/compile.ts';
import { disassembleNative } from '../../src/x86/disasm.ts';
import {
  add,
  alu,
  exit,
  ja,
  jcc,
  kfunc,
  ldx,
  link,
  mayGoto,
  mov,
  passArg,
  store,
  sub,
  takeArg,
} from '../kit/insns.ts';

function listing(subprogs: readonly (readonly Insn[])[]): string {
  const { image } = compile(link(subprogs), { base: 0x1000n, calleeAddress: () => 0x2000n });
  const lines = disassembleNative(image.code, { base: 0x1000n, syntax: 'intel' });
  return lines.map(({ offset, text }) => `${offset.toString(16).padStart(4)}  ${text}`).join('\n');
}

describe('the image of', () => {
  it('a call with eight arguments', () => {
    const main = [
      mov('r6', 6),
      passArg(8, 8),
      passArg(7, 'r6'),
      passArg(6, 'r6'),
      store(8, 'r10', -16, 1),
      sub(1),
      add('r0', 'r6'),
      exit,
    ];
    const callee = [takeArg('r0', 6), takeArg('r1', 7), takeArg('r2', 8), add('r0', 'r2'), exit];
    expect(listing([main, callee])).toMatchInlineSnapshot(`
      "   0  nop [rax+rax]
         5  nop [rax]
         8  push rbp
         9  mov rbp, rsp
         c  sub rsp, 0x10
        13  push rbx
        14  sub rsp, 0x10
        18  mov ebx, 0x6
        1d  mov qword ptr [rbp-0x20], 0x8
        25  mov [rbp-0x28], rbx
        29  mov r9, rbx
        2c  mov qword ptr [rbp-0x10], 0x1
        34  call 0x1050
        39  add rax, rbx
        3c  add rsp, 0x10
        40  pop rbx
        41  leave
        42  ret
        43  int3
        44  int3
        45  int3
        46  int3
        47  int3
        48  int3
        49  int3
        4a  int3
        4b  int3
        4c  int3
        4d  int3
        4e  int3
        4f  int3
        50  nop [rax+rax]
        55  nop [rax]
        58  push rbp
        59  mov rbp, rsp
        5c  mov rax, r9
        5f  mov rdi, [rbp+0x10]
        63  mov rsi, [rbp+0x18]
        67  add rax, rsi
        6a  leave
        6b  ret"
    `);
  });

  it('a loop with two exits and a kfunc', () => {
    const main = [
      mov('r6', 'r1'),
      mov('r7', 10),
      mov('r1', 'r6'),
      kfunc(1),
      jcc(64, 'jeq', 'r0', 0, 3),
      add('r7', -1),
      jcc(64, 'jne', 'r7', 0, -5),
      exit,
      mov('r0', 1),
      exit,
    ];
    expect(listing([main])).toMatchInlineSnapshot(`
      "   0  nop [rax+rax]
         5  nop [rax]
         8  push rbp
         9  mov rbp, rsp
         c  push rbx
         d  push r13
         f  mov rbx, rdi
        12  mov r13d, 0xa
        18  mov rdi, rbx
        1b  call 0x2000
        20  test rax, rax
        23  je short 0x1033
        25  add r13, 0xffffffffffffffff
        29  test r13, r13
        2c  jne short 0x1018
        2e  pop r13
        30  pop rbx
        31  leave
        32  ret
        33  mov eax, 0x1
        38  jmp short 0x102e"
    `);
  });

  it('a signed division by a register', () => {
    expect(listing([[alu(64, 'sdiv', 'r1', 'r2'), mov('r0', 'r1'), exit]])).toMatchInlineSnapshot(`
      "   0  nop [rax+rax]
         5  nop [rax]
         8  push rbp
         9  mov rbp, rsp
         c  mov r10, rsi
         f  add r10, 0x1
        13  cmp r10, 0x1
        17  ja short 0x1025
        19  test r10, r10
        1c  je short 0x1020
        1e  xor edi, edi
        20  neg rdi
        23  jmp short 0x1034
        25  push rax
        26  push rdx
        27  mov rax, rdi
        2a  cqo
        2c  idiv rsi
        2f  mov rdi, rax
        32  pop rdx
        33  pop rax
        34  mov rax, rdi
        37  leave
        38  ret"
    `);
  });

  it('a may_goto loop', () => {
    const main = [mov('r0', 0), add('r0', 1), mayGoto(1), ja(-3), ldx(1, 'r2', 'r1', 0), exit];
    expect(listing([main])).toMatchInlineSnapshot(`
      "   0  nop [rax+rax]
         5  nop [rax]
         8  push rbp
         9  mov rbp, rsp
         c  sub rsp, 0x8
        13  mov qword ptr [rbp-0x8], 0x800000
        1b  xor eax, eax
        1d  add rax, 0x1
        21  mov r10, [rbp-0x8]
        25  test r10, r10
        28  je short 0x1034
        2a  sub r10, 0x1
        2e  mov [rbp-0x8], r10
        32  jmp short 0x101d
        34  movzx rsi, byte ptr [rdi]
        39  leave
        3a  ret"
    `);
  });
});
