// The doctor page behind real NATs and firewalls: Chromium in a network namespace, the servers in another, nftables between.

import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, before, test } from 'node:test';
import { CallPage, launchChromium } from './harness/browser.mjs';
import { makeCertificates } from './harness/certificates.mjs';
import { Daemon, WEB_ROOT } from './harness/daemon.mjs';
import { DoctorPage } from './harness/doctor_page.mjs';
import { NatNetwork, OTHER_SERVER, OUTSIDE, SERVER, canRoute } from './harness/nat.mjs';
import { SECRET } from './harness/suite.mjs';

const skip = !canRoute() && 'making network namespaces takes root, ip and nft';
const network = new NatNetwork();
let directory;
let turn;
let signal;
let browser;

before(async () => {
  if (skip) return;
  network.up();
  network.route('masquerade');
  directory = mkdtempSync(path.join(tmpdir(), 'noom-nat-'));
  const { home, certificate, key } = makeCertificates(directory, [SERVER]);
  const started = { namespace: network.outside };
  turn = await Daemon.start('noom-turn', {
    listen: { udp: [`${SERVER}:0`, `${OTHER_SERVER}:0`], tcp: [`${SERVER}:0`], tls: [`${SERVER}:0`] },
    tls: { certificate, key },
    relay: { addresses: [SERVER] },
    auth: { realm: 'noom.test', rest_secrets: [SECRET] },
  }, started);
  const [first, second] = turn.ready.listeners.filter(({ transport }) => transport === 'udp');
  signal = await Daemon.start('noom-signal', {
    listen: { http: [], https: [`${SERVER}:0`] },
    tls: { certificate, key },
    web: { root: WEB_ROOT },
    turn: {
      urls: [
        `stun:${second.address}:${second.port}`,
        `turn:${first.address}:${first.port}?transport=udp`,
        `turn:${SERVER}:${turn.port('tcp')}?transport=tcp`,
        `turns:${SERVER}:${turn.port('tls')}?transport=tcp`,
      ],
      rest_secret: SECRET,
    },
  }, started);
  browser = await launchChromium(home, network.wrap('/usr/bin/chromium', directory));
});

after(async () => {
  await browser?.close();
  const ends = await Promise.allSettled([signal, turn].map((one) => one?.stop()));
  network.down();
  if (directory) rmSync(directory, { recursive: true, force: true });
  for (const { reason } of ends) if (reason) throw reason;
});

const webPort = () => signal.ready.listeners[0].port;

async function examined() {
  const doctor = new DoctorPage(await CallPage.open(browser, `https://${SERVER}:${webPort()}`));
  await doctor.open();
  await doctor.examine();
  const found = { ...(await doctor.verdict()), rows: await doctor.rows(), rules: await doctor.rules() };
  await doctor.person.close();
  assert.deepEqual(doctor.person.problems, []);
  return found;
}

test('behind a NAT that keeps its mapping', { skip }, async () => {
  network.route('masquerade');
  const { level, rows } = await examined();
  assert.equal(level, 'good');
  assert.equal(rows['Public IPv4 address'].text, OUTSIDE);
  assert.equal(rows['Address translation'].text, 'Friendly: direct calls are likely');
});

test('behind a NAT with a mapping for each destination', { skip }, async () => {
  network.route('masquerade random,fully-random');
  const { level, rows } = await examined();
  assert.equal(level, 'good');
  assert.equal(rows['Public IPv4 address'].text, OUTSIDE);
  assert.equal(rows['Address translation'].text, 'Strict: direct calls are unlikely, a relay is needed');
});

test('where UDP is blocked', { skip }, async () => {
  network.route('masquerade', ['meta l4proto udp drop']);
  const { title, level, rows, rules } = await examined();
  assert.deepEqual([title, level], ['Calls will work, but not at their best: UDP is blocked.', 'fair']);
  assert.equal(rows['Relay over UDP'].text, 'No answer');
  for (const way of ['Relay over TCP', 'Relay over TLS']) assert.equal(rows[way].text, 'Works', way);
  assert.equal(rows['Address translation'].text, 'Unknown: no server answered');
  assert.deepEqual(rules, [`UDP to ${SERVER}:${turn.port('udp')}`]);
});

test('where only the web server can be reached', { skip }, async () => {
  network.route('masquerade', [`tcp dport != ${webPort()} drop`, 'meta l4proto udp drop']);
  const { title, level, rules } = await examined();
  assert.deepEqual([title, level], ['Calls will fail from here: no relay can be reached.', 'bad']);
  assert.deepEqual(rules, [
    `UDP to ${SERVER}:${turn.port('udp')}`, `TCP to ${SERVER}:${turn.port('tcp')}`, `TCP with TLS to ${SERVER}:${turn.port('tls')}, without inspection`,
  ]);
});
