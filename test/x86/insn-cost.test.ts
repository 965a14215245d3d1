/** What instructions do with memory, by their bytes. */
import { describe, expect, it } from 'vitest';
import { addCosts, insnCosts, moreThan, NO_COST, sumCosts, timesCost } from '../../src/x86/insn-cost.ts';

/** bytes, meaning, loads, stores */
const INSNS: readonly (readonly [string, string, number, number])[] = [
  ['4989c1', 'mov r9, rax', 0, 0],
  ['488b4510', 'mov rax, [rbp + 16]', 1, 0],
  ['48897df8', 'mov [rbp - 8], rdi', 0, 1],
  ['48c745f805000000', 'mov qword [rbp - 8], 5', 0, 1],
  ['ff75f8', 'push qword [rbp - 8]', 1, 1],
  ['53', 'push rbx', 0, 1],
  ['4159', 'pop r9', 1, 0],
  ['c9', 'leave', 1, 0],
  ['c3', 'ret', 1, 0],
  ['e800000000', 'call', 0, 1],
  ['f0480fc10f', 'lock xadd [rdi], rcx', 1, 1],
  ['f0480fb10f', 'lock cmpxchg [rdi], rcx', 1, 1],
  ['0f1f440000', 'nop [rax + rax]', 0, 0],
  ['488d4510', 'lea rax, [rbp + 16]', 0, 0],
];

describe('insnCosts', () => {
  it.each(INSNS)('%s, %s: %i loads, %i stores', (hex, _, loads, stores) => {
    const code = Buffer.from(hex, 'hex');
    expect(insnCosts(code, 0, code.length)).toEqual([
      { offset: 0, cost: { insns: 1, bytes: code.length, loads, stores } },
    ]);
  });

  it('takes the instructions of a range, by their offsets in the code', () => {
    const code = Buffer.from('9090905348c745f805000000c3', 'hex');
    expect(insnCosts(code, 3, code.length).map(({ offset }) => offset)).toEqual([3, 4, 12]);
    expect(insnCosts(code, 3, 4)).toHaveLength(1);
    expect(insnCosts(code, 4, 4)).toEqual([]);
  });

  it('ends with bytes that are cut off', () => {
    expect(insnCosts(Buffer.from('90488b', 'hex'), 0, 3).map(({ offset }) => offset)).toEqual([0, 1]);
  });
});

describe('costs', () => {
  const push = { insns: 1, bytes: 3, loads: 1, stores: 1 };

  it('add up, and subtract', () => {
    expect(sumCosts([push, push, NO_COST])).toEqual(timesCost(2, push));
    expect(moreThan(addCosts(push, push), push)).toEqual(push);
    expect(moreThan(NO_COST, push).bytes).toBe(-3);
  });
});
