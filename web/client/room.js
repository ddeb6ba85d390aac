// A room as a program sees it: join, who is there, what is sent, leave. Survives a lost signaling connection by itself.

import { NoomError } from './errors.js';
import { Emitter } from './events.js';
import { FILES_CHANNEL } from './files.js';
import { Moderation } from './moderation.js';
import { randomToken } from './peer.js';
import { Roster } from './roster.js';
import { Signaling } from './signaling.js';

/** @import { ChannelOptions } from './channel.js' */
/** @import { MediaKind } from './link.js' */
/** @import { Peer } from './peer.js' */
/** @import { IceServer, Joined, Metadata, RoomEvent, Welcome } from './protocol.js' */

/**
 * `waiting`: in the room's lobby. `reconnecting`: signaling is lost, media goes on. `closed` is final until `join` is called again.
 * @typedef {'idle' | 'joining' | 'waiting' | 'joined' | 'reconnecting' | 'closed'} RoomState
 *
 * @typedef {object} RoomOptions
 * @property {string} [url]               signaling, `wss://host/ws`; not needed when `signaling` is given
 * @property {Signaling} [signaling]
 * @property {string} name                what others call you, at most 64 characters
 * @property {Metadata} [metadata]        at most 4 KiB of JSON; `key` is the SDK's
 * @property {string | (() => string | Promise<string>)} [token]   a JSON Web Token, ticket or secret, where the server wants one; asked for at every join
 * @property {string} [password]          the room's
 * @property {Omit<RTCConfiguration, 'iceServers'>} [rtc]
 * @property {(servers: IceServer[]) => IceServer[]} [iceServers]   to filter or replace what the server hands out
 * @property {ChannelOptions[]} [channels]   data channels to every peer; default: `chat` with id 0 and `files` with id 1, both reliable
 *
 * @typedef {object} RoomEvents
 * @property {{state: RoomState, retryInMs?: number}} state
 * @property {{recovered: boolean}} resumed   back after a lost connection; `recovered`: nothing was missed
 * @property {Peer} peerjoined
 * @property {{peer: Peer, reason: string}} peerleft
 * @property {{from: Peer, data: unknown, broadcast: boolean}} message   sent by `send` of somebody's room
 * @property {IceServer[]} iceservers     STUN and TURN servers have come; they come again before their credentials end
 * @property {NoomError} error            something was refused; the room goes on
 * @property {NoomError} closed           the room was lost for good
 */

/** @type {ChannelOptions[]} */
const DEFAULT_CHANNELS = [{ label: 'chat', id: 0 }, { label: FILES_CHANNEL, id: 1 }];
// What a join after a lost connection may meet for a while: our own former self still holds the seat.
const PASSING = new Set(['room_full', 'rate_limited', 'timeout']);

/** @extends {Emitter<RoomEvents>} */
export class Room extends Emitter {
  #options;
  #signaling;
  #ownsSignaling;
  #roster;
  /** @type {RoomState} */
  #state = 'idle';
  #key = randomToken();
  /** @type {string | null} */
  #room = null;
  /** @type {string | null} */
  #id = null;
  /** @type {IceServer[]} */
  #iceServers = [];
  /** @type {Map<MediaKind, MediaStreamTrack | null>} */
  #tracks = new Map();
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #rejoinTimer;
  /** @type {((outcome: Joined | NoomError) => void) | null} once the lobby is over */
  #letIn = null;

