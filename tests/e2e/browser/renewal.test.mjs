// A relayed call outlives the credentials it began with: noom-signal renews them, @noom/client moves to the new ones, and noom-turn
// ends what was allocated with the old ones.

import assert from 'node:assert/strict';
import { after, afterEach, before, test } from 'node:test';
import { Suite } from './harness/suite.mjs';

const TTL_S = 12;
const LIFETIMES = 3;

let suite;
before(async () => (suite = await Suite.start({ signal: { turn: { ttl_s: TTL_S } } })));
afterEach(() => suite.closePages());
after(() => suite.stop());

/** Runs inside the page: what comes of gathering relayed candidates alone with these servers. */
async function gather(iceServers) {
  const connection = new RTCPeerConnection({ iceServers, iceTransportPolicy: 'relay' });
  const found = { candidates: 0, errors: [] };
  connection.onicecandidateerror = ({ errorCode }) => found.errors.push(errorCode);
  connection.onicecandidate = ({ candidate }) => (found.candidates += candidate?.candidate ? 1 : 0);
  connection.createDataChannel('x');
  await connection.setLocalDescription();
  await new Promise((resolve) => connection.addEventListener('icegatheringstatechange', () => connection.iceGatheringState === 'complete' && resolve()));
  connection.close();
  return found;
}

test('a relayed call goes on over several lifetimes of its credentials, and the old ones are refused', async () => {
  const ann = await suite.sdkPage();
  const bo = await suite.sdkPage();
  await ann.join('long', 'Ann', { path: 'relay' });
  await bo.join('long', 'Bo', { path: 'relay' });
  await Promise.all([ann.seesMovingVideo(), bo.seesMovingVideo()]);
  for (let lifetime = 0; lifetime < LIFETIMES; lifetime++) {
    for (const person of [ann, bo]) {
      await person.until('the next credentials', (count) => window.seen.iceServers.length > count, lifetime + 1);
      await person.seesMovingVideo();
    }
  }
  const { iceServers } = await ann.seen();
  const relayOf = (servers) => servers.find(({ username }) => username);
  const expiries = iceServers.map((servers) => Number.parseInt(relayOf(servers).username, 10));
  await ann.until('the credentials of the beginning to be long over', (end) => Date.now() / 1000 > end, expiries[0] + 2 * TTL_S);
  await Promise.all([ann.seesMovingVideo(), bo.seesMovingVideo()]);

  assert.deepEqual(await ann.page.evaluate(gather, iceServers[0].slice(-1)), { candidates: 0, errors: [401, 401, 401] });
  for (const person of [ann, bo]) {
    const { links, left, peerStates } = await person.seen();
    assert.deepEqual([links.length, left], [1, []]);
    assert.deepEqual(peerStates.filter((state) => state !== 'connected'), [], 'the path was never broken');
  }
});

test('an application may ask for new servers ahead of time; connections that are not relayed do not restart', async () => {
  const ann = await suite.sdkPage();
  const bo = await suite.sdkPage();
  await ann.join('asked', 'Ann');
  await bo.join('asked', 'Bo');
  await ann.seesMovingVideo();
  const ufrag = () => ann.page.evaluate(() => /ice-ufrag:(.*)/.exec(window.room.peers[0].link.pc.localDescription.sdp)[1]);
  const before = await ufrag();
  await ann.page.evaluate(() => window.room.renewIceServers());
  assert.equal((await ann.seen()).iceServers.length, 2);
  assert.equal(await ufrag(), before);
});
