import { describe, expect, it } from 'vitest';
import { type CalleeModel, defaultModel } from '../../src/core/env.ts';
import type { Expected } from '../../src/core/execution.ts';
import { CALLEE_BASE, CODE_BASE, CTX_BASE, DATA_BASE, ENTRY_RSP, STACK_BASE } from '../../src/core/layout.ts';
import {
  CALL_KFUNC,
  expectGoodCase,
  FRAMES,
  imageOf,
  KFUNC,
  MAIN_FP,
  RETURN_OFFSET,
  run,
  stackWords,
  subjectOf,
  TWELVE,
  twelveArgs,
} from '../kit/images.ts';

describe('ImageRunner, calls of helpers and kfuncs', () => {
  const image = imageOf(twelveArgs(CALL_KFUNC), {
    callSites: [{ pc: 9, returnOffset: RETURN_OFFSET, callee: KFUNC }],
    frames: FRAMES,
  });

  it('shows all twelve arguments to the model and in the trace', () => {
    const seen: unknown[] = [];
    const got = run(image, {
      model: ({ callee, args }) => {
        seen.push(callee, args);
        return 0x1000n;
      },
    });
    expect(seen).toEqual([KFUNC, TWELVE]);
    expect(got.outcome).toEqual({ kind: 'exit', r0: 0x1066n });
    expect(got.trace.events[0]).toMatchObject({
      kind: 'call',
      callee: KFUNC,
      pc: 9,
      args: TWELVE,
      result: 0x1000n,
    });
    expect(stackWords(got, 0)).toEqual([MAIN_FP - 16n, expect.any(BigInt), 0x1234n]);
    expect(got.breaches).toEqual([]);
  });

  it('uses the default model where there is none', () => {
    const memory = { read: () => undefined, write: () => false };
    const result = defaultModel({ callee: KFUNC, args: TWELVE, memory });
    expect(run(image).outcome).toEqual({ kind: 'exit', r0: BigInt.asUintN(64, result + 0x66n) });
  });

  it('passes poisoned arguments to the model as undefined', () => {
    let seen: readonly unknown[] = [];
    const model: CalleeModel = ({ args }) => {
      seen = args;
      return 0n;
    };
    const got = run(image, { model, options: { argMasks: [0b1000_0000_0101] } });
    const hidden = TWELVE.map((arg) => (arg === 1n || arg === 3n || arg === 12n ? arg : undefined));
    expect(seen).toEqual(hidden);
    expect(got.trace.events[0]).toMatchObject({ args: TWELVE });
  });

  it.each([
    ['5 where nothing is known', undefined, 5],
    ['as many as were stored', [0xff], 8],
  ])('without a prototype takes %s', (_name, argMasks, want) => {
    const subject = subjectOf({ callees: [{ ref: KFUNC, args: undefined, address: CALLEE_BASE }] });
    const got = run(image, { subject, options: argMasks === undefined ? {} : { argMasks } });
    expect(got.trace.events[0]).toMatchObject({ args: TWELVE.slice(0, want) });
  });

  it('clobbers what the ABI lets a callee clobber, and nothing else', () => {
    const registers = imageOf([
      '48 83 ec 08          | sub rsp, 8',
      'c7 04 24 00 00 00 00 | mov dword [rsp], 0',
      '31 c9                | xor ecx, ecx: ZF',
      CALL_KFUNC,
      '9c 58                | pushf; pop rax',
      '48 89 4f f8          | mov [rdi - 8], rcx: rdi is no address',
      'c3                   | ret',
    ]);
    const got = run(registers);
    expect(got.outcome).toMatchObject({
      kind: 'fault',
      fault: { kind: 'write', address: 0xc10b_be4e_cfff_ffffn },
    });
    const resultOf = (code: string): unknown =>
      run(imageOf([`48 83 ec 38 ${'90'.repeat(4)}`, CALL_KFUNC, code, '48 83 c4 38 c3'])).outcome;
    const clobber = (n: number) => ({ kind: 'exit', r0: 0xc10b_be4e_d000_0000n | BigInt(n) });
    expect(resultOf('48 89 c8 | mov rax, rcx')).toEqual(clobber(1));
    expect(resultOf('4c 89 d8 | mov rax, r11')).toEqual(clobber(11));
    expect(resultOf('48 8b 04 24 | mov rax, [rsp]')).toEqual(clobber(0x106));
    expect(resultOf('48 8b 44 24 28 | mov rax, [rsp + 40]')).toEqual(clobber(0x10b));
    expect(resultOf('48 8b 44 24 30 | mov rax, [rsp + 48]')).toMatchObject({
      r0: 0x57ac_cafe_0000_0000n | (ENTRY_RSP - 16n - STACK_BASE),
    });
    expect(resultOf('48 89 d8 | mov rax, rbx')).toMatchObject({ r0: 0x1a7e_0404_0404_0404n });
    expect(resultOf('9c 58 | pushf; pop rax')).toEqual({ kind: 'exit', r0: 0x8d7n });
  });

  it('reports a call made with the direction flag set', () => {
    const image = imageOf(['48 83 ec 38', 'fd', CALL_KFUNC, '48 83 c4 38 c3']);
    expect(run(image).breaches).toEqual([{ rule: 'direction-flag', what: 'DF', want: 0n, got: 1n, at: 0 }]);
  });

  it('lets the model use the memory of the program, and nothing else', () => {
    const seen: unknown[] = [];
    const model: CalleeModel = ({ memory }) => {
      seen.push(memory.read(CTX_BASE, 4), memory.read(CTX_BASE + 2n, 4), memory.read(CODE_BASE, 1));
      seen.push(memory.write(CTX_BASE + 1n, 2, 0x1_aabbn), memory.write(DATA_BASE, 1, 1n));
      seen.push(memory.read(DATA_BASE, 1), memory.read(MAIN_FP - 8n, 8));
      return 0n;
    };
    const subject = subjectOf({ data: [{ address: DATA_BASE, bytes: Uint8Array.of(9), writable: false }] });
    const got = run(image, { model, subject, memory: [1, 2, 3, 4, 5] });
    expect(seen).toEqual([0x0403_0201n, undefined, undefined, true, false, 9n, 0x1234n]);
    expect([...got.memory]).toEqual([1, 0xbb, 0xaa, 4, 5]);
  });

  it('throws what a model throws, as an engine error', () => {
    const model: CalleeModel = () => {
      throw new Error('no');
    };
    expect(() => run(image, { model })).toThrow('call: kfunc:7: its model threw "no": mend the model');
    expectGoodCase();
  });

  it('sees a call of an address that is no callee', () => {
    const { outcome } = run(imageOf(['48 83 ec 08', '{call:0x50000010}']), {});
    expect(outcome).toMatchObject({ kind: 'fault', fault: { kind: 'interrupt', vector: 3 }, pc: null });
    expectGoodCase();
  });

  it('sees it where runs before, which did what was expected, had a callee', () => {
    const at = CALLEE_BASE + 16n;
    const call = ['48 83 ec 08', `{call:0x${at.toString(16)}}`, '48 83 c4 08 c3'];
    const parts = { callSites: [{ pc: 1, returnOffset: 9, callee: KFUNC }], frames: [] };
    const subject = subjectOf({ callees: [{ ref: KFUNC, args: 0, address: at }] });
    const expected = run(imageOf(call, parts), { subject });
    expect(run(imageOf(call, parts), { subject, options: { expected } })).toMatchObject({ isNoted: true });
    const returning = (result: bigint): Expected => ({
      ...expected,
      trace: { events: expected.trace.events.slice(1).map((event) => ({ ...event, result })), total: 1 },
    });
    // What it left stays for the run of one that agrees, and is gone for one that calls it.
    const good = imageOf(['b8 07 00 00 00 c3'], { callSites: [], frames: [] });
    expect(run(good, { options: { expected: returning(7n) } })).toMatchObject({ isNoted: true });
    const empty = imageOf(['31 c0', ...call], { callSites: [], frames: [] });
    const { outcome } = run(empty, { options: { expected: returning(0n) } });
    expect(outcome).toMatchObject({ kind: 'fault', fault: { kind: 'interrupt', vector: 3 }, pc: null });
    expectGoodCase();
  });
});
