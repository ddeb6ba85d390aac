// Who may come into a room and what its hosts and moderators do there. Who may what: docs/admission.md; whoever may not gets a `forbidden`.

import { Emitter } from './events.js';

/** @import { Peer } from './peer.js' */
/** @import { Joined, RoomEvent } from './protocol.js' */

/**
 * @typedef {'host' | 'moderator' | 'member' | 'viewer'} Role
 * @typedef {{id: string, name: string}} Waiting   somebody in the lobby
 *
 * @typedef {object} ModerationEvents
 * @property {string} role                     this side has another role
 * @property {{locked: boolean, lobby: boolean, hasPassword: boolean}} rules
 * @property {Waiting[]} waiting               somebody came to the lobby or left it
 * @property {{from: Peer | undefined, media: 'audio' | 'video' | 'screen'}} muterequested   a moderator asks; to obey is this side's
 */

/** @extends {Emitter<ModerationEvents>} */
export class Moderation extends Emitter {
  #request;
  #peerOf;
  #role = 'member';
  #rules = { locked: false, lobby: false, hasPassword: false };
  /** @type {Map<string, string>} names by id */
  #waiting = new Map();

  /**
   * @param {(message: {type: string} & Record<string, unknown>) => Promise<any>} request
   * @param {(id: string) => Peer | undefined} peerOf
   */
  constructor(request, peerOf) {
    super();
    this.#request = request;
    this.#peerOf = peerOf;
  }

  /** This side's. */
  get role() {
    return this.#role;
  }
  get rules() {
    return { ...this.#rules };
  }
  /** Who waits to be let in; empty for those who do not decide about it. */
  get waiting() {
    return [...this.#waiting].map(([id, name]) => ({ id, name }));
  }

  /**
   * What is missing stays as it is; `password: null` takes it away.
   * @param {{locked?: boolean, lobby?: boolean, password?: string | null}} rules
   */
  async configure(rules) {
    await this.#request({ type: 'configure', ...rules });
  }

  /** @param {string} id of somebody who waits */
  async admit(id) {
    await this.#request({ type: 'admit', peer: id });
  }

  /**
   * @param {string} id of somebody who waits
   * @param {string} [message]
   */
  async deny(id, message) {
    await this.#request({ type: 'deny', peer: id, ...(message ? { message } : {}) });
  }

  /**
   * Puts somebody of a lesser role out of the room, for `banS` seconds if given.
   * @param {Peer} peer
   * @param {{message?: string, banS?: number}} [how]
   */
  async kick(peer, { message, banS } = {}) {
    await this.#request({ type: 'kick', peer: peer.id, ...(message ? { message } : {}), ...(banS ? { ban_s: banS } : {}) });
  }

  /**
   * @param {Peer} peer
   * @param {'audio' | 'video' | 'screen'} media
   */
  async requestMute(peer, media) {
    await this.#request({ type: 'request_mute', peer: peer.id, media });
  }

  /**
   * Who makes somebody else host is a moderator from then on.
   * @param {Peer} peer
   * @param {Role} role
   */
  async setRole(peer, role) {
    await this.#request({ type: 'set_role', peer: peer.id, role });
  }

  /** @param {string} [message] */
  async endRoom(message) {
    await this.#request({ type: 'end_room', ...(message ? { message } : {}) });
  }

  /**
   * A ticket that lets somebody into this room once, past its password and lobby: their `token`.
   * @param {{role?: Role, lifetimeS?: number}} [what]
   * @returns {Promise<string>}
   */
  async invite({ role, lifetimeS } = {}) {
    const { ticket } = await this.#request({ type: 'invite', ...(role ? { role } : {}), ...(lifetimeS ? { lifetime_s: lifetimeS } : {}) });
    return ticket;
  }

  /** @param {Pick<Joined, 'locked' | 'lobby' | 'has_password' | 'waiting' | 'role'>} state as `joined` and `roster` say it */
  adopt(state) {
    this.#takeRole(state.role);
    this.#waiting = new Map((state.waiting ?? []).map(({ peer, name }) => [peer, name]));
    this.emit('waiting', this.waiting);
    this.#takeRules(state);
  }

  /**
   * @param {RoomEvent} event
   * @param {string | null} self
   */
  receive(event, self) {
    switch (event.type) {
      case 'room_updated':
        return this.#takeRules(event);
      case 'peer_updated':
        return event.peer === self ? this.#takeRole(event.role) : undefined;
      case 'peer_waiting':
        this.#waiting.set(event.peer, event.name);
        return this.emit('waiting', this.waiting);
      case 'waiting_ended':
        this.#waiting.delete(event.peer);
        return this.emit('waiting', this.waiting);
      case 'mute_requested':
        return this.emit('muterequested', { from: this.#peerOf(event.from), media: event.media });
    }
  }

  /** @param {string} role */
  #takeRole(role) {
    if (role === this.#role) return;
    this.#role = role;
    if (role === 'member' || role === 'viewer') this.#waiting.clear();
    this.emit('role', role);
  }

  /** @param {{locked: boolean, lobby: boolean, has_password: boolean}} state */
  #takeRules({ locked, lobby, has_password: hasPassword }) {
    this.#rules = { locked, lobby, hasPassword };
    this.emit('rules', this.rules);
  }
}
