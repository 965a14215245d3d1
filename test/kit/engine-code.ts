/** Engine conformance: code, memory and what stays of them. */
import { expect, it } from 'vitest';
import type { Region } from '../../src/emu/engine.ts';
import { at, bytes, CODE, DATA, type Guest, RAX, RDX, registers } from './guest.ts';

export function describeCode(guest: () => Guest): void {
  it('runs what was loaded last, not what it translated before', () => {
    for (let i = 0; i < 5000; i++) {
      const immediate = Buffer.alloc(4);
      immediate.writeUInt32LE(i * 0x10001);
      const { regs } = guest().run(`b8 ${immediate.toString('hex')} c3`); // mov eax, i
      if (regs[RAX] !== BigInt(i * 0x10001)) expect(regs[RAX]).toBe(BigInt(i * 0x10001));
    }
  });

  it('forgets all of a longer program', () => {
    guest().run(`${'90'.repeat(0x1800)} b8 01 00 00 00 c3`);
    // jmp into what the first program left
    expect(guest().run('e9 00 10 00 00').stop).toEqual({ kind: 'interrupt', vector: 3, rip: at(0x1006) });
  });

  it('forgets code of another load that a new one overwrites', () => {
    const far = CODE.address + 0x1000n;
    const jump = 'e9 fb 0f 00 00'; // jmp 0x1000
    guest().engine.load(far, bytes('90 90 b8 01 00 00 00 c3'));
    expect(guest().run(jump).regs[RAX]).toBe(1n);
    guest().engine.load(far + 2n, bytes('b8 02 00 00 00 c3'));
    expect(guest().run(jump).regs[RAX]).toBe(2n);
  });

  it('sees guest stores into code that is writable', () => {
    const region: Region = { name: 'jit', address: 0x5800_0000n, size: 0x1000, perms: 'rwx' };
    guest().engine.map(region);
    // mov byte [rip + 1], 9; mov eax, 1: the store changes the 1
    guest().engine.load(region.address, bytes('c6 05 01 00 00 00 09 b8 01 00 00 00 c3'));
    for (let i = 0; i < 3; i++) {
      const { stop, regs } = guest().again(registers(), { start: region.address });
      expect([stop.kind, regs[RAX]]).toEqual(['end', 9n]);
    }
    guest().engine.unmap(region);
    expect(guest().again(registers(), { start: region.address }).stop.kind).toBe('fetch');
  });

  it('runs nothing of a region that is gone', () => {
    const region: Region = { name: 'jit', address: 0x5800_0000n, size: 0x1000, perms: 'rx' };
    for (let i = 0; i < 4; i++) {
      guest().engine.map(region);
      // add [rax], al: what zeros are
      expect(guest().again(registers(), { start: region.address }).stop).toMatchObject({
        address: 0n,
        size: 1,
      });
      guest().engine.load(region.address, bytes('c3'));
      expect(guest().again(registers(), { start: region.address }).stop.kind).toBe('end');
      guest().engine.unmap(region);
    }
  });

  it('keeps code and memory through a long life', () => {
    const region: Region = { name: 'jit', address: 0x5800_0000n, size: 0x1000, perms: 'rx' };
    guest().engine.map(region);
    // mov [rdx], eax; lock cmpxchg [rdx], ecx; add dword [rdx + 8], 1; ret
    guest().engine.load(region.address, bytes('89 02 f0 0f b1 0a 83 42 08 01 c3'));
    guest().data().fill(0);
    const regs = registers({ [RAX]: 0xdead_beef_0000_0007n, [RDX]: DATA.address });
    for (let i = 1; i <= 300; i++) {
      guest().run(`${'90'.repeat(0x3000)} b8 01 00 00 00 c3`);
      const { stop, regs: out } = guest().again(regs, { start: region.address });
      expect([stop.kind, out[RAX], guest().data()[8]]).toEqual(['end', 0xdead_beef_0000_0007n, i & 0xff]);
    }
    guest().engine.unmap(region);
  });

  it('runs new code where a region was mapped again', () => {
    const region: Region = { name: 'jit', address: 0x5800_0000n, size: 0x1000, perms: 'rx' };
    for (let i = 1; i <= 5; i++) {
      guest().engine.map(region);
      guest().engine.load(region.address, bytes(`b8 0${i} 00 00 00 c3`));
      expect(guest().again(registers(), { start: region.address }).regs[RAX]).toBe(BigInt(i));
      guest().engine.unmap(region);
    }
  });
}

export function describeMemory(guest: () => Guest): void {
  it('shares memory with its caller both ways', () => {
    guest().data().fill(0xab, 0, 8);
    // mov rax, [rdx]; mov [rdx + 8], rcx
    const { regs } = guest().run('48 8b 02 48 89 4a 08 c3', registers({ 2: DATA.address }));
    expect(regs[RAX]).toBe(0xabab_abab_abab_ababn);
    expect([...guest().data().subarray(8, 16)]).toEqual(Array(8).fill(0x11));
  });

  it('maps zeros, and faults one byte past a region', () => {
    const region: Region = { name: 'fresh', address: 0x2a5c_be00_0000n, size: 0x1000, perms: 'rw' };
    for (let i = 0; i < 3; i++) {
      const view = guest().engine.map(region);
      expect(view().every((byte) => byte === 0)).toBe(true);
      view()[0xfff] = 0x80 + i;
      const last = region.address + 0xfffn;
      const good = guest().run('0f b6 02 c3', registers({ 2: last })); // movzx eax, byte [rdx]
      expect([good.stop.kind, good.regs[RAX]]).toEqual(['end', BigInt(0x80 + i)]);
      expect(guest().run('0f b6 02 c3', registers({ 2: last + 1n })).stop.kind).toBe('read');
      expect(guest().run('66 89 02 c3', registers({ 2: last })).stop.kind).toBe('write'); // mov [rdx], ax
      guest().engine.unmap(region);
      expect(guest().run('0f b6 02 c3', registers({ 2: last })).stop.kind).toBe('read');
    }
  });

  it('tells addresses apart in all 64 bits', () => {
    for (const address of [2n ** 64n - 8n, 0xffff_8000_0000_0000n, DATA.address | (1n << 60n), 8n]) {
      const { stop } = guest().run('48 8b 02 c3', registers({ 2: address }), { precise: true });
      expect(stop).toEqual({ kind: 'read', address, size: 8, rip: at(0) });
    }
  });
}
