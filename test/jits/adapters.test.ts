/** The adapters as they are shipped, with the JIT of four instructions each has. */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { assemble } from '../../src/bpf/asm.ts';
import { buildProgram, type Program } from '../../src/bpf/program.ts';
import { Checker } from '../../src/checker.ts';
import { openExec } from '../../src/jits/exec.ts';
import type { Jit } from '../../src/jits/jit.ts';

const adapters = fileURLToPath(new URL('../../adapters', import.meta.url));
const dir = mkdtempSync(join(tmpdir(), 'bpf-oracle-adapters-'));
afterAll(() => rmSync(dir, { recursive: true, force: true }));

const has = (program: string): boolean => spawnSync(program, ['--version']).status === 0;
const program = (text: string): Program => buildProgram(assemble(text, { dialect: 'llvm' }).insns);

const binary = join(dir, 'adapter');
const KINDS = [
  ['C', 'cc', binary],
  ['Python', 'python3', `python3 ${join(adapters, 'adapter.py')}`],
] as const;

describe.each(KINDS)('the adapter in %s', (_, tool, command) => {
  describe.skipIf(!has(tool))(has(tool) ? tool : `skipped: no ${tool} here`, () => {
    let jit: Jit;
    let checker: Checker;
    const started: number[] = [];
    beforeAll(() => {
      if (tool === 'cc') {
        const sources = ['adapter.c', 'example-jit.c'].map((name) => join(adapters, name));
        const built = spawnSync('cc', ['-O2', '-Wall', '-Wextra', '-Werror', '-o', binary, ...sources], {
          encoding: 'utf8',
        });
        expect(built.stderr).toBe('');
      }
      jit = openExec(command, {
        startDeadline: 60_000,
        deadline: 60_000,
        onChild: (group) => started.push(group),
      });
      const addressOf = () => 0x5000_0000n;
      checker = new Checker({
        compile: (it, env) => jit.compile(it, { contextSize: env.input.memory.length, addressOf }),
      });
    });
    afterAll(() => {
      checker.close();
      jit.close();
    });

    it('compiles what the JIT takes', () => {
      const { verdict, got } = checker.check(program('r0 = 5\nr0 += -7\nr5 = r0\nr0 += r5\nexit\n'));
      expect([verdict, got?.outcome]).toEqual(['agree', { kind: 'exit', r0: BigInt.asUintN(64, -4n) }]);
    });

    it.each([
      ['r0 = 5\nr0 *= 3\nexit\n', /refused: unsupported instruction 0x27 at 1$/],
      ['r0 = 5\nr9 = 3\nexit\n', /refused: register above r5 at 1$/],
      ['call f\nexit\nf:\nr0 = 1\nexit\n', /refused: programs of more than one function$/],
    ])('passes on why it does not: %j', (text, words) => {
      const { verdict, reason } = checker.check(program(text));
      expect([verdict, reason?.kind === 'refused' ? reason.why : '']).toEqual([
        'skipped',
        expect.stringMatching(words),
      ]);
    });

    it('answers hundreds of programs from one process', () => {
      const least = program('r0 = 1\nexit\n');
      const verdicts = Array.from({ length: 500 }, () => checker.check(least).verdict);
      expect(new Set(verdicts)).toEqual(new Set(['agree']));
      expect(started.filter((group) => group !== 0)).toHaveLength(1);
    });
  });
});
