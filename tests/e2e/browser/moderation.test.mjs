// What a host decides, and how it looks on the other side: lobby, lock, mute request, removal, password, invitations.

import assert from 'node:assert/strict';
import { after, afterEach, before, test } from 'node:test';
import { inEveryLook } from './harness/looks.mjs';
import { Suite } from './harness/suite.mjs';

let suite;
before(async () => (suite = await Suite.start({ signal: { admission: { modes: ['open', 'ticket'] } } })));
afterEach(() => suite.closePages());
after(() => suite.stop());

async function knock(room, name, page = suite.page()) {
  const person = await page;
  await person.goto(`/r/${room}`);
  await person.page.locator('#preview-video[data-on]').waitFor();
  await person.page.locator('#name').fill(name);
  await person.page.locator('#join-button').click();
  return person;
}

const message = (person, text) => person.page.locator('#message-title', { hasText: text }).waitFor();

test('a lobby: whoever knocks waits, is let in, or not', async () => {
  const ann = await suite.page();
  await ann.join('lobby', 'Ann');
  await ann.page.locator('#people-toggle').click();
  await ann.page.locator('#room-lobby').click();
  await ann.page.locator('#people-panel [data-closes]').click();

  const bo = await knock('lobby', 'Bo');
  await message(bo, 'Somebody will let you in');
  await bo.screenshot('waiting');
  await ann.page.locator('#knock', { hasText: 'Bo would like to come in' }).waitFor();
  await ann.screenshot('call-knock');
  await ann.page.locator('#knock-show').click();
  await ann.page.getByRole('button', { name: 'Let in Bo' }).click();
  await bo.page.locator('#call').waitFor();
  await ann.seesMovingVideoOf('Bo');

  const cho = await knock('lobby', 'Cho');
  await message(cho, 'Somebody will let you in');
  await ann.page.getByRole('button', { name: 'Refuse Cho' }).click();
  await message(cho, 'You were not let in');

  const dan = await knock('lobby', 'Dan');
  await message(dan, 'Somebody will let you in');
  await dan.page.locator('#message-primary').click();
  await dan.page.locator('#join-button').waitFor();
  await ann.page.locator('#waiting').waitFor({ state: 'hidden' });
});

test('a locked room says so', async () => {
  const ann = await suite.page();
  await ann.join('locked', 'Ann');
  await ann.page.locator('#people-toggle').click();
  await ann.page.locator('#room-locked').click();
  await ann.page.locator('#locked-mark').waitFor();
  await message(await knock('locked', 'Bo'), 'This room is locked');
});

test('a host asks somebody to be silent, and removes them; a member can do neither', async () => {
  const ann = await suite.page();
  const bo = await suite.page();
  await ann.join('order', 'Ann');
  await bo.join('order', 'Bo');
  await ann.seesMovingVideoOf('Bo');
  await bo.tile('Ann').hover();
  await bo.tile('Ann').locator('.tile-menu').click();
  assert.equal(await bo.page.locator('[data-tile-action="kick"]').isVisible(), false);
  await bo.page.keyboard.press('Escape');

  await ann.tile('Bo').hover();
  await ann.tile('Bo').locator('.tile-menu').click();
  await ann.page.locator('[data-tile-action="mute"]').click();
  await bo.page.locator('.toast', { hasText: 'Ann asked you to be silent' }).waitFor();
  await ann.tile('Bo').locator('.muted-mark').waitFor();
  assert.equal(await bo.control('microphone').getAttribute('aria-pressed'), 'false');

  await ann.tile('Bo').hover();
  await ann.tile('Bo').locator('.tile-menu').click();
  await ann.page.locator('[data-tile-action="kick"]').click();
  await ann.page.locator('#ask-yes').click();
  await message(bo, 'You were removed');
  await ann.tile('Bo').waitFor({ state: 'detached' });
  assert.deepEqual(await bo.connections(), []);
});

test('a room with a password asks for it, and again when it is wrong', async () => {
  const ann = await suite.page();
  await ann.join('secret-room', 'Ann');
  await ann.page.locator('#people-toggle').click();
  await ann.page.locator('#room-password-text').fill('sesame');
  await ann.page.keyboard.press('Enter');
  await ann.page.locator('#room-password-state', { hasText: 'is asked for it' }).waitFor();
  const bo = await knock('secret-room', 'Bo');
  await bo.page.locator('#password-field').waitFor();
  await bo.page.locator('#password').fill('wrong');
  await bo.page.locator('#join-button').click();
  await bo.page.locator('#password-problem', { hasText: 'not the password' }).waitFor();
  await bo.screenshot('password');
  await bo.page.locator('#password').fill('sesame');
  await bo.page.locator('#join-button').click();
  await bo.page.locator('#call').waitFor();
  await ann.seesMovingVideoOf('Bo');
  await ann.page.locator('#room-password-drop').click();
  await ann.page.locator('#room-password-state', { hasText: 'Nobody is asked' }).waitFor();
  const cho = await suite.page();
  await cho.join('secret-room', 'Cho');
});

test('an invitation lets one person in, once, past password and lobby; members make none', async () => {
  const still = () => suite.page({ reducedMotion: 'reduce' });
  const ann = await still();
  await ann.join('by-invitation', 'Ann');
  await ann.page.locator('#people-toggle').click();
  await ann.page.locator('#room-password-text').fill('sesame');
  await ann.page.keyboard.press('Enter');
  await ann.page.locator('#room-password-state', { hasText: 'is asked for it' }).waitFor();
  await ann.page.locator('#room-lobby').click();
  await ann.page.locator('#invite-open').click();
  const link = ann.page.locator('#invitation .link');
  const everybodys = await link.textContent();
  assert.equal(everybodys, `${suite.origin}/r/by-invitation`);
  await ann.page.locator('#invitation-personal').click();
  await ann.page.locator('#invitation-title', { hasText: 'Invite one person' }).waitFor();
  const personal = await link.textContent();
  assert.match(personal, /\/r\/by-invitation#token=nt_/);
  await inEveryLook(ann, 'invitation-personal');
  await ann.page.keyboard.press('Escape');
  await ann.page.locator('#invite-open').click();
  assert.equal(await link.textContent(), everybodys, 'the room’s own link again');
  await ann.page.keyboard.press('Escape');

  const invited = new URL(personal).pathname.slice(3) + new URL(personal).hash;
  const bo = await knock(invited, 'Bo');
  await bo.page.locator('#call').waitFor();
  await ann.seesMovingVideoOf('Bo');
  await bo.page.locator('#invite-open').click();
  assert.equal(await bo.page.locator('#invitation-personal').isVisible(), false, 'a member invites to the door only');

  const cho = await knock(invited, 'Cho', still());
  await message(cho, 'This room is for invited people');
  await cho.page.locator('#message-text', { hasText: 'has been used before' }).waitFor();
  await inEveryLook(cho, 'invitation-used');
  await cho.page.locator('#message-primary').click();
  await cho.page.locator('#preview-video[data-on]').waitFor();
  await cho.page.locator('#join-button').click();
  await cho.page.locator('#password-field').waitFor();
  assert.equal(new URL(cho.page.url()).hash, '');
  const dee = await knock('by-invitation#token=nt_nonsense', 'Dee');
  await dee.page.locator('#message-text', { hasText: 'does not fit' }).waitFor();
});
