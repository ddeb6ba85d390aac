// Signaling where WebSockets do not work: falling, sending by POST, polling, climbing back. The server is scripted, time simulated.

import assert from 'node:assert/strict';
import { afterEach, beforeEach, test } from 'node:test';
import { Signaling } from '../../../../web/client/signaling.js';
import { EventParser } from '../../../../web/client/sse_transport.js';
import { FakeClock, settle } from './fake_clock.mjs';
import { FakeFetch } from './fake_fetch.mjs';
import { FakeSocket } from './fake_socket.mjs';

const WELCOME = {
  type: 'welcome', protocol: 'noom.v1', server: 'test', session: 's_1', features: ['resume'], ping_interval_ms: 15_000, ping_timeout_ms: 10_000,
  frame_bytes_max: 65_536, ticket: 't1', resume_window_ms: 120_000,
};

let clock;
let server;
beforeEach(() => {
  FakeSocket.all = [];
  server = new FakeFetch();
  clock = new FakeClock();
  clock.install();
});
afterEach(() => clock.restore());

class Memory {
  text = null;
  load = () => this.text;
  save = (text) => (this.text = text);
}

const make = (options = {}) =>
  new Signaling({ url: 'wss://host/sub/ws', webSocket: FakeSocket, fetch: server.fetch, memory: new Memory(), random: () => 1, backoff: { baseMs: 1, capMs: 1 }, ...options });

async function settled() {
  for (let i = 0; i < 5; i++) await settle();
}

/** Answers the POST that waits, and says what it carried. */
async function take() {
  await settled();
  const post = server.posts.at(-1);
  post.answer(204);
  await settled();
  return post.messages;
}

async function overSse(options) {
  const signaling = make({ transports: ['websocket', 'sse'], ...options });
  const first = signaling.connect();
  FakeSocket.last.drop(1006);
  await settled();
  const stream = server.last;
  stream.stream();
  await take();
  stream.say(WELCOME);
  await first;
  return { signaling, stream };
}

async function overPolls() {
  const signaling = make({ transports: ['poll'] });
  const first = signaling.connect();
  server.last.answer(200, { connection: 'node.secret' });
  await settled();
  server.posts.at(-1).answer(204);
  await settled();
  server.gets('cursor=0')[0].answer(200, { cursor: 1, messages: [WELCOME] });
  await first;
  await settled();
  return signaling;
}

test('falls from WebSocket to event stream to long poll, beside where the WebSocket is', async () => {
  const signaling = make();
  const first = signaling.connect();
  assert.equal(FakeSocket.last.url, 'wss://host/sub/ws');
  FakeSocket.last.drop(1006);
  await settled();
  assert.equal(server.last.url, 'https://host/sub/v1/sse');
  server.last.answer(404, { code: 'carrier_off' });
  await settled();
  assert.equal(server.last.url, 'https://host/sub/v1/poll');
  server.last.answer(200, { connection: 'node.secret' });
  assert.deepEqual((await take()).map(({ type }) => type), ['hello']);
  server.gets('cursor=0')[0].answer(200, { cursor: 1, messages: [WELCOME] });
  assert.equal((await first).session, 's_1');
  assert.equal(signaling.transport, 'poll');
});

test('a WebSocket that opens and is cut before the welcome has failed too', async () => {
  const signaling = make();
  void signaling.connect();
  FakeSocket.last.readyState = 1;
  FakeSocket.last.onopen();
  FakeSocket.last.drop(1006);
  await settled();
  assert.equal(server.last.url, 'https://host/sub/v1/sse');
});

test('a stream that is held back has failed, before its opening or after it', async () => {
  for (const opens of [false, true]) {
    server.all = [];
    make({ transports: ['sse', 'poll'] }).connect().catch(() => {});
    const stream = server.last;
    if (opens) stream.stream();
    await settled();
    await clock.advance(opens ? 10_000 : 5_000);
    await settled();
    assert.equal(server.gets('/v1/poll').length, 1);
    await clock.advance(2_000);
    assert.ok(stream.aborted);
    server.gets('/v1/poll')[0].answer(200, { connection: 'node.secret' });
    await settled();
  }
});

test('when nothing works, the first attempt has failed once all have been tried', async () => {
  const signaling = make();
  const outcome = signaling.connect().catch((error) => error.code);
  FakeSocket.last.drop(1006);
  await settled();
  server.last.fail();
  await settled();
  server.last.fail();
  assert.equal(await outcome, 'unreachable');
  await clock.advance(120_000);
  assert.deepEqual([FakeSocket.all.length, server.all.length, clock.pending], [1, 2, 0]);
});

test('a close code of the server is no reason to try another way', async () => {
  const signaling = make();
  const outcome = signaling.connect().catch((error) => error.closeCode);
  FakeSocket.last.drop(4409);
  assert.equal(await outcome, 4409);
  assert.equal(server.all.length, 0);
});

