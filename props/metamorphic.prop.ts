/** Changes that must change nothing observable. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { bpfProgram, word } from '../src/arb/index.ts';
import type { Insn } from '../src/bpf/insn.ts';
import { buildProgram, type Callee, type Program } from '../src/bpf/program.ts';
import type { Execution, FrameRegs, TraceEvent } from '../src/core/execution.ts';
import { CODE_BASE } from '../src/core/layout.ts';
import { range, reg } from '../test/kit/calls.ts';
import * as k from '../test/kit/insns.ts';
import { nativeRun, openJudge, type Subject } from '../test/kit/judging.ts';

const judge = openJudge();
const elsewhere = openJudge({ base: CODE_BASE + 0x54_3210n });
const withoutBmi2 = openJudge({ bmi2: false });
const withEndbr = openJudge({ endbr: true });
const plainest = openJudge({ endbr: true, bmi2: false, base: CODE_BASE + 0x1000n });

describe('a program does the same', () => {
  it.each([
    ['wherever its image lies', elsewhere, 71],
    ['without BMI2', withoutBmi2, 72],
    ['with endbr64', withEndbr, 73],
    ['with all of these', plainest, 74],
  ] as const)('%s', (_, other, seed) => {
    const property = fc.property(bpfProgram(), (generated) => {
      expect(nativeRun(other(generated))).toEqual(nativeRun(judge(generated)));
    });
    fc.assert(property, { seed, numRuns: 500 });
  });

  it('with r6 to r9 renamed', () => {
    const order = fc.shuffledSubarray([6, 7, 8, 9], { minLength: 4, maxLength: 4 });
    const property = fc.property(bpfProgram(), order, ({ program, input }, names) => {
      const renamed = { program: renameRegs(program, names), input };
      const [want, got] = [judge({ program, input }), judge(renamed)];
      expect(withRegsBack(nativeRun(got), names)).toEqual(nativeRun(want));
    });
    fc.assert(property, { seed: 75, numRuns: 500 });
  });

  it('with its functions farther apart', () => {
    const property = fc.property(bpfProgram(), ({ program, input }) => {
      const want = nativeRun(judge({ program, input }));
      expect(withoutPcs(nativeRun(judge({ program: padded(program), input })))).toEqual(withoutPcs(want));
    });
    fc.assert(property, { seed: 76, numRuns: 500 });
  });

  it('with its arguments permuted at caller and callee together', () => {
    const subject = fc
      .integer({ min: 1, max: 12 })
      .chain((args) =>
        fc.tuple(
          fc.uniqueArray(word(), { minLength: args, maxLength: args }),
          fc.shuffledSubarray(range(1, args), { minLength: args, maxLength: args }),
        ),
      );
    const property = fc.property(subject, ([words, positions]) => {
      const permuted = judge(passing(words, positions));
      const straight = judge(passing(words, range(1, words.length)));
      expect(kfuncArgs(nativeRun(permuted))).toEqual(words);
      expect(nativeRun(permuted).outcome).toEqual(nativeRun(straight).outcome);
    });
    fc.assert(property, { seed: 77, numRuns: 1000 });
  });
});

/** names[i] is the new name of r(6 + i). */
function renameRegs(program: Program, names: readonly number[]): Program {
  const rename = (name: number): number => names[name - 6] ?? name;
  const insns = program.insns.map((insn): Insn | undefined => {
    if (insn === undefined) return undefined;
    const regs = {
      ...('dst' in insn && { dst: rename(insn.dst) }),
      ...('src' in insn && insn.kind !== 'lddw' && { src: rename(insn.src) }),
    };
    return { ...insn, ...regs };
  });
  return rebuilt(program, insns, (slot) => slot);
}

