// What the doctor page makes of its findings, without a browser: which checks there are, what the NAT is, the verdict, the beacon.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { beaconOf } from '../../../web/doctor/beacon.js';
import { hostAndPort, relaysOf, stunUrlsOf } from '../../../web/doctor/plan.js';
import { explain } from '../../../web/doctor/relay_check.js';
import { judgeStun } from '../../../web/doctor/stun_check.js';
import { judge } from '../../../web/doctor/verdict.js';

const OK = { outcome: 'ok' };
const DEAD = { outcome: 'unreachable' };
const check = (transport, finding, url = '') => ({ transport, finding, url });
const SIGNALING = ['websocket', 'sse', 'poll'].map((transport) => check(transport, OK));

function relays(udp, tcp = udp, tls = tcp) {
  return [
    check('turn_udp', udp, 'turn:t.example:3478?transport=udp'),
    check('turn_tcp', tcp, 'turn:t.example:3478?transport=tcp'),
    check('turn_tls', tls, 'turns:t.example?transport=tcp'),
  ];
}

function verdict(parts) {
  return judge({ signaling: SIGNALING, stun: [], relays: relays(OK), nat: 'easy', refusal: '', over: true, ...parts }, 'n.example:443');
}

test('servers are taken apart into one check for each URL, once', () => {
  const server = { urls: ['turn:t.example', 'turn:t.example?transport=tcp', 'turns:t.example', 'turns:t.example?transport=udp', 'stun:s.example'], username: 'u', credential: 'c' };
  const again = { urls: 'turn:t.example', username: 'v', credential: 'd' };
  const found = relaysOf([server, again]);
  assert.deepEqual(found.map(({ transport }) => transport), ['turn_udp', 'turn_tcp', 'turn_tls', 'turn_dtls']);
  assert.ok(found.every((relay) => relay.server === server));
  assert.deepEqual(stunUrlsOf([server, again]), ['stun:t.example:3478', 'stun:s.example:3478']);
});

test('an endless list is not examined endlessly', () => {
  const urls = Array.from({ length: 100 }, (_, i) => `turn:t${i}.example`);
  assert.equal(relaysOf([{ urls }]).length, 12);
  assert.equal(stunUrlsOf([{ urls }]).length, 4);
});

test('hosts and ports are read as RFC 7064 and RFC 7065 write them', () => {
  for (const [url, expected] of [
    ['turn:t.example', 't.example:3478'],
    ['turns:t.example', 't.example:5349'],
    ['turns:t.example:443?transport=tcp', 't.example:443'],
    ['turn:[2001:db8::1]:99?transport=udp', '[2001:db8::1]:99'],
    ['stun:[2001:db8::1]', '[2001:db8::1]:3478'],
    ['stun:192.0.2.1:1', '192.0.2.1:1'],
  ]) assert.equal(hostAndPort(url), expected);
});

for (const [what, parts, key, level, rules] of [
  ['all well', {}, 'good', 'good', []],
  ['UDP blocked', { relays: relays(DEAD, OK) }, 'udp_blocked', 'fair', ['udp t.example:3478']],
  ['UDP and TCP blocked', { relays: relays(DEAD, DEAD, OK) }, 'udp_blocked', 'fair', ['udp t.example:3478', 'tcp t.example:3478']],
  ['TLS alone blocked', { relays: relays(OK, OK, DEAD) }, 'partly', 'fair', ['tls t.example:5349']],
  ['nothing gets to the relay, behind an easy NAT', { relays: relays(DEAD) }, 'relay_blocked', 'fair', ['udp t.example:3478', 'tcp t.example:3478', 'tls t.example:5349']],
  ['nothing gets to the relay, behind a hard NAT', { relays: relays(DEAD), nat: 'hard' }, 'relay_blocked_hard', 'bad', ['udp t.example:3478', 'tcp t.example:3478', 'tls t.example:5349']],
  ['the credentials are refused', { relays: relays({ outcome: 'unauthorized', code: 401 }) }, 'relay_refuses', 'bad', []],
  ['they are refused where anything gets through', { relays: relays(DEAD, { outcome: 'unauthorized', code: 401 }) }, 'relay_refuses', 'bad', []],
  ['relays without a way through them', { relays: relays({ outcome: 'no_path' }) }, 'relay_broken', 'bad', []],
  ['what the browser cannot do is no fault', { relays: [...relays(OK), check('turn_dtls', { outcome: 'unsupported' }, 'turns:t.example?transport=udp')] }, 'good', 'good', []],
  ['no relay', { relays: [] }, 'no_relay', 'fair', []],
  ['no relay behind a hard NAT', { relays: [], nat: 'hard' }, 'no_relay', 'bad', []],
  ['a lossy line', { relays: relays({ outcome: 'ok', lossPercent: 20 }) }, 'poor', 'fair', []],
  ['a slow line', { relays: relays({ outcome: 'ok', rttMs: 900 }) }, 'poor', 'fair', []],
  ['WebSockets blocked', { signaling: [check('websocket', DEAD), ...SIGNALING.slice(1)] }, 'no_websocket', 'fair', ['websocket n.example:443']],
  ['the server is silent', { signaling: SIGNALING.map(({ transport }) => check(transport, DEAD)), relays: [] }, 'server_silent', 'bad', ['websocket n.example:443', 'https n.example:443']],
  ['a token is wanted', { relays: [], refusal: 'token_required' }, 'token_needed', 'bad', []],
  ['the server is full', { relays: [], refusal: 'too_many_rooms' }, 'not_let_in', 'bad', []],
]) {
  test(`verdict: ${what}`, () => {
    const found = verdict(parts);
    assert.deepEqual([found.key, found.level, found.rules.map(({ protocol, target }) => `${protocol} ${target}`)], [key, level, rules]);
  });
}

