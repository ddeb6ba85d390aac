// The call page in Chromium behind a real nginx that forbids WebSockets: people meet all the same, over an event stream or long polls, and the
// session climbs to a WebSocket when nginx allows it, without anybody noticing.

import assert from 'node:assert/strict';
import { afterEach, test } from 'node:test';
import { PATIENCE_MS } from './harness/browser.mjs';
import { Nginx } from './harness/nginx.mjs';
import { Suite } from './harness/suite.mjs';
import { until } from './harness/until.mjs';

let suite;
let nginx;
afterEach(async () => {
  await suite?.closePages();
  await suite?.stop();
  await nginx?.stop();
});

async function behindNginx(permission) {
  suite = await Suite.start();
  nginx = await Nginx.start(suite.signal.port('http'), permission);
  suite.proxy.open(nginx.socket);
}

const carried = (kind, count) =>
  until(`${count} sessions over ${kind}`, PATIENCE_MS, async () => (await suite.signal.metric(`noom_signal_carriers{carrier="${kind}"}`)) === count);

for (const [permission, kind] of [['streams', 'sse'], ['pages', 'poll']]) {
  test(`two people call each other over ${kind}, and climb to WebSockets`, async () => {
    await behindNginx(permission);
    const ann = await suite.page();
    const bo = await suite.page();
    await ann.join(`over-${kind}`, 'Ann');
    await bo.join(`over-${kind}`, 'Bo');
    await Promise.all([ann.seesMovingVideoOf('Bo'), bo.seesMovingVideoOf('Ann')]);
    await carried(kind, 2);
    assert.equal(await suite.signal.metric('noom_signal_carriers{carrier="websocket"}'), 0);
    await ann.control('microphone').click();
    await bo.tile('Ann').locator('.muted-mark').waitFor();

    await nginx.permit('websocket');
    for (const { page } of [ann, bo]) await page.evaluate(() => dispatchEvent(new Event('online')));
    await carried('websocket', 2);
    await ann.control('microphone').click();
    await bo.tile('Ann').locator('.muted-mark').waitFor({ state: 'hidden' });
    await bo.control('microphone').click();
    await ann.tile('Bo').locator('.muted-mark').waitFor();
    assert.equal(await suite.signal.metric('noom_signal_resumes_total{outcome="recovered"}'), 2);
    for (const person of [ann, bo]) {
      assert.equal(await person.connectionCount(), 1, 'no connection was made anew');
      assert.equal(await person.otherTiles().count(), 1, 'nobody is there twice');
      person.expectSignalingFailures();
    }
  });
}
