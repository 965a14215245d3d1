/** `--jit` with JITs that are not built in. */
import { describe, expect, it, vi } from 'vitest';
import { LIBRTE_VARIABLE } from '../../src/jits/dpdk/find-librte.ts';
import { checkJson, cli, file } from './cli.ts';

const one = file('one.s', 'r0 = 1\nexit\n');
const two = file('two.s', 'r0 = 2\nexit\n');
/** `mov eax, 1; ret`, whatever it is asked. */
const ONE = `exec:while read -r line; do
  id=\${line#*:}; id=\${id%%,*}; echo '{"id":'$id',"image":"b801000000c3","entry":0,"subprogEntries":[0]}'
done`;

describe('--jit exec:', () => {
  it('judges the JIT behind a command', async () => {
    const { code, report } = await checkJson(['--jit', ONE, one, two]);
    expect(code).toBe(1);
    expect(report.results.map(({ verdict }) => verdict)).toEqual(['agree', 'diverge']);
    expect(report.results[1]?.divergences[0]).toMatchObject({
      field: 'r0',
      want: '0x0000000000000002',
      got: '0x0000000000000001',
    });
  });

  it('counts what it declines as skipped, in its words', async () => {
    const jit = 'exec:read -r x; echo \'{"id":1,"refused":"no movs"}\'; read -r x';
    const { code, report } = await checkJson(['--jit', jit, one]);
    expect([code, report.results[0]]).toMatchObject([
      4,
      { verdict: 'skipped', reason: `${jit}: refused: no movs` },
    ]);
  });

  it('counts what it dies of as inconclusive, and goes on', async () => {
    const { code, report } = await checkJson(['--jit', 'exec:read -r x; kill -FPE $$', one, two]);
    expect(code).toBe(4);
    expect(report.summary).toMatchObject({ inconclusive: 2, skipped: 0 });
    expect(report.results[1]?.reason).toBe('it was ended by SIGFPE');
  });

  it('prints its code', async () => {
    const { code, stdout } = await cli(['jit', '--jit', ONE, one]);
    expect(code).toBe(0);
    expect(stdout).toMatch(/^; .*one\.s: 6 bytes, exec:/);
    expect(stdout).toMatch(/b8 01 00 00 00 +mov \$0x1, %eax/);
  });

  it('is not taken from a file', async () => {
    const evil = file(
      'evil.data',
      `# oracle: jit exec:touch ${file('never', '')}\n-- asm\nmov %r0, 1\nexit\n-- result\n1\n`,
    );
    const { code, stderr } = await cli(['replay', evil]);
    expect(code).toBe(2);
    expect(stderr).toMatch(
      /evil\.data: its jit is `exec:touch .*`; it can be builtin, dpdk, dpdk-interpreter, or mutant:/,
    );
  });

  it('is asked for where a file was found with a command', async () => {
    const found = file('found.data', '# oracle: jit exec\n-- asm\nmov %r0, 1\nexit\n-- result\n1\n');
    const without = await cli(['replay', found]);
    expect([without.code, without.stderr]).toEqual([
      2,
      `bpf-oracle: read case: ${found}: it was found with a JIT behind a command; name it with --jit exec:COMMAND\n`,
    ]);
    expect((await cli(['replay', '--jit', ONE, found])).code).toBe(0);
  });
});

describe('--jit', () => {
  it.each(['nonsense', 'exec:', 'exec', 'mutant:'])('refuses %s', async (name) => {
    const { code, stderr } = await cli(['check', '--jit', name, one]);
    expect(code).toBe(2);
    expect(stderr).toMatch(
      /^bpf-oracle: usage: check: option '--jit <name>' argument .* It can be builtin, dpdk, dpdk-interpreter, exec:COMMAND, image:FILE or mutant:NAME; see/,
    );
  });

  it('says how to install DPDK where it is not', async () => {
    vi.stubEnv(LIBRTE_VARIABLE, '/nowhere/librte_bpf.so');
    const { code, stderr } = await cli(['check', '--jit', 'dpdk', one]);
    vi.unstubAllEnvs();
    expect([code, stderr]).toEqual([
      3,
      'bpf-oracle: load DPDK: /nowhere/librte_bpf.so: BPF_ORACLE_LIBRTE_BPF names it, but there is no such file; correct or unset it\n',
    ]);
  });
});
