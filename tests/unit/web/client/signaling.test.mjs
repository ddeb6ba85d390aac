// Signaling against a scripted server, with simulated time.

import assert from 'node:assert/strict';
import { afterEach, beforeEach, test } from 'node:test';
import { Signaling } from '../../../../web/client/signaling.js';
import { FakeClock, settle } from './fake_clock.mjs';
import { FakeSocket } from './fake_socket.mjs';

let clock;
beforeEach(() => {
  FakeSocket.all = [];
  clock = new FakeClock();
  clock.install();
});
afterEach(() => clock.restore());

const make = (options = {}) => new Signaling({ url: 'wss://host/ws', webSocket: FakeSocket, transports: ['websocket'], random: () => 0.5, ...options });

async function opened(options) {
  const signaling = make(options);
  const first = signaling.connect();
  FakeSocket.last.welcome();
  await first;
  return signaling;
}

test('says hello first and resolves with the welcome', async () => {
  const signaling = make({ features: ['x'] });
  const first = signaling.connect();
  assert.equal(FakeSocket.last.protocol, 'noom.v1');
  FakeSocket.last.welcome({ session: 's_9' });
  assert.equal((await first).session, 's_9');
  const [hello] = FakeSocket.last.sent;
  assert.deepEqual([hello.type, hello.protocol, hello.features], ['hello', 'noom.v1', ['x']]);
  assert.equal(signaling.state, 'open');
});

test('a reply goes to the request that carries its id', async () => {
  const signaling = await opened();
  const one = signaling.request({ type: 'join', room: 'a' });
  const two = signaling.request({ type: 'leave' });
  const [, join, leave] = FakeSocket.last.sent;
  FakeSocket.last.say({ type: 'left', re: leave.id });
  FakeSocket.last.say({ type: 'error', re: join.id, code: 'room_full', message: 'full', retry_after_s: 5 });
  assert.equal((await two).type, 'left');
  await assert.rejects(one, { code: 'room_full', retryAfterS: 5 });
});

test('a request without an answer times out', async () => {
  const signaling = await opened({ requestTimeoutMs: 2_000 });
  const outcome = signaling.request({ type: 'update' }).catch((error) => error.code);
  await clock.advance(2_000);
  assert.equal(await outcome, 'timeout');
});

test('the first attempt failing is told, and nobody tries behind the back', async () => {
  const signaling = make();
  const outcome = signaling.connect().catch((error) => error.code);
  FakeSocket.last.drop(1006);
  assert.equal(await outcome, 'unreachable');
  await clock.advance(120_000);
  assert.equal(FakeSocket.all.length, 1);
  assert.equal(clock.pending, 0);
});

test('a lost connection rejects what was asked and comes back with jittered, growing delays', async () => {
  const signaling = await opened({ backoff: { baseMs: 1_000, capMs: 4_000 } });
  const delays = [];
  signaling.on('state', ({ retryInMs }) => retryInMs !== undefined && delays.push(retryInMs));
  const outcome = signaling.request({ type: 'update' }).catch((error) => error.code);
  FakeSocket.last.drop(1006);
  assert.equal(await outcome, 'connection_lost');
  for (let i = 0; i < 3; i++) {
    await clock.advance(10_000);
    FakeSocket.last.drop(1006);
  }
  assert.deepEqual(delays, [500, 1_000, 2_000, 2_000]);
  await clock.advance(2_000);
  FakeSocket.last.welcome();
  await settle();
  assert.equal(signaling.state, 'open');
});

test('close codes decide whether to come back', async () => {
  for (const [code, comesBack] of [[1001, true], [1006, true], [1011, true], [4000, true], [4001, true], [4099, true], [4408, true], [4429, true],
    [1000, false], [1002, false], [1007, false], [1009, false], [4400, false], [4401, false], [4499, false]]) {
    const signaling = await opened();
    FakeSocket.last.drop(code);
    assert.equal(signaling.state, comesBack ? 'waiting' : 'closed', String(code));
    signaling.close();
  }
});

test('after 4429 even the network coming back does not shorten the minute', async () => {
  const signaling = await opened();
  FakeSocket.last.drop(4429);
  await clock.advance(59_000);
  signaling.wake();
  assert.equal(FakeSocket.all.length, 1);
  await clock.advance(7_000);
  assert.equal(FakeSocket.all.length, 2);
});

test('otherwise the network coming back means: now', async () => {
  const signaling = await opened({ backoff: { baseMs: 15_000, capMs: 15_000 } });
  FakeSocket.last.drop(1006);
  signaling.wake();
  assert.equal(FakeSocket.all.length, 2);
});

test('silence is probed with a ping, and an unanswered ping ends the connection', async () => {
  const signaling = await opened();
  const socket = FakeSocket.last;
  await clock.advance(15_000);
  assert.equal(socket.sent.at(-1).type, 'ping');
  socket.say({ type: 'pong' });
  await clock.advance(10_000);
  assert.equal(signaling.state, 'open');
  await clock.advance(16_000);
  assert.equal(socket.sent.filter((message) => message.type === 'ping').length, 2);
  await clock.advance(10_000);
  assert.equal(socket.closedWith, 4000);
  assert.notEqual(signaling.state, 'open');
});

test('a connection in doubt has three seconds to answer, however often it is doubted', async () => {
  const signaling = await opened();
  const socket = FakeSocket.last;
  signaling.doubt();
  assert.equal(socket.sent.at(-1).type, 'ping');
  socket.say({ type: 'pong' });
  await clock.advance(3_000);
  assert.equal(signaling.state, 'open');
  signaling.doubt();
  await clock.advance(2_000);
  signaling.doubt();
  await clock.advance(1_000);
  assert.equal(socket.closedWith, 4000);
  assert.equal(socket.sent.filter((message) => message.type === 'ping').length, 2);
  await clock.advance(1_000);
  assert.equal(FakeSocket.all.length, 2);
});

