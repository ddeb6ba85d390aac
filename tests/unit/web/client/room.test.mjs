// A room against a scripted server: what it does with what the server says, and what is left of it when it is closed.

import assert from 'node:assert/strict';
import { afterEach, beforeEach, test } from 'node:test';
import { Files } from '../../../../web/client/files.js';
import { Room } from '../../../../web/client/room.js';
import { FakeClock, settle } from './fake_clock.mjs';
import { FakeMediaStream, FakePeerConnection } from './fake_rtc.mjs';
import { FakeSocket } from './fake_socket.mjs';

/** Counts what is listened to, as window and document would have it. */
class ListeningPost extends EventTarget {
  visibilityState = 'visible';
  count = 0;
  addEventListener(...args) {
    this.count++;
    super.addEventListener(...args);
  }
  removeEventListener(...args) {
    this.count--;
    super.removeEventListener(...args);
  }
}

const { fetch } = globalThis;
let clock;
let page;
beforeEach(() => {
  FakePeerConnection.all = [];
  FakeSocket.all = [];
  page = new ListeningPost();
  Object.assign(globalThis, {
    RTCPeerConnection: FakePeerConnection, MediaStream: FakeMediaStream, WebSocket: FakeSocket, document: page, fetch: undefined,
    addEventListener: page.addEventListener.bind(page), removeEventListener: page.removeEventListener.bind(page),
  });
  clock = new FakeClock();
  clock.install();
});
afterEach(() => {
  clock.restore();
  globalThis.fetch = fetch;
  for (const name of ['document', 'addEventListener', 'removeEventListener']) delete globalThis[name];
});

const TURN = (name) => [{ urls: [`turn:${name}`], username: name, credential: 'x' }];
const WELCOME = { ticket: 't1', resume_window_ms: 120_000, features: ['resume'] };
const BO = { peer: 'p_bo', name: 'Bo', role: 'member', metadata: { key: 'bo' }, presence: 'present', polite: false };

/** Ann's room, with Bo in it. */
async function joined(options = {}) {
  const room = new Room({ url: 'wss://host/ws', name: 'Ann', ...options });
  const joining = room.join('r');
  FakeSocket.last.welcome(WELCOME);
  await settle();
  const { id } = FakeSocket.last.sent.at(-1);
  FakeSocket.last.say({ type: 'joined', re: id, room: 'r', epoch: 1, seq: 1, peer: 'p_ann', role: 'member', peers: [BO], ice_servers: TURN('first'), ice_ttl_s: 600 });
  await joining;
  await settle();
  return room;
}

const pushed = (servers, restart = false) => FakeSocket.last.say({ type: 'ice_servers', room: 'r', ice_servers: servers, ice_ttl_s: 600, restart });

test('new ICE servers go to every connection, and restart those that are relayed', async () => {
  for (const [path, restart, restarts] of [['relay', false, 1], ['host', false, undefined], ['host', true, undefined], [null, false, undefined], [null, true, 1]]) {
    FakePeerConnection.all = [];
    const room = await joined();
    const [connection] = FakePeerConnection.all;
    connection.path = path;
    pushed(TURN('second'), restart);
    await settle();
    assert.deepEqual([connection.iceServers, connection.restarts], [TURN('second'), restarts], `${path} ${restart}`);
    room.close();
  }
});

test('when a relay goes away, a connection that had more of them gets the new one as many times, so that it is preferred', async () => {
  const room = await joined();
  const [connection] = FakePeerConnection.all;
  connection.path = 'relay';
  const had = [{ urls: 'stun:a' }, { urls: ['turn:a', 'turns:a'], username: 'u', credential: 'x' }, { urls: 'turn:b', username: 'u', credential: 'x' }];
  connection.getConfiguration = () => ({ iceServers: had, iceTransportPolicy: 'relay' });
  const stun = { urls: ['stun:a'] };
  pushed([stun, ...TURN('c')], true);
  await settle();
  assert.deepEqual(connection.iceServers, [stun, { ...TURN('c')[0], urls: ['turn:c', 'turn:c', 'turn:c'] }]);
  for (const [servers, leaving] of [[[stun, ...TURN('c')], false], [[stun], true], [[...TURN('c'), ...TURN('d'), ...TURN('e')], true]]) {
    pushed(servers, leaving);
    await settle();
    assert.deepEqual(connection.iceServers, servers);
  }
});

test('whoever comes later gets the newest ICE servers; an application may filter them', async () => {
  const seen = [];
  const room = await joined({ iceServers: (servers) => servers.map((server) => ({ ...server, filtered: true })) });
  room.on('iceservers', (servers) => seen.push(servers));
  pushed(TURN('second'));
  FakeSocket.last.say({ type: 'peer_joined', room: 'r', epoch: 1, seq: 2, peer: 'p_cho', name: 'Cho', role: 'member', metadata: {}, polite: false });
  assert.deepEqual([seen.length, seen[0][0].filtered, seen[0][0].username], [1, true, 'second']);
  assert.deepEqual(FakePeerConnection.all.at(-1).configuration.iceServers, seen[0]);
});

test('asks for ICE servers ahead of time', async () => {
  const room = await joined();
  const asked = room.renewIceServers();
  const { type, id } = FakeSocket.last.sent.at(-1);
  assert.equal(type, 'ice_servers');
  FakeSocket.last.say({ type: 'ice_servers', re: id, room: 'r', ice_servers: TURN('asked'), restart: false });
  await asked;
  assert.equal(FakePeerConnection.all[0].iceServers[0].username, 'asked');
});

test('presence changes the state of the peer, not who is there', async () => {
  const room = await joined();
  const left = [];
  room.on('peerleft', ({ reason }) => left.push(reason));
  FakeSocket.last.say({ type: 'presence', room: 'r', epoch: 1, seq: 2, peer: 'p_bo', state: 'away' });
  assert.equal(room.peers[0].state, 'away');
  await clock.advance(14_000);
  assert.deepEqual([room.peers.length, left], [1, []]);
  FakeSocket.last.say({ type: 'peer_left', room: 'r', epoch: 1, seq: 3, peer: 'p_bo', reason: 'closed' });
  assert.deepEqual([room.peers, left], [[], ['closed']]);
});

for (const [when, disturb] of Object.entries({
  'while joined': async () => {},
  'while a path is being repaired': async () => FakePeerConnection.all[0].become('failed'),
  'while reconnecting': async () => FakeSocket.last.drop(1006),
  'while a peer is away': async () => FakeSocket.last.say({ type: 'presence', room: 'r', epoch: 1, seq: 2, peer: 'p_bo', state: 'away' }),
  'while a request waits': async (room) => void room.send('x').catch(() => {}),
  'while a file is on offer': async (room) => new Files(room.peers[0]).send(new Blob(['x'])).finished.catch(() => {}) && undefined,
})) {
  test(`closed ${when}, it leaves no timer, no listener, no connection`, async () => {
    const room = await joined();
    const peer = room.peers[0];
    await disturb(room);
    await settle();
    room.close();
    await settle();
    assert.deepEqual([clock.pending, page.count], [0, 0]);
    assert.ok(FakePeerConnection.all.every((one) => one.signalingState === 'closed'));
    assert.ok(FakeSocket.all.every((one) => one.readyState === 3));
    assert.deepEqual([room.state, peer.state, room.peers], ['closed', 'closed', []]);
    const sockets = FakeSocket.all.length;
    await clock.advance(600_000);
    page.dispatchEvent(new Event('online'));
    assert.equal(FakeSocket.all.length, sockets);
  });
}
