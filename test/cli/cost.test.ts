/** `bpf-oracle cost`, as it is typed. */
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { CONVENTION_NAMES } from '../../src/bpf/calling.ts';
import { throughFunction } from '../kit/tail-calls.ts';
import { cli, dir, example, file, hexOf } from './cli.ts';

const json = async (...argv: string[]) => {
  const ran = await cli(['cost', '--reporter', 'json', ...argv]);
  return { ...ran, report: JSON.parse(ran.stdout) };
};

describe('cost without a file', () => {
  it('says in JSON how many instructions stand between the last argument and the call', async () => {
    const { code, stderr, report } = await json();
    expect([code, stderr]).toEqual([0, '']);
    expect(report).toMatchObject({ schema: 'bpf-oracle/cost@1', kind: 'table' });
    const between = (convention: string, callee: string): number[] =>
      report.rows
        .filter(
          (row: { convention: string; callee: string; value: string; stackArgs: number }) =>
            row.convention === convention &&
            row.callee === callee &&
            row.value === 'reg' &&
            row.stackArgs > 0,
        )
        .map((row: { betweenLastStoreAndCall: number }) => row.betweenLastStoreAndCall);
    for (const callee of ['bpf', 'kfunc']) {
      expect(between('linux', callee)).toEqual([0, 0, 0, 0, 0, 0, 0]);
      expect(between('zero', callee)).toEqual([0, 0, 0, 0, 0, 0, 0]);
      expect(between('v3', callee)).toEqual([1, 2, 3, 4, 5, 6, 7]);
    }
    expect(between('reply', 'bpf')).toEqual([0, 0, 0, 0, 0, 0, 0]);
    expect(between('reply', 'kfunc')).toEqual([1, 1, 1, 1, 1, 1, 1]);
    expect(report.frames.map((frame: { convention: string }) => frame.convention)).toEqual(CONVENTION_NAMES);
  });

  it('prints the same as text, and puts it into a document, in the place of what was there', async () => {
    const path = file('LAYOUTS.md', '# Mine\n\nbefore\n');
    const ran = await cli(['cost', '--markdown', path]);
    expect(ran.code).toBe(0);
    expect(ran.stdout).toContain('At the call');
    expect(ran.stdout).toMatch(/kept by linux and zero, in each of the 28 calls/);
    const first = readFileSync(path, 'utf8');
    expect(first).toMatch(/^# Mine\n\nbefore\n\n<!-- cost: /);
    await cli(['cost', '--markdown', path]);
    expect(readFileSync(path, 'utf8')).toBe(first);
  });
});

describe('cost of a file', () => {
  it('is counted for each convention, as it stands and as it ran', async () => {
    const { code, report } = await json(example('bpf-12-args.s'));
    expect(code).toBe(0);
    expect(report).toMatchObject({ kind: 'program', name: expect.stringContaining('bpf-12-args.s') });
    expect(report.calls[0]).toMatchObject({ insn: 'call hash12' });
    const by = Object.fromEntries(
      report.conventions.map((each: { convention: string }) => [each.convention, each]),
    );
    expect(by['linux']).toMatchObject({
      notRun: null,
      static: { passed: { times: 21 }, before: { cost: { insns: 0 } } },
      executed: { received: { times: 21 } },
      frames: [{ name: 'entry' }, { name: 'hash12' }],
    });
    expect(by['v3']).toMatchObject({ executed: { before: { cost: { insns: 21, loads: 21, stores: 21 } } } });
  });

  it('draws its frames on demand', async () => {
    const plain = await cli(['cost', example('bpf-12-args.s')]);
    const drawn = await cli(['cost', '--frames', example('bpf-12-args.s')]);
    expect(plain.stdout).not.toContain('│');
    expect(drawn.stdout).toContain('│ outgoing arg 7         │');
    expect(drawn.stdout).toContain('stack arguments');
  });

  it('leaves out conventions that do not take it, and says why; a program that none takes is bad input', async () => {
    const program = throughFunction(0, '*(u64 *)(r11 - 8) = 6');
    const taken = file(
      'mixed.s',
      program.replace('  r1 = r6\n  call step', '  r1 = r6\n  *(u64 *)(r11 - 8) = 6\n  call step'),
    );
    const { code, report } = await json('--mem', '00'.repeat(16), taken);
    expect(code).toBe(0);
    expect(report.conventions.map((each: { convention: string }) => each.convention)).toEqual(['reply']);
    expect(report.refused).toHaveLength(3);
    expect(report.refused[0]).toMatchObject({
      convention: 'linux',
      why: expect.stringContaining('tail_calls'),
    });
    expect((await cli(['cost', '--mem', '00'.repeat(16), taken])).stdout).toContain(
      'v3: refused\ntail_calls',
    );
    const none = await cli([
      'cost',
      file('callx.hex', hexOf('8d 00 00 00 00 00 00 00', '95 00 00 00 00 00 00 00')),
    ]);
    expect([none.code, none.stdout]).toEqual([2, '']);
  });

  it('says why there is no run, and still what stands there', async () => {
    const endless = file('endless.hex', hexOf('05 00 ff ff 00 00 00 00'));
    const ran = await cli(['cost', '--insn-limit', '100', endless]);
    expect(ran.code).toBe(0);
    expect(ran.stdout).toMatch(/not run: .*100/);
    expect(ran.stdout).not.toContain('run  ');
  });

  it('is refused in one line: a file that is none, a table asked for beside a file, a document not to be written', async () => {
    const missing = await cli(['cost', `${dir}/missing.o`]);
    expect([missing.code, missing.stderr.split('\n').length]).toEqual([2, 2]);
    const both = await cli(['cost', example('gcd.bin'), '--markdown', `${dir}/x.md`]);
    expect([both.code, both.stderr]).toEqual([
      2,
      'bpf-oracle: usage: --markdown: it takes the built-in table; leave out the program\n',
    ]);
    const nowhere = await cli(['cost', '--markdown', `${dir}/none/x.md`]);
    expect([nowhere.code, nowhere.stdout]).toEqual([2, '']);
  });
});
