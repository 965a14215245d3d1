/** What the thread argues about, as properties of every call of the table. */
import { describe, expect, it } from 'vitest';
import { CONVENTION_NAMES } from '../../src/bpf/calling.ts';
import { CALLEE_KINDS, VALUES } from '../../src/cost/call-forms.ts';
import { nativeRows, type TableRow, tableRows } from '../../src/cost/table.ts';
import type { Cost } from '../../src/x86/insn-cost.ts';
import { MACHINES } from './machines.ts';

const ROWS = tableRows(MACHINES);
const NATIVE = nativeRows();
const ARITIES = [1, 2, 3, 4, 5, 6, 7];

const passing = (...conventions: readonly string[]): readonly TableRow[] =>
  ROWS.filter(({ convention, stackArgs }) => conventions.includes(convention) && stackArgs > 0);

const name = ({ convention, callee, value, stackArgs }: TableRow): string =>
  `${convention}, ${callee}, ${value}, ${stackArgs}`;

const costs = (...rows: readonly (readonly [number, number, number])[]): unknown[] =>
  rows.map(([insns, loads, stores]) => expect.objectContaining({ insns, loads, stores }));

const gcc = (row: TableRow, style: 'push' | 'store'): Cost => {
  const found = NATIVE.find(
    ({ callee, value, stackArgs, ...native }) =>
      native.style === style && callee === row.callee && value === row.value && stackArgs === row.stackArgs,
  );
  if (found === undefined) throw new Error(name(row));
  return found.extra;
};

describe('the cost table', () => {
  it('has each convention, kind of callee, kind of value, and number of stack arguments from 0 to 7', () => {
    const wanted = CONVENTION_NAMES.flatMap((convention) =>
      CALLEE_KINDS.flatMap((callee) =>
        VALUES.flatMap((value) =>
          [0, ...ARITIES].map((stackArgs) => `${convention}, ${callee}, ${value}, ${stackArgs}`),
        ),
      ),
    );
    expect(ROWS.map(name)).toEqual(wanted);
  });

  it.each(passing('linux', 'zero').map((row) => [name(row), row] as const))(
    '%s: one instruction for each store and load, none between the last store and the call, none after it',
    (_, { passedEach, receivedEach, betweenLastStoreAndCall, static: code, stackArgs, callee }) => {
      const others = Array.from({ length: stackArgs - 1 });
      expect(passedEach).toEqual(costs([1, 0, 0], ...others.map(() => [1, 0, 1] as const)));
      if (callee === 'bpf')
        expect(receivedEach).toEqual(costs([1, 0, 0], ...others.map(() => [1, 1, 0] as const)));
      else expect(receivedEach).toBeNull();
      expect(betweenLastStoreAndCall).toBe(0);
      expect([code.before.insns, code.after.insns]).toEqual([0, 0]);
    },
  );

  it.each(passing('v3').map((row) => [name(row), row] as const))(
    '%s: k copies at the call, and one correction of rsp if anything was pushed',
    (_, { passedEach, betweenLastStoreAndCall, static: code, stackArgs, callee }) => {
      expect(passedEach).toEqual(costs(...passedEach.map(() => [1, 0, 1] as const)));
      const pushed = callee === 'bpf' ? stackArgs : stackArgs - 1;
      expect(betweenLastStoreAndCall).toBe(stackArgs);
      expect(code.before).toMatchObject({ insns: stackArgs, loads: stackArgs, stores: pushed });
      expect(code.after.insns).toBe(pushed === 0 ? 0 : 1);
    },
  );

  it.each(passing('reply').map((row) => [name(row), row] as const))(
    '%s: all arguments in memory; a kfunc pays a pop before the call and a correction after it',
    (_, { passedEach, receivedEach, betweenLastStoreAndCall, static: code, callee }) => {
      expect(passedEach).toEqual(costs(...passedEach.map(() => [1, 0, 1] as const)));
      if (callee === 'bpf') expect(receivedEach).toEqual(costs(...passedEach.map(() => [1, 1, 0] as const)));
      const paid = callee === 'kfunc' ? 1 : 0;
      expect(betweenLastStoreAndCall).toBe(paid);
      expect(code.before).toMatchObject({ insns: paid, loads: paid, stores: 0 });
      expect(code.after.insns).toBe(paid);
    },
  );

  it('runs each instruction once: what is executed is what stands there', () => {
    for (const row of ROWS) expect(row.executed, name(row)).toEqual(row.static);
  });

  it('has linux and zero cost the same', () => {
    const strip = ({ convention: _, ...row }: TableRow): unknown => row;
    expect(passing('zero').map(strip)).toEqual(passing('linux').map(strip));
  });

  it("has linux's call of a kfunc cost what gcc's code costs that stores to its area", () => {
    for (const row of passing('linux').filter(({ callee }) => callee === 'kfunc')) {
      const { insns, loads, stores } = row.extra;
      const bound = gcc(row, 'store');
      expect([insns, loads, stores], name(row)).toEqual([bound.insns, bound.loads, bound.stores]);
    }
  });

  it('has no convention beat gcc in instructions, or the code of gcc that stores in loads and stores', () => {
    for (const row of passing(...CONVENTION_NAMES)) {
      expect(row.extra.insns, name(row)).toBeGreaterThanOrEqual(gcc(row, 'push').insns);
      const { loads, stores } = gcc(row, 'store');
      expect(row.extra.loads + row.extra.stores, name(row)).toBeGreaterThanOrEqual(loads + stores);
    }
  });
});
