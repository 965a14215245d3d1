/** Runs in which the guest notes its calls by itself (emu/recorder), against runs that stop at each. */
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { lower } from '../../src/arb/lower.ts';
import type { Program } from '../../src/bpf/program.ts';
import { Checker } from '../../src/checker.ts';
import type { Execution, StackBytes, TraceEvent, Word } from '../../src/core/execution.ts';
import type { Image } from '../../src/core/image.ts';
import { AsExpected } from '../../src/emu/as-expected.ts';
import type { Engine, RunRequest } from '../../src/emu/engine.ts';
import { ImageRunner } from '../../src/emu/run-image.ts';
import { openSilicon } from '../../src/emu/silicon/silicon.ts';
import { openUnicorn } from '../../src/emu/unicorn.ts';
import { drawSpec } from '../../src/fuzz/generate.ts';
import type { Subject } from '../../src/fuzz/judge.ts';
import { laneNamed, validMix } from '../../src/fuzz/lanes.ts';
import { compile } from '../../src/jit/compile.ts';
import { isSameTrace } from '../../src/oracle/same-trace.ts';
import { CONVENTIONS, type Convention, prepared } from '../kit/prepared.ts';
import { siliconMissing, skippedBecause } from '../kit/silicon.ts';

const missing = siliconMissing();

/** Not recorded by the guest. */
const isWatched = ({ watch, noted }: RunRequest): boolean => watch.size > 0 || noted !== undefined;

/** Counts the runs that were watched. */
function counted(engine: Engine): { readonly engine: Engine; readonly watched: () => number } {
  let watched = 0;
  const run = engine.run.bind(engine);
  engine.run = (request, out) => {
    if (isWatched(request)) watched++;
    return run(request, out);
  };
  return {
    engine: Object.assign(engine, { caps: { ...engine.caps, stopsAreDear: true } }),
    watched: () => watched,
  };
}

/** For it, stops cost nothing. */
const patient = (engine: Engine): Engine =>
  Object.assign(engine, { caps: { ...engine.caps, stopsAreDear: false } });

/** The frame's bytes that are not poison on the reference's side. */
function known(got: StackBytes | null, want: StackBytes | null): unknown {
  if (got === null || want === null) return null;
  const least = Math.min(got.bytes.length, want.bytes.length);
  const cut = want.bytes.length - least;
  return [...got.bytes.subarray(got.bytes.length - least)].map((byte, i) =>
    want.poison?.[cut + i] === 1 ? null : byte,
  );
}

/** Words that are not. */
const promised = (got: readonly Word[] | null, want: readonly Word[] | null | undefined) =>
  got?.slice(0, want?.length).map((word, i) => (want?.[i] === undefined ? null : word)) ?? null;

/** An event as far as the reference promises anything of it. */
function shownEvent(event: TraceEvent, want: TraceEvent | undefined) {
  const args = event.kind === 'call' && want?.kind === 'call' ? promised(event.args, want.args) : null;
  const result = want?.result === undefined ? null : event.result;
  const who = event.kind === 'call' ? `${event.callee.kind} ${event.callee.id}` : event.subprog;
  return {
    kind: event.kind,
    who,
    args,
    result,
    regs: promised(event.regs, want?.regs),
    stack: known(event.stack, want?.stack ?? null),
  };
}

const shown = ({ outcome, memory, data, trace, breaches }: Execution, want: Execution) => ({
  outcome,
  memory,
  data,
  breaches,
  total: trace.total,
  events: trace.events.map((event, i) => shownEvent(event, want.trace.events[i])),
});

/** What a guest left, to be spoiled before it is looked at. */
interface Left {
  readonly log: Uint8Array;
  readonly stack: Uint8Array;
  readonly regs: Uint8Array;
}

/** Spoils what recorded runs leave, by what `spoil` does. */
function spoiling(engine: Engine, spoil: () => ((left: Left) => void) | null): Engine {
  const regions = new Map<string, () => Uint8Array>();
  const [map, run] = [engine.map.bind(engine), engine.run.bind(engine)];
  engine.map = (region) => {
    const view = map(region);
    regions.set(region.name, view);
    return view;
  };
  engine.run = (request, out) => {
    const stop = run(request, out);
    const bytes = (name: string): Uint8Array => regions.get(name)?.() ?? new Uint8Array(0);
    const regs = new Uint8Array(out.buffer, out.byteOffset, out.byteLength);
    if (!isWatched(request)) spoil()?.({ log: bytes('recorder log'), stack: bytes('stack'), regs });
    return stop;
  };
  return engine;
}

