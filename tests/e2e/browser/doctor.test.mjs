// The doctor page against real daemons: all well, a server that does not answer or does not let in, what is told to whom.

import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { after, afterEach, before, test } from 'node:test';
import { DoctorSuite } from './harness/doctor_page.mjs';
import { inEveryLook } from './harness/looks.mjs';

let suite;
before(async () => (suite = await DoctorSuite.start()));
afterEach(() => suite.reset());
after(() => suite.stop());

test('all well: each way works and is measured, the verdict says so, the server counts it', async () => {
  const doctor = await suite.doctor();
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
  const doctor = await suite.doctor({ permissions: ['clipboard-read', 'clipboard-write'] });
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

test('the server itself does not answer', async () => {
  const doctor = await suite.doctor();
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
  await suite.serveBy({}, { fallback: { sse: false, poll: false } });
  const doctor = await suite.doctor();
  await doctor.open();
  await doctor.examine();
  assert.equal((await doctor.verdict()).level, 'good');
  const rows = await doctor.rows();
  for (const way of ['Event stream', 'Long polling']) assert.deepEqual([rows[way].mood, rows[way].text], ['calm', 'Not offered by this server'], way);
  doctor.person.expectProblems(/status of 404.*\/v1\//);
});

test('a server that lets in invited people only: without a token it says so, with one it is checked', async () => {
  const secretFile = path.join(suite.directory, 'guests');
  writeFileSync(secretFile, 'a secret for guests\n', { mode: 0o600 });
  await suite.serveBy({}, { admission: { modes: ['secret'], secret_file: secretFile } });
  const doctor = await suite.doctor();
  await doctor.open();
  await doctor.examine();
  assert.deepEqual(await doctor.verdict(), { title: 'This server asks for an invitation.', level: 'bad' });
  const guest = await suite.doctor();
  await guest.open('#token=a%20secret%20for%20guests');
  await guest.examine();
  assert.equal((await guest.verdict()).level, 'good');
});