test('an answer of the relay says more than the silence of another address', () => {
  const silent = { code: 701, text: 'timed out', url: '' };
  const lookup = { code: 701, text: 'TURN host lookup received error.', url: '' };
  assert.deepEqual(explain([silent, { code: 401, text: '', url: '' }]), { outcome: 'unauthorized', code: 401 });
  assert.deepEqual(explain([{ code: 486, text: '', url: '' }, silent]), { outcome: 'refused', code: 486 });
  assert.deepEqual(explain([lookup, lookup]), { outcome: 'unreachable', nameUnknown: true });
  assert.deepEqual(explain([lookup, silent]), { outcome: 'unreachable', nameUnknown: false });
  assert.deepEqual(explain([]), { outcome: 'unreachable', nameUnknown: false });
});

const srflx = (address, port, relatedPort = 0) => ({ type: 'srflx', protocol: 'udp', address, port, relatedAddress: '0.0.0.0', relatedPort });
const host = (address) => ({ type: 'host', protocol: 'udp', address, port: 1 });
const gathered = (candidates, complete = true, errors = []) => ({ candidates, complete, errors });

test('the NAT is told by what two servers see of one port', () => {
  const one = gathered([srflx('192.0.2.1', 1000)]);
  const nat = (together, alone) => judgeStun(gathered(together), alone).nat;
  assert.equal(nat([srflx('192.0.2.1', 1000)], [one, one]), 'easy');
  assert.equal(nat([srflx('192.0.2.1', 1000), srflx('192.0.2.1', 1001)], [one, one]), 'hard');
  assert.equal(nat([srflx('192.0.2.1', 1000), srflx('192.0.2.9', 1000)], [one, one]), 'hard');
  assert.equal(nat([srflx('192.0.2.1', 1000, 7), srflx('192.0.2.1', 1001, 8)], [one, one]), 'easy', 'two ports of ours');
  assert.equal(nat([srflx('192.0.2.1', 1000)], [one]), 'unknown');
  assert.equal(nat([srflx('192.0.2.1', 1000)], [one, gathered([], false)]), 'unknown');
  assert.equal(nat([], [gathered([]), gathered([])]), 'none');
  assert.equal(nat([host('192.0.2.1'), srflx('192.0.2.1', 1)], [one, one]), 'none');
  assert.equal(nat([], [gathered([], false), gathered([], true, [{ code: 701, text: '', url: '' }])]), 'unseen');
});

test('addresses are told by family', () => {
  const both = [srflx('192.0.2.1', 1), srflx('2001:db8::1', 2)];
  const { v4, v6 } = judgeStun(gathered(both), [gathered(both)]);
  assert.deepEqual([v4, v6], [{ outcome: 'ok', address: '192.0.2.1' }, { outcome: 'ok', address: '2001:db8::1' }]);
  const silent = judgeStun(gathered([], false), [gathered([], false)]);
  assert.deepEqual([silent.v4.outcome, silent.v6.outcome], ['unreachable', 'none']);
});

test('the beacon names ways and outcomes, and nothing else', () => {
  const diagnosis = {
    signaling: [check('websocket', OK), check('sse', { outcome: 'off' })],
    stun: [check('stun_v4', { outcome: 'ok', address: '192.0.2.1' }), check('stun_v6', { outcome: 'none' })],
    relays: relays(DEAD, { outcome: 'unauthorized', code: 401 }, null),
  };
  assert.equal(beaconOf(diagnosis), 'websocket ok\nstun_v4 ok\nturn_udp unreachable\nturn_tcp unauthorized\n');
});
