// Somebody else in the room. The person stays the same object while ids and links behind it come and go.

import { Channel } from './channel.js';
import { Emitter } from './events.js';
import { Link } from './link.js';
import { selectedPath } from './stats.js';

/** @import { ChannelOptions } from './channel.js' */
/** @import { LinkSignal, LinkState, MediaKind } from './link.js' */
/** @import { Metadata, RosterEntry } from './protocol.js' */

/**
 * `away`: without a connection to the server for the moment; `flowing` says whether media comes all the same.
 * @typedef {'connecting' | 'connected' | 'healing' | 'away' | 'closed'} PeerState
 *
 * @typedef {object} PeerContext
 * @property {() => RTCConfiguration} rtc
 * @property {ChannelOptions[]} channels
 * @property {ReadonlyMap<MediaKind, MediaStreamTrack | null>} tracks
 * @property {() => boolean} reachable
 * @property {() => void} doubt      the path to somebody has broken: perhaps not it alone
 * @property {(to: string, data: object) => boolean} signal
 *
 * @typedef {object} PeerEvents
 * @property {PeerState} state
 * @property {boolean} flowing                       media comes, or has stopped coming
 * @property {MediaStream} stream                    another stream object: the link was made anew
 * @property {{name: string, metadata: Metadata}} update
 * @property {{label: string, data: any}} data       from a data channel
 * @property {{label: string}} channel               that channel has opened (again)
 * @property {unknown} problem                       something the other end sent was refused
 */

/** @extends {Emitter<PeerEvents>} */
export class Peer extends Emitter {
  #context;
  /** @type {Link | null} */
  #link = null;
  /** @type {PeerState} */
  #state = 'connecting';
  #present;
  #flowing = false;
  #id;
  #name;
  #role;
  /** @type {Metadata} */
  #metadata;
  #polite;
  /** @type {Map<string, Channel>} */
  #channels = new Map();

