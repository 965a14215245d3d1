/** Script and styles of the HTML report, as scripts/build-page.js built them: below dist, beside src/cli too. */
import { readFileSync } from 'node:fs';
import { OracleError } from '../core/errors.ts';
import type { PageAssets } from '../report/html/document.ts';

const BUILT = new URL('../../dist/report/html/', import.meta.url);

/** Throws an `engine` error if they were not built. */
export const pageAssets = (): PageAssets => ({ script: asset('page.js'), style: asset('page.css') });

function asset(name: string): string {
  try {
    return readFileSync(new URL(name, BUILT), 'utf8');
  } catch (cause) {
    const parts = {
      what: 'HTML report',
      where: `dist/report/html/${name}`,
      why: 'not built; run "npm run build"',
    };
    throw new OracleError('engine', parts, { cause });
  }
}
