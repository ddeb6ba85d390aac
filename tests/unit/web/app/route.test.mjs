// What addresses mean, which rooms exist, which relays are kept.

import assert from 'node:assert/strict';
import { webcrypto } from 'node:crypto';
import { test } from 'node:test';
import { isRoomName, newRoomName } from '../../../../web/app/room_name.js';
import { filterIceServers, personalLink, readRoute } from '../../../../web/app/route.js';

const at = (pathname, search = '', hash = '') => readRoute({ pathname, search, hash });

// Node 18 keeps it to itself.
globalThis.crypto ??= webcrypto;

test('addresses lead to pages', () => {
  assert.equal(at('/').page, 'start');
  assert.equal(at('/index.html').page, 'start');
  assert.deepEqual([at('/r/stand-up').page, at('/r/stand-up').room], ['room', 'stand-up']);
  assert.deepEqual([at('/some/index.html', '?room=a').page, at('/some/index.html', '?room=a').room], ['room', 'a']);
  for (const path of ['/r/', '/r/a%20b', '/r/%E0%A4%A', '/r/%3Cb%3E', `/r/${'a'.repeat(65)}`, '/r/한국']) assert.equal(at(path).page, 'bad_room', path);
  for (const path of ['/x', '/r', '/r/a/b']) assert.equal(at(path).page, 'not_found', path);
});

test('switches for support are read, and nonsense is not', () => {
  assert.deepEqual([at('/r/a', '?relay=1&transport=tls').relayOnly, at('/r/a', '?relay=1&transport=tls').transport], [true, 'tls']);
  assert.deepEqual([at('/r/a', '?relay=yes&transport=ftp').relayOnly, at('/r/a', '?relay=yes&transport=ftp').transport], [false, '']);
});

test('what lets its bearer in stands after the #, and comes out as it went in', () => {
  const token = 'nt_a+b/c=&d%20';
  assert.equal(at('/r/a', '', new URL(personalLink('https://host/r/a', token)).hash).token, token);
  assert.equal(at('/r/a', '', '').token, '');
  assert.equal(at('/r/a', '?token=x', '#other').token, '');
});

test('one transport keeps only its urls', () => {
  const servers = [{ urls: ['stun:h', 'turn:h?transport=udp', 'turn:h?transport=tcp', 'turns:h?transport=tcp'], username: 'u', credential: 'c' }, { urls: 'stun:x' }];
  const kept = (transport) => filterIceServers(servers, transport).flatMap((server) => server.urls);
  assert.deepEqual(kept('udp'), ['turn:h?transport=udp']);
  assert.deepEqual(kept('tcp'), ['turn:h?transport=tcp']);
  assert.deepEqual(kept('tls'), ['turns:h?transport=tcp']);
  assert.equal(filterIceServers(servers, ''), servers);
});

test('new room names are allowed ones, and differ', () => {
  const names = Array.from({ length: 200 }, newRoomName);
  assert.ok(names.every(isRoomName));
  assert.ok(new Set(names).size > 195);
});
