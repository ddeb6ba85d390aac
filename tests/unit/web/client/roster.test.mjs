// The reunion: two rosters, a server that hands out new ids, and messages that arrive or do not.

import assert from 'node:assert/strict';
import { afterEach, beforeEach, test } from 'node:test';
import { Roster } from '../../../../web/client/roster.js';
import { FakeClock, settle } from './fake_clock.mjs';
import { FakeMediaStream, FakePeerConnection } from './fake_rtc.mjs';

let clock;
beforeEach(() => {
  FakePeerConnection.all = [];
  Object.assign(globalThis, { RTCPeerConnection: FakePeerConnection, MediaStream: FakeMediaStream });
  clock = new FakeClock();
  clock.install();
});
afterEach(() => clock.restore());

/** One person: a roster whose signals go where the test's server says. */
class Person {
  events = [];
  sent = [];

  constructor(key) {
    this.key = key;
    this.roster = new Roster({
      rtc: () => ({}), doubt: () => {}, channels: [{ label: 'chat', id: 0 }], tracks: new Map(), reachable: () => this.server !== undefined,
      signal: (to, data) => {
        if (this.server) queueMicrotask(() => this.server?.deliver(this, to, data));
        return this.server !== undefined;
      },
    });
    this.roster.on('added', (peer) => this.events.push(`+${peer.key}`));
    this.roster.on('removed', ({ peer, reason }) => this.events.push(`-${peer.key} ${reason}`));
  }

  entry(polite) {
    return { peer: this.id, name: this.key, metadata: { key: this.key }, polite };
  }
}

class Server {
  static #nextId = 1;
  members = [];

  join(person) {
    person.id = `p_${Server.#nextId++}`;
    person.server = this;
    const others = [...this.members];
    this.members.push(person);
    person.roster.adopt(others.map((other) => other.entry(true)));
    for (const other of others) other.roster.add(person.entry(false));
    return settle();
  }

  /** The connection of this person is gone. Whether the others hear of it is up to the test. */
  lose(person, tellOthers = true) {
    const { id } = person;
    person.server = undefined;
    this.members = this.members.filter((one) => one !== person);
    if (tellOthers) for (const other of this.members) other.roster.remove(id, 'closed');
    return id;
  }

  deliver(from, to, data) {
    this.members.find((one) => one.id === to)?.roster.receive(from.id, data, false);
  }
}

async function pairInRoom() {
  const server = new Server();
  const [ann, bo] = [new Person('ann'), new Person('bo')];
  await server.join(ann);
  await server.join(bo);
  assert.equal(FakePeerConnection.all.length, 2);
  assert.deepEqual([ann.roster.peers[0].state, bo.roster.peers[0].state], ['connected', 'connected']);
  return { server, ann, bo };
}

test('the impolite side offers, the polite side answers', async () => {
  const { ann, bo } = await pairInRoom();
  assert.equal(FakePeerConnection.all.find((one) => one.localDescription.type === 'offer') !== undefined, true);
  assert.deepEqual([ann.roster.peers[0].polite, bo.roster.peers[0].polite], [false, true]);
  assert.equal(ann.roster.peers[0].link.connection, bo.roster.peers[0].link.connection);
});

test('one person loses the server: both keep the connection, whether or not the loss was noticed', async () => {
  for (const noticed of [true, false]) {
    const { server, ann, bo } = await pairInRoom();
    const peer = ann.roster.peers[0];
    const ghost = server.lose(bo, noticed);
    assert.equal(peer.state, noticed ? 'away' : 'connected');
    await server.join(bo);
    if (!noticed) ann.roster.remove(ghost, 'timeout');
    await clock.advance(60_000);
    assert.equal(FakePeerConnection.all.length, 2);
    assert.deepEqual([ann.roster.peers, peer.id, peer.state], [[peer], bo.id, 'connected']);
    assert.deepEqual([ann.events, bo.events], [['+bo'], ['+ann']]);
    FakePeerConnection.all = [];
  }
});

test('both lose the server and come back in the other order: roles swap, the connection stays', async () => {
  const { server, ann, bo } = await pairInRoom();
  server.lose(ann, false);
  server.lose(bo, false);
  await server.join(bo);
  await server.join(ann);
  await clock.advance(60_000);
  assert.equal(FakePeerConnection.all.length, 2);
  assert.deepEqual([ann.roster.peers[0].polite, bo.roster.peers[0].polite], [true, false]);
  assert.deepEqual([ann.roster.peers[0].link.polite, ann.roster.peers[0].id], [true, bo.id]);
});

test('a connection that broke meanwhile is made anew, once', async () => {
  const { server, ann, bo } = await pairInRoom();
  server.lose(bo, false);
  bo.roster.peers[0].link.close();
  await server.join(bo);
  await clock.advance(60_000);
  assert.equal(FakePeerConnection.all.length, 4);
  assert.deepEqual([ann.roster.peers[0].state, bo.roster.peers[0].state], ['connected', 'connected']);
  assert.equal(ann.roster.peers[0].link.connection, bo.roster.peers[0].link.connection);
});

