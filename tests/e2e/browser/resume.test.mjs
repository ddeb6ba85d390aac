// Sessions that outlive their connections, with @noom/client in Chromium: a person's network is cut during a call and comes back,
// and noom-signal is restarted under a call.

import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, afterEach, before, test } from 'node:test';
import { Suite } from './harness/suite.mjs';

const MESSAGES = 20;

let suite;
let state;
before(async () => {
  state = mkdtempSync(path.join(tmpdir(), 'noom-state-'));
  suite = await Suite.start({ signal: { state: { directory: state }, resume: { away_after_s: 1, reconnect_spread_s: 1 } } });
});
afterEach(() => suite.closePages());
after(async () => {
  await suite?.stop();
  rmSync(state, { recursive: true, force: true });
});

async function callOf(room, options) {
  const ann = await suite.sdkPage();
  const bo = await suite.sdkPage();
  await ann.join(room, 'Ann', options);
  await bo.join(room, 'Bo', options);
  await Promise.all([ann.seesMovingVideo(), bo.seesMovingVideo()]);
  return { ann, bo };
}

/** Bo says this through the server, in turns to everyone and to Ann alone. */
async function say(bo) {
  await bo.page.evaluate(async (count) => {
    for (let i = 0; i < count; i++) await window.room.send(i, i % 2 ? window.room.peers[0] : undefined);
  }, MESSAGES);
}

const ALL = Array.from({ length: MESSAGES }, (_, i) => i);

test('the whole network of one person is gone and comes back: nobody left, nothing is lost, media and chat go on', async () => {
  const { ann, bo } = await callOf('cut', { path: 'cuttable relay' });
  ann.cut();
  await bo.until('Ann to be away, without media', () => window.room.peers[0].state === 'away' && !window.room.peers[0].flowing);
  await say(bo);
  await bo.page.evaluate(() => window.room.broadcast('chat', 'are you there?'));
  ann.restore();
  await ann.until('the session', () => window.seen.resumed.length > 0);
  await ann.until('every message', (count) => window.seen.messages.length >= count, MESSAGES);
  await ann.until('the chat', () => window.seen.chat.length > 0);
  await Promise.all([ann.seesMovingVideo(), bo.seesMovingVideo()]);

  const [annSaw, boSaw] = [await ann.seen(), await bo.seen()];
  assert.deepEqual([annSaw.resumed, annSaw.messages, annSaw.chat], [[true], ALL, ['are you there?']]);
  assert.deepEqual([annSaw.joined, annSaw.left, boSaw.joined, boSaw.left], [['Bo'], [], ['Ann'], []]);
  assert.deepEqual([annSaw.links.length, boSaw.links.length], [1, 1], 'ICE was restarted; the connection stayed');
  assert.equal(boSaw.peerStates.at(-1), 'connected');
});

test('signaling alone is gone for longer than `away`: media never stops', async () => {
  const { ann, bo } = await callOf('blip');
  ann.signal.cut();
  await bo.until('Ann to be away', () => window.room.peers[0].state === 'away');
  assert.equal(await bo.page.evaluate(() => window.room.peers[0].flowing), true);
  await say(bo);
  await Promise.all([ann.seesMovingVideo(), bo.seesMovingVideo()]);
  ann.signal.open();
  await ann.until('every message', (count) => window.seen.messages.length >= count, MESSAGES);
  await bo.until('Ann to be back', () => window.room.peers[0].state === 'connected');
  const [annSaw, boSaw] = [await ann.seen(), await bo.seen()];
  assert.deepEqual([annSaw.resumed, annSaw.messages, annSaw.left, boSaw.left], [[true], ALL, [], []]);
  assert.deepEqual(boSaw.peerStates.slice(-3), ['connected', 'away', 'connected'], 'never healing');
});

test('noom-signal is restarted during a call: both sessions are recovered, and nobody was seen to leave', async () => {
  const { ann, bo } = await callOf('restart');
  await suite.restartSignal();
  for (const person of [ann, bo]) person.signal.open(suite.signal.port('http'));
  await Promise.all([ann, bo].map((person) => person.until('the session', () => window.seen.resumed.length > 0)));
  await say(bo);
  await ann.until('every message', (count) => window.seen.messages.length >= count, MESSAGES);
  await Promise.all([ann.seesMovingVideo(), bo.seesMovingVideo()]);
  for (const person of [ann, bo]) {
    const { resumed, left, joined, links } = await person.seen();
    assert.deepEqual([resumed, left, joined.length, links.length], [[true], [], 1, 1]);
  }
  suite.proxy.open(suite.signal.port('http'));
});
