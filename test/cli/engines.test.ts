/** `--engine` with one engine or several. */
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { siliconMissing, skippedBecause } from '../kit/silicon.ts';
import { checkJson, cli, dir, file } from './cli.ts';

afterEach(() => vi.unstubAllEnvs());

const missing = siliconMissing();
const one = file('engines-one.s', 'r0 = 1\nexit\n');

describe('--engine', () => {
  it.each(['qemu', 'unicorn,unicorn', 'unicorn,', ''])('refuses %s', async (names) => {
    const { code, stderr } = await cli(['check', '--engine', names, one]);
    expect(code).toBe(2);
    expect(stderr).toMatch(
      /^bpf-oracle: .*It can be one or several of unicorn, silicon.*, each once; [^\n]*\n$/,
    );
  });

  it('refuses a saved case that names none there is', async () => {
    const odd = file('odd.data', '# oracle: engine qemu\n-- asm\nmov %r0, 1\nexit\n-- result\n1\n');
    const { code, stderr } = await cli(['replay', odd]);
    expect(code).toBe(2);
    expect(stderr).toMatch(/odd\.data: its engine is `qemu`; it can be unicorn, silicon/);
  });
});

describe.skipIf(missing !== undefined)(`--engine silicon${skippedBecause(missing)}`, () => {
  it.each(['silicon', 'unicorn,silicon', 'silicon, unicorn'])('judges on %s', async (names) => {
    const { code, report } = await checkJson(['--engine', names, one]);
    expect([code, report.summary.agree]).toEqual([0, 1]);
  });

  it('takes the engine of a saved case, unless told another', async () => {
    const both = file(
      'both.data',
      '# oracle: engine unicorn,silicon\n-- asm\nmov %r0, 1\nexit\n-- result\n1\n',
    );
    for (const args of [[], ['--engine', 'unicorn']]) {
      const { code } = await cli(['replay', ...args, both]);
      expect(code).toBe(0);
    }
  });
});

describe('--engine unicorn-wasm', () => {
  const fuzzOne = ['fuzz', '--runs', '1', '--corpus', join(dir, 'none')];
  const one = file('wasm.s', 'r0 = 1\nexit\n');

  it.each([['check', one], ['replay', one], fuzzOne])(
    'needs the package, wherever it is asked for: %s',
    async (...argv) => {
      vi.stubEnv('BPF_ORACLE_UNICORN_JS', '/nowhere');
      const { code, stdout, stderr } = await cli([...argv, '--engine', 'unicorn,unicorn-wasm']);
      expect({ code, stdout }).toEqual({ code: 3, stdout: '' });
      expect(stderr).toMatch(
        /^bpf-oracle: load unicorn\.js: \/nowhere: BPF_ORACLE_UNICORN_JS names it, [^\n]+\n$/,
      );
    },
  );

  it('judges with what BPF_ORACLE_UNICORN_JS names', async () => {
    vi.stubEnv(
      'BPF_ORACLE_UNICORN_JS',
      fileURLToPath(new URL('../kit/unicorn-js-module.ts', import.meta.url)),
    );
    const { code, report } = await checkJson(['--engine', 'unicorn-wasm', one]);
    expect([code, report.summary.agree]).toEqual([0, 1]);
  });
});
