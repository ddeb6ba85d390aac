// Who is in the room, and the reunion: after a lost signaling connection everybody gets a new id, yet the media between two
// people still flows. Each side recognises the other by the `key` in its metadata and proves it by naming the link they share:
//   → {"resume":{"connection":"<name of the shared link>","settled":true}}
// If both name the same settled link it is kept; in every other case the impolite side offers a new one.

import { Emitter } from './events.js';
import { Peer, keyOf } from './peer.js';

/** @import { LinkSignal } from './link.js' */
/** @import { PeerContext } from './peer.js' */
/** @import { Metadata, RosterEntry } from './protocol.js' */

/**
 * @typedef {{connection: string | null, settled: boolean}} Resume
 *
 * @typedef {object} RosterEvents
 * @property {Peer} added
 * @property {{peer: Peer, reason: string}} removed
 * @property {{from: Peer, data: unknown, broadcast: boolean}} message   what is not addressed to the SDK itself
 */

const REUNION_MS = 5_000;
// How long somebody whose media still flows may be missing from the roster.
const AWAY_MS = 30_000;

/** @extends {Emitter<RosterEvents>} */
export class Roster extends Emitter {
  #context;
  /** @type {Set<Peer>} in the order of arrival */
  #peers = new Set();
  /** @type {Map<string, Peer>} */
  #byId = new Map();
  /** @type {Map<string, {peer: Peer, entry: RosterEntry, timer: ReturnType<typeof setTimeout>}>} by the id that may be a known person */
  #reunions = new Map();
  /** @type {Set<Peer>} those who were away when this side missed something: what the two share is compared once they are back */
  #unsure = new Set();
  /** @type {Map<Peer, {timer: ReturnType<typeof setTimeout>, stop: () => void}>} */
  #away = new Map();

  /** @param {PeerContext} context */
  constructor(context) {
    super();
    this.#context = context;
  }

