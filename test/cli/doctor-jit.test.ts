/** `doctor --jit`: the conformance test of the image protocol, for those who write adapters. */
import { describe, expect, it } from 'vitest';
import type { JitDiagnosis } from '../../src/cli/jit-diagnosis.ts';
import { cli } from './cli.ts';

/** `mov eax, N; ret` for whatever it is asked, and what stands for the rest of an answer. */
const always = (code: string, more = ''): string => `exec:while read -r line; do
  id=\${line#*:}; id=\${id%%,*}; echo '{"id":'$id',"image":"${code}","entry":0,"subprogEntries":[0]${more}}'
done`;

async function ask(jit: string): Promise<{ code: number; stderr: string; diagnosis: JitDiagnosis }> {
  const { code, stdout, stderr } = await cli(['doctor', '--jit', jit, '--reporter', 'json']);
  return { code, stderr, diagnosis: JSON.parse(stdout) };
}

describe('doctor --jit', () => {
  it('finds nothing wrong with the JIT that is built in', async () => {
    const { code, diagnosis } = await ask('builtin');
    expect(code).toBe(0);
    expect(diagnosis).toMatchObject({ schema: 'bpf-oracle/doctor-jit@1', healthy: true, lacks: [] });
    expect(diagnosis.checks.filter(({ result }) => result !== 'ok')).toEqual([]);
    expect(diagnosis.compilesPerSecond).toBeGreaterThan(0);
  });

  it('shows what a broken JIT does differently', async () => {
    const { code, diagnosis } = await ask('mutant:swap-args-7-8-kfunc');
    expect([code, diagnosis.healthy]).toEqual([0, true]);
    const second = await ask('mutant:r6-not-saved');
    expect(second.code).toBe(1);
    expect(second.diagnosis.checks.find(({ result }) => result === 'differs')?.detail).toMatch(/rbx/);
  });

  it('asks no more of one that gives no image', async () => {
    const { code, stderr, diagnosis } = await ask('exec:exit 7');
    expect([code, stderr]).toEqual([
      3,
      'bpf-oracle: doctor: exec:exit 7: answers with an image: it ended with exit code 7; see docs/IMAGE-PROTOCOL.md\n',
    ]);
    expect(diagnosis.checks).toHaveLength(1);
    expect(diagnosis.compilesPerSecond).toBeNull();
  });

  it('says where a map of slots is wrong', async () => {
    const { diagnosis } = await ask(always('b801000000c3', ',"pcMap":[[0,0],[1,3]]'));
    expect(diagnosis.checks.find(({ name }) => name.startsWith('maps'))).toEqual({
      name: 'maps slots to native instructions',
      result: 'failed',
      detail: 'slot 1 at 3: no instruction begins there',
    });
  });

  it('is readable', async () => {
    const { code, stdout } = await cli(['doctor', '--jit', always('b801000000c3')]);
    expect(code).toBe(3);
    expect(stdout).toMatch(/^ok {6,}answers with an image$/m);
    expect(stdout).toMatch(/^differs +has a stack +r0 is 0x0000000000000001, not 0x0000000000000007$/m);
    expect(stdout).toMatch(
      /^failed +calls a subprog +answered nonsense: subprogEntries has 1 entries for 2 subprogs$/m,
    );
    expect(stdout).toMatch(/^takes \d+ of \d+ forms of instructions and structures$/m);
    expect(stdout).toMatch(/^result: not usable$/m);
  });
});
