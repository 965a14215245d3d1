/** What the reference makes of accesses and addresses of the verifier's making. */
import { describe, expect, it } from 'vitest';
import { assemble } from '../../src/bpf/asm.ts';
import { buildProgram, type DataSection } from '../../src/bpf/program.ts';
import type { Outcome } from '../../src/core/execution.ts';
import { interpret } from '../../src/interp/interpret.ts';
import { envOf } from '../kit/insns.ts';

const WORD = 0x8877_6655_4433_8281n;
const section = (name: string, address: bigint, writable = true): DataSection => ({
  name,
  address,
  bytes: new Uint8Array(BigUint64Array.of(WORD).buffer),
  writable,
});
const DATA = section('.data', 0x35d1_8000_0000n);
const ARENA = section('arena', 0x3b12_8766_0000n);
const CONSTANTS = section('constants', 0x3b12_8767_0000n, false);

function run(text: string): { outcome: Outcome; data: readonly bigint[] } {
  const program = buildProgram(assemble(`${text}\nexit\n`).insns, { data: [DATA, ARENA, CONSTANTS] });
  const { outcome, data } = interpret(program, envOf({ memory: new Uint8Array(8) }), { traceLimit: 0 });
  return {
    outcome,
    data: data.map((bytes) => new DataView(bytes.buffer, bytes.byteOffset).getBigUint64(0, true)),
  };
}
const r0 = (text: string): bigint | Outcome => {
  const { outcome } = run(text);
  return outcome.kind === 'exit' ? outcome.r0 : outcome;
};

describe('probes', () => {
  const probe = (address: string, load: string): string => `r0 = 5\nr1 = ${address} ll\nprobe ${load}`;

  it.each([
    ['0x35d180000000', 'r0 = *(u64 *)(r1 + 0)', WORD],
    ['0x35d180000008', 'w0 = *(u8 *)(r1 - 8)', 0x81n],
    ['0x35d180000000', 'r0 = *(s8 *)(r1 + 0)', 0xffff_ffff_ffff_ff81n],
    ['0x35d180000000', 'r0 = *(s32 *)(r1 + 4)', 0xffff_ffff_8877_6655n],
    // a page that is not there, before and after the one that is
    ['0x35d180001000', 'r0 = *(u64 *)(r1 + 0)', 0n],
    ['0x35d180000ffc', 'r0 = *(u64 *)(r1 + 0)', 0n],
    ['0x35d17fffffff', 'w0 = *(u8 *)(r1 + 0)', 0n],
    // user space, whatever may be there; the limit, and the vsyscall page
    ['0x40000000', 'r0 = *(u64 *)(r1 + 0)', 0n],
    ['0x200000000000', 'r0 = *(u64 *)(r1 + 0)', 0n],
    ['0xffffffffff600000', 'r0 = *(u64 *)(r1 + 0)', 0n],
    ['0xffffffffffffffff', 'r0 = *(u64 *)(r1 + 8)', 0n],
    ['0xffff800000000000', 'r0 = *(u64 *)(r1 + 0)', 0n],
    ['0x123456789abcdef0', 'r0 = *(u64 *)(r1 + 0)', 0n],
  ])('of %s: %s', (address, load, want) => {
    expect(r0(probe(address, load))).toBe(want);
  });

  it.each([
    ['beside data on its page', '0x35d180000008'],
    ['beside the context', '0x2a5cbe000008'],
    ['below the frame', '0x7ffe9a00c000'],
  ])('%s end the run: pages are there on one side alone', (_, address) => {
    expect(r0(probe(address, 'r0 = *(u64 *)(r1 + 0)'))).toMatchObject({
      kind: 'fault',
      fault: { kind: 'read', address: BigInt(address), size: 8 },
    });
  });

  it('of poison are poison, and by poison a fault', () => {
    expect(r0('r1 = r10\nprobe r1 = *(u64 *)(r1 - 8)\nr0 = r1')).toMatchObject({ kind: 'fault' });
    expect(r0('probe r0 = *(u64 *)(r6 + 0)')).toMatchObject({
      fault: { kind: 'poison', what: 'r6 as address' },
    });
  });
});

