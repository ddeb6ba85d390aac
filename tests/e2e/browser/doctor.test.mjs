// The doctor page against real daemons: all well, a wrong secret, relays and servers that do not answer.

import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import net from 'node:net';
import path from 'node:path';
import { after, afterEach, before, test } from 'node:test';
import { Daemon } from './harness/daemon.mjs';
import { DoctorPage } from './harness/doctor_page.mjs';
import { inEveryLook } from './harness/looks.mjs';
import { SECRET, Suite } from './harness/suite.mjs';

let suite;
let other;
before(async () => (suite = await Suite.start()));
afterEach(async () => {
  await suite.closePages();
  suite.proxy.open(suite.signal.port('http'));
  await other?.stop();
  other = undefined;
});
after(() => suite.stop());

async function newDoctor(options) {
  return new DoctorPage(await suite.page(options));
}

/** Another noom-signal behind the page's address, with these relays and this secret. */
async function serveBy(turn, more = {}) {
  other = await Daemon.start('noom-signal', { ...suite.signalConfig, ...more, turn: { ...suite.signalConfig.turn, ...turn } });
  suite.proxy.open(other.port('http'));
}

/** Ports of this host at which nothing listens. */
async function deadPort() {
  const server = net.createServer();
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address();
  await new Promise((resolve) => server.close(resolve));
  return port;
}

test('all well: each way works and is measured, the verdict says so, the server counts it', async () => {
  const doctor = await newDoctor();
  assert.equal((await doctor.open()).status(), 200);
  await inEveryLook(doctor.person, 'doctor');
  await doctor.page.emulateMedia({ reducedMotion: 'reduce' });
  await doctor.page.locator('#language').click();
  await doctor.examine();
  const rows = await doctor.rows();
  assert.deepEqual(await doctor.verdict(), { title: 'Calls will work from here.', level: 'good' });
  for (const way of ['WebSocket', 'Event stream', 'Long polling']) assert.deepEqual([rows[way].mood, rows[way].text], ['good', 'Works'], way);
  for (const way of ['Relay over UDP', 'Relay over TCP', 'Relay over TLS']) {
    const { mood, text, figures } = rows[way];
    assert.deepEqual([mood, text], ['good', 'Works'], way);
    assert.match(figures.Throughput, /bit\/s$/);
    assert.match(figures['Round trip'], /^[\d.,]+ ms$/);
    assert.equal(figures.Loss, '0 %');
  }
  assert.equal(rows['Public IPv4 address'].mood, 'good');
  assert.deepEqual(await doctor.rules(), []);
  await inEveryLook(doctor.person, 'doctor-good', { fullPage: true });
  for (const transport of ['websocket', 'sse', 'poll', 'stun_v4', 'turn_udp', 'turn_tcp', 'turn_tls']) await doctor.counted(suite.signal, transport, 'ok', 1);
});

test('whoever does not want to be counted is not; the report can be copied, and holds no credential', async () => {
  const doctor = await newDoctor({ permissions: ['clipboard-read', 'clipboard-write'] });
  await doctor.open();
  await doctor.page.locator('#count').uncheck();
  const requests = [];
  doctor.page.on('request', (request) => requests.push(new URL(request.url()).pathname));
  await doctor.examine();
  await doctor.page.locator('#copy-report').click();
  await doctor.page.locator('.toast').waitFor();
  const report = await doctor.page.evaluate(() => navigator.clipboard.readText());
  for (const said of ['Calls will work from here.', 'Relay over UDP 127.0.0.1:', 'Works', 'Mbit/s', '- WebSocket: Works']) assert.ok(report.includes(said), `${said} in\n${report}`);
  assert.doesNotMatch(report, /\d{10}:|[\w+/]{27}=/);
  assert.ok(!requests.includes('/v1/probe'));
  // It is remembered.
  await doctor.open();
  assert.equal(await doctor.page.locator('#count').isChecked(), false);
});

test('a wrong secret is told from silence', async () => {
  await serveBy({ rest_secret: 'another secret than that' });
  const doctor = await newDoctor();
  await doctor.open();
  await doctor.examine();
  assert.deepEqual(await doctor.verdict(), { title: 'The relay refuses this server’s credentials.', level: 'bad' });
  const rows = await doctor.rows();
  for (const way of ['Relay over UDP', 'Relay over TCP', 'Relay over TLS']) assert.equal(rows[way].text, 'Answers, but refuses the credentials (401)', way);
  assert.deepEqual(await doctor.rules(), []);
  await inEveryLook(doctor.person, 'doctor-refused', { fullPage: true });
  for (const transport of ['turn_udp', 'turn_tcp', 'turn_tls']) await doctor.counted(other, transport, 'unauthorized', 1);
});

