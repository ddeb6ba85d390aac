// The doctor page behind real NATs and firewalls: Chromium in a network namespace, the servers in another, nftables between.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { CallPage } from './harness/browser.mjs';
import { DoctorPage } from './harness/doctor_page.mjs';
import { OUTSIDE, SERVER, canRoute } from './harness/nat.mjs';
import { NO_NAMESPACES, NatSuite } from './harness/nat_suite.mjs';

const skip = !canRoute() && NO_NAMESPACES;
let suite, network, turn;

before(async () => {
  if (skip) return;
  suite = await NatSuite.start();
  ({ network, turn } = suite);
});
after(() => suite?.stop());

async function examined() {
  const doctor = new DoctorPage(await CallPage.open(suite.browser, suite.origin));
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
  network.route('masquerade', [`tcp dport != ${suite.webPort} drop`, 'meta l4proto udp drop']);
  const { title, level, rules } = await examined();
  assert.deepEqual([title, level], ['Calls will fail from here: no relay can be reached.', 'bad']);
  assert.deepEqual(rules, [
    `UDP to ${SERVER}:${turn.port('udp')}`, `TCP to ${SERVER}:${turn.port('tcp')}`, `TCP with TLS to ${SERVER}:${turn.port('tls')}, without inspection`,
  ]);
});
