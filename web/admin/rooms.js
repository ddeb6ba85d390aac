// The list of rooms. Each room and member keeps its elements while it is there, so that neither focus nor a reader's
// place is lost when the figures change.

import { timeOf, word } from './words.js';

/** @param {string} tag @param {string} [className] @param {string} [text] */
export function element(tag, className = '', text = '') {
  const made = document.createElement(tag);
  if (className) made.className = className;
  if (text) made.textContent = text;
  return made;
}

/** @param {Element} of @param {string} text */
function say(of, text) {
  if (of.textContent !== text) of.textContent = text;
}

class MemberRow {
  /** @param {string} room @param {(kind: string, about: object) => void} order */
  constructor(room, order) {
    this.room = room;
    this.root = element('li', 'member');
    this.name = element('span', 'member-name');
    this.role = element('span', 'badge');
    this.away = element('span', 'badge warn');
    this.about = element('span', 'soft member-about');
    this.kick = /** @type {HTMLButtonElement} */ (element('button', 'plain framed small'));
    this.kick.type = 'button';
    this.kick.addEventListener('click', () => order('kick', { room: this.room, peer: this.member.peer, name: this.label() }));
    const who = element('div', 'member-who');
    who.append(this.name, this.role, this.away, this.about);
    this.root.append(who, this.kick);
  }
  label() {
    return this.member.name || word('nameless');
  }
  show(member) {
    this.member = member;
    say(this.name, this.label());
    say(this.role, word(`role_${member.role}`));
    say(this.away, word('away'));
    this.away.hidden = !member.away;
    say(this.about, [member.identity, member.node, member.peer, word('since', { time: timeOf(member.since) })].filter(Boolean).join(' · '));
    say(this.kick, word('kick'));
    this.kick.setAttribute('aria-label', word('kick_label', { name: this.label(), room: this.room }));
  }
}

class RoomCard {
  members = new Map();
  open = false;

  /** @param {string} tag @param {(kind: string, about: object) => void} order @param {() => void} refresh */
  constructor(tag, order, refresh) {
    this.order = order;
    this.root = element('li', 'room');
    this.toggle = /** @type {HTMLButtonElement} */ (element('button', 'room-toggle'));
    this.toggle.type = 'button';
    this.name = element('span', 'room-name');
    this.people = element('span', 'room-people');
    this.badges = element('span', 'badges');
    this.since = element('span', 'soft room-since');
    this.toggle.append(this.name, this.people, this.badges, this.since);
    this.inside = element('div', 'room-inside');
    this.inside.id = `inside-${tag}`;
    this.list = element('ul', 'members');
    this.end = /** @type {HTMLButtonElement} */ (element('button', 'danger small'));
    this.end.type = 'button';
    this.end.addEventListener('click', () => order('end', { room: this.room.name }));
    this.inside.append(this.list, this.end);
    this.toggle.setAttribute('aria-controls', this.inside.id);
    this.toggle.addEventListener('click', () => {
      this.open = !this.open;
      this.#showOpen();
      if (this.open) refresh();
    });
    this.root.append(this.toggle, this.inside);
    this.#showOpen();
  }
  #showOpen() {
    this.toggle.setAttribute('aria-expanded', String(this.open));
    this.inside.hidden = !this.open;
  }
  show(room) {
    this.room = room;
    say(this.name, room.name);
    say(this.people, word('people', { count: room.member_count, capacity: room.capacity }));
    const badges = ['locked', 'lobby', 'password'].filter((flag) => room[flag]).map((flag) => word(flag));
    if (room.waiting_count > 0) badges.push(word('in_lobby', { count: room.waiting_count }));
    if (this.badges.textContent !== badges.join('')) this.badges.replaceChildren(...badges.map((text) => element('span', 'badge', text)));
    say(this.since, word('since', { time: timeOf(room.since) }));
    say(this.end, word('end_room'));
    this.end.setAttribute('aria-label', word('end_label', { room: room.name }));
    for (const row of this.members.values()) row.show(row.member);
  }
  showMembers(members) {
    const here = new Set(members.map((member) => member.peer));
    for (const [peer, row] of this.members) {
      if (here.has(peer)) continue;
      row.root.remove();
      this.members.delete(peer);
    }
    for (const member of members) {
      let row = this.members.get(member.peer);
      if (!row) {
        row = new MemberRow(this.room.name, this.order);
        this.members.set(member.peer, row);
        this.list.append(row.root);
      }
      row.show(member);
    }
  }
}

export class RoomList {
  #cards = new Map();

  /** @param {Element} root @param {(kind: string, about: object) => void} order @param {() => void} refresh */
  constructor(root, order, refresh) {
    this.root = root;
    this.order = order;
    this.refresh = refresh;
  }
  /** Sorted by name; those that are gone go, the filter hides the others. @returns {number} how many are to be seen */
  show(rooms, filter) {
    const sorted = [...rooms].sort((a, b) => (a.name < b.name ? -1 : 1));
    const here = new Set(sorted.map((room) => room.tag));
    for (const [tag, card] of this.#cards) {
      if (here.has(tag)) continue;
      card.root.remove();
      this.#cards.delete(tag);
    }
    let seen = 0;
    let place = this.root.firstElementChild;
    for (const room of sorted) {
      let card = this.#cards.get(room.tag);
      if (!card) {
        card = new RoomCard(room.tag, this.order, this.refresh);
        this.#cards.set(room.tag, card);
        this.root.insertBefore(card.root, place);
      }
      place = card.root.nextElementSibling;
      card.show(room);
      card.root.hidden = !room.name.toLowerCase().includes(filter);
      if (!card.root.hidden) seen += 1;
    }
    return seen;
  }
  openRooms() {
    return [...this.#cards.values()].filter((card) => card.open && !card.root.hidden);
  }
  clear() {
    this.#cards.clear();
    this.root.replaceChildren();
  }
}
