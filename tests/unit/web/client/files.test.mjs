// Files over a channel whose two ends are in this process, with as much of an RTCDataChannel as transfers depend on.

import assert from 'node:assert/strict';
import { createHash, randomBytes } from 'node:crypto';
import { test } from 'node:test';
import { Channel } from '../../../../web/client/channel.js';
import { AHEAD_BYTES_MAX, PIECE_BYTES } from '../../../../web/client/file_sender.js';
import { Files } from '../../../../web/client/files.js';
import { Sha256 } from '../../../../web/client/sha256.js';

/** One end; what is sent is buffered until the event loop has turned. */
class FakeDataChannel extends EventTarget {
  readyState = 'open';
  bufferedAmount = 0;
  bufferedAmountMax = 0;
  bufferedAmountLowThreshold = 0;
  sent = [];

  send(data) {
    const message = typeof data === 'string' ? data : data.slice(0);
    const bytes = message.length ?? message.byteLength;
    this.sent.push(message);
    this.bufferedAmount += bytes;
    this.bufferedAmountMax = Math.max(this.bufferedAmount, this.bufferedAmountMax);
    setImmediate(() => {
      const wasAbove = this.bufferedAmount > this.bufferedAmountLowThreshold;
      this.bufferedAmount -= bytes;
      if (this.other.readyState === 'open') this.other.onmessage?.({ data: this.garble?.(message) ?? message });
      if (wasAbove && this.bufferedAmount <= this.bufferedAmountLowThreshold) this.dispatchEvent(new Event('bufferedamountlow'));
    });
  }

  close() {
    for (const end of [this, this.other]) {
      end.readyState = 'closed';
      end.onclose?.();
    }
  }
}

function pair() {
  const [a, b] = [new FakeDataChannel(), new FakeDataChannel()];
  [a.other, b.other] = [b, a];
  const ends = [a, b].map((data) => {
    const channel = new Channel('files');
    channel.attach(data);
    return { data, channel, files: new Files({ channel: () => channel }) };
  });
  return { sender: ends[0], receiver: ends[1] };
}

const offered = (receiver) => new Promise((resolve) => receiver.files.on('offer', resolve, { once: true }));
const code = (promise) => promise.then(() => 'done', (error) => error.code);
const text = (end, message) => end.data.send(JSON.stringify(message));
const turns = async (count) => {
  for (let i = 0; i < count; i++) await new Promise((resolve) => setImmediate(resolve));
};

test('SHA-256 in pieces of any size is that of the whole', () => {
  for (const size of [0, 1, 55, 56, 63, 64, 65, 119, 120, 1000]) {
    const data = randomBytes(size);
    for (const step of [1, 7, 64, 1000]) {
      const hash = new Sha256();
      for (let at = 0; at < size; at += step) hash.update(data.subarray(at, at + step));
      assert.equal(hash.digest(), createHash('sha256').update(data).digest('hex'), `${size} bytes by ${step}`);
    }
  }
});

test('a file arrives as it was sent, and both ends hear how far it is', async () => {
  const { sender, receiver } = pair();
  const bytes = randomBytes(3 * 1024 * 1024 + 77);
  const offer = offered(receiver);
  const outgoing = sender.files.send(new Blob([bytes], { type: 'image/png' }), { name: 'photos/summer/holiday.png' });
  const incoming = await offer;
  assert.deepEqual([incoming.name, incoming.size, incoming.type, incoming.state], ['holiday.png', bytes.length, 'image/png', 'offered']);
  const progress = { outgoing: [], incoming: [] };
  outgoing.on('progress', ({ bytes: now }) => progress.outgoing.push(now));
  incoming.on('progress', ({ bytes: now }) => progress.incoming.push(now));
  const blob = await incoming.accept();
  await outgoing.finished;
  assert.deepEqual(Buffer.from(await blob.arrayBuffer()), bytes);
  assert.equal(blob.type, 'image/png');
  for (const seen of Object.values(progress)) {
    assert.ok(seen.length > 5);
    assert.deepEqual(seen, [...seen].sort((a, b) => a - b));
    assert.equal(seen.at(-1), bytes.length);
  }
  const pieces = sender.data.sent.filter((message) => typeof message !== 'string');
  assert.ok(pieces.every((piece) => piece.byteLength <= PIECE_BYTES));
  assert.ok(sender.data.bufferedAmountMax < 1024 * 1024 + 2 * PIECE_BYTES, 'the channel is not flooded');
});

test('an empty file is a file too, and one without a name gets one', async () => {
  const { sender, receiver } = pair();
  const offer = offered(receiver);
  const outgoing = sender.files.send(new Blob([]), { name: '..' });
  const incoming = await offer;
  assert.equal(incoming.name, 'file');
  assert.equal((await incoming.accept()).size, 0);
  await outgoing.finished;
});

test('nothing is sent before it is accepted, and nothing at all when it is rejected', async () => {
  const { sender, receiver } = pair();
  const offer = offered(receiver);
  const outgoing = sender.files.send(new Blob([randomBytes(100_000)]));
  const incoming = await offer;
  await turns(5);
  assert.equal(sender.data.sent.length, 1);
  incoming.reject();
  assert.deepEqual(await Promise.all([code(outgoing.finished), code(incoming.finished)]), ['rejected', 'rejected']);
  assert.equal(sender.data.sent.length, 1);
});

