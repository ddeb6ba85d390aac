// Moderation and the lobby in the SDK, against a scripted server.

import assert from 'node:assert/strict';
import { afterEach, beforeEach, test } from 'node:test';
import { Room } from '../../../../web/client/room.js';
import { FakeClock, settle } from './fake_clock.mjs';
import { FakeMediaStream, FakePeerConnection } from './fake_rtc.mjs';
import { FakeSocket } from './fake_socket.mjs';

let clock;
beforeEach(() => {
  FakePeerConnection.all = [];
  FakeSocket.all = [];
  Object.assign(globalThis, { RTCPeerConnection: FakePeerConnection, MediaStream: FakeMediaStream, WebSocket: FakeSocket });
  clock = new FakeClock();
  clock.install();
});
afterEach(() => clock.restore());

const WELCOME = { ticket: 't1', resume_window_ms: 120_000, features: ['resume'] };
const OPEN = { locked: false, lobby: false, has_password: false };
const BO = { peer: 'p_bo', name: 'Bo', role: 'member', metadata: { key: 'bo' }, presence: 'present', polite: false };

const say = (message) => FakeSocket.last.say({ room: 'r', epoch: 1, ...message });
const last = () => FakeSocket.last.sent.at(-1);
const joinedMessage = (more) => ({ type: 'joined', seq: 1, peer: 'p_ann', role: 'host', peers: [BO], ice_servers: [], ...OPEN, ...more });

async function asking(options = {}) {
  const room = new Room({ url: 'wss://host/ws', name: 'Ann', ...options });
  const joining = room.join('r');
  joining.catch(() => {});
  FakeSocket.last.welcome(WELCOME);
  await settle();
  return { room, joining };
}

async function joined(more = {}) {
  const { room, joining } = await asking();
  say(joinedMessage({ re: last().id, ...more }));
  await joining;
  return room;
}

async function answered(request) {
  await settle();
  const { id, ...asked } = last();
  say({ type: 'ok', re: id });
  await request;
  return asked;
}

test('a join carries the token, asked for anew, and the password', async () => {
  const { room } = await asking({ token: async () => 'nt_x', password: 'tulip' });
  assert.deepEqual([last().token, last().password], ['nt_x', 'tulip']);
  room.close();
});

test('in the lobby join waits until somebody lets in', async () => {
  const { room, joining } = await asking();
  say({ type: 'waiting', re: last().id, peer: 'p_ann' });
  await settle();
  assert.equal(room.state, 'waiting');
  say(joinedMessage());
  await joining;
  assert.deepEqual([room.state, room.id], ['joined', 'p_ann']);
  room.close();
});

test('whoever is denied gets an error and may join again', async () => {
  const { room, joining } = await asking();
  say({ type: 'waiting', re: last().id, peer: 'p_ann' });
  await settle();
  say({ type: 'denied', reason: 'denied', message: 'Later.' });
  await assert.rejects(joining, { code: 'denied', message: 'Later.' });
  assert.equal(room.state, 'closed');
});

test('parts of a room that come together bring a roster unasked: who is there, what one may, and who waits', async () => {
  const room = await joined();
  const states = [];
  room.on('state', ({ state }) => states.push(state));
  say({ type: 'roster', epoch: 2, seq: 4, peer: 'p_ann', role: 'member', peers: [{ ...BO, peer: 'p_cy', name: 'Cy', role: 'host', metadata: { key: 'cy' } }], ...OPEN, locked: true });
  await settle();
  assert.deepEqual([room.moderation.role, room.moderation.rules.locked, room.peers.map((peer) => peer.name), states], ['member', true, ['Cy'], []]);
  room.close();
});

test('leaving the lobby ends the join', async () => {
  const { room, joining } = await asking();
  say({ type: 'waiting', re: last().id, peer: 'p_ann' });
  await settle();
  room.close();
  await assert.rejects(joining, { code: 'closed' });
});

test('every request of a moderator is said as noom.v1 has it', async () => {
  const room = await joined();
  const [bo] = room.peers;
  const { moderation } = room;
  assert.deepEqual(await answered(moderation.configure({ locked: true, password: null })), { type: 'configure', locked: true, password: null });
  assert.deepEqual(await answered(moderation.admit('p_x')), { type: 'admit', peer: 'p_x' });
  assert.deepEqual(await answered(moderation.deny('p_x', 'No.')), { type: 'deny', peer: 'p_x', message: 'No.' });
  assert.deepEqual(await answered(moderation.kick(bo, { banS: 60 })), { type: 'kick', peer: 'p_bo', ban_s: 60 });
  assert.deepEqual(await answered(moderation.requestMute(bo, 'audio')), { type: 'request_mute', peer: 'p_bo', media: 'audio' });
  assert.deepEqual(await answered(moderation.setRole(bo, 'host')), { type: 'set_role', peer: 'p_bo', role: 'host' });
  const inviting = moderation.invite({ role: 'viewer', lifetimeS: 60 });
  await settle();
  assert.deepEqual([last().type, last().role, last().lifetime_s], ['invite', 'viewer', 60]);
  say({ type: 'invited', re: last().id, role: 'viewer', ticket: 'nt_y', lifetime_s: 60 });
  assert.equal(await inviting, 'nt_y');
  assert.deepEqual(await answered(moderation.endRoom()), { type: 'end_room' });
  room.close();
});

test('roles, rules, the lobby and mute requests are told', async () => {
  const room = await joined({ waiting: [{ peer: 'p_cy', name: 'Cy' }] });
  const { moderation } = room;
  const told = [];
  for (const type of ['role', 'rules', 'waiting', 'muterequested']) moderation.on(type, (detail) => told.push([type, detail]));
  assert.deepEqual([moderation.role, moderation.waiting], ['host', [{ id: 'p_cy', name: 'Cy' }]]);
  say({ type: 'room_updated', seq: 2, ...OPEN, locked: true });
  say({ type: 'peer_waiting', peer: 'p_di', name: 'Di' });
  say({ type: 'waiting_ended', peer: 'p_cy', reason: 'left' });
  say({ type: 'mute_requested', from: 'p_bo', media: 'audio' });
  say({ type: 'peer_updated', seq: 3, ...BO, role: 'host' });
  say({ type: 'peer_updated', seq: 4, peer: 'p_ann', name: 'Ann', metadata: {}, role: 'moderator' });
  await settle();
  const [bo] = room.peers;
  assert.deepEqual(told, [
    ['rules', { locked: true, lobby: false, hasPassword: false }],
    ['waiting', [{ id: 'p_cy', name: 'Cy' }, { id: 'p_di', name: 'Di' }]],
    ['waiting', [{ id: 'p_di', name: 'Di' }]],
    ['muterequested', { from: bo, media: 'audio' }],
    ['role', 'moderator'],
  ]);
  assert.equal(bo.role, 'host');
  room.close();
});

test('whoever is put out of the room is told why', async () => {
  for (const reason of ['kicked', 'ended']) {
    const room = await joined();
    const closed = new Promise((resolve) => room.on('closed', resolve));
    say({ type: 'left', reason, message: 'Enough.' });
    const error = await closed;
    assert.deepEqual([error.code, error.message, room.state], [reason, 'Enough.', 'closed']);
  }
});
