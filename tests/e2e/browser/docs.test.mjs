// The examples of docs/client.md, as they stand there: each is run against the real daemons, and has to say what it is for.

import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, afterEach, before, test } from 'node:test';
import { pathToFileURL } from 'node:url';
import { promisify } from 'node:util';
import { PATIENCE_MS } from './harness/browser.mjs';
import { WEB_ROOT } from './harness/daemon.mjs';
import { Suite } from './harness/suite.mjs';
import { until } from './harness/until.mjs';

const PLACEHOLDER = 'wss://signal.example.org/ws';
const page = readFileSync(path.join(WEB_ROOT, '../docs/client.md'), 'utf8');
const examples = new Map([...page.matchAll(/^```js (\S+)\n([\s\S]*?)^```$/gm)].map(([, name, code]) => [name, code]));
const tested = new Set();

let suite;
before(async () => (suite = await Suite.start({ signal: { resume: { away_after_s: 1 } } })));
afterEach(() => suite.closePages());
after(() => suite.stop());

function example(name) {
  tested.add(name);
  assert.ok(examples.has(name), `docs/client.md has an example "${name}"`);
  return examples.get(name);
}

/** Ann and Bo, in one room and connected. */
async function twoPeople(room) {
  const people = [await suite.sdkPage(), await suite.sdkPage()];
  for (const [i, person] of people.entries()) await person.join(room, ['Ann', 'Bo'][i]);
  for (const person of people) await person.until('a path', () => window.room.peers[0]?.state === 'connected');
  return people;
}

/** Runs the example in the person's page; what it prints is in `person.printed`. */
async function run(person, name, replace = {}) {
  if (!person.printed) {
    person.printed = [];
    person.page.on('console', (message) => person.printed.push(message.text()));
  }
  let code = example(name).replace(/^import (\{.*\}) from '@noom\/client';$/gm, "const $1 = await import('/client/index.js');");
  for (const [from, to] of Object.entries({ [PLACEHOLDER]: `ws://127.0.0.1:${person.signal.port}/ws`, ...replace })) code = code.replaceAll(from, to);
  await person.page.evaluate(`(async (room, peer) => {{\n${code}\n}})(window.room, window.room?.peers[0])`);
}

async function prints(person, ...lines) {
  for (const line of lines) await until(`"${line}"`, PATIENCE_MS, () => person.printed.some((printed) => printed.includes(line)));
}

test('join', async () => {
  const [ann, bo] = [await suite.sdkPage(), await suite.sdkPage()];
  await run(ann, 'join');
  await prints(ann, 'joined with 0 others');
  await run(bo, 'join', { "'Ann'": "'Bo'" });
  await prints(bo, 'joined with 1 others', 'Ann is here');
  await prints(ann, 'Bo is here');
  await bo.page.goto('about:blank');
  await prints(ann, 'Bo is gone: left');
  const late = await suite.sdkPage();
  await run(late, 'join', { "'standup'": "'not a room'" });
  await prints(late, 'could not join: bad_message');
});

test('media, metadata, send, relays, quality', async () => {
  const [ann, bo] = await twoPeople('four');
  await run(ann, 'media');
  await prints(ann, 'playing');
  for (const person of [ann, bo]) await run(person, 'metadata');
  await prints(ann, 'Bo has the hand up');
  for (const person of [ann, bo]) await run(person, 'send');
  await prints(ann, 'Bo says hello to everyone', 'Bo says psst');
  await run(ann, 'relays');
  await prints(ann, 'kinds of servers', 'host to host over udp');
  await run(ann, 'quality');
  await prints(ann, 'of 4 bars');
});

test('channels', async () => {
  const [ann, bo] = [await suite.sdkPage(), await suite.sdkPage()];
  await run(ann, 'channels');
  await run(bo, 'channels', { "'Ann'": "'Bo'" });
  await prints(ann, 'Bo is at 3', 'Bo: good luck');
  await prints(bo, 'Ann is at 3');
});

test('send-file, receive-file', async () => {
  const [ann, bo] = await twoPeople('files');
  await run(bo, 'receive-file');
  await run(ann, 'send-file');
  await prints(ann, '100 %', 'they have it');
  await prints(bo, 'minutes.txt says: the minutes of today');
});

test('states', async () => {
  const [ann, bo] = await twoPeople('broken');
  for (const person of [ann, bo]) await run(person, 'states');
  ann.signal.cut();
  await prints(ann, 'room reconnecting retries soon');
  await prints(bo, 'peer away');
  ann.signal.open();
  await prints(ann, 'nothing was missed', 'room joined');
  await prints(bo, 'peer connected');
});

test('node', async () => {
  const directory = mkdtempSync(path.join(tmpdir(), 'noom-docs-'));
  try {
    const file = path.join(directory, 'example.mjs');
    const urls = {
      "'@noom/client'": JSON.stringify(pathToFileURL(path.join(WEB_ROOT, 'client/index.js')).href),
      "'ws'": JSON.stringify(pathToFileURL(createRequire(import.meta.url).resolve('ws')).href),
      [PLACEHOLDER]: `ws://127.0.0.1:${suite.signal.port('http')}/ws`,
      "'standup'": "'nobody-else'",
    };
    writeFileSync(file, Object.entries(urls).reduce((code, [from, to]) => code.replaceAll(from, to), example('node')));
    const { stdout } = await promisify(execFile)(process.execPath, [file], { timeout: PATIENCE_MS });
    assert.match(stdout, /^true 0$/m);
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
});

test('every example has its test', () => {
  assert.deepEqual([...examples.keys()].filter((name) => !tested.has(name)), []);
  assert.equal([...page.matchAll(/^```\w/gm)].length, examples.size, 'every piece of code has a name');
});