describe('the arena', () => {
  const at = (offset: number): string => `r1 = ${0x1_0000 + offset}`;

  it.each([
    ['loads', `${at(0)}\narena r0 = *(u64 *)(r1 + 0)`, WORD],
    ['sign-extends', `${at(8)}\narena r0 = *(s16 *)(r1 - 8)`, 0xffff_ffff_ffff_8281n],
    ['loads acquired', `${at(0)}\narena w0 = load_acquire((u16 *)(r1 + 0))`, 0x8281n],
    ['gives 0 where nothing is', `r0 = 7\n${at(0x2_0000)}\narena r0 = *(u64 *)(r1 + 0)`, 0n],
    [
      'gives 0 to what fetches there',
      `r0 = 7\n${at(0x2_0000)}\narena r0 = atomic_fetch_add((u64 *)(r1 + 0), r0)`,
      0n,
    ],
    ['gives 0 to xchg', `r0 = 7\n${at(0x2_0000)}\narena r0 = xchg_64(r1 + 0, r0)`, 0n],
    ['gives 0 to cmpxchg', `r0 = 7\nr2 = 1\n${at(0x2_0000)}\narena r0 = cmpxchg_64(r1 + 0, r0, r2)`, 0n],
    ['leaves registers of other atomics', `r0 = 7\n${at(0x2_0000)}\narena lock *(u64 *)(r1 + 0) += r0`, 7n],
    ['gives 0 to what cannot write', `r0 = 7\n${at(0x1_0000)}\narena r0 = xchg_64(r1 + 0, r0)`, 0n],
    ['leaves what cannot be written', `r0 = 7\n${at(0x1_0000)}\narena lock *(u64 *)(r1 + 0) += r0`, 7n],
    ['fetches', `r0 = 7\n${at(0)}\narena r0 = atomic_fetch_add((u64 *)(r1 + 0), r0)`, WORD],
  ])('%s', (_, text, want) => {
    expect(r0(text)).toBe(want);
  });

  it.each([
    ['stores', `arena *(u64 *)(r1 + 0) = 9`, 9n],
    ['stores registers', `r2 = 3\narena *(u8 *)(r1 + 0) = w2`, (WORD & ~0xffn) | 3n],
    ['stores released', `r2 = 4\narena store_release((u64 *)(r1 + 0), r2)`, 4n],
    ['adds', `r2 = 1\narena lock *(u64 *)(r1 + 0) += r2`, WORD + 1n],
  ])('%s', (_, text, want) => {
    expect(run(`r0 = 0\n${at(0)}\n${text}`).data[1]).toBe(want);
  });

  it('passes over stores to where nothing is, or to what cannot be written', () => {
    const { outcome, data } = run(
      `r0 = 1\n${at(0x2_0000)}\narena *(u64 *)(r1 + 0) = 9\n${at(0x1_0000)}\narena *(u64 *)(r1 + 0) = 9`,
    );
    expect(outcome).toMatchObject({ kind: 'exit', r0: 1n });
    expect(data).toEqual([WORD, WORD, WORD]);
  });

  it.each([
    ['loads', 'arena r0 = *(u64 *)(r1 + 16)', 'read'],
    ['stores', 'arena *(u64 *)(r1 + 16) = 1', 'write'],
    ['atomics', 'arena lock *(u64 *)(r1 + 16) += r1', 'write'],
  ])('ends the run where its page is there: %s', (_, text, kind) => {
    expect(r0(`r0 = 0\n${at(0)}\n${text}`)).toMatchObject({ fault: { kind, address: 0x3b12_8766_0010n } });
  });

  it.each([
    ['loads', 'arena r0 = *(u64 *)(r6 + 0)'],
    ['stores', 'arena *(u64 *)(r6 + 0) = 1'],
    ['atomics', 'arena lock *(u64 *)(r6 + 0) += r1'],
  ])('wants an address: %s', (_, text) => {
    expect(r0(`r1 = 1\n${text}`)).toMatchObject({ fault: { kind: 'poison' } });
  });

  it.each([
    ['arena r0 = *(u64 *)(r1 + 0)', 'an address of more than 32 bits in an arena'],
    ['arena r1 = atomic_fetch_xor((u64 *)(r1 + 0), r1)', 'fetch_xor in an arena'],
    ['arena r1 = atomic_fetch_and((u64 *)(r1 + 0), r1)', 'fetch_and in an arena'],
    ['arena r1 = atomic_fetch_or((u64 *)(r1 + 0), r1)', 'fetch_or in an arena'],
  ])('has no meaning for %s', (text, what) => {
    expect(r0(`r1 = 0x100000000 ll\n${text}`)).toMatchObject({ kind: 'unsupported', what });
  });
});

describe('casts', () => {
  it.each([
    ['r0 = addr_space_cast(r1, 0, 1)', 0x3b12_8766_1234n, 0x8766_1234n],
    ['r0 = addr_space_cast(r1, 1, 0)', 0x8766_1234n, 0x7e57_8766_1234n],
    ['r0 = addr_space_cast(r1, 1, 0)', 0x5_0000_0000n, 0n],
    ['r0 = &(void __percpu *)(r1)', 0x239d_3000_0000n, 0x35d1_8000_0000n],
    ['r0 = &(void __percpu *)(r1)', 0xffff_ffff_ffff_ffffn, 0x1234_4fff_ffffn],
  ])('%s of %s', (text, value, want) => {
    expect(r0(`r1 = 0x${value.toString(16)} ll\n${text}`)).toBe(want);
  });

  it('of poison is poison', () => {
    expect(r0('r0 = addr_space_cast(r6, 1, 0)')).toMatchObject({ kind: 'fault', fault: { kind: 'poison' } });
  });
});
