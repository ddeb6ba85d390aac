// Firefox with Firefox and with Chromium, through noom-turn: both see, hear and write to each other, and find each other again after signaling
// was lost.

import assert from 'node:assert/strict';
import { after, afterEach, before, test } from 'node:test';
import { PATIENCE_MS } from './harness/browser.mjs';
import { Suite } from './harness/suite.mjs';
import { until } from './harness/until.mjs';

let suite;
before(async () => (suite = await Suite.start({ tlsHosts: ['127.0.0.1', 'localhost'], signal: { limits: { ping_interval_s: 3, ping_timeout_s: 5 } } })));
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
    // What the other end's is, its own page says: here it is 'prflx' if its check came before its candidate.
    assert.equal(connection.local, 'relay');
  }
}

for (const [transport, chromiumIsFirst] of [['udp', false], ['tcp', false], ['tls', true]]) {
  test(`Firefox and Chromium, relayed over ${transport}`, async () => {
    const both = [await suite.firefoxPage(), await suite.page()];
    const [ann, bo] = chromiumIsFirst ? both.toReversed() : both;
    await talk(ann, bo, `two-browsers-${transport}`, `?relay=1&transport=${transport}`);
  });
}

test('files go both ways', async () => {
  const people = [await suite.firefoxPage(), await suite.page()];
  for (const [index, person] of people.entries()) {
    await person.goto('/404.html');
    await person.page.evaluate(receiveFiles, `person ${index}`);
  }
  for (const [from, to] of [people, people.toReversed()]) {
    const sent = await from.page.evaluate(sendFile, 4_000_000);
    assert.deepEqual(await to.page.evaluate(() => window.received), { name: 'a file, 파일.bin', bytes: 4_000_000, digest: sent });
  }
});

test('the doctor page in Firefox', async () => {
  const person = await suite.firefoxPage();
  await person.goto('/doctor');
  await person.until('the button', () => document.querySelector('#start-text').textContent !== '');
  await person.page.click('#start');
  await person.page.waitForSelector('#verdict', { visible: true });
  const rows = await person.page.$$eval('.relays .check', (all) => all.map((row) => ['.check-name', '.check-note', '.check-text'].map((part) => row.querySelector(part).textContent)));
  const named = Object.fromEntries(rows.map(([name, where, text]) => [`${name} ${where.replace(/:\d+$/, '')}`, text]));
  assert.deepEqual(named, {
    'Relay over UDP 127.0.0.1': 'Works',
    'Relay over TCP 127.0.0.1': 'Works',
    'Relay over TLS 127.0.0.1': 'Not possible in this browser',
    'Relay over TLS localhost': 'Works',
  });
  assert.equal(await person.page.$eval('#verdict', (verdict) => verdict.dataset.level), 'good');
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
  for (const person of [ann, bo]) person.expectSignalingFailures();
});

/** Runs inside the page: enters a room by the SDK alone and takes every file it is offered. */
async function receiveFiles(name) {
  const { Files, Room } = await import('/client/index.js');
  const room = new Room({ url: `ws://${location.host}/ws`, name, rtc: { iceTransportPolicy: 'relay' } });
  const digestOf = async (blob) => [...new Uint8Array(await crypto.subtle.digest('SHA-256', await blob.arrayBuffer()))].join();
  const files = new Promise((resolve) => room.on('peerjoined', (peer) => resolve(new Files(peer))));
  const offer = files.then((ours) => new Promise((resolve) => ours.on('offer', resolve)));
  const received = offer.then(async (file) => {
    const blob = await file.accept();
    return { name: file.name, bytes: blob.size, digest: await digestOf(blob) };
  });
  Object.assign(window, { files, digestOf, received });
  await room.join('files');
  addEventListener('pagehide', () => room.close());
}

/** Runs inside the page. */
async function sendFile(size) {
  const bytes = new Uint8Array(size);
  for (let at = 0; at < size; at += 65536) crypto.getRandomValues(bytes.subarray(at, at + 65536));
  const blob = new Blob([bytes]);
  const files = await window.files;
  await files.send(blob, { name: 'a file, 파일.bin' }).finished;
  return window.digestOf(blob);
}
