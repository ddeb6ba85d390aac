// The list of people, who waits in the lobby, and what hosts and moderators decide about the room.

import { byId, find, make, setIcon, stamp } from './dom.js';
import { localise, onLanguage, setText, t } from './i18n.js';
import { announce, toast } from './notices.js';
import { nameOf } from './part.js';

/** @import { NoomError, Peer, Room } from '../client/index.js' */
/** @import { Key } from './i18n.js' */
/** @import { Panels } from './panels.js' */
/** @import { Waiting } from '../client/moderation.js' */

/** @type {Record<string, Key>} */
const ROLES = { host: 'role_host', moderator: 'role_moderator', member: 'role_member', viewer: 'role_viewer' };

export class People {
  #panels;
  /** @type {Room | null} */
  #room = null;
  /** @type {Map<Peer, () => void>} */
  #peers = new Map();
  /** @type {string[]} */
  #knownWaiting = [];
  #locked = byId('room-locked', HTMLInputElement);
  #lobby = byId('room-lobby', HTMLInputElement);

  /** @param {Panels} panels */
  constructor(panels) {
    this.#panels = panels;
    this.#locked.addEventListener('change', () => this.#configure({ locked: this.#locked.checked }));
    this.#lobby.addEventListener('change', () => this.#configure({ lobby: this.#lobby.checked }));
    byId('knock-show', HTMLButtonElement).addEventListener('click', () => panels.show('people'));
    panels.on('change', () => this.#refresh());
    onLanguage(() => this.#refresh());
  }

  /** @param {Room} room */
  open(room) {
    this.#room = room;
    room.moderation.on('role', () => this.#refresh());
    room.moderation.on('rules', () => this.#refresh());
    room.moderation.on('waiting', (waiting) => this.#onWaiting(waiting));
  }

  /** @param {Peer} peer */
  add(peer) {
    this.#peers.set(peer, peer.on('update', () => this.#refresh()));
    this.#refresh();
  }

  /** @param {Peer} peer */
  remove(peer) {
    this.#peers.get(peer)?.();
    this.#peers.delete(peer);
    this.#refresh();
  }

  close() {
    for (const stop of this.#peers.values()) stop();
    this.#peers.clear();
    this.#room = null;
    this.#knownWaiting = [];
    byId('people-list', HTMLElement).replaceChildren();
    byId('waiting-list', HTMLElement).replaceChildren();
    byId('waiting-count', HTMLElement).hidden = byId('knock', HTMLElement).hidden = true;
  }

  /** @param {Waiting[]} waiting */
  #onWaiting(waiting) {
    for (const one of waiting) if (!this.#knownWaiting.includes(one.id)) announce(t('knock_one', { name: nameOf(one) }));
    this.#knownWaiting = waiting.map(({ id }) => id);
    this.#refresh();
  }

  /** @param {{locked?: boolean, lobby?: boolean}} rules */
  #configure(rules) {
    this.#ask(this.#room?.moderation.configure(rules));
  }

  /** @param {Promise<void> | undefined} request */
  #ask(request) {
    request?.catch((/** @type {NoomError} */ error) => {
      toast(t('refused', { code: error.code }));
      this.#refresh();
    });
  }

  #refresh() {
    const room = this.#room;
    if (!room) return;
    const { role, rules, waiting } = room.moderation;
    const decides = role === 'host' || role === 'moderator';
    byId('room-rules', HTMLElement).hidden = !decides;
    this.#locked.checked = rules.locked;
    this.#lobby.checked = rules.lobby;
    byId('locked-mark', HTMLElement).hidden = !rules.locked;
    const count = byId('waiting-count', HTMLElement);
    count.hidden = waiting.length === 0;
    count.textContent = String(waiting.length);
    const knock = byId('knock', HTMLElement);
    knock.hidden = waiting.length === 0 || this.#panels.open === 'people';
    const [first] = waiting;
    if (first) setText(byId('knock-text', HTMLElement), waiting.length === 1 ? 'knock_one' : 'knock_many', { name: nameOf(first), count: waiting.length });
    if (this.#panels.open !== 'people') return;
    byId('waiting', HTMLElement).hidden = waiting.length === 0;
    keepFocus(byId('waiting-list', HTMLElement), () => waiting.map((one) => this.#waitingRow(one)));
    const others = [...this.#peers.keys()];
    keepFocus(byId('people-list', HTMLElement), () => [this.#row(room.name, role, room.id ?? '', null), ...others.map((peer) => this.#row(peer.name, peer.role, peer.id, peer))]);
  }

  /** @param {Waiting} one */
  #waitingRow({ id, name }) {
    const row = stamp('waiting-row');
    localise(row);
    const shown = nameOf({ name });
    find(row, '.person-name', HTMLElement).textContent = shown;
    const admit = find(row, '[data-admit]', HTMLButtonElement);
    const deny = find(row, '[data-deny]', HTMLButtonElement);
    admit.setAttribute('aria-label', t('admit_name', { name: shown }));
    deny.setAttribute('aria-label', t('deny_name', { name: shown }));
    admit.addEventListener('click', () => this.#ask(this.#room?.moderation.admit(id)));
    deny.addEventListener('click', () => this.#ask(this.#room?.moderation.deny(id)));
    return row;
  }

  /**
   * @param {string} name
   * @param {string} role
   * @param {string} id
   * @param {Peer | null} peer
   */
  #row(name, role, id, peer) {
    const row = make('li', 'person');
    row.dataset.id = id;
    const shown = nameOf({ name });
    const who = make('bdi', 'person-name', peer ? shown : t('you', { name: shown }));
    row.append(who);
    const known = ROLES[role];
    if (known && role !== 'member') row.append(make('span', 'person-role', t(known)));
    if (peer?.metadata.hand === true) row.append(markOf('hand', t('hand_is_up')));
    if (peer?.metadata.microphone === false) row.append(markOf('mic-off', t('muted')));
    return row;
  }
}

/**
 * @param {string} icon
 * @param {string} text
 */
function markOf(icon, text) {
  const mark = stamp('mark');
  setIcon(mark, icon);
  find(mark, 'span', HTMLElement).textContent = text;
  return mark;
}

/**
 * Rows made anew keep the keyboard where it was.
 * @param {HTMLElement} list
 * @param {() => HTMLElement[]} rows
 */
function keepFocus(list, rows) {
  const buttons = () => [...list.querySelectorAll('button')];
  const at = buttons().findIndex((button) => button === document.activeElement);
  list.replaceChildren(...rows());
  if (at >= 0) (buttons()[Math.min(at, buttons().length - 1)] ?? find(document, '[data-panel="people"] [data-first]', HTMLElement)).focus();
}
