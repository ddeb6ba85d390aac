// What goes wrong in a call, what the page says of it, and that nothing is left when the call is over.

import assert from 'node:assert/strict';
import { after, afterEach, before, test } from 'node:test';
import { PATIENCE_MS } from './harness/browser.mjs';
import { Suite } from './harness/suite.mjs';
import { until } from './harness/until.mjs';

let suite;
before(async () => (suite = await Suite.start()));
afterEach(() => suite.closePages());
after(() => suite.stop());

/** Counts what a page holds: timers that repeat, sound contexts, tracks, object URLs, connections, wake locks. */
function watchResources() {
  const live = { intervals: new Set(), contexts: [], tracks: [], urls: new Set(), locks: [] };
  window.noomLive = () => ({
    intervals: live.intervals.size,
    contexts: live.contexts.filter((one) => one.state !== 'closed').length,
    tracks: live.tracks.filter((one) => one.readyState === 'live').length,
    urls: live.urls.size,
    locks: live.locks.filter((one) => !one.released).length,
    connections: window.noomConnections.filter((one) => one.connectionState !== 'closed').length,
  });
  const { setInterval, clearInterval } = window;
  window.setInterval = (...args) => {
    const id = setInterval(...args);
    live.intervals.add(id);
    return id;
  };
  window.clearInterval = (id) => {
    live.intervals.delete(id);
    clearInterval(id);
  };
  const Context = window.AudioContext;
  window.AudioContext = class extends Context {
    constructor(...args) {
      super(...args);
      live.contexts.push(this);
    }
  };
  for (const name of ['getUserMedia', 'getDisplayMedia']) {
    const original = navigator.mediaDevices[name].bind(navigator.mediaDevices);
    navigator.mediaDevices[name] = async (constraints) => {
      const stream = await original(constraints);
      live.tracks.push(...stream.getTracks());
      return stream;
    };
  }
  const { createObjectURL, revokeObjectURL } = URL;
  URL.createObjectURL = (blob) => {
    const url = createObjectURL.call(URL, blob);
    live.urls.add(url);
    return url;
  };
  URL.revokeObjectURL = (url) => {
    live.urls.delete(url);
    revokeObjectURL.call(URL, url);
  };
  const request = navigator.wakeLock?.request.bind(navigator.wakeLock);
  if (request)
    navigator.wakeLock.request = async (...args) => {
      const lock = await request(...args);
      live.locks.push(lock);
      return lock;
    };
}

test('after a call with everything in it nothing remains: no track, context, timer, connection, object URL, wake lock', async () => {
  const ann = await suite.page({ init: `(${watchResources})()` });
  const bo = await suite.page();
  await ann.goto('/');
  for (let round = 0; round < 2; round++) {
    if (round === 0) {
      await ann.join('nothing-left', 'Ann');
      await bo.join('nothing-left', 'Bo');
    } else {
      await ann.page.locator('#message-primary').click();
      await ann.page.locator('#preview-video[data-on]').waitFor();
      await ann.enter('Ann');
    }
    await ann.seesMovingVideoOf('Bo');
    await ann.control('screen').click();
    await bo.page.locator('figure.whole', { hasText: 'Ann' }).waitFor();
    await ann.page.locator('#chat-toggle').click();
    if (await bo.page.locator('#chat').isHidden()) await bo.page.locator('#chat-toggle').click();
    await bo.page.locator('#file-picker').setInputFiles({ name: `a${round}.txt`, mimeType: 'text/plain', buffer: Buffer.from('a') });
    await ann.page.locator('.file-card', { hasText: `a${round}.txt` }).locator('[data-file="accept"]').click();
    await ann.page.locator('.file-status', { hasText: 'checksum right' }).waitFor();
    await ann.tile('Bo').hover();
    await ann.tile('Bo').locator('.tile-menu').click();
    await ann.page.locator('[data-tile-action="play"]').click();
    await bo.page.locator('#game-accept').click();
    await ann.page.locator('#game-status', { hasText: 'Five points' }).waitFor();
    const during = await ann.page.evaluate(() => window.noomLive());
    assert.ok(during.connections > 0 && during.intervals > 0 && during.contexts > 0 && during.tracks >= 3 && during.urls > 0, JSON.stringify(during));
    await ann.page.locator('#leave').click();
    await ann.page.locator('#message').waitFor();
    const nothing = { intervals: 0, contexts: 0, tracks: 0, urls: 0, locks: 0, connections: 0 };
    await until('everything to be given back', PATIENCE_MS, async () => {
      const left = await ann.page.evaluate(() => window.noomLive());
      return JSON.stringify(left) === JSON.stringify(nothing);
    }).catch(async () => assert.deepEqual(await ann.page.evaluate(() => window.noomLive()), nothing));
    await bo.tile('Ann').waitFor({ state: 'detached' });
  }
});

