// @noom/client's Signaling outside a browser, against the real daemon over a link that breaks again and again: every message arrives
// once, in order, in both directions.

import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, before, test } from 'node:test';
import WebSocket from 'ws';
import { Signaling } from '../../../web/client/signaling.js';
import { Daemon } from './harness/daemon.mjs';
import { Proxy } from './harness/proxy.mjs';
import { until } from './harness/until.mjs';

const PATIENCE_MS = 30_000;
const ROUNDS = 12;
const MESSAGES_A_ROUND = 20;

let state;
let daemon;
const config = () => ({
  listen: { http: ['127.0.0.1:0'], https: [] },
  state: { directory: state },
  resume: { away_after_s: 1, reconnect_spread_s: 1 },
  limits: { openings_burst: 1000, messages_per_s: 1000, messages_burst: 10_000, sends_per_s: 1000, sends_burst: 10_000, room_events_per_s: 1000, room_events_burst: 10_000 },
});
before(async () => {
  state = mkdtempSync(path.join(tmpdir(), 'noom-state-'));
  daemon = await Daemon.start('noom-signal', config());
});
after(async () => {
  await daemon?.stop();
  rmSync(state, { recursive: true, force: true });
});

/** Somebody in the room, over a link of its own. */
class Member {
  heard = [];
  welcomes = [];

  static async enter(room, name) {
    const member = new Member();
    member.proxy = await Proxy.start(daemon.port('http'));
    member.signaling = new Signaling({ url: `ws://127.0.0.1:${member.proxy.port}/ws`, webSocket: WebSocket, backoff: { baseMs: 10, capMs: 50 } });
    member.signaling.on('message', (message) => member.heard.push(message));
    member.signaling.on('open', ({ recovered }) => member.welcomes.push(recovered));
    await member.signaling.connect();
    await member.signaling.request({ type: 'join', room, name });
    return member;
  }

  get data() {
    return this.heard.filter(({ type }) => type === 'message').map(({ data }) => data);
  }

  async breakLink() {
    const before = this.welcomes.length;
    this.proxy.cut();
    this.proxy.open(daemon.port('http'));
    await until('the next welcome', PATIENCE_MS, () => this.welcomes.length > before);
  }

  async leave() {
    this.signaling.close();
    await this.proxy.stop();
  }
}

test('every message arrives once and in order, however often the link breaks under it', async () => {
  const [ann, bo] = [await Member.enter('torn', 'Ann'), await Member.enter('torn', 'Bo')];
  for (let round = 0; round < ROUNDS; round++) {
    for (let i = 0; i < MESSAGES_A_ROUND; i++) {
      for (const member of [ann, bo]) assert.ok(member.signaling.notify({ type: 'send', data: round * MESSAGES_A_ROUND + i }));
    }
    // What is on its way now may be lost, or only its confirmation.
    await Promise.all(round % 3 === 2 ? [ann.breakLink(), bo.breakLink()] : [[ann, bo][round % 2].breakLink()]);
  }
  const all = Array.from({ length: ROUNDS * MESSAGES_A_ROUND }, (_, i) => i);
  for (const member of [ann, bo]) {
    await until('every message', PATIENCE_MS, () => member.data.length >= all.length);
    assert.deepEqual(member.data, all);
    assert.ok(member.welcomes.slice(1).every((recovered) => recovered === true));
    assert.deepEqual(member.heard.filter(({ type }) => type === 'peer_left'), []);
    await member.leave();
  }
});

test('a restart of noom-signal loses nothing of what was sent before it, or is sent after it', async () => {
  const [ann, bo] = [await Member.enter('restarted', 'Ann'), await Member.enter('restarted', 'Bo')];
  for (let i = 0; i < 30; i++) ann.signaling.notify({ type: 'send', data: i });
  await daemon.stop();
  daemon = await Daemon.start('noom-signal', config());
  for (const member of [ann, bo]) member.proxy.open(daemon.port('http'));
  await until('both to be back', PATIENCE_MS, () => ann.signaling.state === 'open' && bo.signaling.state === 'open');
  for (let i = 30; i < 60; i++) ann.signaling.notify({ type: 'send', data: i });
  await until('every message', PATIENCE_MS, () => bo.data.length >= 60);
  assert.deepEqual(bo.data, Array.from({ length: 60 }, (_, i) => i));
  assert.deepEqual([ann.welcomes.slice(1), bo.welcomes.slice(1)], [[true], [true]]);
  assert.deepEqual(bo.heard.filter(({ type }) => type === 'peer_left' || type === 'peer_joined'), []);
  await Promise.all([ann.leave(), bo.leave()]);
});
