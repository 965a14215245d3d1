import { describe, expect, it } from 'vitest';
import { caseOf, firstCases } from '../../src/bench/cases.ts';
import { Clock } from '../../src/bench/clock.ts';
import { timedMachines } from '../../src/bench/stages.ts';
import { TimedEngine } from '../../src/bench/timed-engine.ts';
import { type Cpu, type Engine, REG_FILE_WORDS, type RunRequest } from '../../src/emu/engine.ts';
import { openEngine } from '../../src/emu/engines.ts';
import { ImageRunner } from '../../src/emu/run-image.ts';
import { openSilicon } from '../../src/emu/silicon/silicon.ts';
import { interpret } from '../../src/interp/interpret.ts';
import { compile, defaultAddresses } from '../../src/jit/compile.ts';
import { type Machines, runCases } from '../../src/oracle/run.ts';
import { siliconMissing, skippedBecause } from '../kit/silicon.ts';

const CPU = {} as Cpu;
const REGION = { name: 'code', address: 0x1000n, size: 0x1000, perms: 'rx' } as const;
const BYTES = Uint8Array.of(1);
const NOTES = { halves: new Uint32Array(0), bytes: BYTES, stride: 1, below: 0, count: 0 };

/** All an engine may have. */
function fakeEngine(calls: unknown[][]): Required<Engine> {
  return {
    name: 'fake',
    version: 'fake 1',
    caps: {
      preciseFaultRip: true,
      exactCmpxchg32: false,
      countsBlocks: true,
      stopsAreDear: true,
      isCpu: false,
    },
    door: 0x7000n,
    notes: () => NOTES,
    map: (region) => {
      calls.push(['map', region]);
      return () => BYTES;
    },
    unmap: (region) => calls.push(['unmap', region]),
    load: (...args) => calls.push(['load', ...args]),
    run: ({ watcher, onInsn, onFault, ...rest }, out) => {
      calls.push(['run', rest, out]);
      watcher(1, CPU);
      onInsn?.(2, CPU);
      return { kind: 'fuel', rip: onFault?.(3n, CPU) ?? 0n };
    },
    close: () => calls.push(['close']),
  };
}

describe('an engine on the clock', () => {
  const calls: unknown[][] = [];
  const fake = fakeEngine(calls);
  const timed = new TimedEngine(fake, new Clock());

  it('is what it holds', () => {
    const { name, version, caps, door } = timed;
    expect({ name, version, caps, door }).toEqual({
      name: 'fake',
      version: 'fake 1',
      caps: fake.caps,
      door: 0x7000n,
    });
    expect(Object.keys(fake).every((key) => key in timed)).toBe(true);
    expect(timed.notes?.()).toBe(NOTES);
    const { door: _door, notes: _notes, ...without } = fake;
    const bare = new TimedEngine(without, new Clock());
    expect([bare.door, bare.notes]).toEqual([undefined, undefined]);
  });

  it('hands everything on', () => {
    expect(timed.map(REGION)()).toBe(BYTES);
    timed.unmap(REGION);
    timed.load(0x1000n, BYTES, [0]);
    timed.close();
    expect(calls).toEqual([['map', REGION], ['unmap', REGION], ['load', 0x1000n, BYTES, [0]], ['close']]);
  });

  it('hands on what is asked of a run, and no more', () => {
    const seen: unknown[] = [];
    const regs = new BigUint64Array(REG_FILE_WORDS);
    const plain: Omit<RunRequest, 'watcher'> = { start: 1n, until: 2n, regs, fuel: 3, watch: new Set([1]) };
    const watcher = (address: number, cpu: Cpu): void => void seen.push([address, cpu]);
    calls.length = 0;
    expect(timed.run({ ...plain, watcher }, regs)).toEqual({ kind: 'fuel', rip: 0n });
    expect(seen).toEqual([[1, CPU]]);
    const onFault = (rip: bigint): bigint => rip + 1n;
    const all = { ...plain, precise: true, watcher, onInsn: watcher, onFault };
    expect(timed.run(all, regs)).toEqual({ kind: 'fuel', rip: 4n });
    expect(seen).toEqual([
      [1, CPU],
      [1, CPU],
      [2, CPU],
    ]);
    expect(calls).toEqual([
      ['run', plain, regs],
      ['run', { ...plain, precise: true }, regs],
    ]);
  });
});

/** The machines of a case, off the clock. */
function plainMachines(engine: Engine): Machines {
  const runner = new ImageRunner(engine);
  return {
    compile: (program) => compile(program).image,
    reference: interpret,
    native: (image, program, env, request) => {
      const addressOf = defaultAddresses(program);
      const refs = [...program.callees.values()];
      const callees = refs.map((ref) => ({ ref, args: ref.args, address: addressOf(ref) }));
      const subject = { subprogs: program.subprogs, callees, data: program.data };
      return runner.run(image, subject, env, { ...request, stackBytes: true });
    },
  };
}

function compareResults(open: () => Engine): void {
  const cases = firstCases(120).map(caseOf);
  const [timed, plain] = [open(), open()];
  const clock = new Clock();
  try {
    const results = runCases(cases, timedMachines(timed, clock));
    expect(results).toEqual(runCases(cases, plainMachines(plain)));
    expect(new Set(results.map(({ verdict }) => verdict))).toEqual(new Set(['agree']));
    expect(clock.times().get('emulate')).toBeGreaterThan(0);
  } finally {
    timed.close();
    plain.close();
  }
}

describe('results of cases on the clock are those off it', () => {
  it('on Unicorn', () => compareResults(() => openEngine('unicorn')));
  const missing = siliconMissing();
  it.skipIf(missing !== undefined)(`on silicon${skippedBecause(missing)}`, () => compareResults(openSilicon));
});
