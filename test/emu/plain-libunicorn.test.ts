/** Libunicorn as it is: alone in its process, for what is left out stays out. */
import { expect, it } from 'vitest';
import { findLibunicorn } from '../../src/emu/find-libunicorn.ts';
import { importSlots } from '../../src/emu/import-slots.ts';
import { loadLibunicorn } from '../../src/emu/libunicorn.ts';
import { openUnicorn } from '../../src/emu/unicorn.ts';
import { Guest } from '../kit/guest.ts';

const OPTIMIZE = 'tcg_optimize_x86_64';

it('keeps all that it does until an engine is opened that is lean', () => {
  const { emuStopAt } = loadLibunicorn(findLibunicorn());
  const isWhole = (): boolean => {
    const slot = importSlots(emuStopAt, [OPTIMIZE]).get(OPTIMIZE);
    return slot?.own === slot?.word[0];
  };
  for (const isLean of [false, true]) {
    const guest = new Guest(openUnicorn({ isLean }));
    expect(isWhole()).toBe(!isLean);
    guest.expectGoodCase();
    guest.engine.close();
  }
});