test('a microphone that is unplugged is replaced by another one, and the page says so', async () => {
  const ann = await suite.page();
  const bo = await suite.page();
  await ann.join('unplugged', 'Ann');
  await bo.join('unplugged', 'Bo');
  await bo.seesMovingVideoOf('Ann');
  const ends = (kind) => ann.page.evaluate((one) => {
    const { track } = window.noomConnections.at(-1).getSenders().find((sender) => sender.track?.kind === one);
    track.stop();
    track.dispatchEvent(new Event('ended'));
  }, kind);
  await ends('audio');
  await ann.page.locator('.toast', { hasText: 'The microphone was disconnected. Now in use:' }).waitFor();
  await bo.tile('Ann').locator('.muted-mark').waitFor({ state: 'hidden' });
  await until('sound to be sent again', PATIENCE_MS, () => ann.page.evaluate(() => window.noomConnections.at(-1).getSenders().some(({ track }) => track?.kind === 'audio' && track.readyState === 'live')));

  // The only camera goes, and comes back.
  await ann.page.evaluate(() => {
    window.noomEnumerate = navigator.mediaDevices.enumerateDevices;
    navigator.mediaDevices.enumerateDevices = async () => (await window.noomEnumerate.call(navigator.mediaDevices)).filter(({ kind }) => kind !== 'videoinput');
  });
  await ends('video');
  await ann.page.locator('.toast', { hasText: /^The camera was disconnected\.$/ }).waitFor();
  await bo.page.locator('figure.no-video', { hasText: 'Ann' }).waitFor();
  await ann.page.evaluate(() => {
    navigator.mediaDevices.enumerateDevices = window.noomEnumerate;
    navigator.mediaDevices.dispatchEvent(new Event('devicechange'));
  });
  await bo.page.locator('figure.tile:not(.no-video)', { hasText: 'Ann' }).waitFor();
  await bo.seesMovingVideoOf('Ann');
});

test('offline is said at once, and the call goes on afterwards', async () => {
  const ann = await suite.page();
  const bo = await suite.page();
  await ann.join('offline', 'Ann');
  await bo.join('offline', 'Bo');
  await ann.seesMovingVideoOf('Bo');
  await ann.page.context().setOffline(true);
  await ann.page.locator('#offline').waitFor();
  await ann.screenshot('call-offline');
  await ann.page.context().setOffline(false);
  await ann.page.locator('#offline').waitFor({ state: 'hidden' });
  await ann.page.locator('#reconnecting').waitFor({ state: 'hidden' });
  await ann.seesMovingVideoOf('Bo');
  await bo.say('hello again');
  await ann.hears('hello again');
  for (const page of [ann, bo]) page.expectSignalingFailures();
});

test('a relay that ends is replaced as soon as it is back, and the tile says what is going on', async () => {
  const ann = await suite.page();
  const bo = await suite.page();
  await ann.join('relay', 'Ann', '?relay=1&transport=udp');
  await bo.join('relay', 'Bo');
  await ann.seesMovingVideoOf('Bo');
  await suite.restartTurn();
  await ann.page.locator('figure.tile[data-state="healing"]', { hasText: 'Bo' }).waitFor();
  await ann.seesMovingVideoOf('Bo');
  assert.equal((await ann.connections())[0].local, 'relay');
});
