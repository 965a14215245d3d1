/** Code that named runs translate is read where it lies: of the run's own engine, up to the region's last byte, as it is now. */
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { CODE_BASE } from '../../src/core/layout.ts';
import type { NamedBlocks, Stop } from '../../src/emu/engine.ts';
import { findLibunicorn } from '../../src/emu/find-libunicorn.ts';
import { importSlots } from '../../src/emu/import-slots.ts';
import { loadLibunicorn } from '../../src/emu/libunicorn.ts';
import { RAX } from '../../src/x86/reg.ts';
import { hex, NotedGuest } from '../kit/noted-guest.ts';

const READ = 'cpu_ldub_code_x86_64';
const CODE = { name: 'code', address: CODE_BASE, size: 0x1000, perms: 'rx' } as const;
const NONE: NamedBlocks = { entries: [], returns: [] };
/** mov eax, imm32; ret */
const answer = (value: number): Uint8Array =>
  Uint8Array.from(hex(`b8 ${value.toString(16).padStart(2, '0')} 00 00 00 c3`));
const LENGTH = answer(0).length;

/** A run of it, named or with all blocks counted. */
function run(guest: NotedGuest, code: Uint8Array, named: NamedBlocks | undefined, at = 0): Stop {
  const start = CODE_BASE + BigInt(at);
  if (at > 0) guest.engine.load(start, code);
  return guest.run(at > 0 ? Uint8Array.of(0xcc) : code, {
    start,
    watch: new Set(),
    watcher: () => undefined,
    noted: { stack: guest.stack(), below: 64, results: [], destroyed: [], clobber: 0n, named },
  });
}

describe('an engine whose runs name their blocks', () => {
  const guests: NotedGuest[] = [];
  const newGuest = (): NotedGuest => {
    const guest = new NotedGuest();
    guests.push(guest);
    return guest;
  };
  let guest: NotedGuest;
  beforeAll(() => {
    guest = newGuest();
    run(guest, answer(1), NONE);
  });
  afterAll(() => {
    for (const { engine } of guests) engine.close();
  });

  it('reads code without libunicorn', () => {
    const slot = importSlots(loadLibunicorn(findLibunicorn()).emuStopAt, [READ]).get(READ);
    expect(slot?.own).not.toBeNull();
    expect(slot?.word[0]).not.toBe(slot?.own);
  });

  it('reads up to the last byte of the region, and not further', () => {
    for (let room = LENGTH; room < LENGTH + 6; room++) {
      expect(run(guest, answer(room), NONE, CODE.size - room).kind).toBe('end');
      expect(guest.out[RAX]).toBe(BigInt(room));
    }
    for (let room = 1; room < LENGTH; room++) {
      const cut = answer(7).subarray(0, room);
      const counted = run(guest, cut, undefined, CODE.size - room);
      expect(counted.kind).toBe('fetch');
      expect(run(guest, cut, NONE, CODE.size - room)).toEqual(counted);
    }
  });

  it('reads the code of the engine that runs, in runs of either kind', () => {
    const others = [newGuest(), newGuest()];
    for (const named of [NONE, undefined, NONE, undefined, undefined, NONE]) {
      for (const [k, each] of [guest, ...others].entries()) {
        expect(run(each, answer(k + 1), named).kind).toBe('end');
        expect(each.out[RAX]).toBe(BigInt(k + 1));
      }
    }
  });

  it('is one for all copies of this project in the thread', async () => {
    vi.resetModules();
    const { NotedGuest: OtherGuest } = await import('../kit/noted-guest.ts');
    const other = new OtherGuest();
    guests.push(other);
    for (const value of [1, 2, 3]) {
      for (const [k, each] of [guest, other].entries()) {
        expect(run(each, answer(8 * value + k), NONE).kind).toBe('end');
        expect(each.out[RAX]).toBe(BigInt(8 * value + k));
        expect(run(each, answer(8 * value + k), undefined).kind).toBe('end');
      }
    }
  });

  it('reads a region that was mapped anew', () => {
    const other = newGuest();
    for (const value of [3, 4, 5]) {
      expect(run(other, answer(value), NONE).kind).toBe('end');
      expect(other.out[RAX]).toBe(BigInt(value));
      other.engine.unmap(CODE);
      other.engine.map(CODE);
    }
  });
});
