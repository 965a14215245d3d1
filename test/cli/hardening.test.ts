/** Options that harden code, on the command line and in case files. */
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { cli, example, file } from './cli.ts';

const ALL = ['--retpoline', '--return-thunk', '--call-depth', '--lfence', '--blinding', '7'];
const LINES = ['retpoline on', 'return-thunk on', 'call-depth on', 'lfence on', 'blinding 7'];

describe('hardened code', () => {
  it('is what a case file says', async () => {
    const { code, stdout } = await cli(['explain', example('hardened.data')]);
    expect(code).toBe(0);
    expect(stdout).toContain('agree');
    const plain = await cli(['jit', example('hardened.data'), '--syntax', 'intel']);
    expect(plain.stdout).not.toContain('lfence');
    const hardened = await cli(['jit', example('hardened.data'), '--syntax', 'intel', ...ALL]);
    expect(hardened.stdout).toContain('lfence');
    expect(hardened.stdout).toContain('blinding: 7 insns');
    expect(hardened.stdout).toContain('sar qword ptr gs:[0x60000010], 0x5');
  });

  it('is listed with the thunks it jumps to, by name', async () => {
    const { stdout } = await cli(['jit', example('tail-calls.data'), '--retpoline', '--return-thunk']);
    expect(stdout).toMatch(/jmp 0x\w+ <return-thunk>\n/);
    expect(stdout).toMatch(/^ {2}thunk: indirect-thunk-rcx\n +0x\w+ {2}e8 01 00 00 00 /m);
    expect(stdout).toMatch(/^ {2}thunk: return-thunk\n +0x\w+ {2}c3 +ret\n$/m);
  });

  it('is kept where a case is written', async () => {
    const { stdout } = await cli(['export', example('bpf-12-args.s'), '--to', 'data', ...ALL]);
    for (const line of LINES) expect(stdout).toContain(`# oracle: ${line}\n`);
    const again = file('hardened-again.data', stdout);
    expect((await cli(['replay', again])).code).toBe(0);
    expect(readFileSync(again, 'utf8')).toBe(stdout);
  });

  it.each([
    ['blinding yes', 'its blinding is `yes`; it can be a whole number'],
    ['lfence maybe', 'its lfence is `maybe`; it can be on or off'],
  ])('is refused where it is `%s`', async (line, why) => {
    const path = file('wrong.data', `# oracle: ${line}\n-- asm\nmov %r0, 1\nexit\n-- result\n1\n`);
    const { code, stderr } = await cli(['replay', path]);
    expect([code, stderr]).toEqual([2, `bpf-oracle: read case: ${path}: ${why}\n`]);
  });

  it('can be turned off by a file', async () => {
    const path = file('off.data', '# oracle: lfence off\n-- asm\nmov %r0, 1\nexit\n-- result\n1\n');
    expect((await cli(['replay', '--lfence', path])).code).toBe(0);
  });

  it('shows a mutant that leaves a constant in it', async () => {
    const { code, stdout } = await cli([
      ...['check', example('hardened.data'), '--jit', 'mutant:blinding-misses-st'],
    ]);
    expect(code).toBe(1);
    expect(stdout).toContain('constant 305419896');
    expect(stdout).toContain('78 56 34 12');
  });
});
