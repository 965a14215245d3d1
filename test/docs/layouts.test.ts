/** docs/LAYOUTS.md is what the tool prints. */
import { copyFileSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';
import { cli } from '../cli/cli.ts';

const LAYOUTS = fileURLToPath(new URL('../../docs/LAYOUTS.md', import.meta.url));

it('docs/LAYOUTS.md is what `cost --markdown` makes of it', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'layouts-'));
  try {
    const copy = join(folder, 'LAYOUTS.md');
    copyFileSync(LAYOUTS, copy);
    await cli(['cost', '--markdown', copy]);
    expect(readFileSync(copy, 'utf8')).toBe(readFileSync(LAYOUTS, 'utf8'));
    await cli(['cost', '--markdown', join(folder, 'new.md')]);
    expect(readFileSync(LAYOUTS, 'utf8')).toContain(
      readFileSync(join(folder, 'new.md'), 'utf8').split('\n\n').slice(1).join('\n\n').trim(),
    );
  } finally {
    rmSync(folder, { recursive: true });
  }
});
