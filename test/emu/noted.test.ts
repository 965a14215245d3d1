/** Runs under Unicorn whose watched blocks machine code of the host notes (emu/block-hook.ts). */
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Trace } from '../../src/core/execution.ts';
import { clobberedArg, clobberedReg } from '../../src/core/junk.ts';
import { CALLEE_BASE, CODE_BASE, STACK_BASE } from '../../src/core/layout.ts';
import { Answers } from '../../src/emu/answers.ts';
import { CallTracker } from '../../src/emu/call-tracker.ts';
import { CLOBBERED_FLAGS } from '../../src/emu/clobber.ts';
import { type Engine, type NoteLog, type NoteRequest, REG_FILE_WORDS } from '../../src/emu/engine.ts';
import { ExtentMemory } from '../../src/emu/guest-memory.ts';
import { imageTables } from '../../src/emu/image-tables.ts';
import { idOf, Notes } from '../../src/emu/notes.ts';
import { RECORD } from '../../src/emu/recorder/layout.ts';
import { cpuOf, RecordedMemory } from '../../src/emu/recorder/replay.ts';
import { ImageRunner } from '../../src/emu/run-image.ts';
import { openUnicorn } from '../../src/emu/unicorn.ts';
import { laneNamed, validMix } from '../../src/fuzz/lanes.ts';
import { isSameTrace } from '../../src/oracle/same-trace.ts';
import { RAX, RBX, RDX, RSP } from '../../src/x86/reg.ts';
import { call, hex, NotedGuest, START_RSP, UNTIL } from '../kit/noted-guest.ts';
import { CONVENTIONS, prepared } from '../kit/prepared.ts';

const [CODE, CALLEE] = [Number(CODE_BASE), Number(CALLEE_BASE)];
/** Offset of the subprog in the code of these tests. */
const SUB = 0x40;

/** Main, with `call SUB` for S and `call` of the callee for K; at SUB: mov eax, 42; ret. */
function codeOf(main: readonly string[]): Uint8Array {
  const code: number[] = [];
  for (const part of main) {
    if (part === 'S') code.push(...call(code.length, SUB));
    else if (part === 'K') code.push(...call(CODE + code.length, CALLEE));
    else code.push(...hex(part));
  }
  return Uint8Array.from([...code, ...Array(SUB - code.length).fill(0xcc), ...hex('b8 2a 00 00 00 c3')]);
}

