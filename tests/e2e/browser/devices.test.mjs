// Cameras and microphones that come, go and look the other way; a page that was asleep.

import assert from 'node:assert/strict';
import { after, afterEach, before, test } from 'node:test';
import { PATIENCE_MS } from './harness/browser.mjs';
import { Suite } from './harness/suite.mjs';
import { until } from './harness/until.mjs';

let suite;
before(async () => (suite = await Suite.start()));
afterEach(() => suite.closePages());
after(() => suite.stop());

/** A phone: two cameras, of which one at a time can be open. What is opened is kept in `noomOpened`, in order. */
function phone() {
  const cameras = [{ deviceId: 'front-id', label: 'Front camera' }, { deviceId: 'rear-id', label: 'Back camera' }];
  window.noomPlugged = cameras.map((one) => ({ kind: 'videoinput', groupId: '', ...one }));
  window.noomOpened = [];
  let open = null;
  navigator.mediaDevices.enumerateDevices = async () => [...window.noomPlugged, { kind: 'audioinput', deviceId: 'mic', label: 'Microphone', groupId: '' }];
  const original = navigator.mediaDevices.getUserMedia.bind(navigator.mediaDevices);
  navigator.mediaDevices.getUserMedia = async ({ audio, video }) => {
    const wanted = video?.deviceId?.exact ?? (video?.facingMode?.exact === 'environment' ? 'rear-id' : 'front-id');
    if (video && open?.readyState === 'live') throw new DOMException('one camera at a time', 'NotReadableError');
    if (video && window.noomUnopenable?.includes(video.deviceId?.exact)) throw new DOMException('not by its id', 'OverconstrainedError');
    const stream = await original({ ...(audio ? { audio: true } : {}), ...(video ? { video: true } : {}) });
    const [track] = stream.getVideoTracks();
    if (track) {
      open = track;
      window.noomOpened.push(video.facingMode ? video.facingMode.exact : wanted);
      const settings = track.getSettings();
      track.getSettings = () => ({ ...settings, deviceId: wanted, facingMode: wanted === 'rear-id' ? 'environment' : 'user' });
    }
    return stream;
  };
}

const opened = (person) => person.page.evaluate(() => window.noomOpened.at(-1));
const mirrored = (person) => person.page.locator('figure[data-state="me"] video').evaluate((video) => video.classList.contains('mirrored'));

test('from the front camera to the rear one and back: the first is let go of before, and only the front one is a mirror', async () => {
  const ann = await suite.page({ init: `(${phone})()` });
  const bo = await suite.page();
  await ann.join('flip', 'Ann');
  await bo.join('flip', 'Bo');
  await bo.seesMovingVideoOf('Ann');
  assert.equal(await mirrored(ann), true);
  await ann.control('flip').click();
  await until('the rear camera', PATIENCE_MS, async () => (await opened(ann)) === 'rear-id');
  await until('no mirror', PATIENCE_MS, async () => !(await mirrored(ann)));
  await bo.seesMovingVideoOf('Ann');
  await ann.control('flip').click();
  await until('the front camera', PATIENCE_MS, async () => (await opened(ann)) === 'front-id');
  await until('a mirror', PATIENCE_MS, () => mirrored(ann));

  // Some phones open the other camera by its direction only.
  await ann.page.evaluate(() => (window.noomUnopenable = ['rear-id']));
  await ann.control('flip').click();
  await until('the rear camera by its direction', PATIENCE_MS, async () => (await opened(ann)) === 'environment');
  await bo.seesMovingVideoOf('Ann');
  assert.equal(await ann.connectionCount(), 1);
});

test('what is plugged in appears in the menus, what is unplugged goes', async () => {
  const ann = await suite.page({ init: `(${phone})()` });
  await ann.join('plugs', 'Ann');
  const change = (script) => ann.page.evaluate(`${script}; navigator.mediaDevices.dispatchEvent(new Event('devicechange'))`);
  await ann.page.locator('[popovertarget="camera-menu"]').click();
  const names = () => ann.page.locator('#camera-menu label').allTextContents();
  assert.deepEqual(await names(), ['Front camera', 'Back camera']);
  await change("noomPlugged.push({ kind: 'videoinput', deviceId: 'new', label: 'Document camera', groupId: '' })");
  await until('the new camera', PATIENCE_MS, async () => String(await names()) === 'Front camera,Back camera,Document camera');
  await ann.page.locator('#camera-menu label', { hasText: 'Document camera' }).click();
  await until('it to be used', PATIENCE_MS, async () => (await opened(ann)) === 'new');
  await ann.page.keyboard.press('Escape');
  await change('noomPlugged.splice(1)');
  await ann.page.locator('.dock [data-control="flip"]').waitFor({ state: 'hidden' });
  assert.deepEqual(await names(), ['Front camera']);
});

test('a page that was asleep goes on by itself, and says so', async () => {
  const ann = await suite.page({ init: 'const { now } = Date; Date.now = () => now() + (window.noomSlept ?? 0);' });
  const bo = await suite.page();
  await ann.join('asleep', 'Ann');
  await bo.join('asleep', 'Bo');
  await Promise.all([ann.seesMovingVideoOf('Bo'), bo.seesMovingVideoOf('Ann')]);
  // A debugger holds the page as sleep does: no timer, no event, until it goes on; by then the clock says something else.
  const tools = await ann.page.context().newCDPSession(ann.page);
  await tools.send('Debugger.enable');
  const held = new Promise((resolve) => tools.once('Debugger.paused', resolve));
  await tools.send('Debugger.pause');
  await held;
  suite.proxy.cut();
  await bo.page.locator('#reconnecting').waitFor();
  suite.proxy.open();
  await bo.page.locator('#reconnecting').waitFor({ state: 'hidden' });
  await bo.tile('Ann').and(bo.page.locator('[data-state="unsteady"]')).waitFor();
  await tools.send('Debugger.resume');
  await tools.send('Debugger.disable');
  await ann.page.evaluate(() => (window.noomSlept = 180_000));
  await ann.page.locator('.toast', { hasText: 'was asleep' }).waitFor();
  await ann.page.locator('#reconnecting').waitFor({ state: 'hidden' });
  await Promise.all([ann.seesMovingVideoOf('Bo'), bo.seesMovingVideoOf('Ann')]);
  await bo.say('good morning');
  await ann.hears('good morning');
  await ann.control('camera').click();
  await bo.page.locator('figure.no-video', { hasText: 'Ann' }).waitFor();
  for (const person of [ann, bo]) {
    assert.deepEqual([await person.connectionCount(), await person.otherTiles().count()], [1, 1]);
    person.expectSignalingFailures();
  }
});
