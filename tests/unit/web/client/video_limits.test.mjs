// What is sent to one person is made smaller by setParameters, and only when it changes.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { limitVideo } from '../../../../web/client/video_limits.js';

const LIMITS = { heightMax: 360, bitsPerSecondMax: 500_000 };

/** A peer to whom video of that height is sent. */
function sendingTo(height, refuse = false) {
  let encodings = [{}];
  const set = [];
  const sender = {
    track: { kind: 'video', getSettings: () => ({ height }) },
    getParameters: () => ({ encodings: structuredClone(encodings) }),
    async setParameters(parameters) {
      if (refuse) throw new Error('refused');
      encodings = parameters.encodings;
      set.push(structuredClone(encodings[0]));
    },
  };
  return { peer: { link: { pc: { getSenders: () => [{ track: null }, sender] } } }, set };
}

test('a picture is scaled down to the limit and its rate bounded, once; without a limit it is as it was', async () => {
  const { peer, set } = sendingTo(720);
  assert.equal(await limitVideo(peer, LIMITS), true);
  assert.equal(await limitVideo(peer, LIMITS), true);
  assert.equal(await limitVideo(peer, null), true);
  assert.deepEqual(set, [{ scaleResolutionDownBy: 2, maxBitrate: 500_000 }, { scaleResolutionDownBy: 1 }]);
});

test('a picture that is small is not made larger', async () => {
  const { peer, set } = sendingTo(240);
  await limitVideo(peer, LIMITS);
  assert.deepEqual(set, [{ scaleResolutionDownBy: 1, maxBitrate: 500_000 }]);
});

test('without video, a connection, or a browser that does it, nothing is done', async () => {
  const { peer } = sendingTo(720, true);
  for (const one of [{ link: null }, { link: { pc: { getSenders: () => [] } } }, peer]) assert.equal(await limitVideo(one, LIMITS), false);
});
