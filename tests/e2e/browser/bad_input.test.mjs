// What others may put on the page: markup, ten thousand characters, text that turns around, and messages that are none.

import assert from 'node:assert/strict';
import { after, afterEach, before, test } from 'node:test';
import { PATIENCE_MS } from './harness/browser.mjs';
import { Suite } from './harness/suite.mjs';
import { until } from './harness/until.mjs';

let suite;
before(async () => (suite = await Suite.start()));
afterEach(() => suite.closePages());
after(() => suite.stop());

const MARKUP = '<img src=x onerror="document.title=1"><b>bold</b>&amp;';
const RTL = 'שלום עולם مرحبا';
const EMOJI = '👩‍👩‍👧‍👦🏳️‍🌈🇰🇷';

const fits = (person) => person.page.evaluate(() => document.documentElement.scrollWidth <= innerWidth);

/** Collects the page's data channels, so that a test can misuse them. */
function watchChannels() {
  window.noomChannels = [];
  const create = RTCPeerConnection.prototype.createDataChannel;
  RTCPeerConnection.prototype.createDataChannel = function (...args) {
    const channel = create.apply(this, args);
    window.noomChannels.push(channel);
    return channel;
  };
}

async function two(room, name) {
  const ann = await suite.page({ width: 360, height: 740 });
  const bo = await suite.page({ init: `(${watchChannels})()` });
  await ann.join(room, 'Ann');
  await bo.join(room, name);
  await ann.page.locator('figure.tile[data-state="connected"]').waitFor();
  return { ann, bo };
}

test('names and messages are text, however long and whatever their direction', async () => {
  const { ann, bo } = await two('texts', MARKUP.slice(0, 64));
  await ann.page.locator('.tile-name', { hasText: '<img src=x' }).waitFor();
  for (const text of [MARKUP, RTL, EMOJI, 'x'.repeat(10_000), '\u202eevil\u2066'.repeat(200)]) {
    await bo.page.locator('#chat-text').evaluate((area) => area.removeAttribute('maxlength'));
    await bo.say(text);
    await ann.hears(text.slice(0, 20));
  }
  await ann.page.locator('#chat-toggle').click();
  await ann.page.locator('#unread').waitFor({ state: 'hidden' });
  const texts = await ann.page.locator('.chat-message .text').evaluateAll((all) => all.map((one) => ({ length: one.textContent.length, children: one.childElementCount, dir: one.dir })));
  assert.deepEqual(texts.map(({ children }) => children), [0, 0, 0, 0, 0], 'no element came out of a text');
  assert.ok(texts.every(({ length, dir }) => length <= 2_000 && dir === 'auto'));
  assert.equal(await ann.page.title(), 'texts · Noom');
  assert.equal(await fits(ann), true);
  await ann.screenshot('call-bad-input');
});

test('rooms with names that are none are refused before anything is asked', async () => {
  const person = await suite.page();
  for (const name of ['<b>', RTL, EMOJI, 'x'.repeat(10_000), 'a/b', '%00', '..%2f..']) {
    await person.goto(`/?room=${encodeURIComponent(name)}`);
    await person.page.locator('#message-title', { hasText: 'This link is not a room' }).waitFor();
    assert.equal(await fits(person), true);
  }
  await person.goto('/');
  for (const name of ['<b>', EMOJI, RTL]) {
    await person.page.locator('#name').fill('Ann');
    await person.page.locator('#room').fill(name);
    await person.page.locator('#join-button').click();
    await person.page.locator('#room-problem').waitFor();
  }
});

test('a hostile peer: malformed messages on every channel change nothing, and a flood stays bounded', async () => {
  const { ann, bo } = await two('hostile', 'Bo');
  await until('the channels', PATIENCE_MS, () => bo.page.evaluate(() => window.noomChannels.filter(({ readyState }) => readyState === 'open').length === 3));
  await bo.page.evaluate(() => {
    const bad = ['', '{', 'null', '[]', '7', '"x"', '{"text":7}', '{"text":{"toString":1}}', '{"text":null}', '{"text":"   "}', '{"__proto__":{"text":"polluted"}}', 'x'.repeat(60_000),
      '{"offer":{"id":-1,"name":"a","size":1}}', '{"offer":{"id":1,"size":-5}}', '{"offer":{"id":1.5,"size":1e400}}', '{"offer":null}', '{"accept":{"id":9}}', '{"have":{"id":1,"bytes":1e99}}',
      '{"done":{"id":1}}', '{"end":{"id":1}}', '{"cancel":{"id":1,"by":"sender"}}', '{"k":"state","g":"00000000","n":1,"b":["<b>",1],"p":[1,1],"s":[1,1]}', '{"k":"accept","g":"0123abcd"}',
      '{"k":"end","g":"0123abcd"}', '{"k":"move","g":"0123abcd","n":-1,"x":"x"}'];
    for (const channel of window.noomChannels) {
      for (const one of bad) channel.send(one);
      for (const length of [0, 1, 3, 4, 5, 16_000]) channel.send(new Uint8Array(length).fill(255));
    }
    const chat = window.noomChannels.find(({ label }) => label === 'chat');
    const files = window.noomChannels.find(({ label }) => label === 'files');
    for (let id = 1; id <= 200; id++) files.send(JSON.stringify({ offer: { id, name: `../../${'n'.repeat(300)}${id}`, size: 2 ** 50, type: 'text/html<script>' } }));
    for (let n = 0; n < 600; n++) chat.send(JSON.stringify({ text: `flood ${n}` }));
    chat.send(JSON.stringify({ text: 'the last one' }));
  });
  await ann.hears('the last one');
  assert.ok((await ann.page.locator('.chat-message').count()) <= 500, 'the log is bounded');
  assert.ok((await ann.page.locator('.file-card').count()) <= 16, 'so are offers');
  assert.equal(await ann.page.locator('#unread').getAttribute('data-count'), '99+');
  assert.equal(await ann.page.locator('.chat-message', { hasText: 'polluted' }).count(), 0);
  assert.equal(await ann.page.locator('#game-panel').isHidden(), true);
  await bo.say('still friends?');
  await ann.hears('still friends?');
  await ann.say('yes');
  await bo.hears('yes');
  assert.equal(await fits(ann), true);
});
