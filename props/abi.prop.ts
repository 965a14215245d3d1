/** The native side of calls: what the psABI and Linux's JIT promise, for generated programs. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { bpfProgram } from '../src/arb/index.ts';
import { MAX_REG_ARGS } from '../src/bpf/calling.ts';
import { defaultModel } from '../src/core/env.ts';
import type { CallEvent, Execution, TraceEvent } from '../src/core/execution.ts';
import { nativeRun, openJudge } from '../test/kit/judging.ts';

const judge = openJudge();

/** Checks the native run of generated programs. */
function holds(seed: number, check: (run: Execution) => void): void {
  const property = fc.property(bpfProgram(), (generated) => {
    check(nativeRun(judge(generated)));
  });
  fc.assert(property, { seed, numRuns: 1000 });
}

const callsOf = ({ trace }: Execution): CallEvent[] =>
  trace.events.filter((event: TraceEvent) => event.kind === 'call');

describe('the native code of generated programs', () => {
  it('breaks no promise of the ABI: callee-saved registers, rsp, return address, canaries, r9, direction flag', () => {
    holds(51, ({ breaches }) => expect(breaches).toEqual([]));
  });

  it('keeps r6 to r10 from each call of a function to its return', () => {
    holds(52, ({ trace }) => {
      const open: CallEvent[] = [];
      for (const event of trace.events) {
        if (event.kind === 'call') {
          if (event.callee.kind === 'bpf') open.push(event);
        } else if (event.regs !== null) expect(event.regs).toEqual(open.pop()?.regs);
      }
      expect(open).toEqual([]);
    });
  });

  it('shows helpers and kfuncs their arguments, each at its position', () => {
    holds(53, (run) => {
      for (const { callee, args, result } of callsOf(run)) {
        if (callee.kind === 'bpf') continue;
        const memory = { read: () => undefined, write: () => false };
        expect(result).toBe(defaultModel({ callee, args, memory }));
      }
    });
  });

  it('calls with frames that grow downwards, one below the other', () => {
    holds(54, (run) => {
      const fps: bigint[] = [];
      for (const event of run.trace.events) {
        if (event.kind === 'return') fps.pop();
        else if (event.callee.kind === 'bpf') {
          const fp = event.regs[4];
          if (fp === undefined) expect.fail('r10 is unknown');
          expect(fps.every((outer) => outer > fp)).toBe(true);
          expect(fp % 8n).toBe(0n);
          fps.push(fp);
        }
      }
    });
  });

  it('leaves no argument out, on the stack as little as in registers', () => {
    let onStack = 0;
    holds(55, (run) => {
      for (const { args } of callsOf(run)) {
        expect(args).not.toContain(undefined);
        onStack += Math.max(0, args.length - MAX_REG_ARGS);
      }
    });
    expect(onStack).toBeGreaterThan(5000);
  });
});
