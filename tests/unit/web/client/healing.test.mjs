// When a broken path is repaired, with simulated time.

import assert from 'node:assert/strict';
import { afterEach, beforeEach, test } from 'node:test';
import { Healing } from '../../../../web/client/healing.js';
import { FakeClock } from './fake_clock.mjs';

let clock;
beforeEach(() => {
  clock = new FakeClock();
  clock.install();
});
afterEach(() => clock.restore());

class End {
  restarts = 0;
  gaveUp = false;
  reachable = true;
  healing = new Healing({ reachable: () => this.reachable, restart: () => this.restarts++, giveUp: () => (this.gaveUp = true) });
}

test('both ends hear of a broken path at once: one restarts, and the other only where that was in vain', async () => {
  for (const how of ['disconnected', 'failed']) {
    const [first, second] = [new End(), new End()];
    first.healing.begin(how, false);
    second.healing.begin(how, true);
    await clock.advance(how === 'failed' ? 0 : 3_000);
    assert.deepEqual([first.restarts, second.restarts], [1, 0], how);
    await clock.advance(2_000);
    assert.deepEqual([first.restarts, second.restarts], [1, 1], how);
    first.healing.stop();
    second.healing.end();
  }
});

test('a path that mends itself is left alone', async () => {
  const end = new End();
  end.healing.begin('disconnected', false);
  await clock.advance(2_999);
  end.healing.end();
  await clock.advance(60_000);
  assert.equal(end.restarts, 0);
  assert.equal(clock.pending, 0);
});

test('restarts come less and less often, wait for signaling, and have an end', async () => {
  const end = new End();
  end.reachable = false;
  end.healing.begin('failed', false);
  await clock.advance(60_000);
  assert.equal(end.restarts, 0);
  end.reachable = true;
  end.healing.resume();
  for (const [ms, restarts] of [[0, 1], [8_000, 2], [8_000, 3], [16_000, 4]]) {
    await clock.advance(ms);
    assert.equal(end.restarts, restarts);
  }
  await clock.advance(29_999);
  assert.equal(end.gaveUp, false);
  await clock.advance(1);
  assert.equal(end.gaveUp, true);
  assert.equal(clock.pending, 0);
});
