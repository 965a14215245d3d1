import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { cli, dir, EXIT, example, file, hexOf } from './cli.ts';

const CLEAN = file('clean.s', 'r0 = 0\nexit\n');
const BAD = file('bad.s', 'r11 += 1\nr0 = r6\nexit\n');
const MISSING = file(
  'missing.s',
  `main:
  call 7
  r1 = 1
  r2 = 2
  r3 = 3
  r4 = 4
  r5 = 5
  if r0 > 0 goto other
  *(u64 *)(r11 - 8) = 6
other:
  call six
  exit
six:
  r0 = *(u64 *)(r11 + 8)
  exit
`,
);

const vector = (name: string): string => new URL(`../vectors/elf/${name}`, import.meta.url).pathname;

describe('lint', () => {
  it('exits 0 for what is clean', async () => {
    const { code, stdout, stderr } = await cli(['lint', CLEAN]);
    expect([code, stdout, stderr]).toEqual([0, '1 program linted: 1 clean, 0 findings; 0 skipped\n', '']);
  });

  it('tells instruction, message, path and source, and exits 1', async () => {
    const { code, stdout } = await cli(['lint', MISSING]);
    expect(code).toBe(1);
    expect(stdout).toBe(`${MISSING}: insn 8: call six
  callee expects 6 args, stack arg1 is not initialized [missing-argument]
  since the start of main, where insn 6 (if r0 > 0 goto +1) is taken
  rule: linux 0f6bd5e7a804 check_outgoing_stack_args(); seed patches 03, 05

1 program linted: 0 clean, 1 finding; 0 skipped
`);
  });

  it('tells of instructions that check would not read', async () => {
    const { code, stdout } = await cli(['lint', BAD]);
    expect(code).toBe(1);
    expect(stdout).toContain('insn 0: r11 += 1\n  R11 is invalid [base-only]');
    expect(stdout).toContain('R6 !read_ok [unset-register]');
  });

  it.each([
    ['8710000000000000', 'BPF_NEG uses reserved fields', 'reserved-field'],
    ['8f00000000000000', 'unknown opcode 8f', 'opcode'],
    ['1870000000000000', 'invalid bpf_ld_imm64 insn', 'ld-imm64'],
  ])('tells of bytes that are no instruction: %s', async (word, message, rule) => {
    const path = file(`${rule}.hex`, hexOf(EXIT, word, EXIT));
    const { code, stdout } = await cli(['lint', path, '--format', 'hex']);
    expect(stdout).toMatch(new RegExp(`insn 1\\n  ${message} \\[${rule}\\]`));
    expect(code).toBe(1);
  });

  it('lints every program of an object', async () => {
    const { code, stdout } = await cli(['lint', example('kfunc.o'), '--reporter', 'json']);
    const { programs } = JSON.parse(stdout);
    expect(programs.map(({ name }: { name: string }) => name)).toContain(`${example('kfunc.o')}:entry`);
    expect(code).toBe(0);
  });

  it('lints programs that refer to maps, which no machine here has', async () => {
    const { code, stdout } = await cli(['lint', vector('maps.o')]);
    expect([code, stdout]).toEqual([0, '3 programs linted: 3 clean, 0 findings; 0 skipped\n']);
  });

  it('goes on after a program of an object that cannot be read', async () => {
    const { code, stdout, stderr } = await cli(['lint', vector('unresolved.o')]);
    expect(stderr.trimEnd().split('\n')).toHaveLength(2);
    expect(stdout).toMatch(/^\d programs? linted: \d clean, 0 findings; 2 skipped\n$/);
    expect(code).toBe(2);
  });

  it('writes JSON', async () => {
    const { stdout } = await cli(['lint', MISSING, CLEAN, '--reporter', 'json']);
    expect(JSON.parse(stdout)).toEqual({
      schema: 'bpf-oracle/lint@1',
      summary: { linted: 2, clean: 1, findings: 1, skipped: 0 },
      programs: [
        {
          name: MISSING,
          file: MISSING,
          skipped: null,
          total: 1,
          findings: [
            {
              rule: 'missing-argument',
              scope: 'contract',
              message: 'callee expects 6 args, stack arg1 is not initialized',
              source: 'linux 0f6bd5e7a804 check_outgoing_stack_args(); seed patches 03, 05',
              pc: 8,
              insn: 'call six',
              path: [
                {
                  function: 'main',
                  from: null,
                  branches: [{ pc: 6, insn: 'if r0 > 0 goto +1', taken: true }],
                  to: 8,
                },
              ],
            },
          ],
        },
        { name: CLEAN, file: CLEAN, skipped: null, total: 0, findings: [] },
      ],
    });
  });

  it.each([
    [
      'junit',
      /<failure message="callee expects 6 args[^"]*" type="lint\/missing-argument">since the start of main/,
    ],
    ['tap', /not ok 1 - .*missing\.s insn 8: call six\n {2}---\n {2}message: "callee expects 6 args/],
    ['github', /^::error file=.*missing\.s,line=\d+,title=A call with an argument that is not stored/],
    ['sarif', /"ruleId": "lint\/missing-argument"/],
  ])('reports to %s', async (reporter, want) => {
    expect((await cli(['lint', MISSING, '--reporter', reporter])).stdout).toMatch(want);
  });

  it('goes on after a bad file, and tells it in one line', async () => {
    const { code, stdout, stderr } = await cli(['lint', file('empty.s', ''), CLEAN]);
    expect(stderr).toMatch(/^bpf-oracle: read: .*empty\.s: is empty\n$/);
    expect(stdout).toContain('1 program linted: 1 clean, 0 findings; 1 skipped');
    expect(code).toBe(2);
  });

  it('skips directories beside files, and exits 4 where nothing is linted', async () => {
    const folder = join(dir, 'folder');
    mkdirSync(folder);
    expect((await cli(['lint', folder, CLEAN])).code).toBe(0);
    expect((await cli(['lint', folder, folder])).code).toBe(4);
  });

  it('wants a file', async () => {
    const { code, stderr } = await cli(['lint']);
    expect([code, stderr]).toEqual([2, 'bpf-oracle: usage: lint: no file; name one, or --rules\n']);
  });

  it.each([
    ['--no-jit', 'stack args are not supported in non-JITed programs'],
    ['--private-stack', 'func#0 has stack args, which leave no r9 for a private stack'],
  ])('%s', async (option, message) => {
    const path = file(
      'six.s',
      `main:
  r1 = 1
  r2 = 2
  r3 = 3
  r4 = 4
  r5 = 5
  *(u64 *)(r11 - 8) = 6
  call six
  exit
six:
  r0 = *(u64 *)(r11 + 8)
  exit
`,
    );
    expect((await cli(['lint', path])).code).toBe(0);
    const { code, stdout } = await cli(['lint', path, option]);
    expect(stdout).toContain(message);
    expect(code).toBe(1);
  });

  it('tells where what is stated is not what BTF has', async () => {
    const { stdout } = await cli(['lint', example('kfunc.o'), '--proto', 'update=u64']);
    expect(stdout).toMatch(/ {2}update is stated to take 1 args, but its BTF has \d \[prototype\]/);
  });
});
