import { execFileSync } from 'node:child_process';
import { describe, expect, it } from 'vitest';
import { skipped } from '../../src/oracle/case.ts';
import { readSource, shellWord } from '../../src/report/again.ts';

describe('commands to run a case again', () => {
  it.each(['plain-1.data', 'a b', "it's", '$HOME `x` "y" \\z', '*', 'new\nline', '-', 'ü'])(
    'write %j as a shell reads it back',
    (word) => {
      expect(execFileSync('/bin/sh', ['-c', `printf %s ${shellWord(word)}`], { encoding: 'utf8' })).toBe(
        word,
      );
    },
  );

  it('have the options that decide how it is judged, and the file', () => {
    const result = { ...skipped('name', { kind: 'file', why: '' }), file: 'dir/a b.s' };
    expect(readSource({ command: 'conformance', options: ['--mem', '00 ff'] }, result).replay).toBe(
      "bpf-oracle check --mem '00 ff' 'dir/a b.s'",
    );
    expect(readSource({ command: 'replay' }, result).replay).toBe("bpf-oracle replay 'dir/a b.s'");
    expect(readSource({ command: 'conformance', options: ['--plugin', 'p'] }, result).replay).toBe(
      'bpf-oracle conformance --plugin p dir/',
    );
  });
});