/** The run as it was before r6 to r9 had other names. */
function withRegsBack(run: Execution, names: readonly number[]): Execution {
  const back = (regs: FrameRegs): FrameRegs => {
    const [r6, r7, r8, r9] = names.map((name) => regs[name - 6]);
    return [r6, r7, r8, r9, regs[4]];
  };
  const events = run.trace.events.map((event): TraceEvent => {
    if (event.kind === 'call') return { ...event, regs: back(event.regs) };
    return { ...event, regs: event.regs === null ? null : back(event.regs) };
  });
  return { ...run, trace: { ...run.trace, events } };
}

/** With an unreachable `goto +0; exit` behind every function: calls get longer, jumps stay. */
function padded(program: Program): Program {
  const insns: (Insn | undefined)[] = [];
  const moved = new Map<number, number>();
  for (const { start, end } of program.subprogs) {
    moved.set(start, insns.length);
    insns.push(...program.insns.slice(start, end), k.ja(0), k.exit);
  }
  const shift = (slot: number): number => 2 * program.subprogs.findIndex(({ end }) => slot < end) + slot;
  const linked = insns.slice();
  program.insns.forEach((insn, pc) => {
    if (insn?.kind !== 'call' || insn.target !== 'local') return;
    linked[shift(pc)] = { ...insn, imm: shift(pc + 1 + insn.imm) - shift(pc) - 1 };
  });
  return rebuilt(program, linked, shift);
}

function rebuilt(
  program: Program,
  insns: readonly (Insn | undefined)[],
  shift: (slot: number) => number,
): Program {
  const { name, subprogs, callees, data } = program;
  return buildProgram(insns, {
    name,
    functionNames: new Map(subprogs.map((subprog) => [shift(subprog.start), subprog.name])),
    functionArgs: new Map(subprogs.map((subprog) => [shift(subprog.start), subprog.args])),
    callees: [...callees.values()],
    data,
  });
}

function withoutPcs(run: Execution): Execution {
  const events = run.trace.events.map((event) => (event.kind === 'call' ? { ...event, pc: null } : event));
  return { ...run, trace: { ...run.trace, events } };
}

const MIX = 0x0100_0193;

/** Main passes words[i] as argument positions[i]; the callee hands words[i] to a kfunc as argument i + 1. */
function passing(words: readonly bigint[], positions: readonly number[]): Subject {
  const args = words.length;
  const kfunc: Callee = { kind: 'kfunc', id: 1, name: 'kfunc1', args };
  const home = (i: number): number => -8 * (i + 1);
  const main = positions.flatMap((n, i) => {
    if (n <= 5) return [k.lddw(reg(n), words[i] as bigint)];
    return [k.lddw('r0', words[i] as bigint), k.passArg(n, 'r0')];
  });
  const receive = positions.flatMap((n, i) =>
    n <= 5 ? [k.store(8, 'r10', home(i), reg(n))] : [k.takeArg('r0', n), k.store(8, 'r10', home(i), 'r0')],
  );
  const mix = words.flatMap((_, i) => [
    k.ldx(8, 'r1', 'r10', home(i)),
    k.alu(64, 'mul', 'r6', MIX),
    k.add('r6', 'r1'),
  ]);
  const pass = words.flatMap((_, i) =>
    i < 5 ? [k.ldx(8, reg(i + 1), 'r10', home(i))] : [k.ldx(8, 'r0', 'r10', home(i)), k.passArg(i + 1, 'r0')],
  );
  const callee = [...receive, k.mov('r6', 0), ...mix, ...pass, k.kfunc(1), k.add('r0', 'r6'), k.exit];
  const caller = [...main, k.sub(1), k.exit];
  const slots = caller.reduce((count, insn) => count + (insn.kind === 'lddw' ? 2 : 1), 0);
  const functionArgs = new Map([
    [0, 2],
    [slots, args],
  ]);
  const program = k.link([caller, callee], { functionArgs, callees: [kfunc] });
  return { program, input: { memory: new Uint8Array() } };
}

const kfuncArgs = ({ trace }: Execution): readonly unknown[] | undefined =>
  trace.events.flatMap((event) =>
    event.kind === 'call' && event.callee.kind === 'kfunc' ? [event.args] : [],
  )[0];
