/** Runs under Unicorn that name the blocks to see: no others are hooked, and a watchdog ends those that do not end. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { CALLEE_BASE, CODE_BASE, STACK_BASE } from '../../src/core/layout.ts';
import { type NamedBlocks, REG_FILE_WORDS } from '../../src/emu/engine.ts';
import { switchOffset } from '../../src/emu/exit-checks.ts';
import { findLibunicorn } from '../../src/emu/find-libunicorn.ts';
import { loadLibunicorn } from '../../src/emu/libunicorn.ts';
import { idOf } from '../../src/emu/notes.ts';
import { openUnicorn } from '../../src/emu/unicorn.ts';
import { RAX } from '../../src/x86/reg.ts';
import { call, hex, NotedGuest, START_RSP, UNTIL } from '../kit/noted-guest.ts';

const [CODE, CALLEE] = [Number(CODE_BASE), Number(CALLEE_BASE)];
const [FIRST, SECOND] = [0x40, 0x48];

/** Main, then two subprogs that only return; 1 and 2 call them, K the callee. */
function codeOf(main: readonly string[]): Uint8Array {
  const code: number[] = [];
  for (const part of main) {
    if (part === '1') code.push(...call(code.length, FIRST));
    else if (part === '2') code.push(...call(code.length, SECOND));
    else if (part === 'K') code.push(...call(CODE + code.length, CALLEE));
    else code.push(...hex(part));
  }
  const bytes = new Uint8Array(0x50).fill(0xcc);
  bytes.set(code);
  bytes[FIRST] = bytes[SECOND] = 0xc3;
  return bytes;
}

/** Each of them would take for ever. */
const ENDLESS = [
  ['a jump to itself', ['eb fe']],
  // jmp +2; nop; nop; jmp -6
  ['two blocks', ['eb 02 90 90 eb fa']],
  // lea rax, [rip - 7]; jmp rax
  ['an indirect jump', ['48 8d 05 f9 ff ff ff ff e0']],
  // again: call first; jmp again
  ['calls', ['1', 'eb f9']],
] as const;
/** Each before mov al, 7; ret. */
const FAULTS = [
  // mov al, [0]
  ['a load', 'read', ['8a 04 25 00 00 00 00']],
  // mov [0], al
  ['a store', 'write', ['88 04 25 00 00 00 00']],
  // mov [rip], al
  ['a store to code', 'write', ['88 05 00 00 00 00']],
  // xor esp, esp; call first
  ['a call without a stack', 'write', ['31 e4', '1']],
  // again: mov al, [0]; jmp again
  ['a load in a loop without end', 'read', ['8a 04 25 00 00 00 00', 'eb f7']],
  // mov al, [0]; push UNTIL; ret
  ['a load, then a return to where runs end', 'read', ['8a 04 25 00 00 00 00', '68 00 00 ff 7f c3']],
] as const;
/** mov ecx, 100; again: dec ecx; jne again; ret: more blocks than FUEL. */
const LOOP = ['b9 64 00 00 00 ff c9 75 fc c3'];
const FUEL = 10;
const NONE: NamedBlocks = { entries: [], returns: [] };
/** Runs that count after one that did not end. */
const WARY = 256;

