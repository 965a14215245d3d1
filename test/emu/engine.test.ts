import { describe, expect, it } from 'vitest';
import { findLibunicorn, libunicornPlaces } from '../../src/emu/find-libunicorn.ts';
import { openUnicorn } from '../../src/emu/unicorn.ts';
import { describeEngine } from '../kit/engine-suite.ts';
import { at, Guest } from '../kit/guest.ts';

describeEngine('unicorn', () => openUnicorn());
describeEngine('unicorn with hooks in JavaScript', () => openUnicorn({ blockHook: 'js' }));

describe('openUnicorn', () => {
  it('runs code that ends without counting or watching it', () => {
    const guest = new Guest(openUnicorn({ blockHook: 'none' }));
    guest.expectGoodCase();
    // mov ecx, 1000; again: dec ecx; jne again; ret
    const watched: number[] = [];
    const watcher = (address: number): number => watched.push(address);
    const code = 'b9 e8 03 00 00 ff c9 75 fc c3';
    const { stop } = guest.run(code, undefined, { fuel: 1, watch: new Set([Number(at(5))]), watcher });
    expect([stop, watched, guest.engine.caps.countsBlocks]).toEqual([{ kind: 'end' }, [], false]);
    guest.engine.close();
  });

  it('names a library that cannot be loaded', () => {
    expect(() => openUnicorn({ library: '/nowhere/libunicorn.so.2' })).toThrow(
      /^load libunicorn: \/nowhere\/libunicorn\.so\.2: [^\n]+$/,
    );
  });
});

describe('findLibunicorn', () => {
  it('takes the file the user names, or says that it is missing', () => {
    expect(findLibunicorn({ BPF_ORACLE_LIBUNICORN: '/proc/self/exe' })).toBe('/proc/self/exe');
    expect(() => findLibunicorn({ BPF_ORACLE_LIBUNICORN: '/nowhere' })).toThrow(
      'BPF_ORACLE_LIBUNICORN names it',
    );
  });

  it('looks in the package last', () => {
    expect(libunicornPlaces('/package').at(-1)).toMatch(
      /^\/package\/node_modules\/\.cache\/bpf-oracle\/usr\/lib\//,
    );
  });
});
