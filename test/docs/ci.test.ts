/** docs/CI.md: its YAML is YAML, its inputs and options are there. */
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { cli } from '../cli/cli.ts';

const at = (path: string): string => readFileSync(new URL(`../../${path}`, import.meta.url), 'utf8');
const text = at('docs/CI.md');
const blocks = (language: string): string[] =>
  [...text.matchAll(new RegExp(`^\`\`\`${language}\\n(.*?)^\`\`\`$`, 'gms'))].map(([, block = '']) => block);

describe('docs/CI.md', () => {
  it('gives the action inputs it has', () => {
    const known = Object.keys(parse(at('action.yml')).inputs);
    const steps = blocks('yaml')
      .map((block) => parse(block, { strict: true }))
      .flatMap(({ jobs = {} }) => Object.values<{ steps: { uses?: string; with?: object }[] }>(jobs))
      .flatMap((job) => job.steps)
      .filter(({ uses = '' }) => uses.startsWith('./'));
    expect(steps.length).toBeGreaterThan(2);
    for (const { with: inputs = {} } of steps)
      expect(known).toEqual(expect.arrayContaining(Object.keys(inputs)));
  });

  it('uses commands and options there are', async () => {
    const lines = [...blocks('sh'), ...blocks('yaml')].join('\n').match(/npx bpf-oracle .*/g) ?? [];
    expect(lines.length).toBeGreaterThan(8);
    for (const line of lines) {
      const [, command = ''] = /^npx bpf-oracle ([a-z]+)/.exec(line) ?? [];
      const { code, stdout } = await cli([command, '--help']);
      expect(code, line).toBe(0);
      for (const option of line.match(/ --[a-z0-9-]+/g) ?? []) expect(stdout).toContain(`${option} `);
      for (const [, name] of line.matchAll(/--reporter (\w+)/g))
        expect(stdout).toMatch(new RegExp(`\\b${name}\\b`));
    }
  });
});
