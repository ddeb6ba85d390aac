// One state of a page in all its looks: three widths, two languages, two themes.

import assert from 'node:assert/strict';

const SIZES = [[360, 740], [768, 1024], [1440, 900]];
// Photographed each time; $NOOM_EVERY_LOOK asks for all twelve.
const PHOTOGRAPHED = new Set(['360 dark ko', '768 light ko', '1440 light en']);

/** Takes the state through all its looks. In each: nothing sticks out, every control can be hit and has a name. */
export async function inEveryLook(person, name) {
  const { page } = person;
  for (const [width, height] of SIZES) {
    await page.setViewportSize({ width, height });
    for (const language of ['en', 'ko']) {
      // By script: a dialog or a phone's header may keep the button from the pointer.
      if ((await page.locator('html').getAttribute('lang')) !== language) await page.locator('#language').evaluate((button) => button.click());
      await page.evaluate(() => new Promise((resolve) => requestAnimationFrame(() => requestAnimationFrame(resolve))));
      assert.deepEqual(await page.evaluate(faults), [], `${name} at ${width} px in ${language}`);
      for (const colorScheme of ['light', 'dark']) {
        if (!process.env.NOOM_EVERY_LOOK && !PHOTOGRAPHED.has(`${width} ${colorScheme} ${language}`)) continue;
        await page.emulateMedia({ colorScheme });
        await page.mouse.move(0, 0);
        await person.screenshot(`${name}-${width}-${colorScheme}-${language}`);
      }
    }
  }
}

/** Runs inside the page. WCAG 2.2: 1.4.10 reflow, 2.5.8 target size, 4.1.2 name. */
function faults() {
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
