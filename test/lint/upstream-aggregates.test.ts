/** Linux's selftest of kfuncs with structures by value (in development), case by case, in programs of our own. */
import { describe, expect, it } from 'vitest';
import { lint } from '../../src/lint/lint.ts';
import { linesOf, passing, withStruct } from './kit.ts';

/** Slots the kfunc takes; of its argument by value: position, first slot, and more. */
const AGGREGATES = [
  ['aggregate_arg_kfunc_struct', 4, { position: 2, slot: 2 }],
  ['aggregate_arg_kfunc_int128', 4, { position: 3, slot: 3, type: 'INT' }],
  ['aggregate_arg_kfunc_int128_odd', 4, { position: 2, slot: 2, type: 'INT' }],
  ['aggregate_arg_kfunc_last_regs', 6, { position: 5, slot: 5 }],
  ['aggregate_arg_kfunc_straddle', 7, { position: 6, slot: 6 }],
  ['aggregate_arg_kfunc_tail', 8, { position: 6, slot: 6 }],
  ['aggregate_arg_kfunc_split8', 9, { position: 8, slot: 8 }],
  ['aggregate_arg_kfunc_int128_shift', 6, { position: 2, slot: 2, type: 'INT' }],
  ['aggregate_arg_kfunc_int128_ovf', 8, { position: 2, slot: 2, type: 'INT' }],
  ['aggregate_arg_kfunc_int128_pad', 9, { position: 8, slot: 8, type: 'INT' }],
] as const;

describe('progs/aggregate_arg_kfunc.c', () => {
  it.each(AGGREGATES)('%s: taken with --aggregates, and refused without', (_, count, how) => {
    const program = withStruct(passing(Math.max(count, 5), 'kfunc'), how);
    expect(lint(program, { aggregates: true }).findings).toEqual([]);
    expect(lint(program).findings).toMatchObject([{ rule: 'big-argument' }]);
  });

  it('aggregate_arg_kfunc_ptr_member', () => {
    const program = withStruct(passing(5, 'kfunc'), { position: 1, slot: 1, isScalar: false });
    const { findings } = lint(program, { aggregates: true });
    expect(linesOf(findings)).toEqual(['5: R1 type STRUCT is not composed of scalars']);
  });

  it('a structure of three words', () => {
    const program = withStruct(passing(5, 'kfunc'), { position: 1, slot: 1, bytes: 24 });
    const { findings } = lint(program, { aggregates: true });
    expect(linesOf(findings)).toEqual([
      '5: R1 type STRUCT has size 24, only 1 to 16 bytes can be passed by value',
    ]);
  });
});
