import { expect, it } from 'vitest';
import { CALLEE_BASE, CALLEE_STRIDE } from '../../src/core/layout.ts';
import { defaultAddresses } from '../../src/jit/compile.ts';
import { exit, helper, link, mov } from '../kit/insns.ts';

it.each([1, 8, 9, 40])('callees lie one after the other, %i of them', (count) => {
  const ids = Array.from({ length: count }, (_, index) => 100 - index);
  const program = link([[...ids.map(helper), mov('r0', 0), exit]]);
  const addressOf = defaultAddresses(program);
  const order = [...program.callees.values()];
  expect(order.length).toBe(count);
  expect(order.map(addressOf)).toEqual(order.map((_, k) => CALLEE_BASE + BigInt(CALLEE_STRIDE * k)));
  expect(() => addressOf({ kind: 'helper', id: 1 })).toThrow('the program does not list this callee');
});
