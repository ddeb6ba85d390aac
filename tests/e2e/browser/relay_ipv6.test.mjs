// Two connections of one page, through noom-turn over IPv6 alone: the server is reached at an IPv6 address and relays from one.

import assert from 'node:assert/strict';
import { createHmac } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, before, test } from 'node:test';
import { launchChromium } from './harness/browser.mjs';
import { makeCertificates } from './harness/certificates.mjs';
import { Daemon } from './harness/daemon.mjs';

const SECRET = 'a secret for tests';
const MESSAGES = 50;

let directory;
let turn;
let browser;

before(async () => {
  directory = mkdtempSync(path.join(tmpdir(), 'noom-browser-'));
  const { home } = makeCertificates(directory);
  turn = await Daemon.start('noom-turn', {
    listen: { udp: ['[::1]:0'], tcp: ['[::1]:0'] },
    relay: { addresses: ['127.0.0.1', '::1'], family_when_unasked: 'client' },
    auth: { realm: 'noom.test', rest_secrets: [SECRET] },
  });
  browser = await launchChromium(home);
});
after(async () => {
  await browser?.close();
  await turn?.stop();
  rmSync(directory, { recursive: true, force: true });
});

/** draft-uberti-behave-turn-rest-00, independently of the code under test. */
function credentials(name) {
  const username = `${Math.floor(Date.now() / 1000) + 3600}:${name}`;
  return { username, credential: createHmac('sha1', SECRET).update(username).digest('base64') };
}

/** In the page: two connections that may use relayed candidates only and send each other messages. What they agreed on. */
async function call({ iceServers, messages }) {
  const ends = [0, 1].map(() => new RTCPeerConnection({ iceServers, iceTransportPolicy: 'relay' }));
  ends.forEach((end, i) => end.addEventListener('icecandidate', ({ candidate }) => candidate && ends[1 - i].addIceCandidate(candidate)));
  const channel = ends[0].createDataChannel('echo');
  ends[1].addEventListener('datachannel', ({ channel: theirs }) => theirs.addEventListener('message', ({ data }) => theirs.send(data)));
  await ends[0].setLocalDescription();
  await ends[1].setRemoteDescription(ends[0].localDescription);
  await ends[1].setLocalDescription();
  await ends[0].setRemoteDescription(ends[1].localDescription);
  await new Promise((resolve) => channel.addEventListener('open', resolve));
  const heard = [];
  await new Promise((resolve) => {
    channel.addEventListener('message', ({ data }) => heard.push(data) === messages && resolve());
    for (let i = 0; i < messages; ++i) channel.send(`message ${i}`);
  });
  const reports = [...(await ends[0].getStats()).values()];
  const chosen = reports.find((report) => report.type === 'candidate-pair' && report.nominated && report.state === 'succeeded');
  const { candidateType, address, relayProtocol } = reports.find((report) => report.id === chosen.localCandidateId);
  ends.forEach((end) => end.close());
  return { heard, candidateType, address, relayProtocol };
}

for (const transport of ['udp', 'tcp']) {
  test(`a call relayed from an IPv6 address, over ${transport} and IPv6`, async () => {
    const page = await browser.newPage();
    const iceServers = [{ urls: `turn:[::1]:${turn.port(transport)}?transport=${transport}`, ...credentials('page') }];
    const { heard, ...path } = await page.evaluate(call, { iceServers, messages: MESSAGES });
    assert.deepEqual(heard, Array.from({ length: MESSAGES }, (_, i) => `message ${i}`));
    assert.deepEqual(path, { candidateType: 'relay', address: '::1', relayProtocol: transport });
    await page.close();
  });
}
