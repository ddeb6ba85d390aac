// Files in the chat: offered to everybody, accepted or not, complete with the right digest, to disk where they are large.

import assert from 'node:assert/strict';
import { createHash, randomBytes } from 'node:crypto';
import { readFileSync, truncateSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { after, afterEach, before, test } from 'node:test';
import { PATIENCE_MS } from './harness/browser.mjs';
import { Suite } from './harness/suite.mjs';
import { until } from './harness/until.mjs';

let suite;
before(async () => (suite = await Suite.start()));
afterEach(() => suite.closePages());
after(() => suite.stop());

const LARGE = 20 * 1024 * 1024;
const withoutDialog = 'delete window.showSaveFilePicker;';
// The file the user would have chosen.
const choosing = 'window.showSaveFilePicker = async ({ suggestedName }) => (await navigator.storage.getDirectory()).getFileHandle(suggestedName, { create: true });';

async function two(room, init) {
  const ann = await suite.page();
  const bo = await suite.page({ init });
  await ann.join(room, 'Ann');
  await bo.join(room, 'Bo');
  await ann.tile('Bo').and(ann.page.locator('[data-state="connected"]')).waitFor();
  await ann.page.locator('#chat-toggle').click();
  await bo.page.locator('#chat-toggle').click();
  return { ann, bo };
}

function card(person, name) {
  return person.page.locator('.file-card', { hasText: name });
}

function button(person, name, what) {
  return card(person, name).locator(`[data-file="${what}"]`);
}

function status(person, name, text) {
  return card(person, name).locator('.file-status', { hasText: text });
}

function largeFile(name) {
  const file = path.join(suite.directory, name);
  writeFileSync(file, randomBytes(LARGE));
  return file;
}

const digest = (bytes) => createHash('sha256').update(bytes).digest('hex');

test('20 MB go to disk and come out as they were', async () => {
  const { ann, bo } = await two('large', withoutDialog);
  const file = largeFile('minutes.bin');
  await ann.page.locator('#file-picker').setInputFiles(file);
  await status(ann, 'minutes.bin', 'Waiting').waitFor();
  await button(bo, 'minutes.bin', 'accept').click();
  await status(bo, 'minutes.bin', 'checksum right').waitFor();
  await status(ann, 'minutes.bin', 'Delivered').waitFor();
  const kept = () => bo.page.evaluate(async () => (await Array.fromAsync((await navigator.storage.getDirectory()).keys())).length);
  assert.equal(await kept(), 1, 'it is on disk, not in memory');
  const [download] = await Promise.all([bo.page.waitForEvent('download'), button(bo, 'minutes.bin', 'save').click()]);
  assert.equal(download.suggestedFilename(), 'minutes.bin');
  assert.equal(digest(readFileSync(await download.path())), digest(readFileSync(file)));
  await bo.page.locator('#leave').click();
  await until('the copy to be gone with the call', PATIENCE_MS, async () => (await kept()) === 0);
});

test('where the browser asks for a place, the file goes right there', async () => {
  const { ann, bo } = await two('chosen', choosing);
  const file = largeFile('chosen.bin');
  await ann.page.locator('#file-picker').setInputFiles(file);
  await button(bo, 'chosen.bin', 'accept').click();
  await status(bo, 'chosen.bin', 'checksum right').waitFor();
  const saved = await bo.page.evaluate(async () => {
    const bytes = await (await (await (await navigator.storage.getDirectory()).getFileHandle('chosen.bin')).getFile()).arrayBuffer();
    return [...new Uint8Array(await crypto.subtle.digest('SHA-256', bytes))].map((byte) => byte.toString(16).padStart(2, '0')).join('');
  });
  assert.equal(saved, digest(readFileSync(file)));
  assert.equal(await button(bo, 'chosen.bin', 'save').isHidden(), true);
});

test('100 MB arrive without ever being held in memory', async () => {
  // A disk that keeps nothing but the length of what comes.
  const { ann, bo } = await two('huge', `window.showSaveFilePicker = async () => ({ createWritable: async () => new WritableStream({ write: (chunk) => { window.noomWritten = (window.noomWritten ?? 0) + chunk.byteLength; } }) });`);
  const size = 100 * 1024 * 1024;
  const file = path.join(suite.directory, 'huge.bin');
  writeFileSync(file, randomBytes(1024));
  truncateSync(file, size);
  await ann.page.locator('#file-picker').setInputFiles(file);
  const held = await Promise.all([ann, bo].map(async ({ page }) => {
    const tools = await page.context().newCDPSession(page);
    return async () => {
      await tools.send('HeapProfiler.collectGarbage');
      const { usedSize, backingStorageSize = 0, embedderHeapUsedSize = 0 } = await tools.send('Runtime.getHeapUsage');
      return usedSize + backingStorageSize + embedderHeapUsedSize;
    };
  }));
  const before = await Promise.all(held.map((measure) => measure()));
  await button(bo, 'huge.bin', 'accept').click();
  const written = () => bo.page.evaluate(() => window.noomWritten ?? 0);
  for (const part of [0.2, 0.5, 0.8]) {
    await until(`${part} of it`, 3 * PATIENCE_MS, async () => (await written()) > part * size);
    for (const [at, measure] of held.entries()) {
      const more = (await measure()) - before[at];
      assert.ok(more < 30 * 1024 * 1024, `${at === 0 ? 'the sender' : 'the receiver'} holds ${more} bytes more after ${part} of the file`);
    }
  }
  await status(bo, 'huge.bin', 'checksum right').waitFor({ timeout: 3 * PATIENCE_MS });
  await status(ann, 'huge.bin', 'Delivered').waitFor();
  assert.equal(await written(), size);
});

test('several at once: an image is shown, one is declined, one is cancelled', async () => {
  const { ann, bo } = await two('several', withoutDialog);
  const image = await ann.page.screenshot({ clip: { x: 0, y: 0, width: 200, height: 120 } });
  await ann.page.locator('#file-picker').setInputFiles([
    { name: 'view.png', mimeType: 'image/png', buffer: image },
    { name: 'unwanted.txt', mimeType: 'text/plain', buffer: Buffer.from('no') },
    { name: '<b>&amp;\u202egnp.exe', mimeType: 'text/html', buffer: Buffer.from('<script>alert(1)</script>') },
  ]);
  await button(bo, 'unwanted.txt', 'reject').click();
  await status(ann, 'unwanted.txt', 'Declined').waitFor();
  await button(bo, 'view.png', 'accept').click();
  await until('the image to be shown', PATIENCE_MS, () => card(bo, 'view.png').locator('img').evaluate((img) => !img.hidden && img.naturalWidth === 200));
  await bo.screenshot('call-files');
  assert.equal(await bo.page.locator('.file-name', { hasText: '<b>&amp;gnp.exe' }).count(), 1, 'a name is text, and cannot turn around');
  await button(ann, 'gnp.exe', 'cancel').click();
  await status(bo, 'gnp.exe', 'Cancelled').waitFor();
  assert.equal(await button(bo, 'gnp.exe', 'accept').isHidden(), true);
  await ann.page.locator('#file-picker').setInputFiles(largeFile('stopped.bin'));
  await button(bo, 'stopped.bin', 'accept').click();
  await button(bo, 'stopped.bin', 'cancel').click();
  await status(ann, 'stopped.bin', 'Cancelled').waitFor();
});

test('with nobody there, nothing is offered', async () => {
  const ann = await suite.page();
  await ann.join('nobody', 'Ann');
  await ann.page.locator('#chat-toggle').click();
  await ann.page.locator('#file-picker').setInputFiles({ name: 'a.txt', mimeType: 'text/plain', buffer: Buffer.from('a') });
  await ann.page.locator('.toast', { hasText: 'nobody here' }).waitFor();
  assert.equal(await ann.page.locator('.file-card').count(), 0);
});
