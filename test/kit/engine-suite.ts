/**
 * What every engine must do, whatever runs the code: called by the tests of each. Code is machine code with its
 * assembly beside it.
 */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Engine, Region, RunRequest, Stop } from '../../src/emu/engine.ts';

const CODE: Region = { name: 'code', address: 0x4000_0000n, size: 0x4000, perms: 'rx' };
const DATA: Region = { name: 'data', address: 0x35d1_8000_0000n, size: 0x1000, perms: 'rw' };
const CONST: Region = { name: 'const', address: 0x35d1_8001_0000n, size: 0x1000, perms: 'r' };
const STACK: Region = { name: 'stack', address: 0x7ffe_9a00_0000n, size: 0x4000, perms: 'rw' };
const UNTIL = 0x6000_0000n;
const RSP = STACK.address + 0x2000n;
const RAX = 0;
const RDX = 2;
const RSP_INDEX = 4;
const RFLAGS = 16;
const NOWHERE = 0x1234_5678_0000n;

const bytes = (hex: string): Uint8Array => Uint8Array.from(Buffer.from(hex.replaceAll(' ', ''), 'hex'));

/** Registers at the start: distinct values; rsp at a return address `until`. */
function registers(changes: Readonly<Record<number, bigint>> = {}): BigUint64Array {
  const regs = BigUint64Array.from({ length: 17 }, (_, i) => 0x1111_1111_1111_1111n * BigInt(i % 16));
  regs[RSP_INDEX] = RSP;
  regs[RFLAGS] = 2n;
  for (const [index, value] of Object.entries(changes)) regs[Number(index)] = value;
  return regs;
}

interface Ran {
  readonly stop: Stop;
  readonly regs: BigUint64Array;
}

/** The guest of these tests: its regions, and a way to run a few bytes. */
class Guest {
  readonly engine: Engine;
  readonly data: () => Uint8Array;
  readonly const: () => Uint8Array;
  readonly stack: () => Uint8Array;
  readonly code: () => Uint8Array;

  constructor(engine: Engine) {
    this.engine = engine;
    this.code = engine.map(CODE);
    this.data = engine.map(DATA);
    this.const = engine.map(CONST);
    this.stack = engine.map(STACK);
  }

  run(hex: string, regs = registers(), options: Partial<RunRequest> = {}): Ran {
    this.engine.load(CODE.address, bytes(hex));
    return this.again(regs, options);
  }

  again(regs = registers(), options: Partial<RunRequest> = {}): Ran {
    new DataView(this.stack().buffer).setBigUint64(Number(RSP - STACK.address), UNTIL, true);
    const out = new BigUint64Array(17);
    const request: RunRequest = {
      start: CODE.address,
      until: UNTIL,
      regs,
      fuel: 10_000,
      watch: new Set(),
      watcher: () => {},
      ...options,
    };
    return { stop: this.engine.run(request, out), regs: out };
  }

  /** mov eax, 7; ret: shows that nothing of an earlier run is left. */
  expectGoodCase(): void {
    const { stop, regs } = this.run('b8 07 00 00 00 c3');
    const want = registers({ [RAX]: 7n, [RSP_INDEX]: RSP + 8n });
    expect(stop).toEqual({ kind: 'end' });
    expect([...regs]).toEqual([...want]);
  }
}

const at = (offset: number): bigint => CODE.address + BigInt(offset);

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
  ['int3',                '90 cc',                      { kind: 'interrupt', vector: 3, rip: at(2) }],
  ['int 0x80',            'cd 80',                      { kind: 'interrupt', vector: 0x80, rip: at(2) }],
  ['hlt',                 '90 f4 90',                   { kind: 'halt', rip: at(2) }],
  ['endless loop',        '90 eb fd',                   { kind: 'fuel', rip: at(0) }],                                               // nop; jmp -3
];

/** Registers the rows above count on. */
const stopRegs = (): BigUint64Array => registers({ 2: NOWHERE, 1: CONST.address, 3: DATA.address });

