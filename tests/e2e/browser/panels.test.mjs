// The panels, menus and dialogs of a call, in every look.

import { after, afterEach, before, test } from 'node:test';
import { inEveryLook } from './harness/looks.mjs';
import { paintedCamera } from './harness/painted_camera.mjs';
import { Suite } from './harness/suite.mjs';

let suite;
before(async () => (suite = await Suite.start()));
afterEach(() => suite.closePages());
after(() => suite.stop());

test('menus, people, quality, invitation, files and the game', async () => {
  const person = (seed) => suite.page({ reducedMotion: 'reduce', init: `(${paintedCamera})(${seed})` });
  const [ann, bo, cho] = [await person(0), await person(1), await person(4)];
  await ann.join('blue-harbour-heron', 'Mina');
  await bo.join('blue-harbour-heron', '지호');
  await cho.join('blue-harbour-heron', 'Diego');
  await ann.seesMovingVideoOf('지호');
  await ann.seesMovingVideoOf('Diego');
  const { page } = ann;
  // By script: what is behind a menu or a sheet is out of the pointer's reach.
  const press = (selector) => page.locator(selector).first().evaluate((button) => button.click());

  await page.locator('#more').click();
  await inEveryLook(ann, 'call-more');
  await page.locator('#more-menu [value="speaker"]').check();
  await page.keyboard.press('Escape');
  await page.setViewportSize({ width: 1280, height: 720 });
  await ann.tile('Diego').hover();
  await ann.tile('Diego').locator('.tile-menu').click();
  await ann.screenshot('call-tile-menu');
  await page.keyboard.press('Escape');

  await bo.page.locator('#hand').click();
  await ann.tile('지호').locator('.hand-mark').waitFor();
  await press('#people-toggle');
  await inEveryLook(ann, 'call-people');
  await press('#more-menu [data-toggles="quality"]');
  await page.locator('.quality-verdict[data-bars="4"], .quality-verdict[data-bars="3"]').first().waitFor();
  await inEveryLook(ann, 'call-quality');
  await press('#more-menu [data-invite]');
  await inEveryLook(ann, 'call-invitation');
  await page.keyboard.press('Escape');

  await bo.page.locator('#chat-toggle').click();
  await bo.say('Here are the plans. 검토해 주세요!');
  await bo.page.locator('#file-picker').setInputFiles([
    { name: '도면 3층.png', mimeType: 'image/png', buffer: await bo.page.screenshot({ clip: { x: 20, y: 80, width: 480, height: 270 } }) },
    { name: 'minutes of the meeting, second version, final.pdf', mimeType: 'application/pdf', buffer: Buffer.alloc(2_400_000) },
  ]);
  await press('#chat-toggle');
  await page.locator('.file-card', { hasText: '도면' }).locator('[data-file="accept"]').click();
  await page.locator('.file-card img:not([hidden])').waitFor();
  await inEveryLook(ann, 'call-files');

  await bo.tile('Mina').hover();
  await bo.tile('Mina').locator('.tile-menu').click();
  await bo.page.locator('[data-tile-action="play"]').click();
  await page.locator('#game-accept').waitFor();
  await inEveryLook(ann, 'call-game-invited');
});
