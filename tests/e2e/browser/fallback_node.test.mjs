// @noom/client's Signaling behind a real nginx: over an event stream where it forbids WebSockets, over long polls where it holds streams back
// too, and back up when it allows more. Every message arrives once, in order, all the way.

import assert from 'node:assert/strict';
import { after, afterEach, before, test } from 'node:test';
import WebSocket from 'ws';
import { Signaling } from '../../../web/client/signaling.js';
import { Daemon } from './harness/daemon.mjs';
import { Nginx } from './harness/nginx.mjs';
import { Proxy } from './harness/proxy.mjs';
import { until } from './harness/until.mjs';

const PATIENCE_MS = 30_000;

let daemon;
let nginx;
let proxy;
before(async () => {
  daemon = await Daemon.start('noom-signal', {
    listen: { http: ['127.0.0.1:0'], https: [] },
    resume: { away_after_s: 1 },
    limits: { openings_burst: 1000, messages_per_s: 1000, messages_burst: 10_000, sends_per_s: 1000, sends_burst: 10_000, room_events_per_s: 1000, room_events_burst: 10_000 },
  });
});
afterEach(async () => {
  await proxy?.stop();
  await nginx?.stop();
});
after(() => daemon?.stop());

async function behindNginx(permission) {
  nginx = await Nginx.start(daemon.port('http'), permission);
  proxy = await Proxy.start(nginx.socket);
}

/** Somebody in the room. */
class Member {
  heard = [];
  welcomes = [];
  states = [];

  static async enter(room, name, options = {}) {
    const member = new Member();
    member.signaling = new Signaling({ url: `ws://127.0.0.1:${proxy.port}/ws`, webSocket: WebSocket, backoff: { baseMs: 10, capMs: 50 }, openTimeoutMs: 5_000, ...options });
    member.signaling.on('message', (message) => member.heard.push(message));
    member.signaling.on('open', ({ recovered }) => member.welcomes.push(recovered));
    await member.signaling.connect();
    member.signaling.on('state', ({ state }) => member.states.push(state));
    await member.signaling.request({ type: 'join', room, name });
    return member;
  }

  get data() {
    return this.heard.filter(({ type }) => type === 'message').map(({ data }) => data);
  }
}

/** Both talk, and each hears all that the other has said since the beginning. */
async function talk(members, from, count) {
  for (let i = from; i < from + count; i++) for (const { signaling } of members) assert.ok(signaling.notify({ type: 'send', data: i }));
  await heard(members, from + count);
}
async function heard(members, count) {
  for (const member of members) {
    await until('every message', PATIENCE_MS, () => member.data.length >= count);
    assert.deepEqual(member.data, Array.from({ length: count }, (_, i) => i));
  }
}

for (const [permission, kind] of [['streams', 'sse'], ['pages', 'poll']]) {
  test(`where nginx lets ${permission} through, two talk over ${kind}`, async () => {
    await behindNginx(permission);
    const members = [await Member.enter(permission, 'Ann'), await Member.enter(permission, 'Bo')];
    assert.deepEqual(members.map(({ signaling }) => signaling.transport), [kind, kind]);
    await talk(members, 0, 200);
    members[0].signaling.notify({ type: 'send', data: 'x'.repeat(60_000) });
    await until('a long message', PATIENCE_MS, () => members[1].data.at(-1).length === 60_000);
    members[0].signaling.close();
    const goodbye = () => members[1].heard.find(({ type }) => type === 'peer_left');
    await until('the goodbye', PATIENCE_MS, goodbye);
    assert.equal(goodbye().reason, 'left');
    members[1].signaling.close();
  });

  test(`from ${kind} both climb to a WebSocket when nginx allows it, in the middle of what they say`, async () => {
    await behindNginx(permission);
    const options = { climb: { baseMs: 200, capMs: 200 } };
    const members = [await Member.enter(`climb-${kind}`, 'Ann', options), await Member.enter(`climb-${kind}`, 'Bo', options)];
    await talk(members, 0, 50);
    await nginx.permit('websocket');
    let said = 50;
    await until('both to climb', PATIENCE_MS, () => {
      for (const { signaling } of members) signaling.notify({ type: 'send', data: said });
      said++;
      return members.every(({ signaling }) => signaling.transport === 'websocket');
    });
    await talk(members, said, 50);
    await heard(members, said + 50);
    for (const member of members) {
      assert.ok(member.welcomes.slice(1).every((recovered) => recovered === true), JSON.stringify(member.welcomes));
      assert.deepEqual(member.states, [], 'nobody notices');
      assert.deepEqual(member.heard.filter(({ type }) => type === 'presence' || type === 'peer_left'), []);
      member.signaling.close();
    }
  });
}

test('a network that stops allowing WebSockets under a session: it goes on over an event stream', async () => {
  await behindNginx('websocket');
  const members = [await Member.enter('falls', 'Ann'), await Member.enter('falls', 'Bo')];
  assert.deepEqual(members.map(({ signaling }) => signaling.transport), ['websocket', 'websocket']);
  await talk(members, 0, 50);
  await nginx.permit('streams');
  proxy.cut();
  proxy.open();
  await until('both to be back', PATIENCE_MS, () => members.every(({ signaling }) => signaling.transport === 'sse' && signaling.state === 'open'));
  await talk(members, 50, 50);
  for (const member of members) {
    assert.deepEqual(member.welcomes.slice(1), [true]);
    member.signaling.close();
  }
});
