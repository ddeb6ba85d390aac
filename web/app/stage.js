// The tiles of a call and where they stand. Follows the size of the stage, the number of people, the layout and the pin.

import { byId } from './dom.js';
import { grid, pair, spotlight } from './layout.js';
import { settings } from './settings.js';
import { Tile } from './tile.js';

/** @import { Place } from './layout.js' */

export class Stage {
  #element = byId('stage', HTMLElement);
  #invite = byId('invite', HTMLElement);
  /** @type {Tile} */
  #self = new Tile();
  /** @type {Set<Tile>} */
  #others = new Set();
  /** @type {Tile | null} */
  #pinned = null;
  /** @type {Tile | null} */
  #speaker = null;
  #observer = new ResizeObserver(() => this.arrange());

  constructor() {
    this.#self.video.muted = true;
  }

  get self() {
    return this.#self;
  }
  get pinned() {
    return this.#pinned;
  }

  open() {
    this.#element.append(this.#self.element);
    this.#observer.observe(this.#element);
    this.arrange();
  }

  close() {
    this.#observer.disconnect();
    this.#element.classList.remove('settled');
    for (const tile of this.#others) this.#discard(tile);
    this.#others.clear();
    this.#pinned = this.#speaker = null;
    this.#self.setStream(null);
    this.#self.setPinned(false);
    this.#self.element.remove();
    this.#invite.hidden = true;
  }

  add() {
    const tile = new Tile();
    this.#others.add(tile);
    this.#element.append(tile.element);
    this.arrange();
    return tile;
  }

  /** @param {Tile} tile */
  remove(tile) {
    this.#others.delete(tile);
    if (this.#pinned === tile) this.#pinned = null;
    if (this.#speaker === tile) this.#speaker = null;
    this.#discard(tile);
    this.arrange();
  }

  /** @param {Tile | null} tile that stays large until it is unpinned */
  pin(tile) {
    this.#pinned?.setPinned(false);
    this.#pinned = tile;
    tile?.setPinned(true);
    this.arrange();
  }

  /** @param {Tile} tile of who spoke last */
  setSpeaker(tile) {
    if (this.#speaker === tile) return;
    this.#speaker = tile;
    this.arrange();
  }

  /** @param {(video: HTMLVideoElement) => void} visit every video but one's own */
  eachVideo(visit) {
    for (const tile of this.#others) visit(tile.video);
  }

  arrange() {
    const { clientWidth: width, clientHeight: height } = this.#element;
    if (width === 0 || height === 0) return;
    const others = [...this.#others].map((tile) => tile.element);
    const me = this.#self.element;
    this.#invite.hidden = others.length > 0;
    const gap = width < 640 ? 8 : 12;
    const large = others.length > 0 ? this.#large()?.element : undefined;
    const all = others.length > 0 ? [...others, me] : [me, this.#invite];
    if (large) place([large, ...all.filter((tile) => tile !== large)], spotlight(all.length, width, height, gap));
    else if (others.length === 1) place(all, pair(width, height, gap));
    else place(all, grid(all.length, width, height, gap));
    // The first arrangement does not fly in.
    requestAnimationFrame(() => this.#element.classList.add('settled'));
  }

  /** The tile that is larger than the others, if one is. */
  #large() {
    const screen = [this.#self, ...this.#others].find((tile) => tile.screen);
    if (this.#pinned ?? screen) return this.#pinned ?? screen;
    if (settings.layout !== 'speaker' || this.#others.size < 2) return undefined;
    return this.#speaker ?? [...this.#others][0];
  }

  /** @param {Tile} tile */
  #discard(tile) {
    tile.setStream(null);
    tile.element.remove();
  }
}

/**
 * @param {HTMLElement[]} tiles
 * @param {Place[]} places
 */
function place(tiles, places) {
  tiles.forEach((tile, index) => {
    const { x = 0, y = 0, w = 0, h = 0, floating = false } = places[index] ?? {};
    tile.classList.toggle('floating', floating);
    for (const [name, value] of Object.entries({ x, y, w, h })) tile.style.setProperty(`--${name}`, `${Math.round(value)}px`);
  });
}
