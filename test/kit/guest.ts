/** The guest the tests of engines run code in: a few regions, and a way to run a few bytes. */
import { expect } from 'vitest';
import type { Engine, Region, RunRequest, Stop } from '../../src/emu/engine.ts';

export const CODE: Region = { name: 'code', address: 0x4000_0000n, size: 0x4000, perms: 'rx' };
export const DATA: Region = { name: 'data', address: 0x35d1_8000_0000n, size: 0x1000, perms: 'rw' };
export const CONST: Region = { name: 'const', address: 0x35d1_8001_0000n, size: 0x1000, perms: 'r' };
export const STACK: Region = { name: 'stack', address: 0x7ffe_9a00_0000n, size: 0x4000, perms: 'rw' };
export const UNTIL = 0x6000_0000n;
export const RSP = STACK.address + 0x2000n;
export const RAX = 0;
export const RDX = 2;
export const RSP_INDEX = 4;
export const RFLAGS = 16;
export const NOWHERE = 0x1234_5678_0000n;

export const bytes = (hex: string): Uint8Array =>
  Uint8Array.from(Buffer.from(hex.replaceAll(' ', ''), 'hex'));

/** The bytes of a region, which may stand anywhere in a larger buffer. */
export const viewOf = ({ buffer, byteOffset, byteLength }: Uint8Array): DataView =>
  new DataView(buffer, byteOffset, byteLength);

/** Registers at the start: distinct values; rsp at a return address `until`. */
export function registers(changes: Readonly<Record<number, bigint>> = {}): BigUint64Array {
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
export class Guest {
  readonly engine: Engine;
  readonly data: () => Uint8Array;
  readonly const: () => Uint8Array;
  readonly stack: () => Uint8Array;
  readonly code: () => Uint8Array;
  readonly #until: bigint;

  /** `until`: where runs return to. */
  constructor(engine: Engine, until = UNTIL) {
    this.engine = engine;
    this.#until = until;
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
    viewOf(this.stack()).setBigUint64(Number(RSP - STACK.address), this.#until, true);
    const out = new BigUint64Array(17);
    const request: RunRequest = {
      start: CODE.address,
      until: this.#until,
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

export const at = (offset: number): bigint => CODE.address + BigInt(offset);
