/**
 * What every engine must do, whatever runs the code: called by the tests of each. Code is machine code with its
 * assembly beside it.
 */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Engine } from '../../src/emu/engine.ts';
import { describeCmpxchg32 } from './engine-cmpxchg32.ts';
import { describeCode, describeMemory } from './engine-code.ts';
import { describeStops } from './engine-stops.ts';
import { describeWatching } from './engine-watching.ts';
import { at, bytes, DATA, Guest, RAX, RDX, RFLAGS, RSP, RSP_INDEX, registers } from './guest.ts';

/** Tests of the Engine interface. `ends`: where runs end. */
export function describeEngine(
  name: string,
  open: () => Engine,
  ends: 'anywhere' | 'at its door' = 'anywhere',
): void {
  describe(`engine ${name}, whose runs end ${ends}`, () => {
    let guest: Guest;
    beforeAll(() => {
      const engine = open();
      guest = new Guest(engine, ends === 'anywhere' ? undefined : engine.door);
    });
    afterAll(() => guest.engine.close());

    describeRegisters(() => guest);
    describeStops(() => guest);
    describeCode(() => guest);
    describeMemory(() => guest);
    describeWatching(() => guest);
    describeCmpxchg32(() => guest);
    describeMisuse(() => guest, open);
  });
}

function describeRegisters(guest: () => Guest): void {
  it('says what it is', () => {
    expect(guest().engine.version).toMatch(/\d+\.\d+/);
  });

  it('passes every register in and out', () => {
    const want = registers();
    for (let i = 0; i < 16; i++) if (i !== RSP_INDEX) want[i] = 0xffff_ffff_ffff_fff0n - BigInt(i);
    const { stop, regs } = guest().run('c3', want);
    want[RSP_INDEX] = RSP + 8n;
    expect(stop).toEqual({ kind: 'end' });
    expect([...regs]).toEqual([...want]);
  });

  it('passes flags in and out', () => {
    const carry = guest().run('48 19 c0 c3', registers({ [RFLAGS]: 0x803n })); // sbb rax, rax
    expect(carry.regs[RAX]).toBe(2n ** 64n - 1n);
    expect((carry.regs[RFLAGS] ?? 0n) & 0x8d5n).toBe(0x95n); // CF PF AF SF
    expect(guest().run('fd c3').regs[RFLAGS]).toBe(0x402n); // std
    guest().expectGoodCase();
  });

  it('runs shlx, shrx, sarx and endbr64', () => {
    // endbr64; shlx rax, rdx, rcx; shrx rsi, rdx, rcx; sarx rdi, rdx, rcx; ret
    const code = 'f3 0f 1e fa c4 e2 f1 f7 c2 c4 e2 f3 f7 f2 c4 e2 f2 f7 fa c3';
    const { regs } = guest().run(code, registers({ 1: 4n, [RDX]: 0x8000_0000_0000_0010n }));
    expect([regs[0], regs[6], regs[7]]).toEqual([0x100n, 0x0800_0000_0000_0001n, 0xf800_0000_0000_0001n]);
  });
}

function describeMisuse(guest: () => Guest, open: () => Engine): void {
  it.each([
    ['not whole pages', { ...DATA, address: 0x1000_0000n, size: 100 }, 'multiples of 4096'],
    ['not at a page', { ...DATA, address: 0x1000_0010n }, 'multiples of 4096'],
    ['over another region', { ...DATA, address: DATA.address - 0x1000n, size: 0x2000 }, 'data is there'],
    ['out of reach', { ...DATA, address: 2n ** 47n }, 'below 2^47'],
  ])('refuses to map a region %s', (_name, region, why) => {
    expect(() => guest().engine.map(region)).toThrow(why);
  });

  it('refuses to load outside executable memory', () => {
    expect(() => guest().engine.load(DATA.address, bytes('c3'))).toThrow('not executable');
    expect(() => guest().engine.load(0x9000_0000n, bytes('c3'))).toThrow('no region');
    expect(() => guest().engine.unmap({ ...DATA, address: 0n })).toThrow('not mapped');
  });

  it('refuses to nest runs and to run after close', () => {
    const nested = { watch: new Set([Number(at(0))]), watcher: () => guest().expectGoodCase() };
    expect(() => guest().run('c3', registers(), nested)).toThrow('it is running');
    const engine = open();
    engine.close();
    engine.close();
    expect(() => engine.map(DATA)).toThrow('closed');
    guest().expectGoodCase();
  });
}
