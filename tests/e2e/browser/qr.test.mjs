// The page's QR codes against those of qrencode (made by `qrencode -8 -l M -t ASCII -m 0`; mask and rows, hexadecimal, as it drew them).

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { encodeQr } from '../../../web/app/qr.js';

const vectors = JSON.parse(readFileSync(new URL('../../vectors/qr_level_m.json', import.meta.url), 'utf8'));
const inHex = (modules) => modules.map((row) => BigInt(`0b${row.map((dark) => (dark ? 1 : 0)).join('')}`).toString(16));

for (const { text, mask, rows } of vectors)
  test(`${text.length} characters in ${rows.length}×${rows.length} modules are drawn as qrencode draws them`, () => {
    assert.deepEqual(inHex(encodeQr(text, { mask })), rows);
  });

test('without a wish for a mask, one of the eight is taken, and always the same', () => {
  const [{ text }] = vectors;
  const drawn = inHex(encodeQr(text));
  assert.ok(Array.from({ length: 8 }, (_, mask) => inHex(encodeQr(text, { mask }))).some((one) => String(one) === String(drawn)));
  assert.deepEqual(inHex(encodeQr(text)), drawn);
});

test('the longest text fits, one byte more does not', () => {
  assert.equal(encodeQr('x'.repeat(666)).length, 97);
  assert.throws(() => encodeQr('x'.repeat(667)), RangeError);
});
