import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { EXAMPLES } from '../../src/lint/examples.ts';
import { RULES } from '../../src/lint/rules.ts';
import { rulesMarkdown } from '../../src/report/lint-markdown.ts';
import { findingsIn } from './kit.ts';

const WITH_EXAMPLE = RULES.flatMap(({ id }) => {
  const example = EXAMPLES[id];
  return example === null ? [] : [{ id, ...example }];
});

describe('each rule', () => {
  it.each(WITH_EXAMPLE)('$id: its example breaks it and no other one', ({ id, text, options }) => {
    expect([...new Set(findingsIn(text, options).map(({ rule }) => rule))]).toEqual([id]);
  });

  it('has a message with as many places as its findings have values', () => {
    for (const { id, text, options } of WITH_EXAMPLE) {
      const { message } = RULES.find((rule) => rule.id === id) ?? { message: '' };
      for (const { values } of findingsIn(text, options))
        expect([id, message.match(/%(?:02x|[dus])/g)?.length ?? 0]).toEqual([id, values.length]);
    }
  });
});

describe('docs/LINT.md', () => {
  it('is what `bpf-oracle lint --rules` prints', () => {
    expect(readFileSync(new URL('../../docs/LINT.md', import.meta.url), 'utf8')).toBe(rulesMarkdown());
  });
});
