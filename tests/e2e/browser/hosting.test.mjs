// What hosts decide beyond the door: roles, removal for a time, camera and screen, the end; what those hear of it; and how all of it looks.

import assert from 'node:assert/strict';
import { after, afterEach, before, test } from 'node:test';
import { inEveryLook } from './harness/looks.mjs';
import { paintedCamera } from './harness/painted_camera.mjs';
import { Suite } from './harness/suite.mjs';

let suite;
before(async () => (suite = await Suite.start()));
afterEach(() => suite.closePages());
after(() => suite.stop());

async function people(room, ...names) {
  const pages = [];
  for (const [seed, name] of names.entries()) {
    const person = await suite.page({ reducedMotion: 'reduce', init: `(${paintedCamera})(${seed})` });
    await person.join(room, name);
    pages.push(person);
  }
  for (const name of names.slice(1)) await pages[0].tile(name).and(pages[0].page.locator('[data-state="connected"]')).waitFor();
  return pages;
}

/** In every look; then English again, and room for the pointer. */
async function look(person, name) {
  await inEveryLook(person, name);
  await person.page.locator('#language').evaluate((button) => button.click());
  await person.page.setViewportSize({ width: 1280, height: 720 });
}

/** From the list of people, which is open. */
async function choose(person, name, action) {
  await person.page.locator('#people-list').getByRole('button', { name: `Options for ${name}` }).click();
  await person.page.locator(`[data-tile-action="${action}"]`).click();
}

const role = (person, name, text) => person.page.locator('#people-list .person', { hasText: name }).locator('.person-role', { hasText: text }).waitFor();
const said = (person, text) => person.page.locator('.toast', { hasText: text }).waitFor();

test('roles: a moderator is made, a viewer is neither seen nor heard, and a host may hand everything over', async () => {
  const [ann, bo, cho] = await people('roles', 'Ann', 'Bo', 'Cho');
  await ann.page.locator('#people-toggle').click();
  assert.equal(await ann.page.locator('#room-end').isVisible(), true);
  await choose(ann, 'Bo', 'role');
  await look(ann, 'call-role');
  await ann.page.locator('#ask [value="moderator"]').check();
  await ann.page.locator('#ask-yes').click();
  await role(ann, 'Bo', 'Moderator');
  await said(bo, 'Your role in this room is now: Moderator');
  await bo.page.locator('#people-toggle').click();
  await bo.page.locator('#room-rules').waitFor();
  assert.equal(await bo.page.locator('#room-end').isVisible(), false, 'only a host ends the call');
  assert.equal(await bo.page.locator('#room-password').isVisible(), false, 'or sets the password');
  await bo.page.locator('#people-list').getByRole('button', { name: 'Options for Ann' }).click();
  assert.equal(await bo.page.locator('[data-tile-action="kick"]').isVisible(), false, 'a moderator does not remove the host');
  await bo.page.keyboard.press('Escape');

  await choose(ann, 'Cho', 'role');
  await ann.page.locator('#ask [value="viewer"]').check();
  await ann.page.locator('#ask-yes').click();
  await said(cho, 'Your role in this room is now: Viewer');
  for (const control of ['microphone', 'camera', 'screen']) assert.equal(await cho.control(control).isDisabled(), true, control);
  assert.equal(await cho.page.locator('#hand').isDisabled(), true);
  await ann.page.locator('figure.no-video', { hasText: 'Cho' }).locator('.muted-mark').waitFor();
  await cho.seesMovingVideoOf('Ann');

  await choose(ann, 'Cho', 'role');
  await ann.page.locator('#ask [value="host"]').check();
  await ann.page.locator('#ask-yes').click();
  await said(cho, 'Your role in this room is now: Host');
  await role(ann, 'Cho', 'Host');
  await role(ann, 'Ann', 'Moderator');
  await cho.control('camera').click();
  await ann.seesMovingVideoOf('Cho');
});

