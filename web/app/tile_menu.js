// What can be done with one person's tile: one menu, filled for whoever it was opened for.

import { byId } from './dom.js';
import { t } from './i18n.js';
import { toast } from './notices.js';
import { nameOf } from './part.js';

/** @import { NoomError, Peer, Room } from '../client/index.js' */
/** @import { Panels } from './panels.js' */
/** @import { Stage } from './stage.js' */
/** @import { Tile } from './tile.js' */

/** @typedef {'pin' | 'unpin' | 'pip' | 'quality' | 'play' | 'mute' | 'kick'} Action */

export class TileMenu {
  #menu = byId('tile-menu', HTMLElement);
  #stage;
  #panels;
  #play;
  /** @type {Room | null} */
  #room = null;
  /** @type {{tile: Tile, peer: Peer | null} | null} */
  #at = null;

  /**
   * @param {Stage} stage
   * @param {Panels} panels
   * @param {(peer: Peer) => void} play  a game with them
   */
  constructor(stage, panels, play) {
    this.#stage = stage;
    this.#panels = panels;
    this.#play = play;
    this.#menu.addEventListener('click', ({ target }) => {
      const action = target instanceof Element ? target.closest('button')?.dataset.tileAction : undefined;
      if (action) this.#do(/** @type {Action} */ (action));
    });
    // Its tile has gone elsewhere then.
    window.addEventListener('resize', () => this.#hide());
    stage.self.menuButton.addEventListener('click', () => this.#open(stage.self, null));
  }

  /** @param {Room} room */
  open(room) {
    this.#room = room;
  }

  /**
   * @param {Peer} peer
   * @param {Tile} tile
   */
  add(peer, tile) {
    tile.menuButton.addEventListener('click', () => this.#open(tile, peer));
  }

  /** @param {Peer} peer */
  remove(peer) {
    if (this.#at?.peer === peer) this.#hide();
  }

  close() {
    this.#hide();
    this.#room = null;
  }

  #hide() {
    this.#at = null;
    if (this.#menu.matches(':popover-open')) this.#menu.hidePopover();
  }

  /**
   * @param {Tile} tile
   * @param {Peer | null} peer null for oneself
   */
  #open(tile, peer) {
    this.#at = { tile, peer };
    const { role } = this.#room?.moderation ?? {};
    const moderates = peer !== null && (role === 'host' || (role === 'moderator' && peer.role !== 'host' && peer.role !== 'moderator'));
    /** @type {Record<Action, boolean>} */
    const offered = {
      pin: this.#stage.pinned !== tile,
      unpin: this.#stage.pinned === tile,
      pip: document.pictureInPictureEnabled === true && (tile.look.camera || tile.look.screen),
      quality: peer !== null,
      play: peer !== null,
      mute: moderates && tile.look.microphone,
      kick: moderates,
    };
    for (const button of /** @type {NodeListOf<HTMLButtonElement>} */ (this.#menu.querySelectorAll('[data-tile-action]')))
      button.hidden = !offered[/** @type {Action} */ (button.dataset.tileAction)];
    byId('tile-menu-name', HTMLElement).textContent = nameOf(tile.look);
    this.#menu.showPopover();
    const button = tile.menuButton.getBoundingClientRect();
    const { width, height } = this.#menu.getBoundingClientRect();
    this.#menu.style.setProperty('--menu-x', `${Math.max(12, Math.min(button.right - width, innerWidth - width - 12))}px`);
    this.#menu.style.setProperty('--menu-y', `${Math.max(12, Math.min(button.bottom + 6, innerHeight - height - 12))}px`);
    /** @type {HTMLButtonElement | null} */ (this.#menu.querySelector('button:not([hidden])'))?.focus();
  }

  /** @param {Action} action */
  #do(action) {
    const { tile, peer } = this.#at ?? {};
    this.#hide();
    tile?.menuButton.focus();
    if (!tile) return;
    if (action === 'pin') this.#stage.pin(tile);
    else if (action === 'unpin') this.#stage.pin(null);
    else if (action === 'pip') tile.video.requestPictureInPicture().catch(() => toast(t('pip_failed')));
    else if (action === 'quality') this.#panels.show('quality');
    else if (peer && action === 'play') this.#play(peer);
    else if (peer && action === 'mute') this.#ask(this.#room?.moderation.requestMute(peer, 'audio'), t('mute_asked', { name: nameOf(peer) }));
    else if (peer && action === 'kick') this.#ask(this.#room?.moderation.kick(peer));
  }

  /**
   * @param {Promise<void> | undefined} request
   * @param {string} [done]
   */
  #ask(request, done) {
    request?.then(() => done && toast(done), (/** @type {NoomError} */ error) => toast(t('refused', { code: error.code })));
  }
}
