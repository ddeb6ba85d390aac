// A state of a page in all its looks: three widths, two themes, two languages. In each nothing sticks out, every control can be hit and has a
// name, and axe-core finds no violation of WCAG 2.2 AA.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';

const SIZES = [[360, 740], [768, 1024], [1440, 900]];
const AXE = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
const RULES = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa'];
// Photographed each time; $NOOM_EVERY_LOOK asks for all twelve. axe-core sees each theme and each end of the widths.
const PHOTOGRAPHED = new Set(['360 dark ko', '768 light ko', '1440 light en']);
const EXAMINED = new Set(['360 dark ko', '1440 light en']);

/**
 * @param {import('./browser.mjs').CallPage} person
 * @param {string} name   of the state, for its photographs
 * @param {{fullPage?: boolean}} [options]
 */
export async function inEveryLook(person, name, { fullPage = false } = {}) {
  const { page } = person;
  for (const [width, height] of SIZES) {
    await page.setViewportSize({ width, height });
    for (const language of ['en', 'ko']) {
      // By script: a dialog or a phone's header may keep the button from the pointer.
      if ((await page.locator('html').getAttribute('lang')) !== language) await page.locator('#language').evaluate((button) => button.click());
      await page.evaluate(() => new Promise((resolve) => requestAnimationFrame(() => requestAnimationFrame(resolve))));
      assert.deepEqual(await page.evaluate(faults), [], `${name} at ${width} px in ${language}`);
      for (const colorScheme of ['light', 'dark']) {
        const look = `${width} ${colorScheme} ${language}`;
        if (!process.env.NOOM_EVERY_LOOK && !PHOTOGRAPHED.has(look)) continue;
        await page.emulateMedia({ colorScheme });
        await page.mouse.move(0, 0);
        await person.screenshot(`${name}-${look.replaceAll(' ', '-')}`, { fullPage });
        if (EXAMINED.has(look)) assert.deepEqual(await violations(page), [], `${name} at ${look}`);
      }
    }
  }
}

/** What axe-core finds: rule, what is wrong, where. */
export async function violations(page) {
  // By the protocol of the browser's tools, which the page's Content-Security-Policy does not concern.
  if (!(await page.evaluate(() => 'axe' in window))) await page.evaluate(AXE);
  const { violations: found } = await page.evaluate((tags) => window.axe.run(document, { runOnly: { type: 'tag', values: tags }, resultTypes: ['violations'] }), RULES);
  return found.flatMap(({ id, nodes }) => nodes.map(({ html, any, all, none }) => `${id}: ${[...any, ...all, ...none].map(({ message }) => message).join('; ')} in ${html.slice(0, 160)}`));
}

/** Runs inside the page: what sticks out, is too small to hit or has no name. WCAG 2.2: 1.4.10 reflow, 2.5.8 target size, 4.1.2 name. */
export function faults() {
  const found = [];
  if (document.documentElement.scrollWidth > innerWidth) found.push(`the page is ${document.documentElement.scrollWidth} px wide`);
  for (const control of document.querySelectorAll('button, a[href], input, select, textarea')) {
    if (!control.checkVisibility({ visibilityProperty: true }) || control.classList.contains('skip')) continue;
    // A label around its control is hit with it.
    const { width, height, left, right } = (control.closest('label') ?? control).getBoundingClientRect();
    const name = control.getAttribute('aria-label') || control.textContent.trim() || control.labels?.[0]?.textContent.trim();
    if (!name) found.push(`no name: ${control.outerHTML.slice(0, 80)}`);
    if (width < 24 || height < 24) found.push(`too small: ${name} ${width}×${height}`);
    if (left < -0.5 || right > innerWidth + 0.5) found.push(`outside: ${name}`);
  }
  return found;
}
