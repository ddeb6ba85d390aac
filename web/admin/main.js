// The operator's page: signs in, asks every two seconds, puts out and ends.

/** @import { Node, Rooms, Usage } from './api.js' */
/** @import { Order } from './rooms.js' */

import { allRooms, ApiError, endRoom, kick, membersOf, nodes, token, usage } from './api.js';
import { part, partOf } from './dom.js';
import { showFigures, showMissing, showNodes } from './overview.js';
import { RoomList } from './rooms.js';
import { speak, switchLanguage, word } from './words.js';

const INTERVAL_MS = 2_000;
const AFTER_ORDER_MS = 250;
const ROOMS_MAX = 500;
const OPEN_MAX = 20; // rooms whose members are asked for each time

const filter = partOf('filter', HTMLInputElement);
const list = new RoomList(part('rooms'), order, () => void refresh());
/** @type {{usage: Usage, rooms: Rooms, nodes: Node[]} | undefined} */
let latest;
/** @type {ReturnType<typeof setTimeout> | undefined} */
let timer;
let asking = false;
let isLive = false;

/** @param {string} text @param {'live' | 'problem' | ''} [kind] */
function showState(text, kind = '') {
  const state = part('state');
  if (state.textContent !== text) state.textContent = text;
  state.dataset['kind'] = kind;
  isLive = kind === 'live';
}

function showAll() {
  if (!latest) return;
  const wanted = filter.value.trim().toLowerCase();
  showFigures(latest.usage, latest.nodes);
  showNodes(latest.nodes);
  showMissing(latest.rooms);
  const seen = list.show(latest.rooms.rooms, wanted);
  part('empty').hidden = seen > 0;
  part('empty-title').textContent = word(wanted ? 'no_match' : 'no_rooms');
  part('empty-text').textContent = word(wanted ? 'no_match_text' : 'no_rooms_text');
  part('more').hidden = !latest.rooms.more;
}

async function askAll() {
  const [counts, rooms, others] = await Promise.all([usage(), allRooms(ROOMS_MAX), nodes()]);
  if (!token.get()) return;
  latest = { usage: counts, rooms, nodes: others };
  showAll();
  for (const card of list.openCards().slice(0, OPEN_MAX)) {
    const members = await membersOf(card.name);
    if (members) card.showMembers(members);
  }
  showState(word('live'), 'live');
}

async function refresh() {
  if (asking || !token.get()) return;
  asking = true;
  clearTimeout(timer);
  try {
    await askAll();
  } catch (error) {
    if (!(error instanceof ApiError)) throw error;
    if (error.status === 401) return signOut(word('wrong_token'));
    showState(word('unreachable'), 'problem');
  } finally {
    asking = false;
    if (token.get()) timer = setTimeout(() => void refresh(), INTERVAL_MS);
  }
}

function signOut(problem = '') {
  token.forget();
  clearTimeout(timer);
  list.clear();
  latest = undefined;
  showState('');
  showPlace();
  part('sign-in-problem').textContent = problem;
  part('token').focus();
}

function showPlace() {
  const inside = Boolean(token.get());
  part('sign-in').hidden = inside;
  part('console').hidden = !inside;
  part('sign-out').hidden = !inside;
}

/** @param {Order} about @param {string} ban @param {string} message */
async function obey(about, ban, message) {
  try {
    if (about.kind === 'kick') {
      await kick(about.room, about.peer, ban, message);
      showState(word('done_kick', { name: about.name }));
    } else {
      await endRoom(about.room, message);
      showState(word('done_end', { room: about.room }));
    }
  } catch (error) {
    showState(word('failed', { reason: error instanceof Error ? error.message : String(error) }), 'problem');
  }
  clearTimeout(timer);
  timer = setTimeout(() => void refresh(), AFTER_ORDER_MS);
}

/** Asks first. @param {Order} about */
function order(about) {
  const dialog = partOf('ask', HTMLDialogElement);
  const ban = partOf('ban', HTMLSelectElement);
  const message = partOf('message', HTMLInputElement);
  const isKick = about.kind === 'kick';
  /** @type {Record<string, string>} */
  const values = about.kind === 'kick' ? { room: about.room, name: about.name } : { room: about.room };
  part('ask-title').textContent = word(isKick ? 'kick_title' : 'end_title', values);
  part('ask-text').textContent = word(isKick ? 'kick_text' : 'end_text', values);
  part('ask-yes').textContent = word(isKick ? 'kick' : 'end_room');
  part('ask-ban').hidden = !isKick;
  ban.value = '0';
  message.value = '';
  dialog.returnValue = '';
  dialog.onclose = () => {
    if (dialog.returnValue === 'yes') void obey(about, ban.value, message.value.trim());
  };
  dialog.showModal();
}

part('sign-in').addEventListener('submit', (event) => {
  event.preventDefault();
  const field = partOf('token', HTMLInputElement);
  token.set(field.value.trim());
  field.value = '';
  part('sign-in-problem').textContent = '';
  showPlace();
  filter.focus();
  void refresh();
});
part('sign-out').addEventListener('click', () => signOut());
filter.addEventListener('input', showAll);
part('language').addEventListener('click', () => {
  switchLanguage();
  showAll();
  showState(isLive ? word('live') : '', isLive ? 'live' : '');
});

speak();
showPlace();
if (token.get()) void refresh();
else part('token').focus();