  get peers() {
    return [...this.#peers];
  }

  /**
   * The whole roster, after joining or joining again.
   * @param {RosterEntry[]} entries
   */
  adopt(entries) {
    const listed = new Set(entries.map((entry) => entry.peer));
    for (const [id, peer] of [...this.#byId]) if (!listed.has(id)) this.#depart(peer, 'closed');
    for (const entry of entries) this.add(entry);
  }

  /** @param {RosterEntry} entry */
  add(entry) {
    const key = keyOf(entry.metadata);
    const known = this.#byId.get(entry.peer) ?? (key === null ? undefined : this.peers.find((peer) => peer.key === key));
    if (known?.id === entry.peer && entry.presence === 'away') this.#awaitReturn(known, entry);
    else if (known) this.#expectReunion(known, entry);
    else this.#welcome(entry);
  }

  /**
   * @param {string} id
   * @param {string} name
   * @param {Metadata} metadata
   * @param {string} role
   */
  update(id, name, metadata, role) {
    const reunion = this.#reunions.get(id);
    if (reunion) reunion.entry = { ...reunion.entry, name, metadata, role };
    this.#byId.get(id)?.describe(name, metadata, role);
  }

  /**
   * The connection of somebody to the server is lost for the moment, or back.
   * @param {string} id
   * @param {boolean} away
   */
  setPresence(id, away) {
    const reunion = this.#reunions.get(id);
    if (reunion) reunion.entry = { ...reunion.entry, presence: away ? 'away' : 'present' };
    const peer = this.#byId.get(id);
    if (!peer) return;
    if (away) return peer.depart();
    peer.comeBack();
    if (!this.#unsure.delete(peer)) return;
    const { name, metadata, polite, role } = peer;
    this.#expectReunion(peer, { peer: id, name, metadata, polite, role, presence: 'present' });
  }

  /** Signaling works again, and nothing was missed. */
  resume() {
    for (const peer of this.#peers) peer.resume();
  }

  /**
   * @param {string} id
   * @param {string} reason
   */
  remove(id, reason) {
    clearTimeout(this.#reunions.get(id)?.timer);
    this.#reunions.delete(id);
    const peer = this.#byId.get(id);
    if (!peer) return;
    if (reason === 'left' || reason === 'kicked') this.#drop(peer, reason);
    else this.#depart(peer, reason);
  }

  /**
   * @param {string} from
   * @param {any} data
   * @param {boolean} broadcast
   */
  receive(from, data, broadcast) {
    if (data?.resume) return this.#onResume(from, data.resume);
    const signal = data && typeof data === 'object' && ('description' in data || 'candidate' in data);
    const reunion = this.#reunions.get(from);
    // Whoever offers a link anew does not remember the old one.
    if (reunion && signal && data.description && data.connection !== reunion.peer.link?.connection) this.#startAnew(from);
    const peer = this.#byId.get(from) ?? reunion?.peer;
    if (!peer) return undefined;
    return signal ? peer.receive(/** @type {LinkSignal} */ (data)) : void this.emit('message', { from: peer, data, broadcast });
  }

  close() {
    for (const { timer } of this.#reunions.values()) clearTimeout(timer);
    this.#reunions.clear();
    for (const peer of this.peers) this.#drop(peer, 'left');
  }

  /** @param {RosterEntry} entry */
  #welcome(entry) {
    const peer = new Peer(this.#context, entry);
    this.#peers.add(peer);
    this.#byId.set(entry.peer, peer);
    this.emit('added', peer);
    peer.connect();
  }

  /**
   * @param {Peer} peer
   * @param {RosterEntry} entry
   */
  #expectReunion(peer, entry) {
    clearTimeout(this.#reunions.get(entry.peer)?.timer);
    const timer = setTimeout(() => this.#startAnew(entry.peer), REUNION_MS);
    this.#reunions.set(entry.peer, { peer, entry, timer });
    const { link } = peer;
    this.#context.signal(entry.peer, { resume: { connection: link?.connection ?? null, settled: link?.settled ?? false } });
  }

  /**
   * @param {string} from
   * @param {Resume} theirs
   */
  #onResume(from, theirs) {
    const reunion = this.#reunions.get(from);
    const peer = reunion?.peer ?? this.#byId.get(from);
    if (!peer) return;
    const recognised = typeof theirs.connection === 'string' && theirs.connection === peer.link?.connection;
    if (recognised && theirs.settled === true && peer.link?.settled) {
      if (reunion) this.#rebind(from);
      peer.resume();
      if (peer.link?.state !== 'connected' && !peer.polite) peer.link?.restartIce();
    } else if (reunion) {
      this.#startAnew(from, recognised);
    } else if (!peer.polite) {
      if (!peer.link?.offering) peer.connect();
    } else if (theirs.connection !== null) {
      this.#context.signal(from, { resume: { connection: null, settled: false } });
    }
  }

  /**
   * The known person speaks under `id` now.
   * @param {string} id
   */
  #rebind(id) {
    const reunion = this.#reunions.get(id);
    if (!reunion) return;
    clearTimeout(reunion.timer);
    this.#reunions.delete(id);
    if (this.#byId.get(reunion.peer.id) === reunion.peer) this.#byId.delete(reunion.peer.id);
    this.#byId.set(id, reunion.peer);
    this.#comeBack(reunion.peer);
    reunion.peer.bind(reunion.entry);
  }

  /**
   * @param {string} id
   * @param {boolean} [recognised] who speaks knows the name of the shared link, which only that person can
   */
  #startAnew(id, recognised = false) {
    const reunion = this.#reunions.get(id);
    if (!reunion) return;
    const { peer, entry } = reunion;
    if (!recognised && peer.present && peer.id !== id && this.#byId.get(peer.id) === peer) {
      // The one we know is still here under its own id: this is somebody else with the same key.
      clearTimeout(reunion.timer);
      this.#reunions.delete(id);
      this.#welcome(entry);
      return;
    }
    this.#rebind(id);
    peer.connect();
  }

  /**
   * @param {Peer} peer
   * @param {RosterEntry} entry
   */
  #awaitReturn(peer, entry) {
    this.#unsure.add(peer);
    peer.bind(entry);
  }

  /**
   * @param {Peer} peer
   * @param {string} reason
   */
  #depart(peer, reason) {
    if (peer.link?.state !== 'connected') return this.#drop(peer, reason);
    this.#byId.delete(peer.id);
    peer.depart();
    this.#comeBack(peer);
    const stop = peer.link.on('state', (state) => state !== 'connected' && this.#drop(peer, reason));
    this.#away.set(peer, { stop, timer: setTimeout(() => this.#drop(peer, reason), AWAY_MS) });
    return undefined;
  }

  /** @param {Peer} peer */
  #comeBack(peer) {
    const away = this.#away.get(peer);
    clearTimeout(away?.timer);
    away?.stop();
    this.#away.delete(peer);
  }

  /**
   * @param {Peer} peer
   * @param {string} reason
   */
  #drop(peer, reason) {
    this.#comeBack(peer);
    this.#peers.delete(peer);
    this.#unsure.delete(peer);
    if (this.#byId.get(peer.id) === peer) this.#byId.delete(peer.id);
    const returning = [...this.#reunions].filter(([, reunion]) => reunion.peer === peer);
    for (const [id, { timer }] of returning) {
      clearTimeout(timer);
      this.#reunions.delete(id);
    }
    peer.close();
    this.emit('removed', { peer, reason });
    // Who was about to be recognised as this person is here all the same.
    for (const [id, { entry }] of returning) if (id !== peer.id) this.#welcome(entry);
  }
}
