import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { RunningFile } from '../../src/cli/running-file.ts';
import { type CasePath, parsePath } from '../../src/fuzz/path.ts';
import { runningPath } from '../../src/fuzz/running-case.ts';

describe('the note of the case a worker runs', () => {
  let folder = '';
  let file = '';
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'bpf-oracle-test-'));
    file = join(folder, 'running.data');
  });
  afterEach(() => rmSync(folder, { recursive: true }));

  const noted = (): CasePath | undefined => runningPath(readFileSync(file, 'utf8'), file);

  it('names the last case, whatever was noted before', () => {
    const running = new RunningFile(file, 7, new Map([['jit', ['linux']]]));
    const long = [9, ...Array.from({ length: 60 }, (_, k) => k)].join(':');
    for (const text of ['0', '123456789', '41', '41:0:3', '5', long, '6', `${long}:1`, `${long}:2`]) {
      const path = parsePath(text, 'test');
      running.note(path);
      expect(noted()).toEqual(path);
    }
    expect(readFileSync(file, 'utf8')).toContain('# oracle: jit linux\n');
    running.remove();
    expect(() => noted()).toThrow('ENOENT');
  });
});
