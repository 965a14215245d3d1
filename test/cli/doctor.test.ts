import { afterEach, describe, expect, it, vi } from 'vitest';
import { type Diagnosis, diagnosisText } from '../../src/cli/diagnosis.ts';
import { siliconMissing } from '../kit/silicon.ts';
import { cli, example } from './cli.ts';

const missing = siliconMissing();

afterEach(() => vi.unstubAllEnvs());

describe('doctor', () => {
  it('names versions, the engine and the result of its self-test', async () => {
    const { code, stdout, stderr } = await cli(['doctor']);
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(stdout).toMatch(/^engine +unicorn: libunicorn \d+\.\d+\.\d+ \(.+\)$/m);
    expect(stdout).toMatch(/^self-test +\d+ instruction forms, \d+ runs, 0 differ from a CPU$/m);
    expect(stdout).toMatch(
      missing === undefined ? /^engine +silicon: .+, Linux /m : /^engine +silicon: none: /m,
    );
    expect(stdout).toMatch(/^result +ready$/m);
  });

  it('says the same in JSON', async () => {
    const { stdout } = await cli(['doctor', '--reporter', 'json']);
    const diagnosis: Diagnosis = JSON.parse(stdout);
    expect(diagnosis).toMatchObject({
      schema: 'bpf-oracle/doctor@1',
      healthy: true,
      versions: { node: process.versions.node },
      engines: [
        { name: 'unicorn', problem: null, selfTest: { disagreements: [] } },
        { name: 'silicon' },
        { name: 'unicorn-wasm' },
      ],
    });
    const [unicorn] = diagnosis.engines;
    expect(unicorn?.problem === null && unicorn.selfTest.runs).toBeGreaterThan(1000);
  });

  it('exits with 3 without a usable library, and says what to do', async () => {
    vi.stubEnv('BPF_ORACLE_LIBUNICORN', '/nonexistent/libunicorn.so');
    const { code, stdout, stderr } = await cli(['doctor']);
    expect(code).toBe(3);
    expect(stdout).toMatch(/^engine +unicorn: none: load libunicorn: \/nonexistent/m);
    expect(stdout).toMatch(/^result +not usable$/m);
    expect(stderr).toMatch(/^bpf-oracle: load libunicorn: [^\n]+\n$/);
  });

  it('lists what differs from the CPU', () => {
    const text = diagnosisText({
      schema: 'bpf-oracle/doctor@1',
      healthy: false,
      versions: { 'bpf-oracle': '1', node: '2', koffi: '3' },
      platform: 'linux x64',
      engines: [
        {
          name: 'unicorn',
          problem: null,
          version: 'v',
          caps: {
            preciseFaultRip: true,
            exactCmpxchg32: true,
            countsBlocks: true,
            stopsAreDear: false,
            isCpu: false,
          },
          selfTest: { forms: 1, runs: 20, disagreements: Array.from({ length: 12 }, (_, i) => `form ${i}`) },
          knownFaults: [],
        },
      ],
    });
    expect(text).toMatch(/20 runs, 12 differ from a CPU\n +form 0\n/);
    expect(text).toMatch(/form 9\n +… and 2 more\nresult +not usable\n$/);
  });
});

describe('check', () => {
  it('exits with 3 without a usable library', async () => {
    vi.stubEnv('BPF_ORACLE_LIBUNICORN', '/nonexistent/libunicorn.so');
    const { code, stdout, stderr } = await cli(['check', example('gcd.bin'), example('collatz.hex')]);
    expect({ code, stdout }).toEqual({ code: 3, stdout: '' });
    expect(stderr).toMatch(/^bpf-oracle: load libunicorn: [^\n]+\n$/);
  });
});
