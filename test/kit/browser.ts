/** A headless Chromium on a file, for tests of HTML reports. */
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { type Browser, type BrowserContextOptions, chromium, type Page } from 'playwright-core';
import { afterAll, beforeAll, expect } from 'vitest';

const { CHROME_PATH } = process.env;
const PATHS = [
  CHROME_PATH,
  '/usr/bin/chromium',
  '/usr/bin/chromium-browser',
  '/usr/bin/google-chrome',
  '/usr/bin/google-chrome-stable',
];

/** How long a loaded machine may take to draw what was asked for. */
const PATIENCE_MS = 20_000;

/** Where it is; undefined where there is none. */
export const chromiumPath = PATHS.find((path) => path !== undefined && existsSync(path));

/** A page on a report, and what went wrong in it. */
export interface Opened {
  readonly page: Page;
  /** Errors, messages of the console, and requests for anything but the file. */
  readonly complaints: readonly string[];
  /** From the request to the first row of the list, in milliseconds. */
  readonly openMs: number;
}

/** Opens documents in one browser, which ends with the test file. */
export class Reports {
  readonly #dir = mkdtempSync(join(tmpdir(), 'bpf-oracle-html-'));
  #browser: Browser | undefined;
  #count = 0;

  constructor() {
    beforeAll(async () => {
      // Chromium's sandbox refuses to start as root.
      const args = process.getuid?.() === 0 ? ['--no-sandbox'] : [];
      this.#browser = await chromium.launch({ executablePath: chromiumPath ?? '', args });
    });
    afterAll(async () => {
      await this.#browser?.close();
      rmSync(this.#dir, { recursive: true, force: true });
    });
  }

  /** Opens a document at a place in it, e.g. `#/case/3`. `script` runs in it before its own scripts. */
  async open(html: string, hash = '', options: BrowserContextOptions = {}, script = ''): Promise<Opened> {
    if (this.#browser === undefined) throw new Error('no browser');
    const file = join(this.#dir, `${this.#count++}.html`);
    writeFileSync(file, html);
    const page = await this.#browser.newPage({ viewport: { width: 1440, height: 900 }, ...options });
    page.setDefaultTimeout(PATIENCE_MS);
    await page.addInitScript(script);
    const complaints: string[] = [];
    page.on('pageerror', ({ message }) => complaints.push(message));
    page.on('console', (message) => complaints.push(message.text()));
    page.on('dialog', (dialog) => {
      complaints.push(`dialog ${dialog.message()}`);
      void dialog.dismiss();
    });
    const url = pathToFileURL(file).href;
    page.on('request', (request) => {
      if (!request.url().startsWith(url)) complaints.push(`request ${request.url().slice(0, 80)}`);
    });
    const start = performance.now();
    await page.goto(`${url}${hash}`, { waitUntil: 'commit' });
    await page.locator('main h1').first().waitFor();
    return { page, complaints, openMs: performance.now() - start };
  }
}

/** Elements that the page has drawn. */
export const elementCount = (page: Page): Promise<number> =>
  page.evaluate('document.querySelectorAll("#app *").length');

/**
 * Holds what the page shows against what it should show, again and again until it is so: a page draws some time after
 * the key or the click that asks for it, and later still where the address has to change first.
 */
export const shown = <T>(read: () => Promise<T>) => expect.poll(read, { timeout: PATIENCE_MS });
