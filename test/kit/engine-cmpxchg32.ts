/** Engine conformance: a 32-bit cmpxchg leaves rax[63:32] alone when it succeeds. SDM 2A CMPXCHG; recorded on a CPU. */
import { expect, it } from 'vitest';
import { at, DATA, type Guest, NOWHERE, RAX, RDX, RFLAGS, registers, viewOf } from './guest.ts';

export function describeCmpxchg32(guest: () => Guest): void {
  const UPPER = 0xdead_beef_0000_0000n;
  const regs = (rax: bigint): BigUint64Array => registers({ [RAX]: rax, [RDX]: DATA.address, 1: 0x55n });
  const memory = (value: number): void => viewOf(guest().data()).setBigUint64(0, UPPER | BigInt(value), true);

  // biome-ignore format: one case a line
  const FORMS: readonly (readonly [name: string, code: string, success: bigint, failure: bigint])[] = [
    ['lock cmpxchg [rdx], ecx',                     'f0 0f b1 0a c3',             UPPER | 7n, 9n],
    ['cmpxchg [rdx], ecx',                          '0f b1 0a c3',                UPPER | 7n, 9n],
    ['repne lock rex cmpxchg [rdx], ecx',           'f2 f0 44 0f b1 02 c3',       UPPER | 7n, 9n],
    ['cmpxchg [rdx + disp32], ecx; mov ebx, ebx',   '0f b1 8a 00 00 00 00 89 db c3', UPPER | 7n, 9n],
    ['cmpxchg [rdx + 0 * rcx], ecx; mov eax, eax',  '0f b1 8c 22 00 00 00 00 89 c0 c3', 7n, 9n],
    ['jmp into lock cmpxchg [rdx], rcx: ecx',       'eb 02 f0 48 0f b1 0a c3',    UPPER | 7n, 9n],
    ['lock rex cmpxchg [rdx], ecx',                 'f0 40 0f b1 0a c3',          UPPER | 7n, 9n],
    ['cmpxchg [rdx + 0], ecx; jmp +0; nop',         '0f b1 4a 00 eb 00 90 c3',    UPPER | 7n, 9n],
    ['lock cmpxchg [rdx], ecx; mov eax, eax',       'f0 0f b1 0a 89 c0 c3',       7n, 9n],
    ['add rdx, 20209; lock cmpxchg [rdx - 20209], ecx: 0F B1 in it twice; mov ebx, ebx',
      '48 81 c2 f1 4e 00 00 f0 0f b1 8a 0f b1 ff ff 89 db c3', UPPER | 7n, 9n],
    ['lock cmpxchg [rdx], rcx',                     'f0 48 0f b1 0a c3',          UPPER | 7n, UPPER | 9n],
    ['lock cmpxchg [rdx], cx',                      'f0 66 0f b1 0a c3',          UPPER | 7n, UPPER | 9n],
  ];

  it.each(FORMS)('%s', (_name, code, success, failure) => {
    for (const precise of [false, true]) {
      memory(7);
      expect(guest().run(code, regs(UPPER | 7n), { precise }).regs[RAX]).toBe(success);
      memory(9);
      expect(guest().run(code, regs(UPPER | 7n), { precise }).regs[RAX]).toBe(failure);
    }
  });

  it('is right when the next instruction is the end of the run', () => {
    memory(7);
    const { stop, regs: out } = guest().run('f0 0f b1 0a', regs(UPPER | 7n), { until: at(4) });
    expect([stop.kind, out[RAX]]).toEqual(['end', UPPER | 7n]);
  });

  it('is right in a loop, at a watched block, and after other code was there', () => {
    // mov [rdx], eax; lock cmpxchg [rdx], ecx; dec esi; jnz -10; ret
    const code = '89 02 f0 0f b1 0a ff ce 75 f6 c3';
    for (let i = 0; i < 3; i++) {
      const loop = guest().run(code, regs(UPPER | 7n));
      expect([loop.stop.kind, loop.regs[RAX]]).toEqual(['fuel', UPPER | 7n]);
      guest().expectGoodCase();
    }
    let seen = 0n;
    memory(7);
    guest().run('f0 0f b1 0a eb 00 c3', regs(UPPER | 7n), {
      watch: new Set([Number(at(6))]),
      watcher: (_address, cpu) => {
        seen = cpu.reg(RAX);
      },
    });
    expect(seen).toBe(UPPER | 7n);
  });

  // mov eax, [rdx]; mov r11d, eax; and r11d, ecx; lock cmpxchg [rdx], r11d; jne -15; ret
  const LOOP = '8b 02 41 89 c3 41 21 cb f0 44 0f b1 1a 75 f1 c3';

  it('is right in a loop that loads eax first, wherever the run starts', () => {
    for (const [start, rax] of [
      [0, 7n],
      [2, UPPER | 7n],
      [8, UPPER | 7n],
      [9, UPPER | 7n],
      [0, 7n],
    ] as const) {
      memory(7);
      expect(guest().run(LOOP, regs(UPPER | 7n), { start: at(start) }).regs[RAX]).toBe(rax);
    }
  });

  it('is right in such a loop when somebody writes rax before it', () => {
    memory(7);
    const { regs: out } = guest().run(LOOP, regs(0n), {
      onInsn: (address, cpu) => {
        if (BigInt(address) === at(8)) cpu.setReg(RAX, UPPER | 7n);
      },
    });
    expect(out[RAX]).toBe(UPPER | 7n);
  });

  it('is right where a run starts within one of 64 bits', () => {
    for (const [start, rax] of [
      [0, 7n],
      [2, UPPER | 0x1_0000_0007n],
      [0, 7n],
    ] as const) {
      viewOf(guest().data()).setBigUint64(0, 7n, true);
      const before = start === 0 ? 7n : UPPER | 0x1_0000_0007n;
      expect(guest().run('f0 48 0f b1 0a c3', regs(before), { start: at(start) }).regs[RAX]).toBe(rax);
    }
  });

  it('is right at a watched block that starts just after it', () => {
    memory(7);
    let seen = UPPER | 7n;
    // QEMU ends a block after 512 instructions; one that does not sees no block here
    guest().run(`${'90'.repeat(511)} f0 0f b1 0a c3`, regs(UPPER | 7n), {
      watch: new Set([Number(at(515))]),
      watcher: (_address, cpu) => {
        seen = cpu.reg(RAX);
      },
    });
    expect(seen).toBe(UPPER | 7n);
  });

  it('leaves nothing to the next run when it faults', () => {
    expect(guest().run('f0 0f b1 0a 90 c3', registers({ [RAX]: UPPER, 2: NOWHERE })).stop.kind).not.toBe(
      'end',
    );
    const zeroFlag = { [RAX]: 1n, [RFLAGS]: 0x42n };
    expect(guest().again(registers(zeroFlag), { start: at(4) }).regs[RAX]).toBe(1n);
  });

  it('takes no immediate for a cmpxchg', () => {
    // mov ecx, 0x0a0fb1f0-like bytes; movabs rsi, …0f b1…; ret
    const { regs: out } = guest().run('b9 f0 0f b1 0a 48 be 0f b1 0a 0f b1 0a 0f b1 c3', regs(UPPER | 7n));
    expect([out[RAX], out[1], out[6]]).toEqual([UPPER | 7n, 0x0ab1_0ff0n, 0xb10f_0ab1_0f0a_b10fn]);
  });

  it('faults like any other instruction', () => {
    const { stop } = guest().run('90 f0 0f b1 0a c3', registers({ [RAX]: UPPER, 2: NOWHERE }), {
      precise: true,
    });
    expect(stop).toMatchObject({ address: NOWHERE, size: 4, rip: at(1) });
    guest().expectGoodCase();
  });

  it('is right with more of them than there are hooks', () => {
    memory(7);
    const { regs: out } = guest().run(`${`f0 0f b1 0a ${'90'.repeat(40)}`.repeat(80)} c3`, regs(UPPER | 7n));
    expect(out[RAX]).toBe(0x55n);
    guest().expectGoodCase();
  });
}