for (const who of ['sender', 'receiver']) {
  test(`the ${who} may cancel at any time`, async () => {
    const { sender, receiver } = pair();
    const offer = offered(receiver);
    const outgoing = sender.files.send(new Blob([randomBytes(8 * 1024 * 1024)]));
    const incoming = await offer;
    const done = code(incoming.accept());
    await new Promise((resolve) => incoming.on('progress', resolve, { once: true }));
    (who === 'sender' ? outgoing : incoming).cancel();
    assert.deepEqual([await code(outgoing.finished), await done], ['cancelled', 'cancelled']);
    await turns(5);
    const { length } = sender.data.sent;
    await turns(5);
    assert.equal(sender.data.sent.length, length, 'the sender has stopped');
  });
}

test('what was changed on its way is not taken for the file', async () => {
  const { sender, receiver } = pair();
  const offer = offered(receiver);
  const outgoing = sender.files.send(new Blob([randomBytes(50_000)]));
  sender.data.garble = (message) => {
    if (typeof message === 'string') return message;
    new Uint8Array(message)[10] ^= 1;
    return message;
  };
  const incoming = await offer;
  assert.deepEqual([await code(incoming.accept()), await code(outgoing.finished)], ['corrupted', 'corrupted']);
});

test('a closed channel ends what is on its way', async () => {
  const { sender, receiver } = pair();
  const offer = offered(receiver);
  const outgoing = sender.files.send(new Blob([randomBytes(8 * 1024 * 1024)]));
  const incoming = await offer;
  const done = code(incoming.accept());
  await turns(3);
  sender.data.close();
  assert.deepEqual([await code(outgoing.finished), await done], ['connection_lost', 'connection_lost']);
  sender.channel.close();
  assert.equal(sender.files.send(new Blob(['x'])), null);
});

test('a slow sink slows the sender down, and a broken one ends the transfer', async () => {
  const { sender, receiver } = pair();
  const offer = offered(receiver);
  const outgoing = sender.files.send(new Blob([randomBytes(2 * AHEAD_BYTES_MAX)]));
  const incoming = await offer;
  let release;
  const gate = new Promise((resolve) => (release = resolve));
  const chunks = [];
  const done = incoming.accept({ sink: new WritableStream({ write: async (chunk) => (await gate, chunks.push(chunk.length)) }) });
  await new Promise((resolve) => {
    let before = -1;
    const look = () => (before === sender.data.sent.length ? resolve() : ((before = sender.data.sent.length), void turns(20).then(look)));
    look();
  });
  const bytesSent = () => sender.data.sent.filter((message) => typeof message !== 'string').reduce((sum, piece) => sum + piece.byteLength - 4, 0);
  assert.ok(bytesSent() <= AHEAD_BYTES_MAX + PIECE_BYTES, `${bytesSent()} bytes ahead`);
  release();
  assert.equal(await done, null);
  await outgoing.finished;
  assert.equal(chunks.reduce((sum, size) => sum + size, 0), 2 * AHEAD_BYTES_MAX);

  const second = offered(receiver);
  const refused = sender.files.send(new Blob([randomBytes(100_000)]));
  const full = new WritableStream({ write: () => Promise.reject(new Error('disk full')) });
  assert.deepEqual([await code((await second).accept({ sink: full })), await code(refused.finished)], ['sink_failed', 'sink_failed']);
});

test('several files at a time do not mix', async () => {
  const { sender, receiver } = pair();
  const all = Array.from({ length: 5 }, () => randomBytes(300_000));
  const arriving = [];
  receiver.files.on('offer', (file) => arriving.push(file.accept()));
  await Promise.all(all.map((bytes) => sender.files.send(new Blob([bytes])).finished));
  const blobs = await Promise.all(arriving);
  for (const [i, blob] of blobs.entries()) assert.deepEqual(Buffer.from(await blob.arrayBuffer()), all[i]);
});

test('what a hostile peer says breaks nothing and costs little', async () => {
  const { sender, receiver } = pair();
  const offers = [];
  receiver.files.on('offer', (file) => offers.push(file));
  for (const message of ['{', '7', '[]', '{}', '{"offer":7}', '{"offer":{}}', '{"end":{"id":1}}', '{"have":{"id":1,"bytes":9}}', 'x'.repeat(5000)]) sender.data.send(message);
  for (const offer of [{ id: 0, size: 1 }, { id: 1, size: -1 }, { id: 1, size: 1e300 }, { id: 2 ** 32, size: 1 }, { id: 'x', size: 1 }]) text(sender, { offer });
  sender.data.send(new ArrayBuffer(2));
  sender.data.send(new ArrayBuffer(100));
  await turns(3);
  assert.deepEqual(offers, []);

  text(sender, { offer: { id: 9, size: 10, name: '../../etc/\u202epasswd\n', type: 'text/html; <script>' } });
  for (let id = 100; id < 200; id++) text(sender, { offer: { id, size: 1 } });
  await turns(3);
  assert.equal(offers.length, 16, 'only so many at a time');
  assert.deepEqual([offers[0].name, offers[0].type], ['passwd', '']);
  const outcome = code(offers[0].accept());
  const tooMuch = new Uint8Array(4 + 11);
  tooMuch[3] = 9;
  sender.data.send(tooMuch.buffer);
  assert.equal(await outcome, 'corrupted');
});

test('closing cancels what is on its way and listens no more', async () => {
  const { sender, receiver } = pair();
  const offer = offered(receiver);
  const outgoing = sender.files.send(new Blob([randomBytes(1_000_000)]));
  const incoming = await offer;
  receiver.files.close();
  assert.deepEqual([await code(outgoing.finished), await code(incoming.finished)], ['cancelled', 'cancelled']);
  sender.files.send(new Blob(['again']));
  await turns(3);
  assert.equal(receiver.data.sent.length, 1);
});