describe('an engine whose watched blocks are noted', () => {
  let guest: NotedGuest;
  beforeAll(() => {
    guest = new NotedGuest();
  });
  afterAll(() => guest.engine.close());

  /** The notes, and blocks the watcher was called for. */
  function run(main: readonly string[], noted: Partial<NoteRequest> | null) {
    const watched: number[] = [];
    const stop = guest.run(codeOf(main), {
      watch: new Set(noted === null ? [] : [CODE + SUB]),
      watcher: (address, cpu) => {
        watched.push(address);
        cpu.stop();
      },
      ...(noted && {
        noted: { stack: guest.stack(), below: 64, results: [], destroyed: [], clobber: 0n, ...noted },
      }),
    });
    const log = guest.engine.notes?.() as NoteLog;
    const notes = Array.from({ length: noted === null ? 0 : log.count }, (_, k) => {
      const shown = new Notes();
      shown.showRecord(log, k, log.below);
      return shown;
    });
    return { stop, watched, notes, ids: notes.map((_, k) => idOf(log, k)) };
  }

  const wordAt = (address: bigint): bigint =>
    new DataView(guest.stack().buffer).getBigUint64(Number(address - STACK_BASE), true);

  it('notes entries, returns and callees, and answers for these', () => {
    // mov ebx, 9; call SUB; push 1; push 2; push 3; call callee; add rsp, 24; ret
    const main = ['bb 09 00 00 00', 'S', '6a 01', '6a 02', '6a 03', 'K', '48 83 c4 18', 'c3'];
    const results = [0x1234_5678_9abc_def0n];
    const { stop, watched, notes, ids } = run(main, { results, destroyed: [2], clobber: clobberedArg(7) });
    expect([stop, watched]).toEqual([{ kind: 'end' }, []]);
    expect(ids).toEqual([CODE + SUB, CODE + 10, CALLEE]);
    const [entered, returned, called] = notes as [Notes, Notes, Notes];
    expect([entered.low(RBX), entered.low(RAX), returned.low(RAX)]).toEqual([9, 0, 42]);
    const rsp = Number(START_RSP);
    expect([entered.address(RSP), returned.address(RSP), called.address(RSP)]).toEqual([
      rsp - 8,
      rsp,
      rsp - 32,
    ]);
    expect([entered.wordAt(rsp - 8), entered.wordAt(rsp)]).toEqual([CODE + 10, Number(UNTIL)]);
    // What is below rsp is shown, too; nothing beyond the window.
    expect(returned.wordAt(rsp - 8)).toBe(CODE + 10);
    expect([called.wordAt(rsp - 24), called.wordAt(rsp - 16), called.wordAt(rsp - 8)]).toEqual([3, 2, 1]);
    expect([called.wordAt(rsp - 96), called.wordAt(rsp - 104)]).toEqual([0, Number.NaN]);
    expect([wordAt(START_RSP - 24n), wordAt(START_RSP - 16n), wordAt(START_RSP - 8n)]).toEqual([
      clobberedArg(7),
      clobberedArg(8),
      1n,
    ]);
    expect([guest.out[RAX], guest.out[RDX], guest.out[RBX]]).toEqual([results[0], clobberedReg(RDX), 9n]);
  });

  it('leaves the flags of a callee', () => {
    // call callee; pushfq; pop rbx; ret
    run(['K', '9c', '5b', 'c3'], { results: [1n], destroyed: [0] });
    expect(BigInt(guest.out[RBX] ?? 0n) & 0xfffn & ~0x200n).toBe(BigInt(CLOBBERED_FLAGS) & ~0x200n);
  });

  it.each([
    ['a callee without an answer', ['K', 'K', 'c3'], { results: [1n], destroyed: [0] }, CALLEE],
    // lea rsp, [rsp - 0x2000]; lea rsp, [rsp + 0x2000]
    [
      'a stack pointer too low for a window',
      ['48 8d a4 24 00 e0 ff ff', 'S', '48 8d a4 24 00 20 00 00', 'c3'],
      {},
      CODE + SUB,
    ],
    // lea rsp, [rsp + 0x800]; lea rsp, [rsp - 0x800]
    [
      'a stack pointer too high for a window',
      ['48 8d a4 24 00 08 00 00', 'S', '48 8d a4 24 00 f8 ff ff', 'c3'],
      {},
      CODE + SUB,
    ],
    // mov ebx, 10000; again: call SUB; dec ebx; jne again; ret
    ['more than the log holds', ['bb 10 27 00 00', 'S', 'ff cb', '75 f7', 'c3'], {}, null],
  ] as const)('leaves %s to the watcher', (_what, main, noted, where) => {
    const { stop, watched } = run(main, noted);
    expect(stop.kind).toBe('stopped');
    expect(watched).toHaveLength(1);
    if (where !== null) expect(watched).toEqual([where]);
    // Nothing is left marked for runs to come.
    expect(run(['S', 'K', 'c3'], null)).toMatchObject({ stop: { kind: 'end' }, watched: [] });
  });

  it('counts fuel', () => {
    expect(run(['eb fe'], {}).stop).toEqual({ kind: 'fuel', rip: CODE_BASE });
  });

  it('cannot, where hooks are JavaScript', () => {
    const other = openUnicorn({ blockHook: 'js' });
    expect(other.notes).toBeUndefined();
    other.close();
  });
});

/** A run that was noted, as it was left. */
interface Noted {
  readonly log: NoteLog;
  readonly entry: BigUint64Array;
  readonly exit: BigUint64Array;
  readonly stack: Uint8Array;
}

/** Shows what noted runs leave, once it has been spoiled. */
function watchedEngine(spoil: (left: Noted) => void): {
  readonly engine: Engine;
  readonly last: () => Noted | null;
} {
  const engine = openUnicorn();
  const [map, run] = [engine.map.bind(engine), engine.run.bind(engine)];
  let stack: () => Uint8Array = () => new Uint8Array(0);
  let last: Noted | null = null;
  engine.map = (region) => {
    const view = map(region);
    if (region.name === 'stack') stack = view;
    return view;
  };
  engine.run = (request, out) => {
    const entry = request.regs.slice();
    const stop = run(request, out);
    last = null;
    if (request.noted === undefined) return stop;
    const log = engine.notes?.() as NoteLog;
    last = { log, entry, exit: out, stack: stack() };
    spoil(last);
    return stop;
  };
  return { engine, last: () => last };
}

