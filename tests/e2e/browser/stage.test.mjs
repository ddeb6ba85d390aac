// What one sees of the others: who speaks, who raises a hand, who is kept large, and how good the connection is.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { after, afterEach, before, test } from 'node:test';
import { PATIENCE_MS } from './harness/browser.mjs';
import { paintedCamera } from './harness/painted_camera.mjs';
import { Suite } from './harness/suite.mjs';
import { until } from './harness/until.mjs';

let suite;
before(async () => (suite = await Suite.start()));
afterEach(() => suite.closePages());
after(() => suite.stop());

const width = async (person, name) => (await person.tile(name).boundingBox()).width;

async function choose(person, name, action) {
  await person.tile(name).hover();
  await person.tile(name).locator('.tile-menu').click();
  await person.page.locator(`[data-tile-action="${action}"]`).click();
}

test('pinned, speaking, with a raised hand, in the speaker layout', async () => {
  const people = {};
  for (const [seed, name] of ['Ann', 'Bo', 'Cho'].entries()) {
    people[name] = await suite.page({ reducedMotion: 'reduce', init: `(${paintedCamera})(${seed})` });
    await people[name].join('stage', name);
  }
  const { Ann: ann, Bo: bo } = people;
  await ann.seesMovingVideoOf('Bo');
  await ann.seesMovingVideoOf('Cho');

  // Chromium's own microphone beeps once a second.
  await ann.tile('Bo').and(ann.page.locator('.speaking')).waitFor();
  await ann.page.locator('figure[data-state="me"].speaking').waitFor();
  await bo.control('microphone').click();
  await ann.tile('Bo').and(ann.page.locator('.speaking')).waitFor({ state: 'detached' });

  await choose(ann, 'Bo', 'pin');
  await until('Bo to be large', PATIENCE_MS, async () => (await width(ann, 'Bo')) > 2 * (await width(ann, 'Cho')));
  await choose(ann, 'Bo', 'unpin');
  await until('all to be the same size', PATIENCE_MS, async () => (await width(ann, 'Bo')) === (await width(ann, 'Cho')));

  await ann.page.locator('#more').click();
  await ann.page.locator('#more-menu [value="speaker"]').check();
  await ann.page.keyboard.press('Escape');
  await until('who speaks to be large', PATIENCE_MS, async () => (await width(ann, 'Cho')) > 2 * (await width(ann, 'Bo')));

  await bo.page.locator('#hand').click();
  await ann.tile('Bo').locator('.hand-mark').waitFor();
  await ann.page.locator('.toast', { hasText: 'Bo raises a hand' }).waitFor();
  assert.equal(await bo.page.locator('#hand').getAttribute('aria-pressed'), 'true');
  await bo.page.locator('#hand').click();
  await ann.tile('Bo').locator('.hand-mark').waitFor({ state: 'hidden' });
});

test('quality: bars in the tile, the path and its history in the panel, all of it in the report', async () => {
  const ann = await suite.page();
  const bo = await suite.page();
  await ann.join('quality', 'Ann', '?relay=1&transport=tcp');
  await bo.join('quality', 'Bo');
  await ann.seesMovingVideoOf('Bo');
  await ann.tile('Bo').locator('.bars[data-bars="4"], .bars[data-bars="3"]').waitFor();
  await choose(ann, 'Bo', 'quality');
  const value = (key) => ann.page.locator(`#quality-list [data-value="${key}"]`);
  await value('path').filter({ hasText: /relayed .* TCP/ }).waitFor();
  await value('relay').filter({ hasText: /^turn:127\.0\.0\.1:\d+\?transport=tcp$/ }).waitFor();
  await value('received').filter({ hasText: /^\d+×\d+ · \d+ fps$/ }).waitFor();
  await until('a history', PATIENCE_MS, () => ann.page.locator('[data-plot="roundTripMs"] path').evaluate((path) => (path.getAttribute('d').match(/L/g) ?? []).length >= 2));
  const [download] = await Promise.all([ann.page.waitForEvent('download'), ann.page.locator('#quality-report').click()]);
  const report = JSON.parse(readFileSync(await download.path(), 'utf8'));
  assert.match(download.suggestedFilename(), /^noom-report-.*\.json$/);
  assert.equal(report.peers[0].name, 'Bo');
  assert.equal(report.peers[0].samples.at(-1).path.protocol, 'tcp');
  assert.ok(report.peers[0].samples.some((sample) => sample.receivedKbps > 0 && sample.roundTripMs !== null));
  assert.equal(report.signaling.transport, 'websocket');
});

test('picture in picture', async () => {
  const ann = await suite.page();
  const bo = await suite.page();
  // A headless browser has no window to put it in.
  await ann.page.addInitScript(() => {
    Object.defineProperty(document, 'pictureInPictureEnabled', { value: true });
    HTMLVideoElement.prototype.requestPictureInPicture = async function () {
      window.noomPictured = this.closest('figure').querySelector('.tile-name').textContent;
    };
  });
  await ann.join('pip', 'Ann');
  await bo.join('pip', 'Bo');
  await ann.seesMovingVideoOf('Bo');
  await choose(ann, 'Bo', 'pip');
  assert.equal(await ann.page.evaluate(() => window.noomPictured), 'Bo');
});

test('Space held down is push to talk', async () => {
  const ann = await suite.page();
  const bo = await suite.page();
  await ann.join('talk', 'Ann');
  await bo.join('talk', 'Bo');
  await bo.seesMovingVideoOf('Ann');
  await ann.control('microphone').click();
  await bo.tile('Ann').locator('.muted-mark').waitFor();
  await ann.page.locator('#room-title').focus();
  await ann.page.keyboard.down('Space');
  await bo.tile('Ann').locator('.muted-mark').waitFor({ state: 'hidden' });
  await ann.page.keyboard.up('Space');
  await bo.tile('Ann').locator('.muted-mark').waitFor();
});
