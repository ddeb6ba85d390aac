// What the doctor page says of relays that refuse, do not answer, answer in part, or are not there.

import assert from 'node:assert/strict';
import { after, afterEach, before, test } from 'node:test';
import { DoctorSuite, deadPort } from './harness/doctor_page.mjs';
import { inEveryLook } from './harness/looks.mjs';
import { SECRET } from './harness/suite.mjs';

let suite;
before(async () => (suite = await DoctorSuite.start()));
afterEach(() => suite.reset());
after(() => suite.stop());

test('a wrong secret is told from silence', async () => {
  await suite.serveBy({ rest_secret: 'another secret than that' });
  const doctor = await suite.doctor();
  await doctor.open();
  await doctor.examine();
  assert.deepEqual(await doctor.verdict(), { title: 'The relay refuses this server’s credentials.', level: 'bad' });
  const rows = await doctor.rows();
  for (const way of ['Relay over UDP', 'Relay over TCP', 'Relay over TLS']) assert.equal(rows[way].text, 'Answers, but refuses the credentials (401)', way);
  assert.deepEqual(await doctor.rules(), []);
  await inEveryLook(doctor.person, 'doctor-refused', { fullPage: true });
  for (const transport of ['turn_udp', 'turn_tcp', 'turn_tls']) await doctor.counted(suite.other, transport, 'unauthorized', 1);
});

test('relays that do not answer: what the network would have to allow is listed', async () => {
  const port = await deadPort();
  const at = `127.0.0.1:${port}`;
  await suite.serveBy({ urls: [`turn:${at}?transport=udp`, `turn:${at}?transport=tcp`, `turns:${at}?transport=tcp`, 'turn:nothing.invalid:3478?transport=udp'] });
  const doctor = await suite.doctor();
  await doctor.open();
  await doctor.examine();
  assert.equal((await doctor.verdict()).level, 'bad');
  assert.deepEqual(await doctor.rules(), [`UDP to ${at}`, `TCP to ${at}`, `TCP with TLS to ${at}, without inspection`, 'UDP to nothing.invalid:3478']);
  const rows = await doctor.rows();
  for (const way of ['Relay over TCP', 'Relay over TLS']) assert.equal(rows[way].text, 'No answer', way);
  await inEveryLook(doctor.person, 'doctor-blocked', { fullPage: true });
  await doctor.counted(suite.other, 'turn_udp', 'unreachable', 2);
});

test('UDP alone does not get through', async () => {
  const at = (transport) => `127.0.0.1:${suite.turn.port(transport)}`;
  await suite.serveBy({ urls: [`turn:127.0.0.1:${await deadPort()}?transport=udp`, `turn:${at('tcp')}?transport=tcp`, `turns:${at('tls')}?transport=udp`] });
  const doctor = await suite.doctor({ locale: 'ko-KR' });
  await doctor.open();
  await doctor.examine();
  assert.deepEqual(await doctor.verdict(), { title: '통화는 되지만 UDP가 막혀 품질이 떨어질 수 있습니다.', level: 'fair' });
  const rows = await doctor.rows();
  assert.equal(rows['TCP 중계'].text, '정상');
  // Chromium goes over TLS on TCP when it is asked for DTLS; that is not taken for DTLS.
  assert.equal(rows['DTLS 중계'].text, '이 브라우저는 지원하지 않음');
  await inEveryLook(doctor.person, 'doctor-udp-blocked', { fullPage: true });
});

test('no relay at all, and a server that counts nothing', async () => {
  await suite.serveBy({ urls: [], rest_secret: SECRET }, { probe: { count: false } });
  const doctor = await suite.doctor();
  await doctor.open();
  await doctor.examine();
  assert.deepEqual(await doctor.verdict(), { title: 'This server offers no relay.', level: 'fair' });
  assert.equal(await doctor.page.locator('#relays-empty').textContent(), 'The server named no relay.');
  doctor.person.expectProblems(/status of 404.*\/v1\/probe/);
});
