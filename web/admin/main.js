// The operator's page: signs in, asks every two seconds, puts out and ends.

import { allRooms, ApiError, ask, endRoom, kick, token } from './api.js';
import { element, RoomList } from './rooms.js';
import { bytesOf, countOf, speak, switchLanguage, word } from './words.js';

const INTERVAL_MS = 2_000;
const ROOMS_MAX = 500;
const OPEN_MAX = 20; // rooms whose members are asked for each time
const FIGURES = ['sessions', 'sessions_away', 'rooms', 'members', 'waiting', 'messages_sent', 'bytes_sent'];

/** @param {string} id @returns {any} */
const part = (id) => document.getElementById(id);
const list = new RoomList(part('rooms'), order, () => void refresh());
let latest = { usage: /** @type {Record<string, number>} */ ({}), rooms: /** @type {any[]} */ ([]), more: false };
let timer = 0;
let asking = false;
let state = '';

function showState(text, isProblem = false) {
  state = text;
  part('state').textContent = text;
  part('state').classList.toggle('problem', isProblem);
}

function showFigures() {
  const shown = FIGURES.map((key) => {
    const value = latest.usage[key] ?? 0;
    const figure = element('div', 'figure');
    figure.append(element('dt', '', word(key)), element('dd', '', key === 'bytes_sent' ? bytesOf(value) : countOf(value)));
    return figure;
  });
  part('figures').replaceChildren(...shown);
}

function showAll() {
  const filter = part('filter').value.trim().toLowerCase();
  showFigures();
  const seen = list.show(latest.rooms, filter);
  part('empty').hidden = seen > 0;
  part('empty').textContent = word(filter ? 'no_match' : 'no_rooms');
  part('more').hidden = !latest.more;
}

async function refresh() {
  if (asking || !token.get()) return;
  asking = true;
  clearTimeout(timer);
  try {
    const [usage, { rooms, more }] = await Promise.all([ask('/v1/usage'), allRooms(ROOMS_MAX)]);
    latest = { usage, rooms, more };
    showAll();
    for (const card of list.openRooms().slice(0, OPEN_MAX)) {
      const detail = await ask(`/v1/rooms/${encodeURIComponent(card.room.name)}`).catch((error) => {
        if (error.status !== 404) throw error;
      });
      if (detail) card.showMembers(detail.members);
    }
    if (state !== word('live')) showState(word('live'));
  } catch (error) {
    if (error instanceof ApiError && error.status === 401) return signOut(word('wrong_token'));
    if (!(error instanceof ApiError)) throw error;
    showState(word('unreachable'), true);
  } finally {
    asking = false;
    if (token.get()) timer = setTimeout(() => void refresh(), INTERVAL_MS);
  }
}

function signOut(problem = '') {
  token.forget();
  clearTimeout(timer);
  list.clear();
  latest = { usage: {}, rooms: [], more: false };
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

/** Asks first. @param {string} kind "kick" or "end" @param {any} about */
function order(kind, about) {
  const dialog = part('ask');
  part('ask-title').textContent = word(`${kind}_title`, about);
  part('ask-text').textContent = word(`${kind}_text`, about);
  part('ask-yes').textContent = word(kind === 'kick' ? 'kick' : 'end_room');
  part('ask-ban').hidden = kind !== 'kick';
  part('ban').value = '0';
  part('message').value = '';
  dialog.returnValue = '';
  dialog.onclose = async () => {
    if (dialog.returnValue !== 'yes') return;
    const message = part('message').value.trim();
    try {
      if (kind === 'kick') await kick(about.room, about.peer, part('ban').value, message);
      else await endRoom(about.room, message);
      showState(word(`done_${kind}`, about));
    } catch (error) {
      showState(word('failed', { reason: error instanceof Error ? error.message : String(error) }), true);
    }
    clearTimeout(timer);
    timer = setTimeout(() => void refresh(), 250);
  };
  dialog.showModal();
}

part('sign-in').addEventListener('submit', (event) => {
  event.preventDefault();
  token.set(part('token').value.trim());
  part('token').value = '';
  part('sign-in-problem').textContent = '';
  showPlace();
  part('filter').focus();
  void refresh();
});
part('sign-out').addEventListener('click', () => signOut());
part('filter').addEventListener('input', showAll);
part('language').addEventListener('click', () => {
  const wasLive = state === word('live');
  switchLanguage();
  showAll();
  if (state) showState(wasLive ? word('live') : '');
});

speak();
showPlace();
if (token.get()) void refresh();
else part('token').focus();