test('a server that asks to come later is asked later, not in another way', async () => {
  const { stream } = await overSse();
  stream.end();
  await settled();
  await clock.advance(1);
  server.last.answer(503, { code: 'going_away' }, { 'Retry-After': '7' });
  await settled();
  const asked = server.gets('').length;
  await clock.advance(6_999);
  assert.equal(server.gets('').length, asked);
  await clock.advance(1);
  assert.equal(server.gets('').length, asked + 1);
});

test('what worked is tried first for ten minutes, over the same network', async () => {
  const memory = new Memory();
  await overSse({ memory });
  const sockets = FakeSocket.all.length;
  void make({ memory }).connect().catch(() => {});
  assert.deepEqual([FakeSocket.all.length, server.last.url], [sockets, 'https://host/sub/v1/sse']);
  void make({ memory, url: 'wss://elsewhere/ws' }).connect().catch(() => {});
  assert.equal(FakeSocket.last.url, 'wss://elsewhere/ws');
  await clock.advance(10 * 60_000);
  void make({ memory }).connect().catch(() => {});
  assert.equal(FakeSocket.last.url, 'wss://host/sub/ws');
});

test('a WebSocket that has worked is tried alone once before falling', async () => {
  const signaling = make();
  const first = signaling.connect();
  FakeSocket.last.welcome(WELCOME);
  await first;
  FakeSocket.last.drop(1006);
  await clock.advance(1);
  FakeSocket.last.drop(1006);
  await settled();
  assert.equal(server.all.length, 0);
  await clock.advance(2);
  FakeSocket.last.drop(1006);
  await settled();
  assert.equal(server.last.url, 'https://host/sub/v1/sse');
  assert.equal(FakeSocket.all.length, 3);
});

test('what is said in one go goes in one POST, the next when that has come through', async () => {
  const { signaling } = await overSse();
  for (let i = 0; i < 3; i++) signaling.notify({ type: 'send', data: i });
  await settled();
  const [, post] = server.posts;
  assert.equal(post.url, 'https://host/sub/v1/sse/node.secret?post=2');
  assert.deepEqual(post.messages.map(({ data }) => data), [0, 1, 2]);
  signaling.notify({ type: 'send', data: 3 });
  await settled();
  assert.equal(server.posts.length, 2, 'one at a time');
  post.answer(204);
  assert.deepEqual((await take()).map(({ data }) => data), [3]);
});

test('a POST that gets no answer is sent again under its number', async () => {
  const { signaling } = await overSse();
  signaling.notify({ type: 'send', data: 'x' });
  await settled();
  for (const outcome of [() => server.last.fail(), () => server.last.answer(502), () => server.last.answer(429)]) {
    outcome();
    await settled();
    await clock.advance(2_000);
    await settled();
    assert.equal(server.last.url, 'https://host/sub/v1/sse/node.secret?post=2');
    assert.equal(server.last.messages[0].data, 'x');
  }
  assert.equal(signaling.state, 'open');
});

test('a POST to a connection that is gone is a lost connection, and the session is resumed', async () => {
  const { signaling, stream } = await overSse();
  signaling.notify({ type: 'send', data: 'x' });
  await settled();
  server.last.answer(421, { code: 'wrong_node' });
  await settled();
  assert.ok(stream.aborted);
  assert.equal(signaling.state, 'waiting');
  await clock.advance(1);
  server.last.stream();
  assert.deepEqual((await take())[0].resume, { ticket: 't1', received: 0 });
  server.gets('/v1/sse').at(-1).say({ ...WELCOME, recovered: true, received: 0 });
  assert.equal((await take())[0].data, 'x', 'what never came through is sent again');
});

test('long texts are spread over POSTs of 64 KiB', async () => {
  const { signaling } = await overSse();
  for (let i = 0; i < 4; i++) signaling.notify({ type: 'send', data: 'é'.repeat(12_000) });
  assert.equal((await take()).length, 2);
  assert.equal((await take()).length, 2);
});

test('the stream pings and is answered by an empty POST', async () => {
  const { stream } = await overSse();
  stream.event('ping', {});
  assert.deepEqual(await take(), []);
  assert.equal(server.posts.length, 2);
});

test('a close over the stream counts as one over a WebSocket', async () => {
  for (const [code, state] of [[4409, 'closed'], [4408, 'waiting'], [1000, 'closed']]) {
    const { signaling, stream } = await overSse();
    stream.event('close', { code, reason: 'because' });
    await settled();
    assert.equal(signaling.state, state);
    signaling.close();
  }
});

test('a poll that fails is repeated from where the last answer ended', async () => {
  const signaling = await overPolls();
  const heard = [];
  signaling.on('message', (message) => heard.push(message.data));
  server.last.answer(200, { cursor: 3, messages: [{ type: 'message', data: 1 }, { type: 'message', data: 2 }] });
  await settled();
  assert.ok(server.last.url.endsWith('/node.secret?cursor=3'));
  server.last.fail();
  await settled();
  await clock.advance(250);
  await settled();
  assert.ok(server.last.url.endsWith('?cursor=3'));
  server.last.answer(200, { cursor: 3, messages: [] });
  await settled();
  server.last.answer(404, { code: 'connection_unknown' });
  await settled();
  assert.deepEqual(heard, [1, 2]);
  assert.equal(signaling.state, 'waiting');
});