/** The trace a tracker makes of the notes; null if a window lacks something. */
function tracked({ log, entry, exit, stack }: Noted, made: ReturnType<typeof prepared>): CallTracker | null {
  const { image, subject, env, want, options } = made;
  const memory = new RecordedMemory(
    new ExtentMemory([{ address: STACK_BASE, bytes: stack, writable: true }]),
  );
  const answers = new Answers(want.trace, env);
  const regs = new BigUint64Array(REG_FILE_WORDS);
  const tracker = new CallTracker(imageTables(image, subject), env, memory, { answers, regs, ...options });
  tracker.start(entry, UNTIL);
  const words = new BigUint64Array(log.bytes.buffer);
  for (let k = 0; k < log.count; k++) {
    const at = k * log.stride;
    const noted = words.subarray(at + RECORD.regs, at + RECORD.regs + REG_FILE_WORDS);
    const window = new DataView(words.buffer, 8 * (at + RECORD.window), 2 * log.below);
    memory.show(Number(noted[RSP]) - log.below, window);
    tracker.onBlock(idOf(log, k), cpuOf(noted));
    if (memory.missed) return null;
  }
  memory.show(0, undefined);
  tracker.finish(exit);
  return tracker;
}

const LANES = ['valid', 'tail-calls', 'accesses', 'hardened'] as const;

describe('noted runs', () => {
  it('are what a tracker makes of them, in every lane and convention', () => {
    const { engine, last } = watchedEngine(() => undefined);
    const runner = new ImageRunner(engine);
    const counts = { noted: 0, all: 0 };
    fc.assert(
      fc.property(
        fc.nat(20_000),
        fc.constantFrom(...LANES),
        fc.constantFrom(...CONVENTIONS),
        (index, lane, convention) => {
          const at = lane === 'hardened' || lane === 'accesses' ? 'linux' : convention;
          const made = prepared(
            laneNamed(lane).draw(7, index, { ...validMix(), convention: at }).subject,
            at,
          );
          const { image, subject, env, options, want } = made;
          if (want.outcome.kind !== 'exit') return;
          counts.all++;
          const got = runner.run(image, subject, env, { ...options, expected: want });
          const noted = last();
          if (noted === null) return;
          counts.noted++;
          expect(got.trace).toBe(want.trace);
          const tracker = tracked(noted, made);
          expect(isSameTrace(want.trace, tracker?.trace as Trace)).toBe(true);
          expect(tracker?.breaches).toEqual([]);
        },
      ),
      { seed: 1, numRuns: 400 },
    );
    runner.close();
    expect(counts.noted / counts.all).toBeGreaterThan(0.7);
  });

  it('are as expected only if the tracker and the comparison find nothing, whatever is noted', () => {
    let spoil: (left: Noted) => void = () => undefined;
    const { engine, last } = watchedEngine((left) => spoil(left));
    const runner = new ImageRunner(engine);
    const count = { yes: 0, no: 0 };
    fc.assert(
      fc.property(fc.nat(20_000), fc.nat(), fc.nat(7), fc.nat(99), (index, at, bit, where) => {
        const lane = laneNamed(index % 4 === 0 ? 'tail-calls' : 'valid');
        const convention = CONVENTIONS[index % 3 === 0 ? 1 : 0] ?? 'linux';
        const made = prepared(lane.draw(7, index, validMix()).subject, convention);
        const { image, subject, env, options, want } = made;
        if (want.outcome.kind !== 'exit') return;
        let left: Noted | null = null;
        spoil = (noted) => {
          const { log, stack, exit } = noted;
          const notes = log.bytes.subarray(0, 8 * log.stride * log.count);
          const regs = new Uint8Array(exit.buffer, exit.byteOffset, exit.byteLength);
          const place = where < 70 && notes.length > 0 ? notes : where < 85 ? stack.subarray(-0x1400) : regs;
          place[at % place.length] = (place[at % place.length] ?? 0) ^ (1 << bit);
          left = noted;
        };
        const got = runner.run(image, subject, env, { ...options, expected: want });
        spoil = () => undefined;
        const isBelieved = got.trace === want.trace && last() !== null && left !== null;
        count[isBelieved ? 'yes' : 'no']++;
        if (!isBelieved) return;
        const tracker = tracked(left as unknown as Noted, made);
        expect(tracker).not.toBeNull();
        expect(isSameTrace(want.trace, tracker?.trace as Trace)).toBe(true);
        expect(tracker?.breaches).toEqual([]);
      }),
      { seed: 3, numRuns: 1500 },
    );
    runner.close();
    expect([count.yes > 200, count.no > 200]).toEqual([true, true]);
  });
});
