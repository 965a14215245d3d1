/**
 * Makes docs/images/report.png: a failure in the HTML report, as a browser shows it. Needs `npm run build` and a
 * Chromium: `node scripts/screenshot.js [file.png]`; CHROME_PATH names another one than /usr/bin/chromium.
 */
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { chromium } from 'playwright-core';

const ROOT = fileURLToPath(new URL('..', import.meta.url));
const { CHROME_PATH = '/usr/bin/chromium' } = process.env;
const VIEWPORT = { width: 1280, height: 800 };
const DIVERGE = 1;

const [, , target = join(ROOT, 'docs/images/report.png')] = process.argv;
const scratch = mkdtempSync(join(tmpdir(), 'bpf-oracle-screenshot-'));
try {
  const html = join(scratch, 'report.html');
  makeReport(html);
  mkdirSync(dirname(target), { recursive: true });
  await photograph(html, target);
} finally {
  rmSync(scratch, { recursive: true });
}

/** A real run with a JIT that swaps arguments 7 and 8. */
function makeReport(/** @type {string} */ output) {
  const examples = ['bpf-12-args.s', 'call-graph-8.s', 'kfunc-12-args.s', 'fibonacci.asm', 'fnv1a.o'];
  const argv = [
    ...['check', ...examples.map((name) => `examples/${name}`), '--jit', 'mutant:swap-args-7-8-bpf'],
    ...['--reporter', 'html', '--output', output],
  ];
  const { status, stderr } = spawnSync(process.execPath, [join(ROOT, 'bin/bpf-oracle.js'), ...argv], {
    cwd: ROOT,
    encoding: 'utf8',
  });
  if (status !== DIVERGE) throw new Error(`bpf-oracle ${argv.join(' ')} ended with ${status}: ${stderr}`);
}

async function photograph(/** @type {string} */ html, /** @type {string} */ target) {
  // Chromium's sandbox refuses to start as root.
  const args = process.getuid?.() === 0 ? ['--no-sandbox'] : [];
  const browser = await chromium.launch({ executablePath: CHROME_PATH, args });
  try {
    const page = await browser.newPage({ viewport: VIEWPORT, colorScheme: 'light' });
    await page.goto(`${pathToFileURL(html).href}#/case/0`);
    await page.locator('.stepper').waitFor();
    await page.screenshot({ path: target, fullPage: true });
  } finally {
    await browser.close();
  }
}
