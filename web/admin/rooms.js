// The list of rooms. Each room and member keeps its elements while it is there, so that neither focus nor a reader's
// place is lost when the figures change.

/** @import { Member, Role, Room } from './api.js' */
/** @typedef {{kind: 'kick', room: string, peer: string, name: string} | {kind: 'end', room: string}} Order */
/** @typedef {(order: Order) => void} Ask */

import { button, element, say, sayAll } from './dom.js';
import { timeOf, word } from './words.js';

/** @type {Record<Role, 'role_viewer' | 'role_member' | 'role_moderator' | 'role_host'>} */
const ROLES = { viewer: 'role_viewer', member: 'role_member', moderator: 'role_moderator', host: 'role_host' };

class MemberRow {
  root = element('li', 'member');
  #initial = element('span', 'initial');
  #name = element('span', 'member-name');
  #role = element('span', 'badge');
  #away = element('span', 'badge warn');
  #about = element('span', 'soft member-about');
  #kick;

  /** @param {string} room @param {Member} member @param {Ask} ask */
  constructor(room, member, ask) {
    this.room = room;
    this.member = member;
    this.#initial.ariaHidden = 'true';
    this.#kick = button('framed small', () => ask({ kind: 'kick', room, peer: this.member.peer, name: this.#label() }));
    const title = element('span', 'member-title');
    title.append(this.#name, this.#role, this.#away);
    const who = element('div', 'member-who');
    who.append(title, this.#about);
    this.root.append(this.#initial, who, this.#kick);
    this.show(member);
  }

  #label() {
    return this.member.name || word('nameless');
  }

  /** @param {Member} member */
  show(member) {
    this.member = member;
    say(this.#initial, [...this.#label()][0]?.toUpperCase() ?? '');
    say(this.#name, this.#label());
    say(this.#role, word(ROLES[member.role]));
    say(this.#away, word('away'));
    this.#away.hidden = !member.away;
    const node = member.node ? word('room_owner', { node: member.node }) : '';
    sayAll(this.#about, [member.identity, word('since', { time: timeOf(member.since) }), node, member.peer]);
    say(this.#kick, word('kick'));
    this.#kick.ariaLabel = word('kick_label', { name: this.#label(), room: this.room });
  }
}

class RoomCard {
  root = element('li', 'room card');
  open = false;
  /** @type {Map<string, MemberRow>} */
  #members = new Map();
  #name = element('span', 'room-name');
  #people = element('span', 'room-people');
  #badges = element('span', 'badges');
  #since = element('span', 'soft room-since');
  #list = element('ul', 'members');
  #about = element('span', 'soft room-about');
  #inside = element('div', 'room-inside');
  #toggle;
  #end;
  #ask;

  /** @param {Room} room @param {Ask} ask @param {() => void} refresh */
  constructor(room, ask, refresh) {
    this.room = room;
    this.#ask = ask;
    this.#toggle = button('room-toggle', () => {
      this.open = !this.open;
      this.#showOpen();
      if (this.open) refresh();
    });
    this.#toggle.append(this.#name, this.#badges, this.#people, this.#since);
    this.#end = button('danger-quiet small', () => ask({ kind: 'end', room: this.room.name }));
    this.#inside.id = `inside-${room.tag}`;
    this.#toggle.setAttribute('aria-controls', this.#inside.id);
    const foot = element('div', 'room-foot');
    foot.append(this.#about, this.#end);
    this.#inside.append(this.#list, foot);
    this.root.append(this.#toggle, this.#inside);
    this.#showOpen();
  }

  get name() {
    return this.room.name;
  }

  #showOpen() {
    this.#toggle.ariaExpanded = String(this.open);
    this.#inside.hidden = !this.open;
  }

  /** @param {Room} room */
  show(room) {
    this.room = room;
    const places = { count: room.member_count, capacity: room.capacity };
    say(this.#name, room.name);
    say(this.#people, word('people', places));
    this.#people.title = word('people_label', places);
    this.#showBadges();
    say(this.#since, word('since', { time: timeOf(room.since) }));
    const owner = room.owner ? word('room_owner', { node: room.owner }) : '';
    sayAll(this.#about, [word('room_about', { tag: room.tag }), owner]);
    say(this.#end, word('end_room'));
    this.#end.ariaLabel = word('end_label', { room: room.name });
    for (const row of this.#members.values()) row.show(row.member);
  }

  #showBadges() {
    const { locked, lobby, password, waiting_count: waiting } = this.room;
    const marks = [locked && word('locked'), lobby && word('lobby'), password && word('password'), waiting > 0 && word('in_lobby', { count: waiting })];
    const texts = marks.filter((mark) => mark !== false);
    if (this.#badges.textContent !== texts.join('')) this.#badges.replaceChildren(...texts.map((text) => element('span', 'badge', text)));
  }

  /** @param {Member[]} members in the order of their joining */
  showMembers(members) {
    const here = new Set(members.map((member) => member.peer));
    for (const [peer, row] of this.#members) {
      if (here.has(peer)) continue;
      row.root.remove();
      this.#members.delete(peer);
    }
    for (const member of members) {
      const row = this.#members.get(member.peer);
      if (row) {
        row.show(member);
      } else {
        const made = new MemberRow(this.room.name, member, this.#ask);
        this.#members.set(member.peer, made);
        this.#list.append(made.root);
      }
    }
  }
}

export class RoomList {
  /** @type {Map<string, RoomCard>} */
  #cards = new Map();
  #root;
  #ask;
  #refresh;

  /** @param {Element} root @param {Ask} ask @param {() => void} refresh */
  constructor(root, ask, refresh) {
    this.#root = root;
    this.#ask = ask;
    this.#refresh = refresh;
  }

  /** Sorted by name; those that are gone go, the filter hides the others. Returns how many are to be seen. @param {Room[]} rooms @param {string} filter */
  show(rooms, filter) {
    const sorted = [...rooms].sort((a, b) => (a.name < b.name ? -1 : 1));
    const here = new Set(sorted.map((room) => room.tag));
    for (const [tag, card] of this.#cards) {
      if (here.has(tag)) continue;
      card.root.remove();
      this.#cards.delete(tag);
    }
    let seen = 0;
    let place = this.#root.firstElementChild;
    for (const room of sorted) {
      const card = this.#cards.get(room.tag) ?? this.#insert(room, place);
      place = card.root.nextElementSibling;
      card.show(room);
      card.root.hidden = !room.name.toLowerCase().includes(filter);
      if (!card.root.hidden) seen += 1;
    }
    return seen;
  }

  /** @param {Room} room @param {Element | null} before */
  #insert(room, before) {
    const card = new RoomCard(room, this.#ask, this.#refresh);
    this.#cards.set(room.tag, card);
    this.#root.insertBefore(card.root, before);
    return card;
  }

  openCards() {
    return [...this.#cards.values()].filter((card) => card.open && !card.root.hidden);
  }

  clear() {
    this.#cards.clear();
    this.#root.replaceChildren();
  }
}
