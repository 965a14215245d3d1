import { expect, it } from 'vitest';
import { masksOf } from '../../src/oracle/arg-masks.ts';
import { callEvent, returnEvent } from './fakes.ts';

it('tells which arguments of each call with a model are defined', () => {
  const events = [
    callEvent({ args: [1n, undefined, 3n] }),
    callEvent({ callee: { kind: 'bpf', id: 1 }, args: [1n] }),
    callEvent({ callee: { kind: 'helper', id: 7 }, args: [undefined, 0n] }),
    returnEvent(),
    callEvent({ args: [1n], callsBack: true }),
    callEvent({ args: [1n], timer: true }),
    callEvent({ args: [1n], throws: true }),
    callEvent({ args: [] }),
  ];
  expect(masksOf({ events, total: 8 })).toEqual([0b101, 0b10, 0]);
});

it('goes on with the calls that were only counted', () => {
  const trace = { events: [callEvent({ args: [1n] })], total: 3, laterMasks: [0b11, 0b100] };
  expect(masksOf(trace)).toEqual([0b1, 0b11, 0b100]);
});