  /**
   * @param {PeerContext} context
   * @param {RosterEntry} entry
   */
  constructor(context, entry) {
    super();
    this.#context = context;
    this.#id = entry.peer;
    this.#name = entry.name;
    this.#metadata = entry.metadata;
    this.#polite = entry.polite;
    this.#present = entry.presence !== 'away';
    if (!this.#present) this.#state = 'away';
    this.#role = entry.role;
    /** @readonly What stays the same when the server hands out a new id. */
    this.key = keyOf(entry.metadata);
    for (const { label } of context.channels) this.#addChannel(label);
  }

  /** The server's id for this peer; changes when either side had to join again. */
  get id() {
    return this.#id;
  }
  /** `host`, `moderator`, `member`, `viewer`, or what later servers know. */
  get role() {
    return this.#role;
  }
  get name() {
    return this.#name;
  }
  get metadata() {
    return this.#metadata;
  }
  get state() {
    return this.#state;
  }
  /** Whether the connection between this peer and the server is up, as far as the server knows. */
  get present() {
    return this.#present;
  }
  /** Whether there is a working path between the two of you. */
  get flowing() {
    return this.#flowing;
  }
  /** Whether this side yields when offers collide. */
  get polite() {
    return this.#polite;
  }
  get link() {
    return this.#link;
  }
  get stream() {
    return this.#link?.stream ?? null;
  }

  /**
   * Sends over a data channel. While that channel is not open, up to 64 messages are kept for when it is.
   * @param {string} label
   * @param {string | ArrayBuffer} data
   * @returns {boolean} false when the message was not taken
   */
  send(label, data) {
    return this.#channels.get(label)?.send(data) ?? false;
  }

  /**
   * One of the room's `channels`, the same object for as long as the peer is there.
   * @param {string} label
   */
  channel(label) {
    return this.#channels.get(label);
  }

  /**
   * @param {MediaKind} kind
   * @param {MediaStreamTrack | null} track
   */
  setTrack(kind, track) {
    this.#link?.setTrack(kind, track);
  }

  /**
   * @param {RTCIceServer[]} servers
   * @param {boolean} leaving
   */
  renewIceServers(servers, leaving) {
    this.#link?.renewIceServers(servers, leaving).catch((error) => this.emit('problem', error));
  }

  /** How the packets travel now, or null while there is no path. */
  async path() {
    return this.#link ? selectedPath(await this.#link.pc.getStats()) : null;
  }

  /**
   * The same person under the same or a new id.
   * @param {RosterEntry} entry
   */
  bind(entry) {
    this.#id = entry.peer;
    this.#polite = entry.polite;
    if (this.#link) this.#link.polite = entry.polite;
    this.describe(entry.name, entry.metadata, entry.role);
    this.#present = entry.presence !== 'away';
    this.#refreshState();
  }

  /**
   * @param {string} name
   * @param {Metadata} metadata
   * @param {string} role
   */
  describe(name, metadata, role) {
    this.#name = name;
    this.#metadata = metadata;
    this.#role = role;
    this.emit('update', { name, metadata });
  }

  /** Away, or gone from the roster, perhaps for a moment only. */
  depart() {
    this.#present = false;
    this.#refreshState();
  }

  /** No longer away. */
  comeBack() {
    this.#present = true;
    this.#refreshState();
    this.resume();
  }

  /** Signaling between the two works again: what waited for it happens now. */
  resume() {
    if (!this.#present || this.#state === 'closed') return;
    if (this.#link && this.#link.state !== 'closed') this.#link.resume();
    else this.#seekLink();
  }

  /** A new link, offered by the impolite side; the polite side waits for that offer. */
  connect() {
    if (!this.#polite) this.#replaceLink(randomToken(), true);
  }

  /** @param {LinkSignal} signal */
  receive(signal) {
    const { connection = this.#link?.connection ?? 'unnamed', description } = signal;
    const isNew = connection !== this.#link?.connection;
    if (isNew && description?.type === 'offer' && (this.#polite || !this.#link)) this.#replaceLink(connection, false);
    // Anything else of another link comes from one that is gone.
    if (connection === this.#link?.connection) this.#link.receive(signal);
  }

  close() {
    this.#setState('closed');
    this.#dropLink();
    for (const channel of this.#channels.values()) channel.close();
  }

  /** The polite side has to ask for what the impolite one offers. */
  #seekLink() {
    if (this.#polite) this.#context.signal(this.#id, { resume: { connection: null, settled: false } });
    else this.connect();
  }

  #dropLink() {
    const link = this.#link;
    // Whose end is wanted here is not sought again.
    this.#link = null;
    for (const channel of this.#channels.values()) channel.detach();
    link?.close();
  }

  /**
   * @param {string} connection
   * @param {boolean} offerer
   */
  #replaceLink(connection, offerer) {
    this.#dropLink();
    const link = new Link({
      connection,
      offerer,
      polite: this.#polite,
      rtc: this.#context.rtc(),
      channels: this.#context.channels,
      tracks: this.#context.tracks,
      reachable: () => this.#present && this.#context.reachable(),
      send: (signal) => this.#present && this.#context.signal(this.#id, signal),
    });
    this.#link = link;
    link.on('state', (state) => {
      if (link !== this.#link) return;
      this.#refreshState();
      if (state === 'healing') this.#context.doubt();
      if (state === 'closed' && this.#present && this.#context.reachable()) this.#seekLink();
    });
    link.on('problem', (problem) => this.emit('problem', problem));
    link.on('channel', (channel) => link === this.#link && this.#channels.get(channel.label)?.attach(channel));
    this.emit('stream', link.stream);
    this.#refreshState();
  }

  /** @param {string} label */
  #addChannel(label) {
    const channel = new Channel(label);
    this.#channels.set(label, channel);
    channel.on('message', (data) => this.emit('data', { label, data }));
    channel.on('open', () => this.emit('channel', { label }));
  }

  #refreshState() {
    /** @type {LinkState} */
    const link = this.#link?.state ?? 'connecting';
    this.#setState(this.#present ? (link === 'closed' ? 'connecting' : link) : 'away');
    const flowing = link === 'connected';
    if (this.#flowing === flowing) return;
    this.#flowing = flowing;
    this.emit('flowing', flowing);
  }

  /** @param {PeerState} state */
  #setState(state) {
    if (this.#state === state || this.#state === 'closed') return;
    this.#state = state;
    this.emit('state', state);
  }
}

/** @param {Metadata} metadata */
export function keyOf(metadata) {
  return typeof metadata?.key === 'string' && metadata.key.length <= 64 ? metadata.key : null;
}

/** 96 random bits, for names nobody should guess. */
export function randomToken() {
  return Array.from(crypto.getRandomValues(new Uint8Array(12)), (byte) => byte.toString(16).padStart(2, '0')).join('');
}
