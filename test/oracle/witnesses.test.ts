import { describe, expect, it } from 'vitest';
import type { Execution } from '../../src/core/execution.ts';
import { compare } from '../../src/oracle/compare.ts';
import { type Machines, runCase } from '../../src/oracle/run.ts';
import { disagreements, type Judged } from '../../src/oracle/witnesses.ts';
import { callEvent, ENV, execution, exit, faults, image, POLICY, program } from './fakes.ts';

const want = execution({ outcome: exit(1n), events: [callEvent()] });
const judged = (engine: string, got: Execution): Judged => ({
  engine,
  got,
  verdict: compare(want, got, POLICY),
});
const again = (changes: Partial<Execution>): Execution => ({ ...want, ...changes });
const word = (value: bigint) => ({ kind: 'word', value });

describe('disagreements', () => {
  it('has none where both do as the reference, or differ from it alike', () => {
    expect(disagreements(judged('cpu', want), judged('emu', want))).toEqual([]);
    const other = again({ outcome: exit(2n) });
    expect(disagreements(judged('cpu', other), judged('emu', other))).toEqual([]);
  });

  it('tells what the witness alone has otherwise', () => {
    expect(disagreements(judged('cpu', want), judged('emu', again({ outcome: exit(2n) })))).toEqual([
      {
        subject: { kind: 'engine', engine: 'emu', counts: 'cpu', what: { kind: 'r0' } },
        want: word(1n),
        got: word(2n),
        pc: null,
      },
    ]);
  });

  it('tells what the witness hides: a bug that it does not show', () => {
    expect(disagreements(judged('cpu', again({ outcome: exit(2n) })), judged('emu', want))).toMatchObject([
      { subject: { kind: 'engine', what: { kind: 'r0' } }, want: word(2n), got: word(1n) },
    ]);
  });

  it('tells of two that both differ only the first', () => {
    const [a, b] = [again({ outcome: exit(2n) }), again({ outcome: exit(3n), memory: new Uint8Array(1) })];
    expect(disagreements(judged('cpu', a), judged('emu', b))).toMatchObject([
      { subject: { what: { kind: 'r0' } }, want: word(2n), got: word(3n) },
    ]);
    const call = again({ trace: { events: [callEvent({ args: [9n] })], total: 1 } });
    const both = disagreements(judged('cpu', a), judged('emu', call));
    expect(both).toMatchObject([
      { subject: { what: { kind: 'arg', position: 1 } }, want: word(1n), got: word(9n) },
    ]);
  });

  it('takes faults of one kind for the same', () => {
    const fault = (address: bigint, size: number) =>
      again({ outcome: faults({ kind: 'write', address, size }) });
    expect(disagreements(judged('cpu', fault(0xffcn, 8)), judged('emu', fault(0x1003n, 1)))).toEqual([]);
    const illegal = again({ outcome: faults({ kind: 'illegal' }) });
    expect(disagreements(judged('cpu', illegal), judged('emu', fault(0n, 8)))).toHaveLength(1);
  });

  it('has none where a run was stopped, or met what its engine does not know', () => {
    const stopped = again({ outcome: { kind: 'budget' } });
    const unknown = again({ outcome: { kind: 'unsupported', what: 'popcnt', pc: null } });
    for (const open of [stopped, unknown]) {
      expect(disagreements(judged('cpu', want), judged('emu', open))).toEqual([]);
      expect(disagreements(judged('cpu', open), judged('emu', want))).toEqual([]);
    }
  });
});

describe('runCase on several engines', () => {
  const machines = (...runs: readonly (readonly [name: string, got: Execution])[]): Machines => ({
    compile: () => image(),
    reference: () => want,
    native: () => {
      throw new Error('engines come first');
    },
    engines: () => runs.map(([name, got]) => ({ name, native: () => got })),
  });
  const run = (...runs: readonly (readonly [string, Execution])[]) =>
    runCase({ name: 'fake', program: program(), env: ENV }, machines(...runs));

  it('names the engine that counts', () => {
    expect(run(['cpu', want], ['emu', want])).toMatchObject({ verdict: 'agree', engine: 'cpu', got: want });
  });

  it('diverges by what a witness says against it, without blaming the code', () => {
    const result = run(['cpu', want], ['emu', again({ outcome: exit(2n) })], ['third', want]);
    expect(result).toMatchObject({
      verdict: 'diverge',
      divergenceCount: 1,
      culprit: null,
      engine: 'cpu',
      divergences: [{ subject: { kind: 'engine', engine: 'emu', counts: 'cpu' } }],
    });
  });

  it('tells the divergences of the engine that counts first', () => {
    const result = run(['cpu', again({ outcome: exit(2n) })], ['emu', want]);
    expect(result.divergences.map(({ subject }) => subject.kind)).toEqual(['r0', 'engine']);
    expect(result.divergenceCount).toBe(2);
  });

  it('takes another engine for what one does not know', () => {
    const unknown = again({ outcome: { kind: 'unsupported', what: 'popcnt', pc: null } });
    expect(run(['cpu', unknown], ['emu', want])).toMatchObject({ verdict: 'agree', engine: 'emu' });
    const reason = { kind: 'unsupported', side: 'native', what: 'popcnt', pc: null };
    expect(run(['cpu', unknown], ['emu', unknown])).toMatchObject({ verdict: 'inconclusive', reason });
  });

  it('asks for engines only when there is something to run', () => {
    const compile = () => image();
    const reference = () => execution({ outcome: { kind: 'budget' } });
    const engines = () => {
      throw new Error('nothing to run');
    };
    const native = engines;
    const result = runCase(
      { name: 'fake', program: program(), env: ENV },
      { compile, reference, native, engines },
    );
    expect(result.verdict).toBe('inconclusive');
  });
});