/** Tests of the Engine interface. */
export function describeEngine(name: string, open: () => Engine): void {
  describe(`engine ${name}`, () => {
    let guest: Guest;
    beforeAll(() => {
      guest = new Guest(open());
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

function describeStops(guest: () => Guest): void {
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

  it.each([
    ['syscall', '0f 05'],
    ['sysenter', '0f 34'],
  ])('stops at %s', (_name, code) => {
    const { stop, regs } = guest().run(`${code} b8 07 00 00 00 c3`);
    expect([stop.kind, regs[RAX]]).toEqual(['halt', 0n]);
    guest().expectGoodCase();
  });

  it('counts blocks as fuel', () => {
    // mov ecx, 100; dec ecx; jnz -4; ret: 1 + 99 blocks, then the one with ret
    const code = 'b9 64 00 00 00 ff c9 75 fc c3';
    expect(guest().run(code, registers(), { fuel: 101 }).stop).toEqual({ kind: 'end' });
    expect(guest().run(code, registers(), { fuel: 100 }).stop).toEqual({ kind: 'fuel', rip: at(9) });
    expect(guest().run(code, registers(), { fuel: 1 }).stop).toEqual({ kind: 'fuel', rip: at(5) });
    expect(guest().run(code, registers(), { fuel: 0 }).stop).toEqual({ kind: 'fuel', rip: at(0) });
  });
}

function describeCode(guest: () => Guest): void {
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

function describeMemory(guest: () => Guest): void {
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

function describeWatching(guest: () => Guest): void {
  // call +6; mov ecx, 1; ret | mov eax, 3; ret
  const CALL = 'e8 06 00 00 00 b9 01 00 00 00 c3 b8 03 00 00 00 c3';

  it('calls the watcher at watched blocks, before they run', () => {
    const seen: unknown[] = [];
    const file = new BigUint64Array(17);
    guest().run(CALL, registers(), {
      watch: new Set([Number(at(11)), Number(at(5)), Number(at(0x2000))]),
      watcher: (address, cpu) => {
        cpu.readRegs(file);
        seen.push([BigInt(address) - CODE.address, cpu.reg(RAX), file[RSP_INDEX]]);
      },
    });
    expect(seen).toEqual([
      [11n, 0n, RSP - 8n],
      [5n, 3n, RSP],
    ]);
  });

  it('watches more blocks when asked in a run, until it ends', () => {
    const seen: number[] = [];
    const options: Partial<RunRequest> = {
      watch: new Set([Number(at(11))]),
      watcher: (address, cpu) => {
        seen.push(address - Number(CODE.address));
        cpu.watch(Number(at(5)));
      },
    };
    guest().run(CALL, registers(), options);
    expect(seen).toEqual([11, 5]);
    guest().again(registers(), { watch: new Set(), watcher: () => seen.push(-1) });
    expect(seen).toEqual([11, 5]);
  });

  it('lets the watcher set registers', () => {
    const file = new BigUint64Array(17);
    const { stop, regs } = guest().run(CALL, registers(), {
      watch: new Set([Number(at(5))]),
      watcher: (_address, cpu) => {
        cpu.readRegs(file);
        file[RDX] = 2n ** 64n - 1n;
        file[RFLAGS] = 0x8d7n;
        cpu.writeRegs(file);
        cpu.setReg(RAX, 0xffff_ffff_0000_0001n);
      },
    });
    expect(stop).toEqual({ kind: 'end' });
    expect([regs[RAX], regs[RDX], regs[RFLAGS]]).toEqual([0xffff_ffff_0000_0001n, 2n ** 64n - 1n, 0x8d7n]);
  });

  it('stops when the watcher asks, precise or not', () => {
    const watch = new Set([Number(at(5))]);
    for (const precise of [false, true]) {
      const watcher: RunRequest['watcher'] = (_address, cpu) => cpu.stop();
      const { stop, regs } = guest().run(CALL, registers(), { watch, watcher, precise });
      expect(stop).toEqual({ kind: 'stopped', rip: at(5) });
      expect([regs[RAX], regs[1]]).toEqual([3n, 0x1111_1111_1111_1111n]);
      guest().expectGoodCase();
    }
  });

  it('throws what the watcher throws', () => {
    const watch = new Set([Number(at(0))]);
    for (let i = 0; i < 100; i++) {
      const run = () =>
        guest().run('ff c1 eb fc', registers(), {
          watch,
          watcher: () => {
            throw new Error('from the watcher');
          },
        });
      expect(run).toThrow('from the watcher');
    }
    guest().expectGoodCase();
  });
}

function describeCmpxchg32(guest: () => Guest): void {
  const UPPER = 0xdead_beef_0000_0000n;
  const regs = (rax: bigint): BigUint64Array => registers({ [RAX]: rax, [RDX]: DATA.address, 1: 0x55n });
  const memory = (value: number): void =>
    new DataView(guest().data().buffer).setBigUint64(0, UPPER | BigInt(value), true);

  // biome-ignore format: one case a line
  const FORMS: readonly (readonly [name: string, code: string, success: bigint, failure: bigint])[] = [
    ['lock cmpxchg [rdx], ecx',                     'f0 0f b1 0a c3',             UPPER | 7n, 9n],
    ['cmpxchg [rdx], ecx',                          '0f b1 0a c3',                UPPER | 7n, 9n],
    ['lock rex cmpxchg [rdx], ecx',                 'f0 40 0f b1 0a c3',          UPPER | 7n, 9n],
    ['cmpxchg [rdx + 0], ecx; jmp +0; nop',         '0f b1 4a 00 eb 00 90 c3',    UPPER | 7n, 9n],
    ['lock cmpxchg [rdx], ecx; mov eax, eax',       'f0 0f b1 0a 89 c0 c3',       7n, 9n],
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
