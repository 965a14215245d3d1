/** For properties of both machines: judges programs on one engine a set of JIT options. */
import { afterAll, expect } from 'vitest';
import type { Program } from '../../src/bpf/program.ts';
import { Checker } from '../../src/checker.ts';
import type { Input } from '../../src/core/env.ts';
import type { Execution, FrameRegs, StackBytes, TraceEvent } from '../../src/core/execution.ts';
import type { JitOptions } from '../../src/jit/compile.ts';
import type { CaseResult } from '../../src/oracle/case.ts';

/** What is judged. */
export interface Subject {
  readonly program: Program;
  readonly input: Input;
}

/** Far above what a generated program runs. */
const INSN_LIMIT = 50_000;

export type Judge = (subject: Subject) => CaseResult;

/** Opens an engine; closed after the tests of the file. */
export function openJudge(jit: JitOptions = {}): Judge {
  const checker = new Checker({ jit });
  afterAll(() => checker.close());
  return ({ program, input: { memory } }) =>
    checker.check(program, { memory, insnLimit: INSN_LIMIT, lint: false });
}

/** The verdict, and what it rests on where it is not `agree`. */
export const verdictOf = ({ verdict, reason, divergences }: CaseResult): unknown =>
  verdict === 'agree' ? verdict : { verdict, reason, divergences };

/** Both machines did the same; what the native side did, without what nobody may rely on. */
export function nativeRun(result: CaseResult): Execution {
  expect(verdictOf(result)).toBe('agree');
  const { want, got } = result;
  if (want === null || got === null) expect.fail('not run');
  const events = got.trace.events.map((event, i) => observed(want.trace.events[i], event));
  return { ...got, trace: { ...got.trace, events } };
}

/** An event of the native side, as far as the reference knows what it must show. */
function observed(want: TraceEvent | undefined, got: TraceEvent): TraceEvent {
  const stack = stackOf(want?.stack ?? null, got.stack);
  if (got.kind === 'call') return { ...got, stack, regs: regsOf(want?.regs ?? null, got.regs) ?? NO_REGS };
  return { ...got, stack, regs: regsOf(want?.regs ?? null, got.regs) };
}

const NO_REGS: FrameRegs = [undefined, undefined, undefined, undefined, undefined];

function regsOf(want: FrameRegs | null, got: FrameRegs | null): FrameRegs | null {
  if (want === null || got === null) return null;
  const known = (i: 0 | 1 | 2 | 3 | 4) => (want[i] === undefined ? undefined : got[i]);
  return [known(0), known(1), known(2), known(3), known(4)];
}

/** Frames end at r10: the reference shows the last bytes of what the native side shows. */
function stackOf(want: StackBytes | null, got: StackBytes | null): StackBytes | null {
  if (want === null || got === null) return null;
  const bytes = got.bytes.slice(got.bytes.length - want.bytes.length);
  want.poison?.forEach((flag, k) => {
    if (flag === 1) bytes[k] = 0;
  });
  return { address: want.address, bytes };
}
