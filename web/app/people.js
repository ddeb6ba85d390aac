// The list of people, and who waits in the lobby. What can be done with somebody is in the menu of their tile (tile_menu.js), here too.

import { byId, find, make, setIcon, stamp } from './dom.js';
import { localise, onLanguage, setText, t } from './i18n.js';
import { announce } from './notices.js';
import { ROLES, nameOf, tellRefusal } from './part.js';

/** @import { Peer, Room } from '../client/index.js' */
/** @import { Panels } from './panels.js' */
/** @import { Waiting } from '../client/moderation.js' */

export class People {
  #panels;
  #openMenu;
  /** @type {Room | null} */
  #room = null;
  /** @type {Map<Peer, () => void>} */
  #peers = new Map();
  /** @type {string[]} */
  #knownWaiting = [];

  /**
   * @param {Panels} panels
   * @param {(peer: Peer, button: HTMLElement) => void} openMenu   of what can be done with somebody, at the button
   */
  constructor(panels, openMenu) {
    this.#panels = panels;
    this.#openMenu = openMenu;
    byId('knock-show', HTMLButtonElement).addEventListener('click', () => panels.show('people'));
    panels.on('change', () => this.#refresh());
    onLanguage(() => this.#refresh());
  }

  /** @param {Room} room */
  open(room) {
    this.#room = room;
    room.moderation.on('role', () => this.#refresh());
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

  #refresh() {
    const room = this.#room;
    if (!room) return;
    const { role, waiting } = room.moderation;
    const count = byId('waiting-count', HTMLElement);
    count.hidden = waiting.length === 0;
    // Drawn by dock.css, as the chat's: the number is part of the button's name already.
    count.dataset.count = String(waiting.length);
    const toggle = byId('people-toggle', HTMLButtonElement);
    toggle.ariaLabel = toggle.title = waiting.length === 0 ? t('people') : t('people_waiting', { count: waiting.length });
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
    admit.addEventListener('click', () => this.#room?.moderation.admit(id).catch(tellRefusal));
    deny.addEventListener('click', () => this.#room?.moderation.deny(id).catch(tellRefusal));
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
    if (peer) row.append(this.#menuButton(peer, shown));
    return row;
  }

  /**
   * @param {Peer} peer
   * @param {string} name
   */
  #menuButton(peer, name) {
    const button = stamp('person-menu');
    button.setAttribute('aria-label', t('tile_menu', { name }));
    button.title = t('tile_menu', { name });
    button.addEventListener('click', () => this.#openMenu(peer, button));
    return button;
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
