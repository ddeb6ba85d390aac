// The game for two: its rules, what a channel that loses messages may do to it, and two browsers that play it.

import assert from 'node:assert/strict';
import { after, afterEach, before, test } from 'node:test';
import { readGameMessage } from '../../../web/app/game_messages.js';
import { FIELD, POINTS_TO_WIN, clampPaddle, isOver, newPong, step } from '../../../web/app/pong.js';
import { PATIENCE_MS } from './harness/browser.mjs';
import { Suite } from './harness/suite.mjs';
import { until } from './harness/until.mjs';

let suite;
before(async () => (suite = await Suite.start()));
afterEach(() => suite.closePages());
after(() => suite.stop());

function play(pong, seconds, players = {}) {
  for (let at = 0; at < seconds; at += 0.033) pong = step({ ...pong, ...players(pong) }, 0.033, 0.5);
  return pong;
}

test('the ball stays in the field while both paddles follow it, and gets no faster than it may', () => {
  const pong = play(newPong(), 60, ({ x }) => ({ host: clampPaddle(x + 8), guest: clampPaddle(x - 8) }));
  assert.deepEqual(pong.score, [0, 0]);
  assert.ok(pong.x >= 0 && pong.x <= FIELD.width && pong.y >= 0 && pong.y <= FIELD.height);
  assert.ok(Math.hypot(pong.vx, pong.vy) <= 150.001);
});

test('whoever misses gives a point away, until one has won', () => {
  const pong = play(newPong(), 60, ({ x }) => ({ host: clampPaddle(x), guest: x < 50 ? 90 : 10 }));
  assert.equal(pong.score[0], POINTS_TO_WIN);
  assert.equal(isOver(pong), true);
  assert.equal(step(pong, 1, 0.5), pong);
});

test('what is not a message of the game is ignored', () => {
  const good = { k: 'state', g: '0123abcd', n: 3, b: [1, 2], p: [50, 50], s: [0, 1] };
  assert.deepEqual(readGameMessage(JSON.stringify(good)), good);
  const bad = [null, 7, '', '{', '[]', 'null', '"x"', { ...good, g: 'x' }, { ...good, n: -1 }, { ...good, n: 1e99 }, { ...good, b: [1] }, { ...good, b: [1, null] }, { ...good, p: [1, 1e9] },
    { ...good, s: [0.5, 0] }, { ...good, s: ['<b>', 0] }, { k: 'move', g: good.g, n: 1, x: 'x' }, { k: 'nonsense', g: good.g, n: 1 }, { k: 'invite', g: '../../etc' }, { ...good, more: 'x'.repeat(400) }];
  for (const one of bad) assert.equal(readGameMessage(typeof one === 'object' && one ? JSON.stringify(one) : one), null, JSON.stringify(one));
});

test('two people play to the end, and the channel is unordered and unreliable', async () => {
  const ann = await suite.page();
  const bo = await suite.page();
  await ann.page.addInitScript(() => {
    window.noomChannels = [];
    const create = RTCPeerConnection.prototype.createDataChannel;
    RTCPeerConnection.prototype.createDataChannel = function (...args) {
      const channel = create.apply(this, args);
      window.noomChannels.push(channel);
      return channel;
    };
  });
  await ann.join('game', 'Ann');
  await bo.join('game', 'Bo');
  await ann.tile('Bo').and(ann.page.locator('[data-state="connected"]')).waitFor();
  const channel = await ann.page.evaluate(() => {
    const { ordered, maxRetransmits } = window.noomChannels.find(({ label }) => label === 'game');
    return { ordered, maxRetransmits };
  });
  assert.deepEqual(channel, { ordered: false, maxRetransmits: 0 });
  await ann.tile('Bo').hover();
  await ann.tile('Bo').locator('.tile-menu').click();
  await ann.page.locator('[data-tile-action="play"]').click();
  await bo.page.locator('#game-status', { hasText: 'Ann invites you' }).waitFor();
  await bo.page.locator('#game-accept').click();
  await ann.page.locator('#game-status', { hasText: 'Five points' }).waitFor();
  // Into the corners: neither catches the ball for long.
  await ann.page.locator('#game-field').focus();
  for (let press = 0; press < 8; press++) await ann.page.keyboard.press('ArrowLeft');
  await bo.page.locator('#game-field').hover({ position: { x: 4, y: 40 } });
  const scored = (person) => person.page.locator('#game-score').textContent();
  await until('a point', PATIENCE_MS, async () => (await scored(ann)) !== '0 : 0');
  await until('the score to be said', PATIENCE_MS, async () => /^You \d, the other side \d/.test(await ann.page.locator('#announcer').textContent()));
  await ann.screenshot('call-game');
  await until('the end of the game', PATIENCE_MS, () => ann.page.locator('#game-again').isVisible());
  await bo.page.locator('#game-again').waitFor();
  const [annsScore, bosScore] = [await scored(ann), await scored(bo)];
  assert.equal(annsScore.split(' : ').reverse().join(' : '), bosScore, 'each sees the other side of the same score');
  const words = [await ann.page.locator('#game-status').textContent(), await bo.page.locator('#game-status').textContent()];
  assert.deepEqual(words.map((text) => text.includes('You have won')).sort(), [false, true]);

  await bo.page.locator('#game-again').click();
  await ann.page.locator('#game-decline').click();
  await bo.page.locator('#game-status', { hasText: 'no time for a game' }).waitFor();
});
