/** Exceptions on the command line: the example, written in other forms and read back; what explain says. */
import { describe, expect, it } from 'vitest';
import { cli, example, file } from './cli.ts';

describe('a program that throws', () => {
  it('comes back from a saved case and from assembly as it was', async () => {
    for (const form of ['data', 'asm']) {
      const { stdout } = await cli(['export', example('exceptions.s'), '--to', form]);
      expect(stdout).toContain('# oracle: exception-callback func_31');
      const again = file(`exceptions-again.${form === 'asm' ? 's' : form}`, stdout);
      const checked = await cli(['check', again]);
      expect(checked.stdout).toContain('r0 = 0x0000000000002c01');
      expect(checked.code).toBe(0);
    }
  });

  it('is explained by the throw and the callback it enters', async () => {
    const { code, stdout } = await cli([
      ...['explain', example('exceptions.s'), '--jit', 'mutant:exception-pops-arguments'],
    ]);
    expect(code).toBe(1);
    expect(stdout).toContain('prologue of cleanup, entered by insn 28: call bpf_throw');
    expect(stdout).toContain("rbx of main's caller is not given back");
  });
});