test('whoever does not come back is gone after half a minute, or as soon as the media stops', async () => {
  const first = await pairInRoom();
  first.server.lose(first.bo);
  await clock.advance(29_000);
  assert.deepEqual(first.ann.events, ['+bo']);
  await clock.advance(1_000);
  assert.deepEqual(first.ann.events, ['+bo', '-bo closed']);

  FakePeerConnection.all = [];
  const second = await pairInRoom();
  second.server.lose(second.bo);
  FakePeerConnection.all.forEach((one) => one.become('disconnected'));
  assert.deepEqual(second.ann.events, ['+bo', '-bo closed']);
});

test('whoever says goodbye is gone at once', async () => {
  const { ann, bo } = await pairInRoom();
  ann.roster.remove(bo.id, 'left');
  assert.deepEqual(ann.events, ['+bo', '-bo left']);
  assert.equal(clock.pending, 0);
});

test('somebody else with a copied key does not become that person', async () => {
  const { server, ann, bo } = await pairInRoom();
  const peer = ann.roster.peers[0];
  await server.join(new Person('bo'));
  await clock.advance(60_000);
  assert.equal(ann.roster.peers.length, 2);
  assert.deepEqual([ann.roster.peers[0], peer.id, peer.state], [peer, bo.id, 'connected']);
});

test('what hostile peers send is not taken for a signal, and breaks nothing', async () => {
  const { ann, bo } = await pairInRoom();
  const problems = [];
  ann.roster.peers[0].on('problem', (problem) => problems.push(problem));
  for (const data of [null, 7, 'x', [], {}, { resume: 1 }, { resume: {} }, { candidate: 5 }, { description: 3 }, { description: { type: 'offer' }, connection: {} }, { description: null }])
    ann.roster.receive(bo.id, data, false);
  await settle();
  assert.deepEqual(ann.events, ['+bo']);
});

test('whoever is away stays the same person with the same connection, whether or not media flows', async () => {
  for (const broken of [false, true]) {
    const { ann, bo } = await pairInRoom();
    const peer = ann.roster.peers[0];
    const flows = [];
    peer.on('flowing', (flowing) => flows.push(flowing));
    ann.roster.setPresence(bo.id, true);
    if (broken) peer.link.pc.become('disconnected');
    assert.deepEqual([peer.state, peer.flowing], ['away', !broken]);
    await clock.advance(100_000);
    assert.equal(ann.roster.peers[0], peer);
    ann.roster.setPresence(bo.id, false);
    assert.equal(peer.state, broken ? 'healing' : 'connected');
    peer.link.pc.become('connected');
    assert.deepEqual([peer.state, flows], ['connected', broken ? [false, true] : []]);
    assert.equal(FakePeerConnection.all.length, 2, 'no connection was made anew');
    assert.deepEqual(ann.events, ['+bo']);
    FakePeerConnection.all = [];
  }
});

test('repair waits for whoever is away, and happens the moment the person is back', async () => {
  const { ann, bo } = await pairInRoom();
  const { pc } = ann.roster.peers[0].link;
  ann.roster.setPresence(bo.id, true);
  pc.become('failed');
  await clock.advance(100_000);
  assert.equal(pc.restarts, undefined);
  ann.roster.setPresence(bo.id, false);
  assert.equal(pc.restarts, 1);
});

test('what could not be said during a loss of signaling is said after it, in order', async () => {
  const { server, ann, bo } = await pairInRoom();
  ann.server = undefined;
  const { link } = ann.roster.peers[0];
  link.pc.onnegotiationneeded();
  await settle();
  link.pc.onicecandidate({ candidate: { toJSON: () => ({ candidate: 'late' }) } });
  assert.equal(link.settled, false);
  const heard = [];
  const receive = bo.roster.receive.bind(bo.roster);
  bo.roster.receive = (from, data, broadcast) => (heard.push(data.description?.type ?? data.candidate.candidate), receive(from, data, broadcast));
  ann.server = server;
  ann.roster.resume();
  await settle();
  assert.deepEqual(heard, ['offer', 'late']);
  assert.equal(link.settled, true);
});

test('a connection that the browser closed is made anew by both', async () => {
  const { ann, bo } = await pairInRoom();
  const [impolite, polite] = ann.roster.peers[0].polite ? [bo, ann] : [ann, bo];
  polite.roster.peers[0].link.pc.close();
  polite.roster.resume();
  await settle();
  assert.equal(FakePeerConnection.all.length, 4);
  assert.equal(impolite.roster.peers[0].link.connection, polite.roster.peers[0].link.connection);
  assert.deepEqual([impolite.events.length, polite.events.length], [1, 1]);
});

test('restarts come less and less often, and end with a new connection', async () => {
  const { ann } = await pairInRoom();
  const { pc } = ann.roster.peers[0].link;
  pc.become('failed');
  await clock.advance(0);
  const counts = [pc.restarts];
  for (const ms of [8_000, 8_000, 16_000]) {
    await clock.advance(ms);
    counts.push(pc.restarts);
  }
  assert.deepEqual([counts, ann.roster.peers[0].link.pc === pc], [[1, 2, 3, 4], true]);
  await clock.advance(30_000);
  assert.deepEqual([pc.connectionState, ann.roster.peers[0].link.pc === pc], ['closed', false]);
  assert.deepEqual(ann.events, ['+bo']);
});

test('whoever is away and has left is gone at once', async () => {
  const { ann, bo } = await pairInRoom();
  ann.roster.setPresence(bo.id, true);
  ann.roster.remove(bo.id, 'left');
  assert.deepEqual(ann.events, ['+bo', '-bo left']);
});
