import { describe, expect, it } from 'vitest';
import type { Fault } from '../../src/core/execution.ts';
import { CODE_BASE, ENTRY_RSP, STACK_BASE } from '../../src/core/layout.ts';
import { PcMap } from '../../src/core/pc-map.ts';
import { caller, expectGoodCase, GOOD, imageOf, RETURN_OFFSET, run, SUB_OFFSET } from '../kit/images.ts';

describe('ImageRunner, code that misbehaves', () => {
  const PC_MAP = PcMap.of([
    [0, 0],
    [1, 1],
    [2, 3],
  ]);
  const at = (offset: number): bigint => CODE_BASE + BigInt(offset);

  // biome-ignore format: one case a line
  const FAULTS: readonly (readonly [name: string, code: string, fault: Fault, pc: number | null, rip: bigint | undefined])[] = [
    ['wild read',              '90 31 c0 48 8b 00',       { kind: 'read', address: 0n, size: 8 },                             2, at(3)],
    ['wild write',             '90 31 c0 88 40 08',       { kind: 'write', address: 8n, size: 1 },                            2, at(3)],
    ['wild jump',              '90 31 c0 ff e0',          { kind: 'fetch', address: 0n, size: 1 },                            2, at(3)],
    ['jump into the stack',    '90 90 90 ff e4',          { kind: 'fetch', address: ENTRY_RSP - 8n, size: 1 },                2, at(3)],
    ['ud2',                    '90 0f 0b',                { kind: 'illegal' },                                                1, at(1)],
    ['int3',                   '90 cc 90',                { kind: 'interrupt', vector: 3 },                                   1, at(2)],
    ['int 0x80',               '90 cd 80 90',             { kind: 'interrupt', vector: 0x80 },                                1, at(3)],
    ['hlt',                    '90 f4 90',                { kind: 'halt' },                                                   1, at(2)],
    ['syscall',                '90 0f 05 90',             { kind: 'halt' },                                                   1, at(3)],
    ['division by zero',       '90 31 c9 f7 f1',          { kind: 'divide' },                                                 2, at(3)],
    ['running off the end',    '90 90 90 90',             { kind: 'interrupt', vector: 3 },                                   null, at(5)],
    ['rsp lost',               '4c 8b 1c 24 48 83 c4 20 41 ff e3', { kind: 'stack-lost', rsp: ENTRY_RSP + 0x18n },            null, undefined],
    ['endless recursion',      '90 48 83 ec 40 e8 f6 ff ff ff', { kind: 'write', address: 0n, size: 8 },                      2, at(5)],
    ['endless pushing',        '50 eb fd',                { kind: 'write', address: STACK_BASE - 8n, size: 8 },               0, at(0)],
    ['write over itself',      '90 90 90 c6 05 f6 ff ff ff 90', { kind: 'write', address: at(0), size: 1 },                   2, at(3)],
  ];

  it.each(FAULTS)('%s, then a good case', (name, code, fault, pc, rip) => {
    for (let i = 0; i < 3; i++) {
      const { outcome } = run(imageOf([code], { pcMap: PC_MAP }));
      const want =
        name === 'endless recursion' ? { kind: 'write', address: expect.any(BigInt), size: 8 } : fault;
      expect(outcome).toEqual({ kind: 'fault', fault: want, pc, ...(rip === undefined ? {} : { rip }) });
      expectGoodCase();
    }
  });

  it('endless loop, then a good case', () => {
    expect(run(imageOf(['eb fe'])).outcome).toEqual({ kind: 'budget' });
    expectGoodCase();
  });

  it('an instruction the engine does not have is not the fault of the code', () => {
    const { outcome } = run(imageOf(['90 f3 0f b8 c1 c3 | nop; popcnt eax, ecx; ret'], { pcMap: PC_MAP }));
    const runs = outcome.kind === 'exit';
    if (!runs) expect(outcome).toEqual({ kind: 'unsupported', what: 'popcnt', pc: 1 });
    expectGoodCase();
  });

  it('names the return address that was overwritten', () => {
    const image = caller(['48 c7 04 24 00 00 00 00 c3 | mov qword [rsp], 0; ret']);
    const { outcome, breaches, trace } = run(image);
    expect(outcome).toEqual({
      kind: 'fault',
      fault: { kind: 'fetch', address: 0n, size: 1 },
      pc: null,
      rip: at(SUB_OFFSET + 8),
    });
    expect(breaches).toEqual([
      {
        rule: 'return-address',
        what: 'return address of subprog 1',
        want: at(RETURN_OFFSET),
        got: 0n,
        at: 0,
      },
    ]);
    expect(trace.total).toBe(1);
    expectGoodCase();
  });

  it('refuses an image that does not name its registers', () => {
    expect(() => run({ ...GOOD, regs: [0, 7] })).toThrow('regs must name a GPR for each of r0..r10, not 2');
    expectGoodCase();
  });
});
