// What people do in a room: be three, switch things off, share, leave, lose the server and come back.

import assert from 'node:assert/strict';
import { after, afterEach, before, test } from 'node:test';
import { PATIENCE_MS } from './harness/browser.mjs';
import { Suite } from './harness/suite.mjs';
import { until } from './harness/until.mjs';

let suite;
before(async () => (suite = await Suite.start()));
afterEach(() => suite.closePages());
after(() => suite.stop());

/** In the page: locks on the screen as browsers give them, which end them when the page is out of sight. */
function fakeWakeLock() {
  window.noomLocks = [];
  const request = async () => {
    const lock = { released: false, release: async () => (lock.released = true) };
    window.noomLocks.push(lock);
    return lock;
  };
  Object.defineProperty(navigator, 'wakeLock', { value: { request } });
  let visibility = 'visible';
  Object.defineProperty(Document.prototype, 'visibilityState', { get: () => visibility });
  window.noomShow = (how) => {
    visibility = how;
    if (how === 'hidden') for (const lock of window.noomLocks) lock.released = true;
    document.dispatchEvent(new Event('visibilitychange'));
  };
}

test('three people each see the two others', async () => {
  const people = { Ann: await suite.page(), Bo: await suite.page({ width: 768, height: 1024 }), Cho: await suite.page({ width: 360, height: 740 }) };
  for (const [name, page] of Object.entries(people)) await page.join('three', name);
  for (const [name, page] of Object.entries(people)) {
    for (const other of Object.keys(people)) if (other !== name) await page.seesMovingVideoOf(other);
    assert.equal(await page.otherTiles().count(), 2);
    await page.screenshot(`call-three-${name.toLowerCase()}`);
  }
});

test('what is switched off is released here and marked there', async () => {
  const ann = await suite.page();
  const bo = await suite.page();
  await ann.join('switches', 'Ann');
  await bo.join('switches', 'Bo');
  await bo.seesMovingVideoOf('Ann');

  const voice = await ann.page.evaluateHandle(() => window.noomConnections[0].getSenders().find(({ track }) => track?.kind === 'audio').track);
  await ann.control('microphone').click();
  await bo.tile('Ann').locator('.muted-mark').waitFor();
  assert.equal(await voice.evaluate((one) => one.readyState), 'ended', 'the microphone is given back');
  assert.equal(await ann.page.evaluate(() => window.noomConnections[0].getSenders().filter(({ track }) => track?.kind === 'audio').length), 0);
  assert.equal(await ann.control('microphone').getAttribute('aria-pressed'), 'false');
  await ann.page.keyboard.press('Control+d');
  await bo.tile('Ann').locator('.muted-mark').waitFor({ state: 'hidden' });

  const track = await ann.page.evaluateHandle(() => document.querySelector('figure[data-state="me"] video').srcObject.getVideoTracks()[0]);
  await ann.page.keyboard.press('Control+e');
  await bo.page.locator('figure.no-video', { hasText: 'Ann' }).waitFor();
  assert.equal(await track.evaluate((one) => one.readyState), 'ended', 'the camera is given back');
  assert.equal(await ann.page.evaluate(() => window.noomConnections[0].getSenders().filter((sender) => sender.track?.kind === 'video').length), 0);
  await bo.screenshot('call-camera-off');

  await ann.control('camera').click();
  await bo.page.locator('figure.tile:not(.no-video)', { hasText: 'Ann' }).waitFor();
  await bo.seesMovingVideoOf('Ann');
});

test('the screen stays awake during a call, again after the page was out of sight, and no longer than that', async () => {
  const ann = await suite.page({ init: `(${fakeWakeLock})()` });
  const held = () => ann.page.evaluate(() => window.noomLocks.map(({ released }) => !released));
  await ann.join('awake', 'Ann');
  await until('a lock', PATIENCE_MS, async () => String(await held()) === 'true');
  await ann.page.evaluate(() => window.noomShow('hidden'));
  assert.deepEqual(await held(), [false], 'the browser has taken it');
  await ann.page.evaluate(() => window.noomShow('visible'));
  await until('another lock', PATIENCE_MS, async () => String(await held()) === 'false,true');
  await ann.page.evaluate(() => window.noomShow('visible'));
  await ann.page.locator('#leave').click();
  await ann.page.locator('#message').waitFor();
  await until('no lock', PATIENCE_MS, async () => String(await held()) === 'false,false');
  await ann.page.evaluate(() => (window.noomShow('hidden'), window.noomShow('visible')));
  assert.deepEqual(await held(), [false, false]);
});

test('whoever leaves disappears, is told so, and can come back', async () => {
  const ann = await suite.page();
  const bo = await suite.page();
  await ann.join('leaving', 'Ann');
  await bo.join('leaving', 'Bo');
  await ann.seesMovingVideoOf('Bo');
  const track = await bo.page.evaluateHandle(() => document.querySelector('figure[data-state="me"] video').srcObject.getVideoTracks()[0]);
  await bo.page.locator('#leave').click();
  await bo.page.locator('#message').waitFor();
  await ann.tile('Bo').waitFor({ state: 'detached' });
  await until('the camera to be given back', PATIENCE_MS, () => track.evaluate((one) => one.readyState === 'ended'));
  assert.deepEqual(await bo.connections(), []);
  await bo.screenshot('left');

  await bo.page.locator('#message-primary').click();
  await bo.page.locator('#preview-video[data-on]').waitFor();
  await bo.enter('Bo');
  await ann.seesMovingVideoOf('Bo');

  await bo.close();
  await ann.tile('Bo').waitFor({ state: 'detached' });
});

test('a shared screen is shown whole and large', async () => {
  const ann = await suite.page();
  const bo = await suite.page();
  await ann.join('sharing', 'Ann');
  await bo.join('sharing', 'Bo');
  await bo.seesMovingVideoOf('Ann');
  await ann.control('screen').click();
  await bo.page.locator('figure.whole', { hasText: 'Ann' }).waitFor();
  assert.equal(await ann.page.locator('figure[data-state="me"] video.mirrored').count(), 0, 'a screen is not mirrored');
  await bo.screenshot('call-screen');
  await ann.control('screen').click();
  await bo.page.locator('figure.tile:not(.whole)', { hasText: 'Ann' }).waitFor();
});

test('a full room says so', async () => {
  const full = await Suite.start({ signal: { rooms: { capacity: 2 } } });
  try {
    const first = await full.page();
    const second = await full.page();
    const third = await full.page();
    await first.join('small', 'Ann');
    await second.join('small', 'Bo');
    await third.goto('/r/small');
    await third.page.locator('#name').fill('Cho');
    await third.page.locator('#join-button').click();
    await third.page.locator('#message-title', { hasText: 'This room is full' }).waitFor();
    await third.screenshot('room-full');
    await full.closePages();
  } finally {
    await full.stop();
  }
});
