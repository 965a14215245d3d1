/** The GitHub Action: what action.yml declares, and what its step makes of inputs. */
import { spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { cli } from '../cli/cli.ts';

interface Step {
  readonly id?: string;
  readonly uses?: string;
  readonly shell?: string;
  readonly run?: string;
  readonly env?: Readonly<Record<string, string>>;
}

interface Action {
  readonly name: string;
  readonly description: string;
  readonly inputs: Readonly<Record<string, { readonly description: string; readonly default: string }>>;
  readonly outputs: Readonly<Record<string, { readonly description: string; readonly value: string }>>;
  readonly runs: { readonly using: string; readonly steps: readonly Step[] };
}

const root = fileURLToPath(new URL('../..', import.meta.url));
const text = readFileSync(join(root, 'action.yml'), 'utf8');
const action: Action = parse(text, { strict: true });
const step = action.runs.steps.find(({ id }) => id === 'run') ?? expect.fail('there is no step run');

describe('action.yml', () => {
  it('is a composite action whose every input is described, has a default and is used', () => {
    expect(action.runs.using).toBe('composite');
    const used = new Set([...text.matchAll(/inputs\.([a-z-]+)/g)].map(([, name]) => name));
    expect([...used].toSorted()).toEqual(Object.keys(action.inputs).toSorted());
    for (const { description, default: value } of Object.values(action.inputs)) {
      expect(description).toMatch(/^\S/);
      expect(typeof value).toBe('string');
    }
  });

  it('names a shell for each script, and puts no input into one', () => {
    for (const { run, shell, uses } of action.runs.steps) {
      expect(run === undefined).toBe(uses !== undefined);
      if (run === undefined) continue;
      expect(shell).toBe('bash');
      expect(run).not.toMatch(/\$\{\{/);
    }
  });

  it('takes its output from a step that sets it', () => {
    expect(action.outputs['exit-code']?.value).toMatch(/^\$\{\{ steps\.run\.outputs\.exit-code \}\}$/);
    expect(readFileSync(join(root, 'scripts/action.sh'), 'utf8')).toContain('echo "exit-code=$code"');
  });
});

/** A folder to run in, and a package whose command writes down what it is called with. */
let work: string;
let fake: string;
beforeAll(() => {
  work = mkdtempSync(join(tmpdir(), 'bpf-oracle-action-'));
  fake = join(work, '.action');
  mkdirSync(join(fake, 'bin'), { recursive: true });
  cpSync(join(root, 'scripts/action.sh'), join(fake, 'scripts/action.sh'));
  writeFileSync(
    join(fake, 'bin/bpf-oracle.js'),
    `const { writeFileSync } = require('node:fs');
     const words = process.argv.slice(2);
     writeFileSync(process.env.CALLED, JSON.stringify({ words, cwd: process.cwd() }));
     const at = words.indexOf('github');
     if (at > 0) writeFileSync(words[at + 2], '::error::annotated\\n');
     console.log('the text report');
     process.exit(Number(process.env.CODE));`,
  );
  for (const name of ['a b.data', 'c.data', '-d.data', 'e*.data', "it's;$(touch pwned).data"])
    writeFileSync(join(work, name), '-- asm\nmov %r0, 1\nexit\n-- result\n0x1\n');
  mkdirSync(join(work, 'sub'));
});
afterAll(() => rmSync(work, { recursive: true, force: true }));

/** Runs the step as the runner does, with the inputs' defaults where none are given. */
function act(inputs: Readonly<Record<string, string>>, code = 0) {
  const value = (name: string): string => inputs[name] ?? action.inputs[name]?.default ?? expect.fail(name);
  const env = Object.entries(step.env ?? {}).map(([key, expression]) => {
    const [, name = ''] = /^\$\{\{ inputs\.([a-z-]+) \}\}$/.exec(expression) ?? expect.fail(expression);
    return [key, value(name)] as const;
  });
  const { PATH } = process.env;
  const called = join(work, 'called.json');
  const output = join(work, 'output');
  rmSync(called, { force: true });
  writeFileSync(output, '');
  const ran = spawnSync('bash', ['-e', '-o', 'pipefail', '-c', step.run ?? ''], {
    cwd: work,
    encoding: 'utf8',
    env: {
      PATH,
      GITHUB_ACTION_PATH: fake,
      GITHUB_OUTPUT: output,
      RUNNER_TEMP: work,
      CALLED: called,
      CODE: `${code}`,
      ...Object.fromEntries(env),
    },
  });
  const { words, cwd }: { words: string[]; cwd: string } = JSON.parse(readFileSync(called, 'utf8'));
  return { ...ran, words, cwd, output: readFileSync(output, 'utf8') };
}

/** Without the reporters, of which the file for annotations has a name of its own. */
const beside = (words: readonly string[]): string[] => {
  const start = words.indexOf('--reporter');
  const end = words.indexOf('--');
  return [...words.slice(0, start), ...words.slice(end)];
};

describe('the step of action.yml', () => {
  it('logs the text report, then the annotations, and passes the exit code on', () => {
    const { status, stdout, words, output } = act({ files: 'c.data' }, 1);
    expect(status).toBe(1);
    const [, token = '', rest] = /^::stop-commands::([0-9a-f]{32})\n(.*)$/s.exec(stdout) ?? [];
    expect(rest).toBe(`the text report\n::${token}::\n::error::annotated\n`);
    expect(act({ files: 'c.data' }).stdout).not.toContain(token);
    expect(output).toBe('exit-code=1\n');
    expect(words.slice(0, 6)).toEqual(['check', '--reporter', 'text', '--reporter', 'github', '--output']);
    expect(beside(words)).toEqual(['check', '--', 'c.data']);
  });

  it('does not fail where it is told not to', () => {
    const { status, output } = act({ files: 'c.data', fail: 'false' }, 3);
    expect({ status, output }).toEqual({ status: 0, output: 'exit-code=3\n' });
  });

  it('takes arguments and files line by line, whatever is in them', () => {
    const args = '--seed\n1\n\n--mem=00 ff\r\n$(touch pwned)\n`touch pwned`\n*\n';
    const { words } = act({
      command: 'fuzz',
      args,
      files: "it's;$(touch pwned).data\na b.data\nno such *\n",
    });
    expect(beside(words)).toEqual([
      ...['fuzz', '--seed', '1', '--mem=00 ff', '$(touch pwned)', '`touch pwned`', '*'],
      ...['--', "it's;$(touch pwned).data", 'a b.data', 'no such *'],
    ]);
  });

  it('expands patterns to files, spaces and all', () => {
    const { words } = act({ files: '[ac]*.data\n-*.data\n' });
    expect(beside(words)).toEqual(['check', '--', 'a b.data', 'c.data', '-d.data']);
  });

  it('has every report written that is named', () => {
    const { words, cwd } = act({
      ...{ json: 'r 1.json', junit: 'j.xml', sarif: 's.sarif', tap: 't.tap', html: 'h.html' },
      ...{ shard: '2/4', annotations: 'false', 'working-directory': 'sub', files: '../c.data' },
    });
    expect(words).toEqual([
      ...['check', '--shard', '2/4', '--reporter', 'text', '--reporter', 'json', '--output', 'r 1.json'],
      ...['--reporter', 'junit', '--output', 'j.xml', '--reporter', 'sarif', '--output', 's.sarif'],
      ...[
        '--reporter',
        'tap',
        '--output',
        't.tap',
        '--reporter',
        'html',
        '--output',
        'h.html',
        '--',
        '../c.data',
      ],
    ]);
    expect(cwd).toBe(join(work, 'sub'));
  });

  it('makes command lines that the command takes', async () => {
    const reports = { json: join(work, 'r.json'), junit: join(work, 'r.xml'), sarif: join(work, 'r.sarif') };
    const { words } = act({ files: `${work}/[ac]*.data\n${work}/-d.data`, args: '--no-bmi2', ...reports });
    expect(await cli(words)).toMatchObject({ code: 0, stderr: '' });
    expect(JSON.parse(readFileSync(reports.json, 'utf8')).summary).toMatchObject({ ran: 3, agree: 3 });
    expect(readFileSync(reports.junit, 'utf8')).toContain('tests="3"');
    expect(JSON.parse(readFileSync(reports.sarif, 'utf8')).runs).toHaveLength(1);
  });
});
