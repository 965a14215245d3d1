/** What libunicorn does and nobody here needs is left out of it, in this process. */
import { readFileSync } from 'node:fs';
import koffi from 'koffi';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { findLibunicorn } from '../../src/emu/find-libunicorn.ts';
import { type ImportSlot, importSlots } from '../../src/emu/import-slots.ts';
import { makeLean } from '../../src/emu/lean-libunicorn.ts';
import { type Libunicorn, loadLibunicorn } from '../../src/emu/libunicorn.ts';

const IDLE = ['tcg_optimize_x86_64', 'page_collection_lock_x86_64', 'page_collection_unlock_x86_64'];
const GENERATE = 'tcg_gen_code_x86_64';
const INIT = 'qht_init';
const NAMES = [...IDLE, GENERATE, INIT, 'memset', 'uc_no_such_function'];
const INIT_PROTO = koffi.proto(
  'void lean_qht_init(void *table, void *compare, size_t elements, unsigned int mode)',
);
const MEMSET = koffi.proto('void *lean_memset(void *at, int value, size_t size)');
const IDLE_PROTO = koffi.proto('uint64_t lean_idle(void *, uint64_t, uint64_t)');
const PAGE = 0x1000;
const LARGE = (1 << 24) + 1;

describe('libunicorn as engines use it', () => {
  let lib: Libunicorn;
  let slots: ReadonlyMap<string, ImportSlot>;
  const addressIn = (name: string): bigint => slots.get(name)?.word[0] ?? 0n;
  beforeAll(() => {
    lib = loadLibunicorn(findLibunicorn());
    makeLean(lib);
    slots = importSlots(lib.emuStopAt, NAMES);
  });

  it('calls what it has itself and what others have', () => {
    const library = koffi.load(lib.path);
    for (const name of [...IDLE, GENERATE]) expect(slots.get(name)?.own, name).toBe(library.symbol(name));
    expect(addressIn(GENERATE)).toBe(slots.get(GENERATE)?.own);
    expect(slots.get('memset')?.own).toBeNull();
    expect(slots.has('uc_no_such_function')).toBe(false);
  });

  it('is looked for in libraries alone', () => {
    const page = new BigUint64Array(1);
    expect(importSlots(koffi.address(page), NAMES).size).toBe(0);
  });

  it('neither improves blocks nor lists pages', () => {
    for (const name of IDLE) {
      expect(addressIn(name), name).not.toBe(slots.get(name)?.own);
      // An address that nobody may read: what answers has looked at nothing.
      expect(koffi.decode(addressIn(name), IDLE_PROTO)(1n, 2, 3), name).toBe(0);
    }
  });

  it('clears what is small, and not its buffer of code', () => {
    const memset = koffi.decode(addressIn('memset'), MEMSET);
    const bytes = new Uint8Array(LARGE).fill(7);
    memset(bytes, 9, LARGE);
    expect(bytes.every((byte) => byte === 7)).toBe(true);
    expect(memset(bytes, 9, PAGE)).toBe(koffi.address(bytes));
    expect(bytes.findIndex((byte) => byte !== 9)).toBe(PAGE);
    memset(bytes, 5, LARGE - 1);
    expect(bytes.findIndex((byte) => byte !== 5)).toBe(LARGE - 1);
  });

  it('makes small tables for blocks, and others as it is told', (context) => {
    if (!slots.has(INIT)) context.skip();
    /** Of a table for so many: qht.map->n_buckets, four entries each. */
    const buckets = (elements: number): bigint => {
      const table = new BigUint64Array(16);
      koffi.decode(addressIn(INIT), INIT_PROTO)(table, addressIn(INIT), elements, 0);
      return new BigUint64Array(koffi.view(table[0] as bigint, 16))[1] as bigint;
    };
    expect(buckets(1 << 15)).toBe(256n);
    expect(buckets(1 << 14)).toBe(4096n);
    expect(buckets(1 << 16)).toBe(16384n);
  });

  it('is writable no more where it was not', () => {
    const slot = slots.get('memset');
    expect(accessTo(slot?.at ?? 0n)).toBe(slot?.isRelro === true ? 'r--p' : 'rw-p');
  });

  describe('in a second thread of the process', () => {
    beforeAll(() => {
      vi.resetModules();
    });
    afterAll(() => {
      vi.resetModules();
    });

    it('stays as the first one made it', async () => {
      const before = NAMES.map(addressIn);
      const other = await import('../../src/emu/lean-libunicorn.ts');
      expect(other.makeLean).not.toBe(makeLean);
      expect(other.makeLean(lib)).toBe(true);
      expect(NAMES.map(addressIn)).toEqual(before);
    });
  });
});

/** As proc(5) has it: rwx, and p for private. */
function accessTo(address: bigint): string | undefined {
  const ranges = readFileSync('/proc/self/maps', 'utf8').matchAll(/^([0-9a-f]+)-([0-9a-f]+) (\S+)/gm);
  for (const [, start, end, access] of ranges)
    if (BigInt(`0x${start}`) <= address && address < BigInt(`0x${end}`)) return access;
  return undefined;
}
