/** Before all tests: the page of HTML reports is built from the sources as they are. */
import { fileURLToPath } from 'node:url';
import { buildPage } from '../scripts/build-page.js';

export async function setup() {
  const failure = await buildPage(fileURLToPath(new URL('..', import.meta.url)));
  if (failure !== undefined) console.warn(failure);
}
