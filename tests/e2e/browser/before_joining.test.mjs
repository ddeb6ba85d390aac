// Before joining: what one hears, chooses and is helped with, and that it is remembered.

import assert from 'node:assert/strict';
import { after, afterEach, before, test } from 'node:test';
import { browserOf } from '../../../web/app/permission_help.js';
import { PATIENCE_MS } from './harness/browser.mjs';
import { Suite } from './harness/suite.mjs';
import { until } from './harness/until.mjs';

let suite;
before(async () => (suite = await Suite.start()));
afterEach(() => suite.closePages());
after(() => suite.stop());

test('the meter moves, the chime goes to the chosen speaker, and both let go of the sound when the page is left', async () => {
  const person = await suite.page();
  await person.page.addInitScript(() => {
    window.noomContexts = [];
    const Original = window.AudioContext;
    window.AudioContext = class extends Original {
      constructor(...args) {
        super(...args);
        window.noomContexts.push(this);
      }
    };
    window.noomSinks = [];
    const setSinkId = HTMLMediaElement.prototype.setSinkId;
    HTMLMediaElement.prototype.setSinkId = function (id) {
      window.noomSinks.push(id);
      return setSinkId.call(this, id);
    };
  });
  await person.goto('/');
  await person.page.locator('#preview-video[data-on]').waitFor();
  await until('the meter to move', PATIENCE_MS, async () => Number(await person.page.locator('#level').getAttribute('aria-valuenow')) > 20);
  const speakers = await person.page.locator('#pick-speaker option').evaluateAll((options) => options.map((option) => option.value));
  const other = speakers.find((id) => id !== '');
  await person.page.locator('#pick-speaker').selectOption(other);
  await person.page.locator('#speaker-test').click();
  await person.page.locator('#speaker-test', { hasText: 'Playing a chime' }).waitFor();
  assert.ok((await person.page.evaluate(() => window.noomSinks)).includes(other));
  await person.page.locator('#speaker-test', { hasText: 'Test the speaker' }).waitFor();
  await person.enter('Ann');
  await person.page.locator('#leave').click();
  await person.page.locator('#message').waitFor();
  await until('every AudioContext to be closed', PATIENCE_MS, () => person.page.evaluate(() => window.noomContexts.every((one) => one.state === 'closed')));
});

test('name, devices and what was switched off are remembered; whoever joins muted is muted', async () => {
  const ann = await suite.page();
  const bo = await suite.page();
  await bo.join('muted', 'Bo');
  await ann.goto('/r/muted');
  await ann.page.locator('#preview-video[data-on]').waitFor();
  await ann.page.locator('.preview [data-control="microphone"]').click();
  const cameras = await ann.page.locator('#pick-camera option').evaluateAll((options) => options.map((option) => option.value));
  await ann.page.locator('#pick-camera').selectOption(cameras.at(-1));
  await ann.enter('Ann');
  await bo.tile('Ann').locator('.muted-mark').waitFor();
  await ann.page.reload();
  await ann.page.locator('#preview-video[data-on]').waitFor();
  assert.equal(await ann.page.locator('#name').inputValue(), 'Ann');
  assert.equal(await ann.page.locator('#pick-camera').inputValue(), cameras.at(-1));
  assert.equal(await ann.page.locator('.preview [data-control="microphone"]').getAttribute('aria-pressed'), 'false');
});

test('the link to the room, with a code', async () => {
  const person = await suite.page();
  await person.goto('/');
  await person.page.locator('#room').fill('calm-river-otter');
  await person.page.locator('#lobby-invite').click();
  await person.page.locator('#invitation .link', { hasText: `${suite.origin}/r/calm-river-otter` }).waitFor();
  assert.ok((await person.page.locator('#invitation [data-qr] path').getAttribute('d')).length > 500);
  await person.page.keyboard.press('Escape');
  await person.page.locator('#invitation').waitFor({ state: 'hidden' });
});

test('whoever denied the devices is told where to allow them, in the words of their browser', async () => {
  const agents = {
    chrome: 'Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Safari/537.36',
    edge: 'Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Safari/537.36 Edg/140.0.0.0',
    firefox: 'Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0',
    safari: 'Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.0 Safari/605.1.15',
    ios: 'Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.0 Mobile/15E148 Safari/604.1',
    android: 'Mozilla/5.0 (Linux; Android 15) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Mobile Safari/537.36',
    android_firefox: 'Mozilla/5.0 (Android 15; Mobile; rv:140.0) Gecko/140.0 Firefox/140.0',
  };
  for (const [kind, agent] of Object.entries(agents)) assert.equal(browserOf(agent, 0), kind);
  assert.equal(browserOf(agents.safari, 5), 'ios', 'an iPad');
  for (const [message, words] of [['Permission denied', 'in Firefox'], ['Permission denied by system', 'in the system’s settings']]) {
    const person = await suite.page({
      init: `Object.defineProperty(navigator, 'userAgent', { value: ${JSON.stringify(agents.firefox)} });
        navigator.mediaDevices.getUserMedia = async () => { throw new DOMException('${message}', 'NotAllowedError'); };`,
    });
    await person.goto('/r/denied');
    await person.page.locator('#permission-help-title', { hasText: words }).click();
    assert.equal(await person.page.locator('#permission-help-steps li').count(), 3);
    await person.screenshot(`lobby-help-${message.length}`);
  }
});
