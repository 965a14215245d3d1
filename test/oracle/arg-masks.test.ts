import { expect, it } from 'vitest';
import { calleeKey } from '../../src/core/env.ts';
import type { CalleeRef, Word } from '../../src/core/execution.ts';
import { recordMasks } from '../../src/oracle/arg-masks.ts';
import { ENV, program } from './fakes.ts';

const HELPER: CalleeRef = { kind: 'helper', id: 7 };
const memory = { read: () => undefined, write: () => false };

it('records which arguments each call has, and passes the call on', () => {
  const seen: (readonly Word[])[] = [];
  const models = new Map([
    [
      calleeKey(HELPER),
      ({ args }: { args: readonly Word[] }) => {
        seen.push(args);
        return 42n;
      },
    ],
  ]);
  const calls = program([{ kind: 'call', target: 'helper', imm: 7, off: 0 }, { kind: 'exit' }]);
  const recorder = recordMasks(calls, { ...ENV, models });
  const model = recorder.env.models.get('helper:7');
  const many = Array.from({ length: 100 }, (_, i): Word[] =>
    i % 2 === 0 ? [1n, undefined, 3n] : [undefined, 0n],
  );
  for (const args of many) expect(model?.({ callee: HELPER, args, memory })).toBe(42n);
  expect(seen).toEqual(many);
  expect([...recorder.masks()]).toEqual(many.map((_, i) => (i % 2 === 0 ? 0b101 : 0b10)));
});