test('a doubt shortens the wait for an answer that is outstanding', async () => {
  const signaling = await opened();
  await clock.advance(16_000);
  signaling.doubt();
  await clock.advance(3_000);
  assert.equal(FakeSocket.last.closedWith, 4000);
});

test('close says bye, leaves no timer and no second connection', async () => {
  const signaling = await opened();
  const socket = FakeSocket.last;
  const pending = signaling.request({ type: 'update' }).catch((error) => error.code);
  signaling.close();
  assert.equal(socket.sent.at(-1).type, 'bye');
  assert.equal(await pending, 'closed');
  await clock.advance(120_000);
  assert.equal(FakeSocket.all.length, 1);
  assert.equal(clock.pending, 0);
});

test('a frame that is not JSON is an error, not the end', async () => {
  const signaling = await opened();
  const errors = [];
  signaling.on('error', (error) => errors.push(error.code));
  FakeSocket.last.say('{{{');
  FakeSocket.last.say({ type: 'error', code: 'rate_limited', message: 'slower', retry_after_s: 1 });
  assert.deepEqual(errors, ['bad_reply', 'rate_limited']);
  assert.equal(signaling.state, 'open');
});

const RESUMABLE = { ticket: 't1', resume_window_ms: 120_000, features: ['resume'] };

async function resumable() {
  const signaling = make({ backoff: { baseMs: 1, capMs: 1 } });
  const first = signaling.connect();
  FakeSocket.last.welcome(RESUMABLE);
  await first;
  return signaling;
}

async function dropAndReopen(welcome, code = 1006) {
  FakeSocket.last.drop(code);
  await clock.advance(10);
  FakeSocket.last.welcome(welcome);
  await settle();
}

test('resumes with its ticket and what it has counted, and sends again what the server never got', async () => {
  const signaling = await resumable();
  const [one, two] = [signaling.request({ type: 'update', name: 'a' }), signaling.request({ type: 'update', name: 'b' })];
  FakeSocket.last.say({ type: 'presence' });
  FakeSocket.last.say({ type: 'pong' });
  FakeSocket.last.say({ type: 'ticket', ticket: 't2' });
  await dropAndReopen({ ...RESUMABLE, ticket: 't3', recovered: true, received: 1 });
  const [hello, again, ...more] = FakeSocket.last.sent;
  assert.deepEqual(hello.resume, { ticket: 't2', received: 1 });
  assert.equal(again.name, 'b', 'the first had arrived');
  assert.deepEqual(more, []);
  FakeSocket.last.say({ type: 'ok', re: 1 });
  FakeSocket.last.say({ type: 'ok', re: 2 });
  assert.deepEqual([(await one).type, (await two).type], ['ok', 'ok'], 'answers come over the new connection');
});

test("an invitation's ticket is not the session's", async () => {
  await resumable();
  FakeSocket.last.say({ type: 'invited', room: 'a', role: 'member', ticket: 'nt_1', lifetime_s: 60 });
  await dropAndReopen({ ...RESUMABLE, recovered: true, received: 0 });
  assert.equal(FakeSocket.last.sent[0].resume.ticket, RESUMABLE.ticket);
});

test('what is not recovered rejects what was asked, and counts begin anew', async () => {
  const signaling = await resumable();
  const outcome = signaling.request({ type: 'update' }).catch((error) => error.code);
  FakeSocket.last.say({ type: 'presence' });
  await dropAndReopen({ ...RESUMABLE, ticket: 't2', recovered: false, reason: 'gap' });
  assert.equal(await outcome, 'connection_lost');
  assert.equal(FakeSocket.last.sent.length, 1, 'hello alone');
  await dropAndReopen({ ...RESUMABLE, recovered: true, received: 0 });
  assert.deepEqual(FakeSocket.last.sent[0].resume, { ticket: 't2', received: 0 });
});

test('the server hears after 16 messages, or five seconds, what has come', async () => {
  await resumable();
  for (let i = 0; i < 16; i++) FakeSocket.last.say({ type: 'presence' });
  assert.deepEqual(FakeSocket.last.sent.slice(1), [{ type: 'ack', received: 16 }]);
  FakeSocket.last.say({ type: 'presence' });
  await clock.advance(5_000);
  assert.deepEqual(FakeSocket.last.sent.slice(2), [{ type: 'ack', received: 17 }]);
});

test('what the server has confirmed is not kept', async () => {
  const signaling = await resumable();
  for (let i = 0; i < 20; i++) signaling.notify({ type: 'send', data: i });
  FakeSocket.last.say({ type: 'ack', received: 16 });
  await dropAndReopen({ ...RESUMABLE, recovered: true, received: 18 });
  assert.deepEqual(FakeSocket.last.sent.slice(1).map((message) => message.data), [18, 19]);
});

test('comes back when go_away says', async () => {
  await resumable();
  FakeSocket.last.say({ type: 'go_away', reconnect_after_ms: 1_500 });
  FakeSocket.last.drop(1001);
  await clock.advance(1_499);
  assert.equal(FakeSocket.all.length, 1);
  await clock.advance(1);
  assert.equal(FakeSocket.all.length, 2);
});

test('a session taken over elsewhere is not fought for', async () => {
  const signaling = await resumable();
  FakeSocket.last.drop(4409);
  await clock.advance(60_000);
  assert.equal(signaling.state, 'closed');
  assert.equal(FakeSocket.all.length, 1);
});
