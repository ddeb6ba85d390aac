// The quality of the connection to everybody: sampled while the call lasts, bars in the tiles, details in a panel, all of it in a report.

import { Quality } from '../client/index.js';
import { byId } from './dom.js';
import { onLanguage } from './i18n.js';
import { nameOf } from './part.js';
import { QualityView } from './quality_view.js';

/** @import { Peer, QualitySample, Room } from '../client/index.js' */
/** @import { Panels } from './panels.js' */
/** @import { Tile } from './tile.js' */

const SAMPLE_EVERY_MS = 2_000;
// Ten minutes are plotted and reported.
const SAMPLES_MAX = 300;

/** @typedef {{quality: Quality, tile: Tile, view: QualityView, samples: QualitySample[]}} Watched */

export class QualityWatch {
  #panels;
  #list = byId('quality-list', HTMLElement);
  /** @type {Room | null} */
  #room = null;
  /** @type {Map<Peer, Watched>} */
  #watched = new Map();
  /** @type {ReturnType<typeof setInterval> | undefined} */
  #timer;
  #startedAt = 0;

  /** @param {Panels} panels */
  constructor(panels) {
    this.#panels = panels;
    byId('quality-report', HTMLButtonElement).addEventListener('click', () => this.#download());
    panels.on('change', () => this.#show());
    onLanguage(() => this.#show());
  }

  /** @param {Room} room */
  open(room) {
    this.#room = room;
    this.#startedAt = Date.now();
    this.#timer = setInterval(() => void this.#sample(), SAMPLE_EVERY_MS);
  }

  /**
   * @param {Peer} peer
   * @param {Tile} tile
   */
  add(peer, tile) {
    const view = new QualityView();
    this.#watched.set(peer, { quality: new Quality(peer), tile, view, samples: [] });
    this.#list.append(view.element);
    this.#show();
  }

  /** @param {Peer} peer */
  remove(peer) {
    this.#watched.get(peer)?.view.element.remove();
    this.#watched.delete(peer);
    this.#show();
  }

  close() {
    clearInterval(this.#timer);
    this.#watched.clear();
    this.#list.replaceChildren();
    this.#room = null;
  }

  async #sample() {
    await Promise.all(
      [...this.#watched].map(async ([peer, watched]) => {
        const sample = await watched.quality.sample();
        watched.samples.push(sample);
        if (watched.samples.length > SAMPLES_MAX) watched.samples.shift();
        if (peer.state !== 'closed') watched.tile.setBars(sample.bars);
      }),
    );
    this.#show();
  }

  #show() {
    if (this.#panels.open !== 'quality') return;
    byId('quality-empty', HTMLElement).hidden = this.#watched.size > 0;
    for (const [peer, { view, samples }] of this.#watched) view.show(nameOf(peer), samples);
  }

  /** What helps whoever is asked for help: no addresses but the relay's, no credentials. */
  #download() {
    const report = {
      made: new Date().toISOString(),
      browser: navigator.userAgent,
      seconds_in_call: Math.round((Date.now() - this.#startedAt) / 1000),
      signaling: { state: this.#room?.state, transport: this.#room?.signaling.transport },
      peers: [...this.#watched].map(([peer, { samples }]) => ({ name: peer.name, state: peer.state, samples })),
    };
    const address = URL.createObjectURL(new Blob([JSON.stringify(report, null, 2)], { type: 'application/json' }));
    const link = Object.assign(document.createElement('a'), { href: address, download: `noom-report-${report.made.replace(/[:.]/g, '-')}.json` });
    link.click();
    URL.revokeObjectURL(address);
  }
}
