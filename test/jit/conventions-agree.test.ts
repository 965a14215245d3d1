/** One call graph under every convention: the same result, memory, and arguments by position at each call. */
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { afterAll, describe, expect, it } from 'vitest';
import { CONVENTION_NAMES, type ConventionName } from '../../src/bpf/calling.ts';
import { load } from '../../src/bpf/load.ts';
import { Checker } from '../../src/checker.ts';

const EXAMPLES = ['call-graph-8.s', 'bpf-12-args.s', 'kfunc-12-args.s'] as const;
const checkers = CONVENTION_NAMES.flatMap((convention) =>
  [false, true].map((privateStack) => ({
    convention,
    checker: new Checker({ jit: { convention, privateStack } }),
  })),
);
afterAll(() => {
  for (const { checker } of checkers) checker.close();
});

/** What a run shows that does not depend on where frames lie. */
function shown(name: string, convention: ConventionName, checker: Checker) {
  const path = fileURLToPath(new URL(`../../examples/${name}`, import.meta.url));
  const { verdict, want, got } = checker.check(load(readFileSync(path), { fileName: name }));
  expect([convention, verdict]).toEqual([convention, 'agree']);
  return [want, got].map((run) => ({
    outcome: run?.outcome,
    memory: run?.memory,
    events: run?.trace.events.map((event) =>
      event.kind === 'call'
        ? [event.callee, event.args, event.regs?.slice(0, 4), event.result]
        : [event.subprog, event.result],
    ),
  }));
}

describe.each(EXAMPLES)('%s', (name) => {
  it('gives the same under linux, zero, reply and v3, with and without private stacks', () => {
    const [first, ...others] = checkers.map(({ convention, checker }) => shown(name, convention, checker));
    expect(first?.[0]?.events?.some(([, args]) => Array.isArray(args) && args.length > 6)).toBe(true);
    const native = (each: typeof first) => each?.[1];
    for (const other of others) {
      expect(other[0]).toEqual(first?.[0]);
      expect(native(other)?.outcome).toEqual(native(first)?.outcome);
      expect(native(other)?.memory).toEqual(native(first)?.memory);
    }
  });
});
