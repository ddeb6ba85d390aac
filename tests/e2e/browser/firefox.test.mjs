// Firefox with Firefox and with Chromium, through noom-turn: both see, hear and write to each other, and find each other again after signaling
// was lost.

import assert from 'node:assert/strict';
import { after, afterEach, before, test } from 'node:test';
import { PATIENCE_MS } from './harness/browser.mjs';
import { Suite } from './harness/suite.mjs';
import { until } from './harness/until.mjs';

let suite;
before(async () => (suite = await Suite.start({ signal: { limits: { ping_interval_s: 3, ping_timeout_s: 5 } } })));
afterEach(() => suite.closePages());
after(() => suite.stop());

async function talk(ann, bo, room, query) {
  await ann.join(room, 'Ann', query);
  await bo.join(room, 'Bo', query);
  await Promise.all([ann.seesMovingVideoOf('Bo'), bo.seesMovingVideoOf('Ann')]);
  await ann.say('안녕 Bo, <b>can</b> you read this?');
  await bo.hears('안녕 Bo, <b>can</b> you read this?');
  await bo.say('잘 보여요 👋');
  await ann.hears('잘 보여요 👋');
  for (const page of [ann, bo]) {
    const [connection, ...others] = await until('audio and decoded video', PATIENCE_MS, async () => {
      const all = await page.connections();
      return all.length > 0 && all.every((one) => one.framesDecoded > 0 && one.audioBytes > 0) && all;
    });
    assert.deepEqual(others, [], 'one connection suffices for two people');
    assert.deepEqual([connection.local, connection.remote], ['relay', 'relay']);
  }
}

for (const transport of ['udp', 'tcp', 'tls']) {
  test(`Firefox and Chromium, relayed over ${transport}`, async () => {
    await talk(await suite.firefoxPage(), await suite.page(), `two-browsers-${transport}`, `?relay=1&transport=${transport}`);
  });
}

test('Chromium comes first, Firefox joins', async () => {
  await talk(await suite.page(), await suite.firefoxPage(), 'two-browsers', '?relay=1');
});

test('Firefox and Firefox; signaling is lost and comes back, and media goes on', async () => {
  const ann = await suite.firefoxPage();
  const bo = await suite.firefoxPage();
  await talk(ann, bo, 'firefox-alone', '?relay=1');
  const [{ framesDecoded }] = await ann.connections();
  suite.proxy.cut();
  for (const person of [ann, bo]) await person.page.waitForSelector('#reconnecting', { visible: true });
  await ann.say('still here');
  await bo.hears('still here');
  suite.proxy.open();
  for (const person of [ann, bo]) await person.page.waitForSelector('#reconnecting', { hidden: true });
  await Promise.all([ann.seesMovingVideoOf('Bo'), bo.seesMovingVideoOf('Ann')]);
  // What the server passes on proves that the two know each other still.
  await ann.page.click('.dock [data-control="microphone"]');
  await bo.page.waitForSelector('figure.tile:not([data-state="me"]) .muted-mark:not([hidden])');
  const [connection, ...others] = await ann.connections();
  assert.deepEqual(others, [], 'no connection was made anew');
  assert.ok(connection.framesDecoded > framesDecoded);
});
