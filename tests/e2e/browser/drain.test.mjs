// Two noom-turns tell over a real nats-server how they are; one of them drains under a relayed call, which moves to the other and goes on.

import assert from 'node:assert/strict';
import net from 'node:net';
import { after, afterEach, before, test } from 'node:test';
import WebSocket from 'ws';
import { Signaling } from '../../../web/client/signaling.js';
import { PATIENCE_MS } from './harness/browser.mjs';
import { Daemon } from './harness/daemon.mjs';
import { Nats } from './harness/nats.mjs';
import { SECRET, Suite } from './harness/suite.mjs';
import { until } from './harness/until.mjs';

let nats;
let suite;
const relays = new Map();

before(async () => {
  nats = await Nats.start();
  for (const [i, node] of ['one', 'two'].entries()) {
    const port = await freePort();
    const daemon = await Daemon.start('noom-turn', {
      listen: { udp: [`127.0.0.1:${port}`], tcp: [] },
      relay: { addresses: ['127.0.0.1'], port_min: 50_000 + 2_000 * i, port_max: 51_999 + 2_000 * i },
      auth: { realm: 'noom.test', rest_secrets: [SECRET] },
      peers: { allow: ['127.0.0.0/8'] },
      cluster: { servers: [nats.url], node, urls: [`turn:127.0.0.1:${port}?transport=udp`] },
      daemon: { drain_timeout_s: 20 },
    });
    relays.set(port, daemon);
  }
  suite = await Suite.start({ signal: { cluster: { servers: [nats.url] } } });
});
afterEach(() => suite.closePages());
after(async () => {
  await suite?.stop();
  for (const daemon of relays.values()) await daemon.stop();
  await nats?.stop();
});

/** What noom-turn publishes must be known before it listens. */
async function freePort() {
  const server = net.createServer();
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address();
  await new Promise((resolve) => server.close(resolve));
  return port;
}

/** The ports of the relays that somebody who joins now is given. */
async function handedOut(room) {
  const signaling = new Signaling({ url: `ws://127.0.0.1:${suite.signal.port('http')}/ws`, webSocket: WebSocket });
  await signaling.connect();
  const { ice_servers: servers } = await signaling.request({ type: 'join', room });
  signaling.close();
  return servers.flatMap(({ urls }) => urls).map((url) => Number(/:(\d+)\?/.exec(url)[1])).sort();
}

const relayOf = (person) => person.page.evaluate(async () => (await window.room.peers[0].path())?.relay);

test('a relayed call moves off a relay that drains, and goes on', async () => {
  const both = [...relays.keys()].sort();
  await until('both relays to be known', PATIENCE_MS, async () => String(await handedOut('who')) === String(both));
  const [ann, bo] = [await suite.sdkPage(), await suite.sdkPage()];
  await ann.join('moving', 'Ann', { path: 'relay' });
  await bo.join('moving', 'Bo', { path: 'relay' });
  await Promise.all([ann.seesMovingVideo(), bo.seesMovingVideo()]);

  const used = Number(/:(\d+)\?/.exec(await relayOf(ann))[1]);
  const [other] = both.filter((port) => port !== used);
  const drained = relays.get(used).stop();
  relays.delete(used);
  for (const person of [ann, bo]) {
    await until('the other relay', PATIENCE_MS, async () => (await relayOf(person))?.includes(`:${other}?`));
    await person.seesMovingVideo();
  }
  await drained;
  await Promise.all([ann.seesMovingVideo(), bo.seesMovingVideo()]);
  for (const person of [ann, bo]) {
    const { links, left, peerStates } = await person.seen();
    assert.deepEqual([links.length, left], [1, []]);
    assert.deepEqual(peerStates.filter((state) => state !== 'connected'), [], 'the path was never broken');
  }
  assert.deepEqual(await handedOut('who'), [other]);
});
