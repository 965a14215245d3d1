/** Data sections in the guest: what is mapped for a run, and what stays for those to come. */
import { describe, expect, it } from 'vitest';
import { DataSections } from '../../src/emu/data-sections.ts';
import type { Engine, Region } from '../../src/emu/engine.ts';
import { GuestSpace } from '../../src/emu/guest-space.ts';

const AT = 0x1000_0000n;
const PAGE = 4096;

/** An engine's memory, and how often it changed. */
function opened() {
  const space = new GuestSpace((size) => ({ bytes: new Uint8Array(size) }));
  let changes = 0;
  const engine = {
    map: (region: Region) => {
      changes++;
      const mapped = space.add(region);
      return () => mapped.bytes;
    },
    unmap: (region: Region) => {
      changes++;
      space.remove(region);
    },
  };
  return {
    sections: new DataSections(engine as unknown as Engine),
    mapped: () => space.mapped.map(({ region }) => region.address),
    perms: () => space.mapped.map(({ region }) => region.perms),
    changes: () => changes,
  };
}

const section = (address: bigint, fill: number, writable = true) => ({
  address,
  bytes: new Uint8Array(16).fill(fill),
  writable,
});

describe('data sections', () => {
  it('stay for a run that is not alone, and are put back', () => {
    const { sections, mapped, changes } = opened();
    const first = [section(AT, 1)];
    sections.prepare(first, undefined, false);
    sections.bytes(first[0] ?? section(AT, 0), 0).fill(9);
    sections.prepare([], undefined, false);
    expect(mapped()).toEqual([AT]);
    const again = [section(AT + 8n, 2)];
    expect(sections.prepare(again, undefined, false)).toBe(true);
    expect([...sections.bytes({ address: AT, bytes: new Uint8Array(32), writable: true }, 0)]).toEqual([
      ...Array(8).fill(0),
      ...Array(16).fill(2),
      ...Array(8).fill(0),
    ]);
    expect(changes()).toBe(1);
  });

  it('are gone in a run that is alone, be its own sections the same as before', () => {
    const { sections, mapped } = opened();
    const own = [section(AT, 1)];
    sections.prepare([section(AT + 0x5000n, 1)], undefined, false);
    sections.prepare(own, undefined, false);
    expect(mapped()).toHaveLength(2);
    expect(sections.prepare(own, undefined, true)).toBe(false);
    expect(mapped()).toEqual([AT]);
  });

  it.each([
    [AT, false],
    [AT, true],
    [AT + 0x9000n, false],
    [AT + 0x9000n, true],
  ])('are looked for again after a run whose sections the engine refused: two at %i', (address, alone) => {
    const { sections } = opened();
    const own = () => [section(AT, 1), section(AT + 0x5000n, 2)];
    sections.prepare(own(), undefined, alone);
    const refused = [section(address, 3), section(address, 4)];
    expect(() => sections.prepare(refused, undefined, alone)).toThrow('is there');
    const again = own();
    sections.prepare(again, undefined, alone);
    expect(again.map((each, i) => sections.bytes(each, i)[0])).toEqual([1, 2]);
  });

  it('give way to what a run has in their place', () => {
    const { sections, mapped, perms } = opened();
    sections.prepare([section(AT, 1), section(AT + 0x1000n, 1)], undefined, false);
    const wide = { address: AT, bytes: new Uint8Array(PAGE + 1).fill(3), writable: false };
    sections.prepare([wide], undefined, false);
    expect(mapped()).toEqual([AT]);
    expect(perms()).toEqual(['r']);
    expect(sections.bytes(wide, 0)).toEqual(wide.bytes);
    sections.makeRoom({ name: 'code', address: AT, size: PAGE, perms: 'rx' });
    expect(mapped()).toEqual([AT]);
    sections.prepare([], undefined, false);
    sections.makeRoom({ name: 'code', address: AT, size: PAGE, perms: 'rx' });
    expect(mapped()).toEqual([]);
  });

  it('at the same place in one run are refused, whatever was there', () => {
    const { sections } = opened();
    sections.prepare([section(AT, 1)], undefined, false);
    expect(() => sections.prepare([section(AT, 1), section(AT, 2)], undefined, false)).toThrow(
      'data 0 is there',
    );
  });

  it("of a kernel lie beside the program's", () => {
    const { sections, mapped } = opened();
    const kernel = { address: AT + 0x4000n, bytes: new Uint8Array(PAGE).fill(7) };
    const own = [section(AT, 1)];
    sections.prepare(own, kernel, true);
    expect(mapped()).toEqual([AT, AT + 0x4000n]);
    sections.prepare(own, { ...kernel, bytes: new Uint8Array(0) }, true);
    expect(mapped()).toEqual([AT]);
  });

  it('of runs long ago go', () => {
    const { sections, mapped } = opened();
    for (let k = 0; k < 100; k++) sections.prepare([section(AT + BigInt(k * PAGE), 1)], undefined, false);
    expect(mapped().length).toBeLessThan(40);
  });
});