  /** @param {RoomOptions} options */
  constructor(options) {
    super();
    this.#options = { metadata: {}, channels: DEFAULT_CHANNELS, ...options };
    this.#ownsSignaling = options.signaling === undefined;
    this.#signaling = options.signaling ?? new Signaling({ url: options.url ?? '' });
    this.#roster = new Roster({
      rtc: () => ({ ...this.#options.rtc, iceServers: this.#iceServers }),
      channels: this.#options.channels,
      tracks: this.#tracks,
      reachable: () => this.#state === 'joined',
      // Where media stops, the network may have changed under signaling too, and its repair needs signaling.
      doubt: () => this.#signaling.doubt(),
      signal: (to, data) => this.#signaling.notify({ type: 'send', to, data }),
    });
    this.moderation = new Moderation((message) => this.#signaling.request(message), (id) => this.peers.find((peer) => peer.id === id));
    this.#roster.on('added', (peer) => this.emit('peerjoined', peer));
    this.#roster.on('removed', (removed) => this.emit('peerleft', removed));
    this.#roster.on('message', (message) => this.emit('message', message));
    this.#signaling.on('state', ({ state, retryInMs }) => state === 'waiting' && this.#onLost(retryInMs));
    this.#signaling.on('open', (welcome) => this.#onBack(welcome));
    this.#signaling.on('message', (event) => this.#onEvent(event));
    this.#signaling.on('error', (error) => this.emit('error', error));
    this.#signaling.on('closed', (error) => this.#state !== 'joining' && this.#end(error));
  }

  get state() {
    return this.#state;
  }
  /** This side's id, while joined. */
  get id() {
    return this.#id;
  }
  get room() {
    return this.#room;
  }
  get name() {
    return this.#options.name;
  }
  get peers() {
    return this.#roster.peers;
  }
  get signaling() {
    return this.#signaling;
  }

  /**
   * @param {string} room 1 to 64 of `A-Z a-z 0-9 . _ ~ -`
   * @returns {Promise<void>} in the lobby, once let in; rejects with the server's error (`room_full`, `denied`, …) or `unreachable`
   */
  async join(room) {
    if (this.#state !== 'idle' && this.#state !== 'closed') throw new NoomError('already_joined', 'Leave the room first.');
    this.#room = room;
    this.#setState('joining');
    try {
      await this.#signaling.connect();
      this.#adopt(await this.#askToJoin());
    } catch (error) {
      this.close();
      throw error;
    }
  }

  /** Leaves the room and closes every connection. The tracks stay yours. */
  async leave() {
    const left = this.#state === 'joined' || this.#state === 'waiting' ? this.#signaling.request({ type: 'leave' }).catch(() => {}) : null;
    this.#end(null);
    await left;
    this.close();
  }

  /** Like `leave`, at once and without waiting: for `pagehide`. */
  close() {
    const wasJoined = this.#state === 'joined' || this.#state === 'waiting';
    this.#end(null);
    if (this.#ownsSignaling) this.#signaling.close();
    else if (wasJoined) this.#signaling.notify({ type: 'leave' });
  }

  /**
   * What everybody receives from you, now and from those who come later.
   * @param {MediaKind} kind
   * @param {MediaStreamTrack | null} track
   */
  setTrack(kind, track) {
    this.#tracks.set(kind, track);
    for (const peer of this.#roster.peers) peer.setTrack(kind, track);
  }

  /**
   * Changes what others see of you.
   * @param {{name?: string, metadata?: Metadata}} change
   */
  async update(change) {
    if (change.name !== undefined) this.#options.name = change.name;
    if (change.metadata) this.#options.metadata = change.metadata;
    // While signaling is down the next join carries it.
    if (this.#state !== 'joined') return;
    await this.#signaling.request({ type: 'update', name: this.#options.name, metadata: this.#metadata() });
  }

  /**
   * Sends any JSON value through the server: to one peer, or to everyone else.
   * @param {unknown} data
   * @param {Peer} [to]
   */
  async send(data, to) {
    await this.#signaling.request({ type: 'send', ...(to ? { to: to.id } : {}), data });
  }

  /** Asks for STUN and TURN servers with fresh credentials, ahead of time. They go to every connection, and to `iceservers`. */
  async renewIceServers() {
    const { ice_servers, restart } = await this.#signaling.request({ type: 'ice_servers' });
    this.#takeIceServers(ice_servers, restart);
  }

  /**
   * Sends over the data channel `label` to everyone.
   * @param {string} label
   * @param {string | ArrayBuffer} data
   */
  broadcast(label, data) {
    for (const peer of this.#roster.peers) peer.send(label, data);
  }

  #metadata() {
    return { ...this.#options.metadata, key: this.#key };
  }

  /** @returns {Promise<Joined>} */
  async #askToJoin() {
    const { token, password, name } = this.#options;
    const shown = typeof token === 'function' ? await token() : token;
    const answer = await this.#signaling.request({
      type: 'join', room: this.#room, name, metadata: this.#metadata(), ...(shown ? { token: shown } : {}), ...(password ? { password } : {}),
    });
    if (answer.type !== 'waiting') return answer;
    this.#setState('waiting');
    const outcome = await new Promise((resolve) => {
      this.#letIn = resolve;
    });
    if (outcome instanceof NoomError) throw outcome;
    return outcome;
  }

  /** @param {Joined | NoomError} outcome */
  #endWaiting(outcome) {
    this.#letIn?.(outcome);
    this.#letIn = null;
  }

  /** @param {Joined} joined */
  #adopt(joined) {
    if (this.#state !== 'joining' && this.#state !== 'waiting' && this.#state !== 'reconnecting') return;
    this.#id = joined.peer;
    this.moderation.adopt(joined);
    this.#takeIceServers(joined.ice_servers, false);
    this.#setState('joined');
    this.#roster.adopt(joined.peers);
  }

  /**
   * @param {IceServer[]} servers
   * @param {boolean} leaving
   */
  #takeIceServers(servers, leaving) {
    this.#iceServers = this.#options.iceServers?.(servers) ?? servers;
    for (const peer of this.#roster.peers) peer.renewIceServers(this.#iceServers, leaving);
    this.emit('iceservers', this.#iceServers);
  }

  /** @param {Welcome} welcome */
  #onBack(welcome) {
    const recovered = welcome.recovered === true;
    // The lobby has forgotten who waited.
    if (this.#state === 'waiting' && !recovered && (welcome.reason !== 'gap' || welcome.room))
      return this.#endWaiting(new NoomError('connection_lost', 'The connection was lost in the lobby.'));
    if (this.#state !== 'reconnecting') return;
    if (welcome.room !== this.#room) void this.#rejoin();
    // After a gap the roster follows, and with it everything that matters.
    else if (recovered) {
      this.#setState('joined');
      this.#roster.resume();
    }
    this.emit('resumed', { recovered });
  }

  async #rejoin() {
    clearTimeout(this.#rejoinTimer);
    try {
      this.#adopt(await this.#askToJoin());
    } catch (thrown) {
      const error = /** @type {NoomError} */ (thrown);
      if ((this.#state !== 'reconnecting' && this.#state !== 'waiting') || error.code === 'connection_lost') return;
      if (!PASSING.has(error.code)) return this.#end(error);
      this.#rejoinTimer = setTimeout(() => void this.#rejoin(), (error.retryAfterS ?? 3) * 1000);
    }
  }

  /** @param {number} [retryInMs] */
  #onLost(retryInMs) {
    clearTimeout(this.#rejoinTimer);
    if (this.#state === 'joined' || this.#state === 'reconnecting') this.#setState('reconnecting', retryInMs);
  }

  /** @param {RoomEvent} event */
  #onEvent(event) {
    if (event.type === 'roster' && (this.#state === 'reconnecting' || this.#state === 'joined')) {
      if (this.#state === 'reconnecting') this.#setState('joined');
      this.moderation.adopt(event);
      return this.#roster.adopt(event.peers);
    }
    if (this.#state === 'waiting' && event.type === 'joined') return this.#endWaiting(event);
    if (this.#state === 'waiting' && event.type === 'denied') return this.#endWaiting(new NoomError('denied', event.message ?? event.reason, { said: event.message }));
    if (this.#state !== 'joined') return;
    this.moderation.receive(event, this.#id);
    switch (event.type) {
      case 'left':
        return event.reason ? this.#end(toEnding(event)) : undefined;
      case 'peer_joined':
        return this.#roster.add({ ...event, presence: 'present' });
      case 'peer_updated':
        return this.#roster.update(event.peer, event.name, event.metadata, event.role);
      case 'presence':
        return this.#roster.setPresence(event.peer, event.state === 'away');
      case 'peer_left':
        return this.#roster.remove(event.peer, event.reason);
      case 'ice_servers':
        return this.#takeIceServers(event.ice_servers, event.restart);
      case 'message':
        return this.#roster.receive(event.from, event.data, event.broadcast);
    }
  }

  /** @param {NoomError | null} error null when this side wanted it */
  #end(error) {
    if (this.#state === 'closed' || this.#state === 'idle') return;
    clearTimeout(this.#rejoinTimer);
    this.#endWaiting(error ?? new NoomError('closed', 'The room was left.'));
    this.#id = null;
    this.#setState('closed');
    this.#roster.close();
    if (error) this.emit('closed', error);
  }

  /**
   * @param {RoomState} state
   * @param {number} [retryInMs]
   */
  #setState(state, retryInMs) {
    this.#state = state;
    this.emit('state', retryInMs === undefined ? { state } : { state, retryInMs });
  }
}

/** @param {import('./messages.js').Left} left   said by the server, not asked for */
function toEnding({ reason, message, banned_s: bannedS }) {
  return new NoomError(reason ?? 'closed', message ?? 'You were put out of the room.', { said: message, ...(bannedS ? { retryAfterS: bannedS } : {}) });
}