test('asked to switch the camera off, and to stop sharing', async () => {
  const [ann, bo] = await people('asked', 'Ann', 'Bo');
  await ann.page.locator('#people-toggle').click();
  await choose(ann, 'Bo', 'hide');
  await said(ann, 'Bo was asked to switch the camera off');
  await said(bo, 'Ann asked you to switch the camera off');
  await ann.page.locator('figure.no-video', { hasText: 'Bo' }).waitFor();
  await bo.control('screen').click();
  await ann.page.locator('figure.whole', { hasText: 'Bo' }).waitFor();
  await choose(ann, 'Bo', 'unshare');
  await ann.page.locator('figure.no-video', { hasText: 'Bo' }).waitFor();
  assert.equal(await bo.control('screen').getAttribute('aria-pressed'), 'false');
});

test('removed for a time: told why and until when, and kept out until then; called off, nothing happens', async () => {
  const [ann, bo] = await people('banned', 'Ann', 'Bo');
  await ann.page.locator('#people-toggle').click();
  await look(ann, 'call-host');
  await choose(ann, 'Bo', 'kick');
  await ann.page.keyboard.press('Escape');
  await ann.page.locator('#ask').waitFor({ state: 'hidden' });
  await choose(ann, 'Bo', 'kick');
  await ann.page.locator('#ask-ban-s').selectOption('600');
  await ann.page.locator('#ask-message').fill('Later, please. <b>');
  await look(ann, 'call-remove');
  await ann.page.locator('#ask-yes').click();
  await bo.page.locator('#message-title', { hasText: 'You were removed' }).waitFor();
  await bo.page.locator('#message-text', { hasText: /You can come back at \d+:\d+/ }).waitFor();
  assert.equal(await bo.page.locator('#message-said').textContent(), 'Later, please. <b>');
  await look(bo, 'removed');
  await bo.goto('/r/banned');
  await bo.page.locator('#preview-video[data-on]').waitFor();
  await bo.page.locator('#join-button').click();
  await bo.page.locator('#message-text', { hasText: /does not let you in before \d+:\d+/ }).waitFor();
});

test('the end of the call for everybody, with a word', async () => {
  const [ann, bo] = await people('ended', 'Ann', 'Bo');
  await ann.page.locator('#people-toggle').click();
  await ann.page.locator('#room-end').click();
  await ann.page.locator('#ask-message').fill('Thanks, all!');
  await look(ann, 'call-end');
  await ann.page.locator('#ask-yes').click();
  for (const person of [ann, bo]) {
    await person.page.locator('#message-title', { hasText: 'The call was ended' }).waitFor();
    assert.equal(await person.page.locator('#message-said').textContent(), 'Thanks, all!');
    assert.deepEqual(await person.connections(), []);
  }
  await look(bo, 'ended');
});

test('waiting, knocking, locked, a password: the looks of the door', async () => {
  const [ann] = await people('door', 'Ann');
  const knock = async () => {
    const person = await suite.page({ reducedMotion: 'reduce', init: `(${paintedCamera})(1)` });
    await person.goto('/r/door');
    await person.page.locator('#preview-video[data-on]').waitFor();
    await person.page.locator('#name').fill('Bo');
    await person.page.locator('#join-button').click();
    return person;
  };
  await ann.page.locator('#people-toggle').click();
  await ann.page.locator('#room-lobby').check();
  await ann.page.locator('#room-password-text').fill('sesame');
  await ann.page.keyboard.press('Enter');
  await said(ann, 'The room has a password now');
  await ann.page.keyboard.press('Escape');
  const bo = await knock();
  await bo.page.locator('#password-field').waitFor();
  await look(bo, 'lobby-password');
  await bo.page.locator('#password').fill('sesame');
  await bo.page.locator('#join-button').click();
  await bo.page.locator('#message[data-waiting]').waitFor();
  await look(bo, 'waiting');
  await ann.page.locator('#knock').waitFor();
  await look(ann, 'call-knock');
  await ann.page.locator('#knock-show').click();
  await look(ann, 'call-people-waiting');
  await ann.page.locator('#room-locked').check();
  await look(await knock(), 'locked');
});
