// In a mesh everyone sends to everyone. From five people on each picture is sent smaller, so that the uplink carries all of them.

import { limitVideo } from '../client/index.js';

/** @import { Peer, VideoLimits } from '../client/index.js' */
/** @import { Me } from './me.js' */

/** How many people a mesh serves without sacrifice. */
export const MESH_PEOPLE_EASY = 4;

export class Mesh {
  #me;
  /** @type {Map<Peer, () => void>} */
  #stops = new Map();

  /** @param {Me} me */
  constructor(me) {
    this.#me = me;
  }

  open() {}

  /** @param {Peer} peer */
  add(peer) {
    const stops = [peer.on('state', () => this.#limit(peer)), peer.on('stream', () => this.#limit(peer))];
    this.#stops.set(peer, () => stops.forEach((stop) => stop()));
    this.refresh();
  }

  /** @param {Peer} peer */
  remove(peer) {
    this.#stops.get(peer)?.();
    this.#stops.delete(peer);
    this.refresh();
  }

  close() {
    for (const stop of this.#stops.values()) stop();
    this.#stops.clear();
  }

  /** Somebody came or went, or another track is sent. */
  refresh() {
    for (const peer of this.#stops.keys()) this.#limit(peer);
  }

  /** @param {Peer} peer */
  #limit(peer) {
    // Text on a screen must stay legible.
    if (peer.state === 'connected') void limitVideo(peer, this.#me.sharing ? null : limitsFor(this.#stops.size + 1));
  }
}

/**
 * @param {number} people
 * @returns {VideoLimits | null}
 */
function limitsFor(people) {
  if (people <= MESH_PEOPLE_EASY) return null;
  return people <= 6 ? { heightMax: 360, bitsPerSecondMax: 500_000 } : { heightMax: 240, bitsPerSecondMax: 250_000 };
}
