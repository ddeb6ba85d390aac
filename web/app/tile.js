// One person on the stage: video, name, marks. Text from others only ever becomes textContent.

import { find, stamp } from './dom.js';
import { localise, onLanguage, setText, t } from './i18n.js';

/** @typedef {'me' | 'connecting' | 'connected' | 'healing' | 'unsteady' | 'away'} TileState `unsteady`: without the server, while media flows */

/**
 * @typedef {object} Look
 * @property {string} name
 * @property {boolean} self
 * @property {boolean} microphone
 * @property {boolean} camera
 * @property {boolean} screen
 * @property {boolean} hand       raised
 * @property {boolean} mirrored
 * @property {TileState} state
 */

const HUES = 6;
const BARS = /** @type {const} */ (['bars_0', 'bars_1', 'bars_2', 'bars_3', 'bars_4']);

export class Tile {
  element = stamp('tile');
  video = find(this.element, 'video', HTMLVideoElement);
  /** @type {Look} */
  #look = { name: '', self: false, microphone: true, camera: false, screen: false, hand: false, mirrored: false, state: 'connecting' };

  menuButton = find(this.element, '.tile-menu', HTMLButtonElement);

  constructor() {
    localise(this.element);
    onLanguage(() => this.element.isConnected && this.show(this.#look));
  }

  get screen() {
    return this.#look.screen;
  }

  /** @param {MediaStream | null} stream */
  setStream(stream) {
    if (this.video.srcObject !== stream) this.video.srcObject = stream;
  }

  get look() {
    return this.#look;
  }

  /** @param {boolean} speaking */
  setSpeaking(speaking) {
    this.element.classList.toggle('speaking', speaking);
  }

  /** @param {boolean} pinned */
  setPinned(pinned) {
    find(this.element, '.pin-mark', HTMLElement).hidden = !pinned;
  }

  /** @param {0 | 1 | 2 | 3 | 4} bars 0: no path */
  setBars(bars) {
    const place = find(this.element, '.bars', HTMLElement);
    place.hidden = bars === 0;
    if (place.dataset.bars === String(bars)) return;
    place.dataset.bars = String(bars);
    setText(find(place, 'span', HTMLElement), BARS[bars]);
  }

  /** @param {Look} look */
  show(look) {
    this.#look = look;
    const name = look.name.trim() || t('someone');
    const shown = look.screen ? t('sharing', { name }) : look.self ? t('you', { name }) : name;
    find(this.element, '.tile-name', HTMLElement).textContent = shown;
    const avatar = find(this.element, '.avatar', HTMLElement);
    avatar.textContent = initial(name);
    avatar.dataset.hue = String(hueOf(name));
    this.element.setAttribute('aria-label', shown);
    this.menuButton.setAttribute('aria-label', t('tile_menu', { name }));
    this.menuButton.title = t('tile_menu', { name });
    find(this.element, '.hand-mark', HTMLElement).hidden = !look.hand;
    this.element.classList.toggle('no-video', !look.camera && !look.screen);
    this.element.classList.toggle('whole', look.screen);
    this.video.classList.toggle('mirrored', look.mirrored);
    find(this.element, '.muted-mark', HTMLElement).hidden = look.microphone;
    find(this.element, '[data-camera-off]', HTMLElement).hidden = look.camera || look.screen;
    this.element.dataset.state = look.state;
    const state = find(this.element, '[data-state]', HTMLElement);
    if (look.state === 'connecting') setText(state, 'state_connecting');
    else if (look.state === 'healing') setText(state, 'state_healing');
    else if (look.state === 'unsteady') setText(state, 'state_unsteady');
    else if (look.state === 'away') setText(state, 'state_away');
  }
}

/**
 * The same name has the same colour on everybody's page.
 * @param {string} name
 */
function hueOf(name) {
  return [...name].reduce((sum, letter) => (sum * 31 + letter.charCodeAt(0)) % 9973, 7) % HUES;
}

/**
 * The first letter as a person sees it: an emoji or a Hangul syllable is one.
 * @param {string} name
 */
function initial(name) {
  const first = [...new Intl.Segmenter(undefined, { granularity: 'grapheme' }).segment(name)][0];
  return (first?.segment ?? '?').toLocaleUpperCase();
}
