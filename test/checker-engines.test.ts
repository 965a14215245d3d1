/** Checker on several engines: who is believed, and what comes of an engine that lies (test/kit/liar.ts). */
import { describe, expect, it } from 'vitest';
import { assemble } from '../src/bpf/asm.ts';
import { buildProgram } from '../src/bpf/program.ts';
import { Checker } from '../src/checker.ts';
import { OracleError } from '../src/core/errors.ts';
import type { Engine } from '../src/emu/engine.ts';
import { openSilicon } from '../src/emu/silicon/silicon.ts';
import { openUnicorn } from '../src/emu/unicorn.ts';
import { bucketOf } from '../src/fuzz/bucket.ts';
import { textReport } from '../src/report/text.ts';
import { liar } from './kit/liar.ts';
import { siliconMissing, skippedBecause } from './kit/silicon.ts';

const missing = siliconMissing();
const { insns, functionNames, callees } = assemble('r0 = 5\nr1 = 7\nr0 += r1\nexit\n', { dialect: 'llvm' });
const SUM = buildProgram(insns, { name: 'sum', functionNames, callees });

function checkOn(...engine: readonly (() => Engine)[]) {
  const checker = new Checker({ engine });
  try {
    return checker.check(SUM);
  } finally {
    checker.close();
  }
}

describe('Checker on two emulators', () => {
  const [honest, lying] = [openUnicorn, () => liar(openUnicorn(), 'liar')];

  it('believes the one named first', () => {
    const result = checkOn(honest, lying);
    expect(result).toMatchObject({
      verdict: 'diverge',
      engine: 'unicorn',
      culprit: { pc: 2, stage: 'insn' },
    });
    expect(result.divergences.map(({ subject }) => subject.kind)).toEqual(['engine', 'engine']);
    expect(bucketOf(result)).toBe('engine liar: add 64 X');
    expect(textReport({ kind: 'cases', results: [result], command: 'check' }, { color: false })).toMatch(
      /^diverge {2}sum {2}engine liar disagrees with unicorn: 2 differences\n.*\n {2}engine liar: r0 .* 0x000000000000000c {2}0xfffffffffffffffe\n/,
    );
  });

  it('blames the code for what the first one sees, and tells that the other does not', () => {
    const result = checkOn(lying, honest);
    expect(result.divergences.map(({ subject }) => subject.kind)).toEqual([
      'r0',
      'result',
      'engine',
      'engine',
    ]);
    expect(result).toMatchObject({ engine: 'liar', culprit: { pc: 2 } });
    expect(bucketOf(result)).toBe('add 64 X');
  });

  it('closes what it opened when the next one cannot be', () => {
    let closed = 0;
    const counted = (): Engine => ({ ...liar(openUnicorn()), close: () => closed++ });
    const absent = (): never => {
      throw new OracleError('engine', { what: 'open', where: 'absent', why: 'there is none' });
    };
    expect(() => checkOn(counted, absent)).toThrow('there is none');
    expect(closed).toBe(1);
  });
});

describe.skipIf(missing !== undefined)(`Checker on an emulator and a CPU${skippedBecause(missing)}`, () => {
  it('agrees', () => {
    expect(checkOn(openUnicorn, openSilicon)).toMatchObject({ verdict: 'agree', engine: 'silicon' });
  });

  it('believes the CPU, wherever it is named', () => {
    for (const engines of [
      [() => liar(openUnicorn()), openSilicon],
      [openSilicon, () => liar(openUnicorn())],
    ]) {
      const result = checkOn(...engines);
      expect(bucketOf(result)).toBe('engine unicorn: add 64 X');
      expect(result).toMatchObject({ engine: 'silicon', culprit: { pc: 2 }, got: { outcome: { r0: 12n } } });
    }
  });

  it('finds the instruction on the CPU where an emulator hides a bug', () => {
    const result = checkOn(openUnicorn, () => liar(openSilicon()));
    expect(bucketOf(result)).toBe('add 64 X');
    expect(result).toMatchObject({ engine: 'silicon', culprit: { pc: 2 } });
  });
});
