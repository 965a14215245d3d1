/** `--jit`: which JIT is judged. */
import { describe, expect, it } from 'vitest';
import { checkJson, cli, file } from './cli.ts';

const NEG = '-- asm\nmov32 %r0, 5\nneg32 %r0\nexit\n-- result\n0xfffffffb\n';

describe('--jit', () => {
  it('mutant:NAME is the JIT with that bug', async () => {
    const path = file('neg.data', NEG);
    expect((await checkJson([path])).code).toBe(0);
    const { code, report } = await checkJson([path, '--jit', 'mutant:neg32-as-64']);
    expect(code).toBe(1);
    expect(report.results[0]?.culprit).toMatchObject({ pc: 1, insn: 'w0 = -w0', native: 'neg %rax' });
  });

  it('mutant:NAME is listed with its bug by `jit`', async () => {
    const path = file('neg.data', NEG);
    const { stdout } = await cli(['jit', path, '--jit', 'mutant:neg32-as-64']);
    expect(stdout).toContain('mutant:neg32-as-64 JIT');
    expect(stdout).toContain('neg %rax');
  });

  it('has only what there is', async () => {
    const path = file('neg.data', NEG);
    expect(await cli(['check', path, '--jit', 'mutant:nobody'])).toEqual({
      code: 2,
      stdout: '',
      stderr:
        'bpf-oracle: usage: --jit mutant:nobody: there is no such mutant; docs/POWER.md and "bpf-oracle mutants" list them\n',
    });
    const { code, stderr } = await cli(['check', path, '--jit', 'exe']);
    expect(code).toBe(2);
    expect(stderr).toMatch(/^bpf-oracle: usage: check: .*It can be builtin or mutant:NAME.*\n$/);
  });

  it('of a case file must be there', async () => {
    const path = file('unknown.data', `# oracle: jit exec:true\n${NEG}`);
    const { code, stderr } = await cli(['replay', path]);
    expect(code).toBe(2);
    expect(stderr).toBe(
      `bpf-oracle: read case: ${path}: its jit is \`exec:true\`; it can be builtin, or mutant: and one of docs/POWER.md\n`,
    );
  });
});
