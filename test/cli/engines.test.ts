/** `--engine` with one engine or several. */
import { describe, expect, it } from 'vitest';
import { siliconMissing, skippedBecause } from '../kit/silicon.ts';
import { checkJson, cli, file } from './cli.ts';

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