describe('an engine whose runs name their blocks', () => {
  let guest: NotedGuest;
  beforeAll(() => {
    guest = new NotedGuest();
  });
  afterAll(() => guest.engine.close());

  /** How it ends, and what is noted. `named`: null where every block counts. */
  function run(main: readonly string[], named: NamedBlocks | null, fuel = 100_000) {
    const { engine, stack, out } = guest;
    const noted = { stack: stack(), below: 64, results: [7n], destroyed: [0], clobber: 0n };
    const { kind } = guest.run(codeOf(main), {
      fuel,
      watch: new Set(named === null ? [CODE + FIRST, CODE + SECOND] : []),
      watcher: (_, cpu) => cpu.stop(),
      noted: named === null ? noted : { ...noted, named },
    });
    const log = engine.notes?.();
    const ids = log === undefined ? [] : Array.from({ length: log.count }, (_, k) => idOf(log, k));
    const halves = log === undefined ? [] : [...log.halves.subarray(0, 2 * log.count * log.stride)];
    return { kind, ids, halves, out: [...out] };
  }

  it('notes what it notes where every block is seen', () => {
    const main = ['1', 'K', '2', 'c3'];
    const named = { entries: [CODE + FIRST, CODE + SECOND], returns: [CODE + 5, CODE + 15] };
    const seen = run(main, named);
    expect(seen.ids).toEqual([CODE + FIRST, CODE + 5, CALLEE, CODE + SECOND, CODE + 15]);
    expect(seen).toEqual(run(main, null));
    // Other blocks in the run after it, and in the one after that.
    const fewer = { entries: [CODE + SECOND], returns: [] };
    expect(run(main, fewer).ids).toEqual([CALLEE, CODE + SECOND]);
    expect(run(main, NONE).ids).toEqual([CALLEE]);
    expect(run(main, named).ids).toEqual(seen.ids);
  });

  it('does not count the others', () => {
    expect(run(LOOP, NONE, FUEL).kind).toBe('end');
    expect(run(LOOP, null, FUEL).kind).toBe('fuel');
  });

  it('sees all that are named, however many', () => {
    const main = ['1', 'K', '2', 'c3'];
    const seen = run(main, null);
    const others = Array.from({ length: 40 }, (_, i) => CODE + 0x100 + i);
    const entries = [CODE + FIRST, ...others, CODE + SECOND];
    expect(run(main, { entries, returns: [CODE + 5, ...others, CODE + 15] }).ids).toEqual(seen.ids);
    expect(run(main, { entries: entries.toReversed(), returns: [...others, CODE + 15, CODE + 5] })).toEqual(
      seen,
    );
    expect(run(main, NONE).ids).toEqual([CALLEE]);
    expect(run(LOOP, { entries, returns: [] }, 60).kind).toBe('end');
  });

  it('drops what was translated, in each kind of run', () => {
    for (const named of [NONE, null, null, NONE, NONE, null, NONE]) {
      // mov eax, imm; ret: the same length, then a longer one, then the first again.
      for (const [code, want] of [
        ['b8 01 00 00 00 c3', 1n],
        ['b8 02 00 00 00 c3', 2n],
        ['b8 02 00 00 00 83 c0 07 c3', 9n],
      ] as const) {
        expect(run([code], named).kind).toBe('end');
        expect(guest.out[RAX]).toBe(want);
      }
    }
  });

  it.each(FAULTS)('says of what faults that it does, not that it ends: %s', (_what, kind, main) => {
    const after = ['b0 07', 'c3'];
    for (const named of [NONE, null, NONE]) {
      expect(run([...main, ...after], named).kind).toBe(kind);
      expect([run(['b0 05', 'c3'], named).kind, guest.out[RAX]]).toEqual(['end', 5n]);
    }
  });

  it('does not look after each access whether it is to end, if libunicorn can do without', () => {
    // mov [0], al; mov byte [rsp - 8], 7; ret
    const main = ['88 04 25 00 00 00 00', 'c6 44 24 f8 07', 'c3'];
    const stored = (named: NamedBlocks | null): number | undefined => {
      expect(run(main, named).kind).toBe('write');
      return guest.stack()[Number(START_RSP - 8n - STACK_BASE)];
    };
    expect(stored(null)).toBe(0);
    expect(stored(NONE)).toBe(switchOffset(loadLibunicorn(findLibunicorn())) === null ? 0 : 7);
  });

  it.each(ENDLESS)('ends what does not end: %s; then counts for a while', (_what, main) => {
    const other = { entries: [], returns: [CODE + 0x100] };
    expect(run(main, other).kind).toBe('fuel');
    for (let k = 0; k < WARY; k++) expect(run(LOOP, NONE, FUEL).kind).toBe('fuel');
    expect(run(LOOP, NONE, FUEL).kind).toBe('end');
  });

  it('ends one of many engines', () => {
    const others = Array.from({ length: 3 }, () => openUnicorn());
    try {
      for (const other of others) {
        other.map({ name: 'code', address: CODE_BASE, size: 0x1000, perms: 'rx' });
        other.load(CODE_BASE, codeOf(['eb fe']));
        const regs = new BigUint64Array(REG_FILE_WORDS);
        const noted = {
          stack: guest.stack(),
          below: 64,
          results: [],
          destroyed: [],
          clobber: 0n,
          named: NONE,
        };
        const request = { start: CODE_BASE, until: UNTIL, regs, fuel: 100, watch: new Set<number>(), noted };
        expect(other.run({ ...request, watcher: () => undefined }, guest.out).kind).toBe('fuel');
        expect(run(LOOP, NONE, FUEL).kind).toBe('end');
      }
    } finally {
      for (const other of others) other.close();
    }
  });
});