test('a poll may bring the end', async () => {
  const signaling = await overPolls();
  server.last.answer(200, { cursor: 2, messages: [{ type: 'go_away', reconnect_after_ms: 500 }], close: { code: 1001, reason: '' } });
  await settled();
  assert.equal(signaling.state, 'waiting');
  await clock.advance(500);
  assert.equal(server.last.url, 'https://host/sub/v1/poll');
});

test('climbs back to a WebSocket through which the server answers, and loses nothing on the way', async () => {
  const { signaling, stream } = await overSse({ climb: { baseMs: 1_000, capMs: 4_000 } });
  const [states, opens, heard] = [[], [], []];
  signaling.on('state', ({ state }) => states.push(state));
  signaling.on('open', ({ recovered }) => opens.push(recovered));
  signaling.on('message', ({ data }) => heard.push(data));
  stream.say({ type: 'message', data: 1 });
  await clock.advance(1_000);
  const socket = FakeSocket.last;
  socket.readyState = 1;
  socket.onopen();
  assert.deepEqual(socket.sent, [{ type: 'ping' }]);
  stream.say({ type: 'message', data: 2 });
  await settled();
  socket.say({ type: 'error', code: 'hello_required', message: '' });
  assert.deepEqual(socket.sent[1].resume, { ticket: 't1', received: 2 });
  stream.say({ type: 'message', data: 3 });
  const asked = signaling.request({ type: 'update', name: 'a' });
  await settled();
  assert.deepEqual(heard, [1, 2], 'what comes now comes again over the WebSocket');
  assert.equal(socket.sent.length, 2, 'nothing is said before the welcome');
  socket.say({ ...WELCOME, ticket: 't2', recovered: true, received: 0 });
  assert.equal(socket.sent[2].name, 'a');
  socket.say({ type: 'message', data: 3 });
  socket.say({ type: 'ok', re: socket.sent[2].id });
  assert.equal((await asked).type, 'ok');
  await clock.advance(2_000);
  assert.deepEqual([states, opens, heard, signaling.transport], [[], [true], [1, 2, 3], 'websocket']);
  assert.ok(stream.aborted);
  assert.equal(server.posts.length, 1, 'the hello alone');
});

test('an attempt to climb that fails disturbs nobody and is repeated ever more rarely', async () => {
  const { signaling, stream } = await overSse({ climb: { baseMs: 1_000, capMs: 4_000 } });
  const opened = FakeSocket.all.length;
  const times = [];
  for (let second = 0; second < 15; second++) {
    const before = FakeSocket.all.length;
    await clock.advance(1_000);
    if (FakeSocket.all.length === before) continue;
    times.push(second + 1);
    FakeSocket.last.drop(1006);
    stream.say({ type: 'pong' });
  }
  assert.deepEqual(times, [1, 3, 7, 11, 15]);
  assert.equal(FakeSocket.all.length, opened + 5);
  assert.equal(signaling.state, 'open');
  assert.ok(!stream.aborted);
});

test('a WebSocket that opens but carries nothing is not climbed to', async () => {
  const { signaling, stream } = await overSse({ climb: { baseMs: 1_000, capMs: 1_000 }, openTimeoutMs: 2_000 });
  await clock.advance(1_000);
  const socket = FakeSocket.last;
  socket.readyState = 1;
  socket.onopen();
  await clock.advance(2_000);
  assert.equal(socket.closedWith, 1000);
  assert.equal(signaling.transport, 'sse');
  assert.ok(!stream.aborted);
});

test('closing says bye before the stream ends', async () => {
  const { signaling, stream } = await overSse();
  signaling.close();
  await settled();
  assert.ok(!stream.aborted);
  assert.deepEqual((await take()).map(({ type }) => type), ['bye']);
  assert.ok(stream.aborted);
  await clock.advance(120_000);
  assert.equal(clock.pending, 0);
});

test('bye does not wait for the answer to what was said before: the page may be gone by then', async () => {
  const { signaling } = await overSse();
  signaling.notify({ type: 'send', data: 1 });
  await settled();
  const before = server.posts.length;
  signaling.close();
  const last = server.posts.slice(before);
  assert.deepEqual(last.map(({ messages }) => messages.map(({ type }) => type)), [['send'], ['bye']]);
  assert.deepEqual(last.map(({ url }) => new URL(url).searchParams.get('post')), ['2', '3'], 'what has no answer goes out again, under its number');
});

test('events are read whole however their bytes are cut', () => {
  const text = ': comment\n\nevent: open\ndata: {"a":1}\n\nid: 1\r\ndata: x\r\ndata:y\r\n\r\nevent: none\n\ndata\n\n';
  const whole = [{ event: 'open', data: '{"a":1}' }, { event: 'message', data: 'x\ny' }, { event: 'message', data: '' }];
  for (let size = 1; size <= text.length; size++) {
    const parser = new EventParser();
    const events = [];
    for (let at = 0; at < text.length; at += size) events.push(...parser.push(text.slice(at, at + size)));
    assert.deepEqual(events, whole, `pieces of ${size}`);
  }
});