describe.each([
  ['unicorn', openUnicorn, undefined],
  ['silicon', openSilicon, missing],
] as const)('recorded runs on %s', (_, open, lacks) => {
  describe.skipIf(lacks !== undefined)(`where it is there${skippedBecause(lacks)}`, () => {
    let runner: ImageRunner;
    let watched: () => number;
    beforeAll(() => {
      const counting = counted(open());
      watched = counting.watched;
      runner = new ImageRunner(counting.engine);
    });
    afterAll(() => runner.close());

    /** Both ways. */
    function both(made: Subject, convention: Convention) {
      const { want, options, image, env, subject } = prepared(made, convention);
      const before = watched();
      const recorded = runner.run(image, subject, env, { ...options, expected: want });
      const wasWatched = watched() > before;
      return { want, recorded, watched: runner.run(image, subject, env, options), wasWatched };
    }

    it('are the same as watched ones, in every convention', () => {
      let recordings = 0;
      fc.assert(
        fc.property(fc.nat(20_000), fc.constantFrom(...CONVENTIONS), (index, convention) => {
          const { want, recorded, watched: plain, wasWatched } = both(lower(drawSpec(7, index)), convention);
          if (want.outcome.kind !== 'exit') return;
          if (!wasWatched) recordings++;
          expect(shown(recorded, want)).toEqual(shown(plain, want));
        }),
        { seed: 1, numRuns: 300 },
      );
      expect(recordings).toBeGreaterThan(280);
    });

    it.each([
      ['tail-calls', 'linux', 0.9],
      ['tail-calls', 'reply', 0.9],
      // Unicorn does not say exactly where a run faults that is not told to step.
      ['accesses', 'linux', 0.3],
      ['hardened', 'linux', 1],
      // Watched: arguments of two words.
      ['aggregates', 'linux', 0],
    ] as const)('are the same in the lane %s under %s', (lane, convention, least) => {
      let recordings = 0;
      let all = 0;
      for (let index = 0; index < 120; index++) {
        const { subject } = laneNamed(lane).draw(7, index, { ...validMix(), convention });
        const { want, recorded, watched: plain, wasWatched } = both(subject, convention);
        if (want.outcome.kind !== 'exit') continue;
        all++;
        if (!wasWatched) recordings++;
        expect(shown(recorded, want)).toEqual(shown(plain, want));
      }
      expect(recordings / all).toBeGreaterThanOrEqual(least);
    });

    it('are as expected only if the tracker and the comparison find nothing, whatever is noted', () => {
      let spoil: ((left: Left) => void) | null = null;
      const other = new ImageRunner(spoiling(counted(open()).engine, () => spoil));
      const isEnd = vi.spyOn(AsExpected.prototype, 'isEnd');
      const count = { yes: 0, no: 0, clean: 0 };
      try {
        fc.assert(
          fc.property(fc.nat(20_000), fc.nat(), fc.nat(7), fc.nat(99), (index, at, bit, where) => {
            const lane = laneNamed(index % 4 === 0 ? 'tail-calls' : 'valid');
            const convention = CONVENTIONS[index % 3 === 0 ? 1 : 0] ?? 'linux';
            const made = prepared(lane.draw(7, index, validMix()).subject, convention);
            const { want, options, image, env, subject } = made;
            if (want.outcome.kind !== 'exit') return;
            const run = () => other.run(image, subject, env, { ...options, expected: want });
            spoil = null;
            if (run().trace === want.trace) count.clean++;
            // Records of these programs have some hundred bytes each; most of the log is never written.
            let isSpoiled = false;
            spoil = ({ log, stack, regs }) => {
              isSpoiled = true;
              const place = where < 70 ? log.subarray(0, 4096) : where < 85 ? stack.subarray(-0x1400) : regs;
              const spot = at % place.length;
              place[spot] = (place[spot] ?? 0) ^ (1 << bit);
            };
            const quick = run();
            // Some cannot be recorded.
            if (!isSpoiled) return;
            if (quick.trace !== want.trace) {
              count.no++;
              return;
            }
            count.yes++;
            isEnd.mockReturnValueOnce(false);
            const slow = run();
            expect(slow.isNoted).toBe(true);
            expect(slow.trace).not.toBe(want.trace);
            expect(isSameTrace(want.trace, slow.trace)).toBe(true);
            expect([slow.breaches, slow.outcome]).toEqual([[], quick.outcome]);
          }),
          { seed: 3, numRuns: 1500 },
        );
      } finally {
        isEnd.mockRestore();
        other.close();
      }
      expect(count.clean).toBeGreaterThan(1200);
      expect([count.yes > 200, count.no > 200]).toEqual([true, true]);
    });

    it('make no difference to a verdict, whatever the image does', () => {
      const spoiled = { at: 0, byte: 0 };
      const spoil = (program: Program): Image => {
        const { image } = compile(program);
        const code = image.code.slice();
        code[spoiled.at % code.length] = spoiled.byte;
        return { ...image, code };
      };
      const recording = new Checker({ engine: counted(open()).engine, compile: spoil });
      const watching = new Checker({ engine: patient(open()), compile: spoil });
      const diverged = { count: 0 };
      try {
        fc.assert(
          fc.property(fc.nat(20_000), fc.nat(), fc.nat(255), (index, at, byte) => {
            Object.assign(spoiled, { at, byte });
            const isEnd = vi.spyOn(AsExpected.prototype, 'isEnd');
            const lane = laneNamed(index % 4 === 0 ? 'tail-calls' : 'valid');
            const { program, input } = lane.draw(7, index, validMix()).subject;
            const options = { memory: input.memory, insnLimit: 100_000, lint: false };
            const [one, two] = [recording.check(program, options), watching.check(program, options)];
            isEnd.mockReturnValue(false);
            const three = watching.check(program, options);
            isEnd.mockRestore();
            if (one.verdict === 'diverge') diverged.count++;
            const { verdict, reason, divergences, divergenceCount, culprit } = three;
            expect(one).toMatchObject({ verdict, reason, divergences, divergenceCount, culprit });
            expect(two).toMatchObject({ verdict, reason, divergences, divergenceCount, culprit });
          }),
          { seed: 2, numRuns: 150 },
        );
      } finally {
        recording.close();
        watching.close();
      }
      expect(diverged.count).toBeGreaterThan(30);
    });
  });
});
