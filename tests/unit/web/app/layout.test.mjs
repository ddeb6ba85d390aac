// Tiles fit the stage, do not overlap, and keep a camera's shape.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { grid, pair, spotlight } from '../../../../web/app/layout.js';

const STAGES = [[344, 560], [744, 850], [1400, 740], [900, 400], [3800, 2000]];

function check(places, width, height) {
  for (const { x, y, w, h } of places) {
    assert.ok(w > 0 && h > 0);
    assert.ok(x >= -0.5 && y >= -0.5 && x + w <= width + 0.5 && y + h <= height + 0.5, JSON.stringify({ x, y, w, h, width, height }));
  }
  places.filter((place) => !place.floating).forEach((a, i, all) =>
    all.slice(i + 1).forEach((b) => assert.ok(a.x + a.w <= b.x + 0.5 || b.x + b.w <= a.x + 0.5 || a.y + a.h <= b.y + 0.5 || b.y + b.h <= a.y + 0.5)));
}

test('a grid of 1 to 12 fits every stage', () => {
  for (const [width, height] of STAGES) {
    for (let count = 1; count <= 12; count++) {
      const places = grid(count, width, height, 12);
      assert.equal(places.length, count);
      check(places, width, height);
      for (const { w, h } of places) assert.ok(w / h > 0.74 && w / h < 1.79);
    }
  }
});

test('a pair fills the stage and floats oneself inside it', () => {
  for (const [width, height] of STAGES) check(pair(width, height, 12), width, height);
});

test('a shared screen gets most of the stage', () => {
  for (const [width, height] of STAGES) {
    for (let count = 1; count <= 8; count++) {
      const places = spotlight(count, width, height, 12);
      check(places, width, height);
      const [large] = places;
      assert.ok(large.w * large.h > 0.4 * width * height);
    }
  }
});