test('relays that do not answer: what the network would have to allow is listed', async () => {
  const port = await deadPort();
  const at = `127.0.0.1:${port}`;
  await serveBy({ urls: [`turn:${at}?transport=udp`, `turn:${at}?transport=tcp`, `turns:${at}?transport=tcp`, 'turn:nothing.invalid:3478?transport=udp'] });
  const doctor = await newDoctor();
  await doctor.open();
  await doctor.examine();
  assert.equal((await doctor.verdict()).level, 'bad');
  assert.deepEqual(await doctor.rules(), [`UDP to ${at}`, `TCP to ${at}`, `TCP with TLS to ${at}, without inspection`, 'UDP to nothing.invalid:3478']);
  const rows = await doctor.rows();
  for (const way of ['Relay over TCP', 'Relay over TLS']) assert.equal(rows[way].text, 'No answer', way);
  await inEveryLook(doctor.person, 'doctor-blocked', { fullPage: true });
  await doctor.counted(other, 'turn_udp', 'unreachable', 2);
});

test('UDP alone does not get through', async () => {
  const at = (transport) => `127.0.0.1:${suite.turn.port(transport)}`;
  await serveBy({ urls: [`turn:127.0.0.1:${await deadPort()}?transport=udp`, `turn:${at('tcp')}?transport=tcp`, `turns:${at('tls')}?transport=udp`] });
  const doctor = await newDoctor({ locale: 'ko-KR' });
  await doctor.open();
  await doctor.examine();
  assert.deepEqual(await doctor.verdict(), { title: '통화는 되지만 UDP가 막혀 품질이 떨어질 수 있습니다.', level: 'fair' });
  const rows = await doctor.rows();
  assert.equal(rows['TCP 중계'].text, '정상');
  // Chromium goes over TLS on TCP when it is asked for DTLS; that is not taken for DTLS.
  assert.equal(rows['DTLS 중계'].text, '이 브라우저는 지원하지 않음');
  await inEveryLook(doctor.person, 'doctor-udp-blocked', { fullPage: true });
});

test('the server itself does not answer', async () => {
  const doctor = await newDoctor();
  await doctor.open();
  suite.proxy.silence();
  await doctor.page.locator('#start').click();
  await inEveryLook(doctor.person, 'doctor-running', { fullPage: true });
  await doctor.page.locator('#language').click();
  suite.proxy.cut();
  await doctor.page.locator('#verdict').waitFor();
  assert.deepEqual(await doctor.verdict(), { title: 'The server cannot be reached from here.', level: 'bad' });
  const host = new URL(suite.origin).host;
  assert.deepEqual(await doctor.rules(), [`WebSocket connections to ${host}`, `HTTP requests to ${host}, streams included`]);
  await inEveryLook(doctor.person, 'doctor-silent', { fullPage: true });
  doctor.person.expectProblems(/WebSocket connection to .* failed|net::ERR_.*\/v1\//);
});

test('carriers that the operator has switched off are no fault of the network', async () => {
  await serveBy({}, { fallback: { sse: false, poll: false } });
  const doctor = await newDoctor();
  await doctor.open();
  await doctor.examine();
  assert.equal((await doctor.verdict()).level, 'good');
  const rows = await doctor.rows();
  for (const way of ['Event stream', 'Long polling']) assert.deepEqual([rows[way].mood, rows[way].text], ['calm', 'Not offered by this server'], way);
  doctor.person.expectProblems(/status of 404.*\/v1\//);
});

test('no relay at all, and a server that counts nothing', async () => {
  await serveBy({ urls: [], rest_secret: SECRET }, { probe: { count: false } });
  const doctor = await newDoctor();
  await doctor.open();
  await doctor.examine();
  assert.deepEqual(await doctor.verdict(), { title: 'This server offers no relay.', level: 'fair' });
  assert.equal(await doctor.page.locator('#relays-empty').textContent(), 'The server named no relay.');
  doctor.person.expectProblems(/status of 404.*\/v1\/probe/);
});

test('a server that lets in invited people only: without a token it says so, with one it is checked', async () => {
  const secretFile = path.join(suite.directory, 'guests');
  writeFileSync(secretFile, 'a secret for guests\n', { mode: 0o600 });
  await serveBy({}, { admission: { modes: ['secret'], secret_file: secretFile } });
  const doctor = await newDoctor();
  await doctor.open();
  await doctor.examine();
  assert.deepEqual(await doctor.verdict(), { title: 'This server asks for an invitation.', level: 'bad' });
  const guest = await newDoctor();
  await guest.open('#token=a%20secret%20for%20guests');
  await guest.examine();
  assert.equal((await guest.verdict()).level, 'good');
});
