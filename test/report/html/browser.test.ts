/** The HTML report in a browser, as a reader uses it. */
import axe from 'axe-core';
import type { Page } from 'playwright-core';
import { describe, expect, it } from 'vitest';
import { chromiumPath, elementCount, Reports, shown } from '../../kit/browser.ts';
import { explainedDocument, long, misplaced, reportOf, swapped, unread } from '../../kit/html-reports.ts';

const HOSTILE = ['</script><script>alert(1)</script>', '"><img src=x onerror=alert(1)>', 'a\nb \u202e ü'];

/** A click as soon as the page has drawn its list, in a browser too busy to run what should come after a frame. */
const HASTE = `
  const later = setTimeout;
  globalThis.requestAnimationFrame = () => 0;
  globalThis.setTimeout = (act, ms = 0) => later(act, ms + 500);
  new MutationObserver((_, observer) => {
    const link = document.querySelector('.cases td.case a');
    if (link === null) return;
    observer.disconnect();
    link.click();
  }).observe(document, { childList: true, subtree: true })`;

const needs = chromiumPath === undefined ? ' (skipped: no Chromium; set CHROME_PATH)' : '';

describe.skipIf(chromiumPath === undefined)(`an HTML report in a browser${needs}`, () => {
  const reports = new Reports();
  const small = reportOf([unread('folder'), swapped('swapped args'), misplaced('misplaced frame')]);

  const rows = (page: Page): Promise<string[]> => page.locator('.cases td.case a').allTextContents();
  const r0 = (page: Page): Promise<string | null> =>
    page.getByRole('row', { name: /^r0 / }).locator('.want').textContent();
  const stepText = (page: Page): Promise<string | null> => page.locator('.count').textContent();

  describe('opened', () => {
    it('says how the run ended and lists what diverges, with nothing loaded and nothing to complain of', async () => {
      const { page, complaints } = await reports.open(small);
      await shown(() => page.locator('h1').textContent()).toBe('2 of 2 cases diverge');
      await shown(() => rows(page)).toEqual(['swapped args', 'misplaced frame']);
      expect(complaints).toEqual([]);
    });

    it('filters by words and by verdict', async () => {
      const { page } = await reports.open(small);
      await page.getByRole('searchbox', { name: 'Filter cases' }).fill('ARGS call');
      await shown(() => rows(page)).toEqual(['swapped args']);
      await shown(() => page.locator('.filter output').textContent()).toBe('1 of 3');
      await page.getByRole('searchbox').fill('no such thing');
      await shown(() => page.getByText('No case is like that.').isVisible()).toBe(true);
      await page.getByRole('searchbox').fill('');
      await page.getByRole('checkbox', { name: /^skipped/ }).check();
      await shown(() => page.locator('.cases td.case').count()).toBe(3);
    });

    it('sorts by a column, then backwards, then not at all', async () => {
      const { page } = await reports.open(small);
      const sort = page.getByRole('button', { name: 'Case' });
      const head = page.getByRole('columnheader', { name: 'Case' });
      const [a, b] = ['misplaced frame', 'swapped args'];
      for (const [state, order] of [
        ['ascending', [a, b]],
        ['descending', [b, a]],
        ['none', [b, a]],
      ] as const) {
        await sort.click();
        await shown(() => head.getAttribute('aria-sort')).toBe(state);
        await shown(() => rows(page)).toEqual(order);
      }
    });

    it('shows coverage', async () => {
      const { page } = await reports.open(small);
      await page.getByRole('link', { name: 'Coverage' }).click();
      await shown(() => page.getByRole('heading', { name: /^Calls/ }).textContent()).toMatch(
        /1 of \d+ kinds made/,
      );
      await shown(() => page.getByRole('row', { name: /^mov / }).count()).toBe(1);
    });

    it('shows hostile names as they are', async () => {
      const { page, complaints } = await reports.open(reportOf(HOSTILE.map((name) => swapped(name))));
      await shown(() => rows(page)).toEqual(HOSTILE);
      await page.locator('.cases td.case a').first().click();
      await shown(() => page.locator('main h1').textContent()).toContain(HOSTILE[0]);
      expect(await page.locator('img').count()).toBe(0);
      expect(complaints).toEqual([]);
    });
  });

  describe('a case', () => {
    it('opens at the first difference, with both values of what differs', async () => {
      const { page } = await reports.open(small);
      await page.getByRole('link', { name: 'swapped args' }).click();
      await shown(() => stepText(page)).toBe('step 28 of 28≠ 2 differences');
      const row = page.getByRole('row', { name: /^incoming arg 7/ });
      await shown(() => row.locator('.want .value').textContent()).toBe('0x0000000000000007');
      await shown(() => row.locator('.got .value').textContent()).toBe('0x0000000000000008');
      await shown(() => row.getAttribute('class')).toContain('differs');
      await shown(() => page.locator('.at-fault').textContent()).toBe('call sum');
    });

    it('steps back and forward by buttons, slider and listing', async () => {
      const { page } = await reports.open(small, '#/case/1/4');
      const value = await r0(page);
      await page.getByRole('button', { name: 'Step forward' }).click();
      await shown(() => stepText(page)).toBe('step 6 of 28');
      await shown(() => page.locator('.lines [aria-current="step"] .pc').textContent()).toBe('5');
      await page.getByRole('button', { name: 'Step back' }).click();
      await shown(() => r0(page)).toBe(value);
      await page.getByRole('slider', { name: 'Step' }).fill('0');
      await shown(() => stepText(page)).toBe('step 1 of 28');
      await page.locator('.lines').getByRole('button', { name: '14', exact: true }).click();
      await shown(() => page.locator('.lines [aria-current="step"] .pc').textContent()).toBe('14');
    });

    it('marks what changed, not by colour alone', async () => {
      const { page } = await reports.open(small, '#/case/1/4');
      const row = page.getByRole('row', { name: /^r0 / });
      await shown(() => row.locator('.want').textContent()).toBe('changed: 0x0000000000000002');
      const dot = await page.evaluate(
        'getComputedStyle(document.querySelector(".registers .changed .want"), "::before").content',
      );
      expect(dot).toBe('"●"');
    });

    it('keeps its step in the address', async () => {
      const { page } = await reports.open(small, '#/case/1');
      await page.keyboard.press('Home');
      await page.waitForURL(/#\/case\/1\/0$/);
      await page.reload();
      await page.locator('.count').waitFor();
      await shown(() => stepText(page)).toBe('step 1 of 28');
    });

    it('writes x86 in either syntax, and keeps to it', async () => {
      const { page } = await reports.open(small, '#/case/1');
      const native = (): Promise<string | null> => page.locator('.culprit-card .native').textContent();
      await shown(native).toContain('mov (%rsp), %r10');
      await page.getByRole('radio', { name: 'Intel' }).check();
      await shown(native).toContain('mov r10, [rsp]');
      await shown(() => page.locator('.lines .exact .native').textContent()).toBe('mov r10, [rsp]');
      await page.reload();
      await page.locator('.culprit-card').waitFor();
      await shown(native).toContain('mov r10, [rsp]');
    });

    it('copies the command that runs it again', async () => {
      const permissions = ['clipboard-read', 'clipboard-write'];
      const { page } = await reports.open(small, '#/case/1', { permissions });
      await page.clock.install();
      await page.clock.pauseAt(Date.now() + 1000);
      await page.getByRole('button', { name: 'Copy: Run it again' }).click();
      await page.getByText('Copied').waitFor();
      const command = await page.locator('.command code').first().textContent();
      expect(await page.evaluate('navigator.clipboard.readText()')).toBe(command);
      await page.clock.runFor(2000);
      await shown(() => page.getByText('Copied').count()).toBe(0);
    });

    it('opens by a click before the browser has come to show a frame', async () => {
      const { page } = await reports.open(small, '', {}, HASTE);
      await page.getByRole('heading', { name: 'swapped args' }).waitFor();
    });

    it('leads to its neighbours', async () => {
      const { page } = await reports.open(small, '#/case/1');
      await page.getByRole('link', { name: 'Next' }).click();
      await page.getByRole('heading', { name: 'misplaced frame' }).waitFor();
      await shown(() => page.locator('.neighbours .place').textContent()).toBe('2 of 2');
      await page.goBack();
      await page.getByRole('heading', { name: 'swapped args' }).waitFor();
    });
  });

  describe('the keyboard alone', () => {
    it('filters, opens, steps, switches and comes back', async () => {
      const { page } = await reports.open(small);
      const press = async (...keys: string[]): Promise<void> => {
        for (const key of keys) await page.keyboard.press(key);
      };
      await press('/');
      await page.keyboard.type('swapped');
      await press('Enter');
      await page.locator('.stepper').waitFor();
      await press('k', 'ArrowLeft', 'ArrowLeft');
      await shown(() => stepText(page)).toBe('step 25 of 28');
      await press('j', 'ArrowRight');
      await shown(() => stepText(page)).toBe('step 27 of 28');
      await press('Home', 'PageDown', 'End', 'Home');
      await shown(() => stepText(page)).toBe('step 1 of 28');
      await press('d');
      await shown(() => stepText(page)).toContain('step 28 of 28');
      await press('s');
      await shown(() => page.getByRole('radio', { name: 'Intel' }).isChecked()).toBe(true);
      await press('?');
      await shown(() => page.getByRole('dialog', { name: 'Keys' }).isVisible()).toBe(true);
      await press('Escape');
      await shown(() => page.getByRole('dialog', { name: 'Keys' }).isVisible()).toBe(false);
      await press('Escape');
      await page.getByRole('searchbox').waitFor();
    });

    it('leaves a case right after a step, and the address follows', async () => {
      const { page } = await reports.open(small, '#/case/1');
      await page.clock.install();
      await page.keyboard.press('k');
      await page.keyboard.press('Escape');
      await page.getByRole('searchbox').waitFor();
      await page.clock.runFor(1000);
      expect(new URL(page.url()).hash).toBe('#/');
    });

    it('goes through the list by arrows', async () => {
      const { page } = await reports.open(small);
      for (const key of ['ArrowDown', 'ArrowDown', 'ArrowUp', 'ArrowDown', 'Enter']) {
        await page.keyboard.press(key);
      }
      await page.getByRole('heading', { name: 'misplaced frame' }).waitFor();
    });

    it('shows where it is', async () => {
      const { page } = await reports.open(small, '#/case/1');
      await page.keyboard.press('Tab');
      await shown(() => page.evaluate('getComputedStyle(document.activeElement).outlineStyle')).toBe('solid');
    });
  });

  describe('colours', () => {
    const background = (page: Page): Promise<string> =>
      page.evaluate('getComputedStyle(document.documentElement).backgroundColor');

    it('are light or dark as the system has it, or as the reader chose', async () => {
      const { page } = await reports.open(small, '', { colorScheme: 'dark' });
      const dark = await background(page);
      await page.emulateMedia({ colorScheme: 'light' });
      const light = await background(page);
      expect(light).not.toBe(dark);
      await page.getByRole('radio', { name: 'dark' }).check();
      await shown(() => background(page)).toBe(dark);
      await page.reload();
      await page.locator('h1').waitFor();
      await shown(() => background(page)).toBe(dark);
    });

    it('do not move where the reader wants no motion', async () => {
      const { page } = await reports.open(small, '', { reducedMotion: 'reduce' });
      const durations = await page.evaluate(
        '[...document.querySelectorAll("*")].map((e) => getComputedStyle(e).transitionDuration)',
      );
      expect(new Set(durations as string[])).toEqual(new Set(['0s']));
    });
  });

  describe.each(['light', 'dark'] as const)('%s', (colorScheme) => {
    it.each([
      ['the list', '', 1440],
      ['coverage', '#/coverage', 1440],
      ['a case', '#/case/1', 1440],
      ['a case in a narrow window', '#/case/1', 420],
    ])('%s keeps the rules of accessibility', async (_, hash, width) => {
      const { page } = await reports.open(small, hash, { colorScheme, viewport: { width, height: 900 } });
      await page.evaluate(axe.source);
      const violations = await page.evaluate<string[]>(
        `axe.run(document).then(({ violations }) =>
          violations.flatMap(({ id, nodes }) => nodes.map(({ html }) => id + ': ' + html)))`,
      );
      expect(violations).toEqual([]);
    });

    it.each(['', '#/coverage', '#/case/1'])('fits a narrow window: %s', async (hash) => {
      const { page } = await reports.open(small, hash, { viewport: { width: 360, height: 700 } });
      const overflow = 'document.documentElement.scrollWidth - document.documentElement.clientWidth';
      await shown(() => page.evaluate(overflow)).toBe(0);
    });
  });

  describe('of explain', () => {
    const source = { replay: 'bpf-oracle check x.s', reshrink: null, origin: null };

    it('begins with its one case, and has a list behind it', async () => {
      const { page, complaints } = await reports.open(explainedDocument(swapped('swapped args'), source));
      await shown(() => page.locator('h1').textContent()).toContain('swapped args');
      await shown(() => stepText(page)).toMatch(/≠ \d+ differences$/);
      await page.keyboard.press('Escape');
      await shown(() => rows(page)).toEqual(['swapped args']);
      expect(complaints).toEqual([]);
    });
  });

  describe('a large report', () => {
    /** Figures are printed, to be read on a quiet machine; this bound only ends what hangs. */
    const FAR_MS = 20_000;

    it('of 1,000 failures opens at once and stays responsive', async () => {
      const explained = swapped('');
      const cases = Array.from({ length: 1000 }, (_, i) => ({
        ...explained,
        result: { ...explained.result, name: `failure ${i}` },
      }));
      const { page, openMs } = await reports.open(reportOf(cases));
      await shown(() => page.locator('h1').textContent()).toBe('1,000 of 1,000 cases diverge');
      expect(await elementCount(page)).toBeLessThan(1500);
      const started = performance.now();
      await page.getByRole('searchbox').fill('failure 77');
      await page.getByText('19 of 1,000').waitFor();
      const filterMs = performance.now() - started;
      await page.getByRole('searchbox').fill('');
      await page.evaluate('scrollTo(0, 1e6)');
      await page.getByRole('link', { name: 'failure 999' }).click();
      await page.locator('.stepper').waitFor();
      expect(await elementCount(page)).toBeLessThan(1500);
      console.log(`1,000 failures: open ${openMs.toFixed(0)} ms, filter ${filterMs.toFixed(0)} ms`);
      expect(openMs).toBeLessThan(FAR_MS);
    });

    it('with 10,000 steps stays responsive', async () => {
      const { page, openMs } = await reports.open(reportOf([long('long', 10_000)]), '#/case/0');
      await page.locator('.stepper').waitFor();
      await shown(() => stepText(page)).toMatch(/^step 10,0\d\d of 10,0\d\d≠ 2 differences$/);
      const started = performance.now();
      for (let i = 0; i < 20; i++) await page.keyboard.press('k');
      const stepMs = (performance.now() - started) / 20;
      await page.getByRole('slider', { name: 'Step' }).fill('5000');
      await shown(() => page.locator('.count b').textContent()).toMatch(/^5,0\d\d$/);
      expect(await elementCount(page)).toBeLessThan(1500);
      console.log(`10,000 steps: open ${openMs.toFixed(0)} ms, a step ${stepMs.toFixed(1)} ms`);
      expect(openMs).toBeLessThan(FAR_MS);
    });

    it('does not move what is on the page while the reader steps', async () => {
      const { page } = await reports.open(small, '#/case/1/4');
      await page.evaluate(`globalThis.shift = 0;
        new PerformanceObserver((list) => {
          for (const entry of list.getEntries()) globalThis.shift += entry.value;
        }).observe({ type: 'layout-shift', buffered: true })`);
      for (let i = 0; i < 15; i++) await page.keyboard.press('j');
      // Chromium calls up to 0.1 good (web.dev/cls).
      expect(await page.evaluate('globalThis.shift')).toBeLessThan(0.0001);
    });
  });
});
