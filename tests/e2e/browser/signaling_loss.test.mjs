// The server goes away for a while: the call goes on, the page says so, and everybody is recognised afterwards.

import assert from 'node:assert/strict';
import { after, afterEach, before, test } from 'node:test';
import { PATIENCE_MS } from './harness/browser.mjs';
import { Suite } from './harness/suite.mjs';
import { until } from './harness/until.mjs';

let suite;
before(async () => (suite = await Suite.start({ signal: { limits: { ping_interval_s: 3, ping_timeout_s: 5 } } })));
afterEach(() => suite.closePages());
after(() => suite.stop());

test('both lose the server: media goes on over the same connection, the chat works, later changes arrive', async () => {
  const ann = await suite.page();
  const bo = await suite.page();
  await ann.join('unsteady', 'Ann');
  await bo.join('unsteady', 'Bo');
  await Promise.all([ann.seesMovingVideoOf('Bo'), bo.seesMovingVideoOf('Ann')]);
  const frames = (await ann.connections())[0].framesDecoded;

  suite.proxy.cut();
  await ann.page.locator('#reconnecting').waitFor();
  await bo.page.locator('#reconnecting').waitFor();
  await ann.screenshot('call-reconnecting');
  await ann.say('still here');
  await bo.hears('still here');

  suite.proxy.open();
  await ann.page.locator('#reconnecting').waitFor({ state: 'hidden' });
  await bo.page.locator('#reconnecting').waitFor({ state: 'hidden' });
  // What the server passes on proves that the new ids are bound to the same people.
  await ann.control('microphone').click();
  await bo.tile('Ann').locator('.muted-mark').waitFor();
  await bo.control('microphone').click();
  await ann.tile('Bo').locator('.muted-mark').waitFor();
  await Promise.all([ann.seesMovingVideoOf('Bo'), bo.seesMovingVideoOf('Ann')]);

  for (const page of [ann, bo]) {
    assert.equal(await page.connectionCount(), 1, 'no connection was made anew');
    assert.equal(await page.otherTiles().count(), 1, 'nobody is there twice');
  }
  assert.ok((await ann.connections())[0].framesDecoded > frames);
  for (const page of [ann, bo]) page.expectSignalingFailures();
});

test('a connection lost together with the server is made anew', async () => {
  const ann = await suite.page();
  const bo = await suite.page();
  await ann.join('broken', 'Ann');
  await bo.join('broken', 'Bo');
  await ann.seesMovingVideoOf('Bo');
  suite.proxy.cut();
  await ann.page.locator('#reconnecting').waitFor();
  await ann.page.evaluate(() => window.noomConnections[0].close());
  suite.proxy.open();
  await until('a second connection', PATIENCE_MS, async () => (await ann.connectionCount()) > 1);
  await Promise.all([ann.seesMovingVideoOf('Bo'), bo.seesMovingVideoOf('Ann')]);
  await bo.say('back again');
  await ann.hears('back again');
  for (const page of [ann, bo]) page.expectSignalingFailures();
});

test('a link that is silent but not closed is noticed by the watchdog', async () => {
  const ann = await suite.page();
  const bo = await suite.page();
  await ann.join('half-open', 'Ann');
  await bo.join('half-open', 'Bo');
  await Promise.all([ann.seesMovingVideoOf('Bo'), bo.seesMovingVideoOf('Ann')]);
  suite.proxy.silence();
  await Promise.all([ann.page.locator('#reconnecting').waitFor(), bo.page.locator('#reconnecting').waitFor()]);
  suite.proxy.open();
  await ann.page.locator('#reconnecting').waitFor({ state: 'hidden' });
  await ann.control('camera').click();
  await bo.page.locator('figure.no-video', { hasText: 'Ann' }).waitFor();
  for (const page of [ann, bo]) assert.deepEqual([await page.connectionCount(), await page.otherTiles().count()], [1, 1]);
  for (const page of [ann, bo]) page.expectSignalingFailures();
});
