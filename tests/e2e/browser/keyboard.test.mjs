// Without a pointer: the order of the stops, panels, menus and dialogs that take the focus and give it back, and what is said to those who hear the page.

import assert from 'node:assert/strict';
import { after, afterEach, before, test } from 'node:test';
import { PATIENCE_MS } from './harness/browser.mjs';
import { Suite } from './harness/suite.mjs';
import { until } from './harness/until.mjs';

let suite;
before(async () => (suite = await Suite.start()));
afterEach(() => suite.closePages());
after(() => suite.stop());

/** The element that has the focus: its id, or how it is called. */
const focused = (person) =>
  person.page.evaluate(() => {
    const { activeElement: at } = document;
    if (!at || at === document.body) return '';
    return at.id || at.dataset.control || at.getAttribute('popovertarget') || at.getAttribute('aria-label') || at.className;
  });

const has = (person, id) => until(`the focus at ${id}`, PATIENCE_MS, async () => (await focused(person)) === id);

/** Tab, as often as it takes to come round: every stop in its order. Each is to be seen, with a ring around it. */
async function stops(person, from) {
  const found = [];
  if (from) await person.page.locator(from).focus();
  for (;;) {
    await person.page.keyboard.press('Tab');
    const stop = await focused(person);
    if (stop === '' || found.includes(stop)) return found;
    found.push(stop);
    const seen = await person.page.evaluate(() => {
      const { width, height } = document.activeElement.getBoundingClientRect();
      return width > 0 && height > 0 && getComputedStyle(document.activeElement).outlineStyle !== 'none';
    });
    assert.ok(seen, `${stop} is seen to have the focus`);
  }
}

/** Collects what the page says to those who hear it. */
function listen() {
  window.noomSaid = [];
  addEventListener('DOMContentLoaded', () => new MutationObserver(() => window.noomSaid.push(document.getElementById('announcer').textContent))
    .observe(document.getElementById('announcer'), { childList: true }));
}
const said = (person, text) => until(`"${text}" to be said`, PATIENCE_MS, () => person.page.evaluate((words) => window.noomSaid.some((one) => one.includes(words)), text));

test('the start page from end to end; a mistake takes the focus, and Enter joins', async () => {
  const person = await suite.page();
  await person.goto('/');
  await person.page.locator('#preview-video[data-on]').waitFor();
  const order = await stops(person);
  assert.deepEqual(order, ['skip', 'Noom, to the start page', 'language', 'theme', 'microphone', 'camera', 'flip', 'pick-camera', 'pick-microphone', 'pick-speaker', 'speaker-test',
    'name', 'room', 'another-room', 'join-button', 'lobby-invite', 'quiet to-doctor'].filter((stop) => order.includes('flip') || stop !== 'flip'));
  await person.page.locator('.skip').focus();
  await person.page.keyboard.press('Enter');
  await person.page.locator('#name').focus();
  await person.page.keyboard.press('Enter');
  await has(person, 'name');
  assert.equal(await person.page.locator('#name').getAttribute('aria-invalid'), 'true');
  await person.page.keyboard.type('Ann');
  await person.page.keyboard.press('Enter');
  await person.page.locator('#call').waitFor();
  await has(person, 'room-title');
});

