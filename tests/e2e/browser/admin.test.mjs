// The operator's page in Chromium against the real daemon: signs in, sees rooms live, puts out and ends; in both languages, themes and at
// three widths.

import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, before, test } from 'node:test';
import WebSocket from 'ws';
import { launchChromium } from './harness/browser.mjs';
import { Daemon, WEB_ROOT } from './harness/daemon.mjs';
import { faults, violations } from './harness/looks.mjs';
import { until } from './harness/until.mjs';

const TOKEN = '0123456789abcdef0123456789abcdef';
const PATIENCE_MS = 60_000;
const SCREENSHOTS = process.env.NOOM_SCREENSHOTS ?? path.resolve('screenshots');

let directory, daemon, browser;
before(async () => {
  directory = mkdtempSync(path.join(tmpdir(), 'noom-admin-'));
  writeFileSync(path.join(directory, 'token'), TOKEN, { mode: 0o600 });
  daemon = await Daemon.start('noom-signal', {
    listen: { http: ['127.0.0.1:0'], https: [] },
    web: { root: WEB_ROOT },
    admin: { token_file: path.join(directory, 'token') },
    limits: { openings_burst: 1000 },
  });
  browser = await launchChromium(directory);
});
after(async () => {
  await browser?.close();
  await daemon?.stop();
  rmSync(directory, { recursive: true, force: true });
});

/** Somebody in a room; `left` is what they were told at the end. */
function member(room, name) {
  const socket = new WebSocket(`ws://127.0.0.1:${daemon.port('http')}/ws`, 'noom.v1');
  const person = { left: undefined, send: (message) => socket.send(JSON.stringify(message)), close: () => socket.close() };
  return new Promise((resolve, reject) => {
    socket.on('error', reject);
    socket.on('open', () => person.send({ type: 'hello', protocol: 'noom.v1' }));
    socket.on('message', (data) => {
      const message = JSON.parse(data);
      if (message.type === 'welcome') person.send({ type: 'join', room, name });
      if (message.type === 'joined') resolve(person);
      if (message.type === 'left') person.left = message;
    });
  });
}

async function open(options = {}) {
  const context = await browser.newContext({ viewport: { width: 1440, height: 900 }, locale: 'en-US', ...options });
  const page = await context.newPage();
  page.problems = [];
  page.setDefaultTimeout(PATIENCE_MS);
  page.on('pageerror', (error) => page.problems.push(error.message));
  page.on('console', (message) => {
    if (message.type() === 'error' && !message.text().includes('401')) page.problems.push(message.text());
  });
  const { address, port } = daemon.ready.metrics;
  await page.goto(`http://${address}:${port}/admin`);
  return page;
}

async function signIn(page) {
  await page.locator('#token').fill(TOKEN);
  await page.locator('#sign-in button').click();
  await page.locator('#console').waitFor();
}

test('a wrong token is said to be wrong, and a right one is kept for the tab alone', async () => {
  const page = await open();
  await page.getByLabel('Token').fill('not the token at all');
  await page.keyboard.press('Enter');
  await page.getByText('That is not the token.').waitFor();
  await signIn(page);
  await page.getByText('Live').waitFor();
  await page.reload();
  await page.locator('#console').waitFor();
  assert.deepEqual(await page.evaluate(() => Object.values(localStorage)), []);
  await page.getByRole('button', { name: 'Sign out' }).click();
  await page.getByLabel('Token').waitFor();
  assert.equal(await page.evaluate(() => sessionStorage.length), 0);
  assert.deepEqual(page.problems, []);
  await page.context().close();
});

test('rooms come and go before the eyes; a member is put out and a room ended, by keyboard', async () => {
  const page = await open();
  await signIn(page);
  await page.getByText('No rooms').waitFor();
  const [ann, bo] = [await member('standup', 'Ann <b>'), await member('standup', '보라')];
  const room = page.getByRole('button', { name: /^standup/ });
  await room.focus();
  await page.keyboard.press('Enter');
  await page.getByText('Ann <b>').waitFor();
  assert.equal(await room.getAttribute('aria-expanded'), 'true');
  await page.getByRole('button', { name: 'Put out 보라 from standup' }).focus();
  await page.keyboard.press('Enter');
  await page.getByLabel('Keep them out').selectOption('600');
  await page.getByLabel('Message to them (optional)').fill('Later, please');
  await page.getByRole('dialog').getByRole('button', { name: 'Put out' }).click();
  await until('보라 to be out', PATIENCE_MS, () => bo.left);
  assert.deepEqual([bo.left.reason, bo.left.message], ['kicked', 'Later, please']);
  await page.getByText('1 of 8').waitFor();
  await page.getByRole('button', { name: 'End room standup' }).click();
  await page.keyboard.press('Escape');
  assert.equal(ann.left, undefined);
  await page.getByRole('button', { name: 'End room standup' }).click();
  await page.getByRole('dialog').getByRole('button', { name: 'End room' }).click();
  await until('the room to end', PATIENCE_MS, () => ann.left);
  await page.getByText('No rooms').waitFor();
  assert.deepEqual(page.problems, []);
  ann.close();
  bo.close();
  await page.context().close();
});

test('nothing sticks out, every control can be hit and has a name, and axe-core has nothing against it, in each look', async () => {
  const people = [await member('design-review', 'Ann'), await member('design-review', '김보라'), await member('a-room-with-a-very-long-name-that-goes-on-and-on-and-on-1234567', 'Cho')];
  people[0].send({ type: 'configure', locked: true, lobby: true, password: 'x' });
  for (const [width, height] of [[360, 740], [768, 1024], [1440, 900]]) {
    for (const locale of ['en-US', 'ko-KR']) {
      for (const colorScheme of ['light', 'dark']) {
        const look = `${width}-${colorScheme}-${locale.slice(0, 2)}`;
        const page = await open({ viewport: { width, height }, locale, colorScheme, reducedMotion: 'reduce' });
        await examine(page, 'admin-sign-in', look);
        await signIn(page);
        await page.locator('.room-toggle', { hasText: 'design-review' }).click();
        await page.locator('.member').first().waitFor();
        await examine(page, 'admin', look);
        await page.locator('.member button').first().click();
        await examine(page, 'admin-dialog', look);
        assert.deepEqual(page.problems, []);
        await page.context().close();
      }
    }
  }
  for (const person of people) person.close();
});

async function examine(page, state, look) {
  assert.deepEqual(await page.evaluate(faults), [], `${state} ${look}`);
  assert.deepEqual(await violations(page), [], `${state} ${look}`);
  mkdirSync(SCREENSHOTS, { recursive: true });
  await page.screenshot({ path: path.join(SCREENSHOTS, `${state}-${look}.png`) });
}
