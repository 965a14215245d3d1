import { describe, expect, it } from 'vitest';
import type { Fault } from '../../src/core/execution.ts';
import { CODE_BASE, CTX_BASE, DATA_BASE } from '../../src/core/layout.ts';
import { PcMap } from '../../src/core/pc-map.ts';
import { expectGoodCase, GOOD, imageOf, run, subjectOf } from '../kit/images.ts';

describe('ImageRunner', () => {
  it('enters main as a kernel does, and gives back r0 and the context', () => {
    const image = imageOf([
      '48 8b 07     | mov rax, [rdi]',
      '48 01 f0     | add rax, rsi',
      '48 89 7f 08  | mov [rdi + 8], rdi',
      'c3           | ret',
    ]);
    const memory = [1, 0, 0, 0, 0, 0, 0, 2, 0, 0, 0, 0, 0, 0, 0, 0, 9];
    const got = run(image, { memory });
    const address = [0, 0, 0, 0xbe, 0x5c, 0x2a, 0, 0];
    expect(got.outcome).toEqual({ kind: 'exit', r0: 0x0200_0000_0000_0012n });
    expect([...got.memory]).toEqual([1, 0, 0, 0, 0, 0, 0, 2, ...address, 9]);
    expect(got.breaches).toEqual([]);
    expectGoodCase();
  });

  it.each([
    ['rdi', '48 89 f8 c3', 0n],
    ['rsi', '48 89 f0 c3', 0n],
  ])('passes 0 in %s when there is no input', (_name, code, want) => {
    expect(run(imageOf([code])).outcome).toEqual({ kind: 'exit', r0: want });
  });

  it('leaves zeros between the end of the input and the end of its page, whatever was there', () => {
    const last = imageOf(['0f b6 87 ff 0f 00 00 c3 | movzx eax, byte [rdi + 4095]; ret']);
    expect(run(last, { memory: Array(4096).fill(5) }).outcome).toEqual({ kind: 'exit', r0: 5n });
    expect(run(last, { memory: [1] }).outcome).toEqual({ kind: 'exit', r0: 0n });
    expect(run(last, { memory: Array(4095).fill(5) }).outcome).toEqual({ kind: 'exit', r0: 0n });
  });

  it('faults past the last page of the input', () => {
    const past = imageOf(['8b 87 00 10 00 00 c3 | mov eax, [rdi + 4096]; ret'], {
      pcMap: PcMap.of([[4, 0]]),
    });
    const fault: Fault = { kind: 'read', address: CTX_BASE + 4096n, size: 4 };
    expect(run(past, { memory: [1] }).outcome).toEqual({ kind: 'fault', fault, pc: 4, rip: CODE_BASE });
    expect(run(past, { memory: Array(4100).fill(3) }).outcome).toEqual({ kind: 'exit', r0: 0x0303_0303n });
    expect(run(past, { memory: [1] }).outcome).toMatchObject({ kind: 'fault' });
  });

  it('gives data sections their bytes in each run, and shows what became of them', () => {
    const subject = subjectOf({
      data: [
        { address: DATA_BASE, bytes: Uint8Array.of(1, 2, 3), writable: true },
        { address: DATA_BASE + 0x2000n, bytes: Uint8Array.of(40), writable: false },
      ],
    });
    const image = imageOf([
      '48 b9 00 00 00 80 d1 35 00 00  | movabs rcx, DATA_BASE',
      '0f b6 81 00 20 00 00           | movzx eax, byte [rcx + 0x2000]',
      '02 01                          | add al, [rcx]',
      '88 41 02                       | mov [rcx + 2], al',
      'fe 01                          | inc byte [rcx]',
      'c3                             | ret',
    ]);
    for (let i = 0; i < 3; i++) {
      const got = run(image, { subject });
      expect(got.outcome).toEqual({ kind: 'exit', r0: 41n });
      expect(got.data).toEqual([Uint8Array.of(2, 2, 41), Uint8Array.of(40)]);
      expectGoodCase();
    }
  });
});

describe('ImageRunner, many images', () => {
  it('shows as much of the context as there is, with the same subject', () => {
    const subject = subjectOf();
    for (const size of [3, 5, 0, 4]) {
      expect(run(GOOD, { subject, memory: Array(size).fill(1) }).memory).toHaveLength(size);
    }
  });

  it('shows the data of the subject at hand', () => {
    for (const bytes of [[1], [2, 3], [4], []]) {
      const data = [{ address: DATA_BASE, bytes: Uint8Array.from(bytes), writable: true }];
      expect(run(GOOD, { subject: subjectOf({ data }) }).data).toEqual([Uint8Array.from(bytes)]);
    }
  });

  it('leaves zeros after a data section, whatever was there', () => {
    const data = [{ address: DATA_BASE, bytes: Uint8Array.of(1), writable: true }];
    const image = imageOf([
      '48 b9 00 00 00 80 d1 35 00 00  | movabs rcx, DATA_BASE',
      '0f b6 41 01 fe 41 01 c3        | movzx eax, byte [rcx + 1]; inc byte [rcx + 1]; ret',
    ]);
    const subject = subjectOf({ data });
    for (let i = 0; i < 3; i++) expect(run(image, { subject }).outcome).toEqual({ kind: 'exit', r0: 0n });
  });

  it('runs nothing of a longer image that starts the same, or of one at another base', () => {
    const trap = { kind: 'fault', fault: { kind: 'interrupt', vector: 3 } };
    expect(run(imageOf(['90 90 90 b8 01 00 00 00 c3'])).outcome).toEqual({ kind: 'exit', r0: 1n });
    expect(run(imageOf(['90 90'])).outcome).toMatchObject(trap);
    const far = `eb 7e ${'90'.repeat(0x7e)}`; // jmp 0x80
    expect(run(imageOf([far, 'b8 01 00 00 00 c3'])).outcome).toEqual({ kind: 'exit', r0: 1n });
    expect(run(imageOf(['eb 3e'], { base: CODE_BASE + 0x40n })).outcome).toMatchObject(trap);
  });

  it('runs each as it is, longer and shorter, here and there', () => {
    for (let i = 0; i < 300; i++) {
      const value = Buffer.alloc(4);
      value.writeUInt32LE(i);
      const base = i % 7 === 0 ? CODE_BASE + 0x40n : CODE_BASE;
      const image = imageOf(['90'.repeat((i * 37) % 500), `b8 ${value.toString('hex')} c3`], { base });
      expect(run(image).outcome).toEqual({ kind: 'exit', r0: BigInt(i) });
    }
  });

  it('runs an image larger than any before', () => {
    const image = imageOf(['90'.repeat(300_000), 'b8 09 00 00 00 c3']);
    expect(run(image).outcome).toEqual({ kind: 'exit', r0: 9n });
    expectGoodCase();
  });
});
