/** Tail calls on the reference. */
import { describe, expect, it } from 'vitest';
import type { FramePlacement } from '../../src/core/env.ts';
import { MAIN_FP } from '../../src/core/layout.ts';
import { interpret } from '../../src/interp/interpret.ts';
import { envOf } from '../kit/insns.ts';
import {
  AGAIN,
  CALLS_AFTERWARDS,
  FALLS_THROUGH,
  programOf,
  tailCall,
  throughFunction,
} from '../kit/tail-calls.ts';

const env = () => envOf({ memory: new Uint8Array(16) });
const outcomeOf = (text: string) => interpret(programOf(text), env()).outcome;

describe('a tail call', () => {
  it('goes on in another program, up to 33 times a run, whichever frame counts', () => {
    // 33 below the first call; the second call of the function cannot go on.
    expect(outcomeOf(throughFunction())).toEqual({ kind: 'exit', r0: (99n << 8n) + 33n });
  });

  it('goes on behind itself if there is no such program; the index has 32 bits', () => {
    expect(outcomeOf(FALLS_THROUGH)).toEqual({ kind: 'exit', r0: 2n });
  });

  it('takes the place of the function that makes it, which returns with it', () => {
    const { outcome, trace } = interpret(programOf(CALLS_AFTERWARDS), env());
    expect(outcome).toEqual({ kind: 'exit', r0: 5n });
    expect(
      trace.events.map((event) =>
        event.kind === 'call' ? `call ${event.callee.id}` : `return ${event.subprog}`,
      ),
    ).toEqual(['call 1', 'call 3', 'return 3', 'return 2', 'return 0']);
  });

  it('puts the frame where the successor has its own', () => {
    const fps: unknown[] = [];
    const placement: FramePlacement = {
      mainFp: MAIN_FP,
      frameBytes: () => 64,
      fpDepth: (subprog) => 8 + 8 * subprog,
    };
    const { trace } = interpret(programOf(CALLS_AFTERWARDS), env(), { placement });
    for (const event of trace.events) if (event.kind === 'call') fps.push(event.regs[4]);
    // main's, then that of the third function: below main's frame, the return address, and its own depth.
    expect(fps).toEqual([MAIN_FP, MAIN_FP - 64n - 8n - 24n]);
  });

  it.each([
    ['r0', 'r0 += 1'],
    ['r1', 'r0 = r1\n  r0 += 1'],
    ['r5', 'r0 = r5\n  r0 += 1'],
  ])('that goes on behind itself leaves nothing in %s', (_, use) => {
    const text = `# oracle: prog-array jumps -\nmain:\n  r5 = 1\n  ${tailCall(0)}\n  ${use}\n  exit\n`;
    expect(interpret(programOf(text), env()).outcome.kind).not.toBe('exit');
  });

  it('hands on r1 alone', () => {
    const text = (reg: string): string => `
# oracle: prog-array jumps next
main:
  r4 = 4
  r6 = 6
  ${tailCall(0)}
  exit
.type next, @function
next:
  r0 = ${reg}
  exit
`;
    expect(outcomeOf(text('*(u64 *)(r1 + 0)'))).toEqual({ kind: 'exit', r0: 0n });
    for (const reg of ['r2', 'r3', 'r4', 'r6']) expect(outcomeOf(text(reg)).kind, reg).toBe('fault');
  });

  it.each([
    ['r2', 'r0 = 0\n  r3 = 0\n  call 3\n  r3 = 0\n  call 12', 'r2 as program array'],
    ['r3', 'call 3\n  r2 = 0x3a4080000000 ll\n  call 12', 'r3 as index of a tail call'],
  ])('needs %s', (_, body, what) => {
    const text = `# oracle: prog-array jumps -\nmain:\n  r1 = 0\n  ${body}\n  r0 = 0\n  exit\n`;
    expect(outcomeOf(text)).toMatchObject({ kind: 'fault', fault: { kind: 'poison', what } });
  });

  it('goes through program arrays alone', () => {
    const text = '# oracle: prog-array jumps -\nmain:\n  r2 = 8\n  r3 = 0\n  call 12\n  r0 = 0\n  exit\n';
    expect(outcomeOf(text)).toMatchObject({
      kind: 'unsupported',
      what: 'tail call through what is no program array',
    });
  });

  it('is a helper like others where there is no program array', () => {
    expect(outcomeOf('main:\n  r2 = 0\n  r3 = 0\n  call 12\n  exit\n').kind).toBe('exit');
  });

  it('may come from main, which then ends as its successor does', () => {
    const text = `# oracle: prog-array jumps again\nmain:\n  ${tailCall(0)}\n  r0 = 99\n  exit\n${AGAIN}`;
    expect(outcomeOf(text)).toEqual({ kind: 'exit', r0: 33n });
  });
});
