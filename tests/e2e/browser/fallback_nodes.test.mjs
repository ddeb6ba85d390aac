// @noom/client without WebSockets, behind a real nginx that sends each request to the next of two noom-signal, which know each other over a
// real nats-server: no request finds the node with its session other than by chance. One of them is killed in the middle.

import assert from 'node:assert/strict';
import { afterEach, beforeEach, test } from 'node:test';
import { Signaling } from '../../../web/client/signaling.js';
import { Daemon } from './harness/daemon.mjs';
import { Nats } from './harness/nats.mjs';
import { Nginx } from './harness/nginx.mjs';
import { Proxy } from './harness/proxy.mjs';
import { until } from './harness/until.mjs';

const PATIENCE_MS = 60_000;
const SECRET = 'a secret that the nodes share';

let nats;
let nodes;
let nginx;
let proxy;
beforeEach(async () => {
  nats = await Nats.start();
  nodes = await Promise.all(['a', 'b'].map((node) => Daemon.start('noom-signal', {
    listen: { http: ['127.0.0.1:0'], https: [] },
    turn: { rest_secret: SECRET },
    resume: { away_after_s: 1 },
    cluster: { servers: [nats.url], node },
    limits: { openings_per_minute: 0, messages_per_s: 0, sends_per_s: 0, room_events_per_s: 0, joins_per_s: 0 },
  })));
  for (const node of nodes) await until('both nodes', PATIENCE_MS, async () => (await node.metric('noom_signal_nodes')) === 2);
});
afterEach(async () => {
  await proxy?.stop();
  await nginx?.stop();
  await Promise.all(nodes.map((node) => node.stop()));
  await nats?.stop();
});

async function behindNginx(permission) {
  nginx = await Nginx.start(nodes.map((node) => node.port('http')), permission);
  proxy = await Proxy.start(nginx.socket);
}

/** Somebody in the room, also after a session was lost. */
class Member {
  heard = [];
  welcomes = [];
  here = false;

  static async enter(room, name) {
    const member = new Member();
    member.signaling = new Signaling({ url: `ws://127.0.0.1:${proxy.port}/ws`, transports: ['sse', 'poll'], backoff: { baseMs: 10, capMs: 200 }, openTimeoutMs: 10_000 });
    member.signaling.on('message', (message) => member.heard.push(message));
    member.signaling.on('state', ({ state }) => state !== 'open' && (member.here = false));
    member.signaling.on('open', async ({ recovered }) => {
      member.welcomes.push(recovered);
      if (recovered !== true) await member.signaling.request({ type: 'join', room, name });
      member.here = true;
    });
    await member.signaling.connect();
    await until(`${name} to be in`, PATIENCE_MS, () => member.here);
    return member;
  }

  said(series) {
    return this.heard.filter(({ type, data }) => type === 'message' && data.series === series).map(({ data }) => data.number);
  }
}

/** All talk at once, and each hears all that each other says, once and in order. */
async function talk(members, series, count) {
  for (let number = 0; number < count; number++) {
    const said = members.map(({ signaling }, i) => signaling.request({ type: 'send', data: { series: `${series} ${i}`, number } }));
    // Not all in one POST.
    if (number % 5 === 0) await Promise.all(said);
  }
  const all = Array.from({ length: count }, (_, number) => number);
  for (const member of members) {
    for (const [i, other] of members.entries()) {
      if (other === member) continue;
      await until(`${series}: everything`, PATIENCE_MS, () => member.said(`${series} ${i}`).length >= count);
      assert.deepEqual(member.said(`${series} ${i}`), all);
    }
  }
}

async function sum(name) {
  const values = await Promise.all(nodes.map((node) => node.metric(name)));
  return values.reduce((total, value) => total + (value ?? 0), 0);
}

for (const [permission, kind] of [['streams', 'sse'], ['pages', 'poll']]) {
  test(`over ${kind}, with each request at another node, a conversation loses nothing, and outlives one of the nodes`, async () => {
    await behindNginx(permission);
    const members = [];
    for (const name of ['Ann', 'Bo', 'Cy']) members.push(await Member.enter('r', name));
    assert.deepEqual(members.map(({ signaling }) => signaling.transport), [kind, kind, kind]);
    await talk(members, 'before', 100);
    members[0].signaling.notify({ type: 'send', data: { series: 'long', number: 'x'.repeat(60_000) } });
    await until('a long message', PATIENCE_MS, () => members[2].said('long')[0]?.length === 60_000);
    assert.ok((await sum('noom_signal_forwards_total{outcome="answered"}')) > 10, 'requests did come to the wrong node');
    assert.equal(await sum('noom_signal_sessions_given_total'), 0, 'sessions stay where they are');
    assert.deepEqual(members.map(({ welcomes }) => welcomes.length), [1, 1, 1]);

    await nodes.shift().kill();
    await until('one node', PATIENCE_MS, async () => (await nodes[0].metric('noom_signal_nodes')) === 1);
    await until('all to be back', PATIENCE_MS, async () => (await sum(`noom_signal_carriers{carrier="${kind}"}`)) === 3 && (await sum('noom_signal_members')) === 3 && members.every(({ here }) => here));
    await talk(members, 'after', 50);
    assert.deepEqual(members.flatMap(({ heard }) => heard.filter(({ type }) => type === 'peer_left')), []);
    for (const { signaling } of members) signaling.close();
    await until('everybody to be gone', PATIENCE_MS, async () => (await sum('noom_signal_members')) === 0);
  });
}
