/** Engine conformance: how a run may end, and that the next one is right. */
import { expect, it } from 'vitest';
import type { Stop } from '../../src/emu/engine.ts';
import { at, CONST, DATA, type Guest, NOWHERE, RAX, RFLAGS, registers } from './guest.ts';

// biome-ignore format: one case a line
const STOPS: readonly (readonly [name: string, code: string, want: Stop])[] = [
  ['wild read',           '90 48 8b 02 c3',             { kind: 'read', address: NOWHERE, size: 8, rip: at(1) }],                    // nop; mov rax, [rdx]
  ['wild write',          '90 90 89 02 c3',             { kind: 'write', address: NOWHERE, size: 4, rip: at(2) }],                   // nop; nop; mov [rdx], eax
  ['wild jump',           '90 ff e2',                   { kind: 'fetch', address: NOWHERE, size: 1, rip: at(1) }],                   // nop; jmp rdx
  ['wild call',           'ff d2',                      { kind: 'fetch', address: NOWHERE, size: 1, rip: at(0) }],                   // call rdx
  ['wild return',         '52 c3',                      { kind: 'fetch', address: NOWHERE, size: 1, rip: at(1) }],                   // push rdx; ret
  ['write to code',       '90 c6 05 f8 ff ff ff 00 c3', { kind: 'write', address: at(0), size: 1, rip: at(1) }],                     // nop; mov byte [rip - 8], 0
  ['write to const',      '48 89 01 c3',                { kind: 'write', address: CONST.address, size: 8, rip: at(0) }],             // mov [rcx], rax
  ['jump to data',        'ff e3',                      { kind: 'fetch', address: DATA.address, size: 1, rip: at(0) }],              // jmp rbx
  ['division by zero',    '90 31 f6 48 f7 f6 c3',       { kind: 'divide', rip: at(3) }],                                             // nop; xor esi, esi; div rsi
  ['quotient overflow',   'ba ff 00 00 00 b9 01 00 00 00 f7 f1 c3', { kind: 'divide', rip: at(10) }],                                // mov edx, 255; mov ecx, 1; div ecx
  ['ud2',                 '90 0f 0b',                   { kind: 'illegal', rip: at(1) }],
  ['far jmp by a register',  '90 ff ec',                { kind: 'illegal', rip: at(1) }],
  ['far call by a register', '90 41 ff d9',             { kind: 'illegal', rip: at(1) }],
  ['int3',                '90 cc',                      { kind: 'interrupt', vector: 3, rip: at(2) }],
  ['int 0x80',            'cd 80',                      { kind: 'interrupt', vector: 0x80, rip: at(2) }],
  ['hlt',                 '90 f4 90',                   { kind: 'halt', rip: at(2) }],
  ['endless loop',        'eb fe',                      { kind: 'fuel', rip: at(0) }],                                               // jmp -2
];

/** Registers the rows above count on. */
const stopRegs = (): BigUint64Array => registers({ 2: NOWHERE, 1: CONST.address, 3: DATA.address });

export function describeStops(guest: () => Guest): void {
  it.each(STOPS)('%s', (_name, code, want) => {
    const { stop } = guest().run(code, stopRegs(), { precise: true });
    expect(stop).toEqual(want);
    guest().expectGoodCase();
  });

  it.each(STOPS)('%s, without asking for precision', (_name, code, want) => {
    const { stop } = guest().run(code, stopRegs());
    const inexact = want.kind === 'fetch' || (want.kind !== 'end' && !guest().engine.caps.preciseFaultRip);
    if (inexact && (want.kind === 'read' || want.kind === 'write' || want.kind === 'fetch')) {
      expect(stop).toEqual({ ...want, rip: expect.any(BigInt) });
    } else expect(stop).toEqual(want);
    guest().expectGoodCase();
  });

  it('is the same after many faults of one kind', () => {
    for (let i = 0; i < 10; i++) {
      expect(guest().run('31 f6 48 f7 f6 c3').stop).toEqual({ kind: 'divide', rip: at(2) });
    }
    guest().expectGoodCase();
  });

  it('keeps flags and registers up to the faulting instruction under precise', () => {
    // xor eax, eax; stc; mov ecx, 5; mov [rdx], rax
    const { regs } = guest().run('31 c0 f9 b9 05 00 00 00 48 89 02', registers({ 2: NOWHERE }), {
      precise: true,
    });
    expect((regs[RFLAGS] ?? 0n) & 0x8d5n).toBe(0x45n); // ZF PF CF
    expect(regs[1]).toBe(5n);
  });

  it('stops at syscall, before it does anything', () => {
    const { stop, regs } = guest().run('0f 05 b8 07 00 00 00 c3');
    expect([stop, regs[RAX]]).toEqual([{ kind: 'halt', rip: at(2) }, 0n]);
    expect(guest().run('0f 05', registers(), { until: at(2) }).stop.kind).toBe('halt');
    guest().expectGoodCase();
  });

  it('stops at sysenter', () => {
    // CPUs of AMD do not have it in 64-bit mode
    const kinds = ['halt', 'illegal', 'unsupported'];
    expect(kinds).toContain(guest().run('0f 34 b8 07 00 00 00 c3').stop.kind);
    expect(kinds).toContain(guest().run('0f 34', registers(), { until: at(2) }).stop.kind);
    guest().expectGoodCase();
  });

  it('counts blocks as fuel, if it says so', () => {
    if (!guest().engine.caps.countsBlocks) return;
    // mov ecx, 100; dec ecx; jnz -4; ret: 1 + 99 blocks, then the one with ret
    const code = 'b9 64 00 00 00 ff c9 75 fc c3';
    expect(guest().run(code, registers(), { fuel: 101 }).stop).toEqual({ kind: 'end' });
    expect(guest().run(code, registers(), { fuel: 100 }).stop).toEqual({ kind: 'fuel', rip: at(9) });
    expect(guest().run(code, registers(), { fuel: 1 }).stop).toEqual({ kind: 'fuel', rip: at(5) });
    expect(guest().run(code, registers(), { fuel: 0 }).stop).toEqual({ kind: 'fuel', rip: at(0) });
  });
}
