// Who speaks: a ring around the tile, and the large place in the speaker layout.

import { meterTrack } from './meter.js';

/** @import { Peer } from '../client/index.js' */
/** @import { Me } from './me.js' */
/** @import { Stage } from './stage.js' */
/** @import { Tile } from './tile.js' */

const LOOK_EVERY_MS = 200;
// RFC 6464 levels as browsers scale them: 1 is the loudest, speech at a desk about 0.05.
const LOUD = 0.015;
const BREATH_MS = 700;
// The large place does not flutter.
const STAYS_MS = 2_000;

export class Speaking {
  #me;
  #stage;
  /** @type {Map<Peer, {tile: Tile, heardAt: number}>} */
  #others = new Map();
  /** @type {ReturnType<typeof setInterval> | undefined} */
  #timer;
  /** @type {{track: MediaStreamTrack, stop: () => void} | null} */
  #own = null;
  #level = 0;
  #heardAt = 0;
  #changedAt = 0;

  /**
   * @param {Me} me
   * @param {Stage} stage
   */
  constructor(me, stage) {
    this.#me = me;
    this.#stage = stage;
  }

  open() {
    this.#timer = setInterval(() => this.#look(), LOOK_EVERY_MS);
  }

  /**
   * @param {Peer} peer
   * @param {Tile} tile
   */
  add(peer, tile) {
    this.#others.set(peer, { tile, heardAt: 0 });
  }

  /** @param {Peer} peer */
  remove(peer) {
    this.#others.delete(peer);
  }

  close() {
    clearInterval(this.#timer);
    this.#own?.stop();
    this.#own = null;
    this.#others.clear();
    this.#stage.self.setSpeaking(false);
  }

  #look() {
    const now = Date.now();
    this.#listenToMyself();
    if (this.#me.microphoneOn && this.#level > 0.35) this.#heardAt = now;
    this.#stage.self.setSpeaking(now - this.#heardAt < BREATH_MS);
    /** @type {{tile: Tile, level: number} | null} */
    let loudest = null;
    for (const [peer, person] of this.#others) {
      const level = peer.metadata.microphone === false ? 0 : levelOf(peer);
      if (level > LOUD) person.heardAt = now;
      person.tile.setSpeaking(now - person.heardAt < BREATH_MS);
      if (level > LOUD && level > (loudest?.level ?? 0)) loudest = { tile: person.tile, level };
    }
    if (!loudest || now - this.#changedAt < STAYS_MS) return;
    this.#changedAt = now;
    this.#stage.setSpeaker(loudest.tile);
  }

  #listenToMyself() {
    const track = this.#me.media.microphone;
    if (track === (this.#own?.track ?? null)) return;
    this.#own?.stop();
    this.#level = 0;
    this.#own = track && { track, stop: meterTrack(track, (level) => (this.#level = level)) };
  }
}

/** @param {Peer} peer */
function levelOf(peer) {
  const receiver = peer.link?.pc.getReceivers().find(({ track }) => track.kind === 'audio');
  return receiver?.getSynchronizationSources()[0]?.audioLevel ?? 0;
}
