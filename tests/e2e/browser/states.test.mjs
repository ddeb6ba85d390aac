// Every page and state: what it says, that it fits, that axe-core has nothing against it, and how it looks at three widths, in two themes and two
// languages.

import assert from 'node:assert/strict';
import { after, afterEach, before, test } from 'node:test';
import { PATIENCE_MS } from './harness/browser.mjs';
import { inEveryLook } from './harness/looks.mjs';
import { paintedCamera } from './harness/painted_camera.mjs';
import { Suite } from './harness/suite.mjs';
import { until } from './harness/until.mjs';

let suite;
before(async () => (suite = await Suite.start({ signal: { rooms: { capacity: 5 } } })));
afterEach(() => suite.closePages());
after(() => suite.stop());

/** Tiles that fly to their places would be measured on the way. */
function newPerson(options) {
  return suite.page({ reducedMotion: 'reduce', ...options });
}

function painted(seed) {
  return `(${paintedCamera})(${seed})`;
}

function refusing(name) {
  return `navigator.mediaDevices.getUserMedia = async () => { throw new DOMException('for the test', '${name}'); };`;
}

test('the start page', async () => {
  const person = await newPerson({ init: painted(0) });
  await person.goto('/');
  await person.page.locator('#preview-video[data-on]').waitFor();
  await inEveryLook(person, 'start');
  await person.page.locator('#name').fill('');
  await person.page.locator('#room').fill('not a room!');
  await person.page.locator('#join-button').click();
  assert.equal(await person.page.locator('#name').evaluate((input) => input === document.activeElement), true);
  await inEveryLook(person, 'start-mistakes');
});

for (const [error, notice] of [['NotAllowedError', 'blocked the camera and the microphone'], ['NotFoundError', 'no camera and no microphone'], ['NotReadableError', 'Another program uses']]) {
  test(`without devices (${error}) the page says why, and one can join all the same`, async () => {
    const person = await newPerson({ init: refusing(error) });
    await person.goto(`/r/without-${error}`);
    await person.page.locator('#device-problem', { hasText: notice }).waitFor();
    await inEveryLook(person, `lobby-${error}`);
    const other = await newPerson({ init: painted(1) });
    await other.join(`without-${error}`, 'Bo');
    await person.enter('Ann');
    await person.seesMovingVideoOf('Bo');
    await other.page.locator('figure.no-video[data-state="connected"]', { hasText: 'Ann' }).waitFor();
    await other.tile('Ann').locator('.muted-mark').waitFor();
  });
}

test('over plain HTTP, where browsers hide the devices', async () => {
  const person = await newPerson({ init: "Object.defineProperty(navigator, 'mediaDevices', { value: undefined });" });
  await person.goto('/r/insecure');
  await person.page.locator('#device-problem').waitFor();
  await inEveryLook(person, 'lobby-insecure');
  await person.enter('Ann');
});

test('alone, with chat and menus', async () => {
  const person = await newPerson({ init: painted(2) });
  await person.join('alone', 'Mina');
  await inEveryLook(person, 'call-alone');
  await person.page.locator('[popovertarget="sound-menu"]').click();
  await inEveryLook(person, 'call-sound-menu');
});

test('two, three and five people', async () => {
  const first = await newPerson({ init: painted(0) });
  await first.join('blue-harbour-heron', 'Mina');
  const others = [];
  for (const [seed, name] of [[1, '지호'], [2, 'Aino'], [3, 'Diego'], [4, 'A very long name that no tile of any sensible size can hold']]) {
    const other = await newPerson({ init: painted(seed), width: 640, height: 480 });
    await other.join('blue-harbour-heron', name);
    others.push(other);
    await first.page.locator('figure.tile[data-state="connected"]').nth(others.length - 1).waitFor();
    if (others.length === 1) {
      await inEveryLook(first, 'call-two');
      await other.say('Hello! Can you see the slides? 발표 자료 보이세요?');
      await first.hears('slides');
      await other.say('ㅎㅎ 네');
      await first.hears('ㅎㅎ 네');
      await inEveryLook(first, 'call-unread');
      await first.say('Yes, loud and clear 👍');
      await inEveryLook(first, 'call-chat');
      await first.page.locator('#chat-close').click();
    }
    if (others.length === 2) {
      await other.control('camera').click();
      await other.control('microphone').click();
      await first.page.locator('figure.no-video', { hasText: 'Aino' }).waitFor();
      await inEveryLook(first, 'call-three');
    }
  }
  await inEveryLook(first, 'call-five');
  await first.page.locator('#mesh-warning').waitFor();
  const limits = () => first.page.evaluate(() => window.noomConnections.map((one) => one.getSenders().find(({ track }) => track?.kind === 'video')?.getParameters().encodings[0]?.maxBitrate));
  await until('less to be sent to each of four', PATIENCE_MS, async () => String(await limits()) === '500000,500000,500000,500000');
  const late = await newPerson({ init: painted(0) });
  await late.goto('/r/blue-harbour-heron');
  await late.page.locator('#name').fill('Late');
  await late.page.locator('#join-button').click();
  await late.page.locator('#message').waitFor();
  await inEveryLook(late, 'room-full');
  await first.page.locator('#leave').click();
  await inEveryLook(first, 'left');
});

test('reconnecting, and a server that does not answer', async () => {
  const ann = await newPerson({ init: painted(3) });
  const bo = await newPerson({ init: painted(4) });
  const late = await newPerson({ init: painted(1) });
  await ann.join('flaky', 'Ann');
  await bo.join('flaky', 'Bo');
  await late.goto('/r/flaky');
  await ann.seesMovingVideoOf('Bo');
  suite.proxy.cut();
  await ann.page.locator('#reconnecting').waitFor();
  await inEveryLook(ann, 'call-reconnecting');
  await late.page.locator('#name').fill('Late');
  await late.page.locator('#join-button').click();
  await late.page.locator('#message').waitFor();
  await inEveryLook(late, 'unreachable');
  suite.proxy.open();
  await ann.page.locator('#reconnecting').waitFor({ state: 'hidden' });
  for (const page of [ann, bo, late]) page.expectSignalingFailures();
});

test('addresses that lead nowhere', async () => {
  const person = await newPerson();
  assert.equal((await person.goto('/no/such/page')).status(), 404);
  await person.page.locator('#message-title', { hasText: 'There is nothing here' }).waitFor();
  await inEveryLook(person, 'not-found');
  // Chromium puts a 404 of the page itself on the console.
  person.expectProblems(/status of 404.*\/no\/such\/page/);
  await person.goto('/r/not%20a%20room');
  await person.page.locator('#message-title').waitFor();
  await inEveryLook(person, 'bad-room');
});
