/** What named runs do without: code is read where it lies, blocks are not to be found by a fault, stores to the stack change none. */
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { CALLEE_BASE, CODE_BASE } from '../../src/core/layout.ts';
import { type NamedBlocks, REG_FILE_WORDS, type Stop } from '../../src/emu/engine.ts';
import { findLibunicorn } from '../../src/emu/find-libunicorn.ts';
import { importSlots } from '../../src/emu/import-slots.ts';
import { loadLibunicorn, VERSION_2_1 } from '../../src/emu/libunicorn.ts';
import { SHORTCUTS } from '../../src/emu/shortcut-code.ts';
import { RAX } from '../../src/x86/reg.ts';
import { hex, NotedGuest, UNTIL } from '../kit/noted-guest.ts';

const CODE = { name: 'code', address: CODE_BASE, size: 0x1000, perms: 'rx' } as const;
const NONE: NamedBlocks = { entries: [], returns: [] };
const HEAP = 0x1000_0000n;
const byte = (value: number): string => value.toString(16).padStart(2, '0');
/** mov eax, imm32; ret */
const answer = (value: number): Uint8Array => Uint8Array.from(hex(`b8 ${byte(value)} 00 00 00 c3`));
const LENGTH = answer(0).length;

/** A run of it, named or with all blocks counted. */
function run(guest: NotedGuest, code: Uint8Array, named: NamedBlocks | undefined, at = 0): Stop {
  const start = CODE_BASE + BigInt(at);
  if (at > 0) guest.engine.load(start, code);
  return guest.run(at > 0 ? Uint8Array.of(0xcc) : code, { start, ...watching(guest, named) });
}

const watching = (guest: NotedGuest, named: NamedBlocks | undefined) => ({
  watch: new Set<number>(),
  watcher: () => undefined,
  noted: { stack: guest.stack(), below: 64, results: [], destroyed: [], clobber: 0n, named },
});

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

  it('has its own functions in the place of what it can do without', () => {
    const { emuStopAt, version } = loadLibunicorn(findLibunicorn());
    const names = Object.keys(SHORTCUTS);
    const slots = importSlots(emuStopAt, names);
    const replaced = names.filter((name) => slots.get(name)?.word[0] !== slots.get(name)?.own);
    if (version < VERSION_2_1) expect(replaced).toEqual(names);
    // 2.1 notes which pages have code, and 2.1.4 reaches some of its functions another way.
    else expect(replaced.filter((name) => name.startsWith('tlb_'))).toEqual([]);
    expect(replaced).toContain('cpu_ldub_code_x86_64');
  });

  it('sees code that changes itself, in runs of either kind', () => {
    const other = newGuest();
    other.engine.unmap(CODE);
    other.engine.map({ ...CODE, perms: 'rwx' });
    // mov byte [rip + 1], value: the next instruction's first byte of four; mov eax, 1; ret
    const code = (value: number): Uint8Array =>
      Uint8Array.from(hex(`c6 05 01 00 00 00 ${byte(value)} b8 01 00 00 00 c3`));
    for (const [k, named] of [NONE, undefined, undefined, NONE].entries()) {
      expect(run(other, code(k + 5), named).kind).toBe('end');
      expect(other.out[RAX]).toBe(BigInt(k + 5));
    }
  });

  it('keeps what is stored, wherever that is', () => {
    const other = newGuest();
    other.engine.map({ name: 'heap', address: HEAP, size: 0x1000, perms: 'rw' });
    // Twice: mov [rsp - 8], rax; inc rax; mov [abs HEAP], rax; and what is read of both: add rax, [rsp - 8]; add rax, [HEAP]
    const part = '48 89 44 24 f8 48 ff c0 48 89 04 25 00 00 00 10 48 03 44 24 f8 48 03 04 25 00 00 00 10';
    const code = Uint8Array.from(hex(`31 c0 ${part} ${part} c3`));
    for (const named of [NONE, NONE, undefined, NONE]) {
      expect(run(other, code, named).kind).toBe('end');
      // 1 + 0 + 1, then 3 + 2 + 3
      expect(other.out[RAX]).toBe(8n);
    }
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

  it('reads none of another copy where nothing was loaded', async () => {
    vi.resetModules();
    const { NotedGuest: OtherGuest } = await import('../kit/noted-guest.ts');
    const other = new OtherGuest();
    guests.push(other);
    other.engine.unmap({ name: 'callees', address: CALLEE_BASE, size: 0x1000, perms: 'rx' });
    run(guest, answer(3), NONE);
    const regs = new BigUint64Array(REG_FILE_WORDS);
    // Zeros: add [rax], al
    const request = { start: CODE_BASE, until: UNTIL, regs, fuel: 100, ...watching(other, NONE) };
    expect(other.engine.run(request, other.out).kind).toBe('read');
    expect(other.out[RAX]).toBe(0n);
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