test('the call: every control by Tab, panels and menus take the focus and give it back', async () => {
  const [ann, bo] = [await suite.page(), await suite.page()];
  await ann.join('keys', 'Ann');
  await bo.join('keys', 'Bo');
  await ann.seesMovingVideoOf('Bo');
  const { page } = ann;
  const order = await stops(ann, '#room-title');
  const dock = ['microphone', 'sound-menu', 'camera', 'camera-menu', 'flip', 'screen', 'hand', 'chat-toggle', 'people-toggle', 'more', 'leave'].filter((stop) => order.includes(stop));
  assert.deepEqual(order, ['invite-open', 'language', 'theme', 'Options for Ann', 'Options for Bo', ...dock].filter((stop) => order.includes(stop)));
  for (const stop of ['invite-open', 'Options for Bo', 'microphone', 'hand', 'chat-toggle', 'people-toggle', 'more', 'leave']) assert.ok(order.includes(stop), stop);

  for (const [toggle, first] of [['chat-toggle', 'chat-text'], ['people-toggle', 'people-title']]) {
    await page.locator(`#${toggle}`).focus();
    await page.keyboard.press('Enter');
    await has(ann, first);
    await page.keyboard.press('Escape');
    await has(ann, toggle);
    assert.equal(await page.locator(`#${toggle}`).getAttribute('aria-expanded'), 'false');
  }
  await page.locator('#more').focus();
  await page.keyboard.press('Enter');
  await page.locator('#more-menu').waitFor();
  await page.keyboard.press('Tab');
  assert.equal(await page.evaluate(() => document.getElementById('more-menu').contains(document.activeElement)), true, 'the menu comes next');
  await page.keyboard.press('Escape');
  await has(ann, 'more');

  const options = page.getByRole('button', { name: 'Options for Bo' });
  await options.focus();
  await page.keyboard.press('Enter');
  const action = () => page.evaluate(() => document.activeElement.dataset.tileAction);
  assert.equal(await action(), 'pin');
  await page.keyboard.press('ArrowUp');
  assert.equal(await action(), 'kick', 'the arrows go round');
  await page.keyboard.press('ArrowDown');
  assert.equal(await action(), 'pin');
  await page.keyboard.press('Escape');
  await has(ann, 'Options for Bo');

  await page.keyboard.press('Enter');
  await page.keyboard.press('ArrowUp');
  await page.keyboard.press('Enter');
  await page.locator('#ask').waitFor();
  for (let press = 0; press < 8; press++) {
    await page.keyboard.press('Tab');
    assert.equal(await page.evaluate(() => document.activeElement === document.body || document.getElementById('ask').contains(document.activeElement)), true, 'what is behind a dialog is out of reach');
  }
  await page.keyboard.press('Escape');
  await has(ann, 'Options for Bo');

  await page.locator('#invite-open').focus();
  await page.keyboard.press('Enter');
  await page.locator('#invitation').waitFor();
  await page.keyboard.press('Escape');
  await has(ann, 'invite-open');
  await page.locator('#leave').focus();
  await page.keyboard.press('Enter');
  await has(ann, 'message-title');
});

test('who comes, goes, writes and raises a hand is said, and so are one’s own switches', async () => {
  const ann = await suite.page({ init: `(${listen})()` });
  const bo = await suite.page();
  await ann.join('said', 'Ann');
  await said(ann, 'You joined said');
  await bo.join('said', 'Bo');
  await said(ann, 'Bo joined');
  await ann.seesMovingVideoOf('Bo');
  await bo.say('hello there');
  await said(ann, 'Bo: hello there');
  assert.equal(await ann.page.locator('#chat-toggle').getAttribute('aria-label'), 'Chat, 1 unread');
  await bo.page.locator('#hand').click();
  await said(ann, 'Bo raises a hand');
  await ann.page.keyboard.press('Control+d');
  await said(ann, 'Microphone off');
  await ann.page.keyboard.press('Control+e');
  await said(ann, 'Camera off');
  await bo.page.locator('#leave').click();
  await said(ann, 'Bo left');
  assert.equal(await ann.page.locator('#reconnecting').getAttribute('role'), 'status');
});

test('the doctor page: started, read and copied by keyboard', async () => {
  const person = await suite.page({ permissions: ['clipboard-read', 'clipboard-write'] });
  await person.goto('/doctor');
  await person.page.locator('#start-text:not(:empty)').waitFor();
  const order = await stops(person);
  assert.equal(order[0], 'skip');
  assert.ok(order.includes('start') && order.includes('count'), order.join());
  await person.page.locator('#start').focus();
  await person.page.keyboard.press('Enter');
  await person.page.locator('#verdict').waitFor();
  assert.ok((await stops(person)).includes('copy-report'));
  await person.page.locator('#copy-report').focus();
  await person.page.keyboard.press('Enter');
  await person.page.locator('.toast').waitFor();
});
