// What can be done with one person: one menu, filled for whoever it was opened for, at their tile or in the list of people.

import { ask } from './ask.js';
import { byId } from './dom.js';
import { t } from './i18n.js';
import { toast } from './notices.js';
import { ROLES, nameOf, outranks, tellRefusal } from './part.js';

/** @import { Peer, Room } from '../client/index.js' */
/** @import { Panels } from './panels.js' */
/** @import { Stage } from './stage.js' */
/** @import { Tile } from './tile.js' */

/** @typedef {'pin' | 'unpin' | 'pip' | 'quality' | 'play' | 'mute' | 'hide' | 'unshare' | 'role' | 'kick'} Action */

/** @type {Partial<Record<Action, ['audio' | 'video' | 'screen', import('./i18n.js').Key]>>} */
const REQUESTS = { mute: ['audio', 'mute_asked'], hide: ['video', 'hide_asked'], unshare: ['screen', 'unshare_asked'] };

export class TileMenu {
  #menu = byId('tile-menu', HTMLElement);
  #stage;
  #panels;
  #play;
  /** @type {Room | null} */
  #room = null;
  /** @type {Map<Peer, Tile>} */
  #tiles = new Map();
  /** @type {{tile: Tile, peer: Peer | null, button: HTMLElement} | null} */
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
    stage.self.menuButton.addEventListener('click', () => this.#open(stage.self, null, stage.self.menuButton));
    this.#menu.addEventListener('keydown', (event) => this.#onKey(event));
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
    this.#tiles.set(peer, tile);
    tile.menuButton.addEventListener('click', () => this.#open(tile, peer, tile.menuButton));
  }

  /** @param {Peer} peer */
  remove(peer) {
    this.#tiles.delete(peer);
    if (this.#at?.peer === peer) this.#hide();
  }

  close() {
    this.#hide();
    this.#tiles.clear();
    this.#room = null;
  }

  /**
   * @param {Peer} peer
   * @param {HTMLElement} button   that asked for it
   */
  openFor(peer, button) {
    const tile = this.#tiles.get(peer);
    if (tile) this.#open(tile, peer, button);
  }

  #hide() {
    this.#at = null;
    if (this.#menu.matches(':popover-open')) this.#menu.hidePopover();
  }

  /**
   * @param {Tile} tile
   * @param {Peer | null} peer null for oneself
   * @param {HTMLElement} button
   */
  #open(tile, peer, button) {
    this.#at = { tile, peer, button };
    const { role = 'member' } = this.#room?.moderation ?? {};
    const moderates = peer !== null && outranks(role, peer.role);
    const watches = peer?.role === 'viewer';
    /** @type {Record<Action, boolean>} */
    const offered = {
      pin: this.#stage.pinned !== tile,
      unpin: this.#stage.pinned === tile,
      pip: document.pictureInPictureEnabled === true && (tile.look.camera || tile.look.screen),
      quality: peer !== null,
      play: peer !== null,
      mute: moderates && !watches && tile.look.microphone,
      hide: moderates && !watches && tile.look.camera && !tile.look.screen,
      unshare: moderates && tile.look.screen,
      role: moderates && role === 'host',
      kick: moderates,
    };
    for (const item of /** @type {NodeListOf<HTMLButtonElement>} */ (this.#menu.querySelectorAll('[data-tile-action]')))
      item.hidden = !offered[/** @type {Action} */ (item.dataset.tileAction)];
    byId('tile-menu-name', HTMLElement).textContent = nameOf(tile.look);
    this.#menu.showPopover();
    const place = button.getBoundingClientRect();
    const { width, height } = this.#menu.getBoundingClientRect();
    this.#menu.style.setProperty('--menu-x', `${Math.max(12, Math.min(place.right - width, innerWidth - width - 12))}px`);
    this.#menu.style.setProperty('--menu-y', `${Math.max(12, Math.min(place.bottom + 6, innerHeight - height - 12))}px`);
    this.#items()[0]?.focus();
  }

  #items() {
    return /** @type {HTMLButtonElement[]} */ ([...this.#menu.querySelectorAll('button:not([hidden])')]);
  }

  /** @param {KeyboardEvent} event */
  #onKey(event) {
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (step) {
      event.preventDefault();
      const items = this.#items();
      items.at((items.findIndex((item) => item === document.activeElement) + step) % items.length)?.focus();
    } else if (event.key === 'Escape' || event.key === 'Tab') {
      event.preventDefault();
      const { button } = this.#at ?? {};
      this.#hide();
      if (event.key === 'Escape') event.stopPropagation();
      button?.focus();
    }
  }

  /** @param {Action} action */
  #do(action) {
    const { tile, peer, button } = this.#at ?? {};
    this.#hide();
    button?.focus();
    if (!tile) return;
    if (action === 'pin') this.#stage.pin(tile);
    else if (action === 'unpin') this.#stage.pin(null);
    else if (action === 'pip') tile.video.requestPictureInPicture().catch(() => toast(t('pip_failed')));
    else if (action === 'quality') this.#panels.show('quality');
    else if (peer && action === 'play') this.#play(peer);
    else if (peer && action === 'role') void this.#giveRole(peer);
    else if (peer && action === 'kick') void this.#kick(peer);
    else if (peer) this.#request(peer, action);
  }

  /**
   * @param {Peer} peer
   * @param {Action} action
   */
  #request(peer, action) {
    const [media, asked] = REQUESTS[action] ?? [];
    if (media && asked) this.#room?.moderation.requestMute(peer, media).then(() => toast(t(asked, { name: nameOf(peer) })), tellRefusal);
  }

  /** @param {Peer} peer */
  async #giveRole(peer) {
    const parameters = { name: nameOf(peer) };
    const answer = await ask({ title: 'role_title', parameters, yes: 'role_give', role: peer.role });
    if (!answer || answer.role === peer.role) return;
    const { role } = answer;
    this.#room?.moderation.setRole(peer, role).then(() => toast(t('role_given', { ...parameters, role: t(ROLES[role] ?? 'role_member') })), tellRefusal);
  }

  /** @param {Peer} peer */
  async #kick(peer) {
    const answer = await ask({ title: 'kick_title', text: 'kick_text', parameters: { name: nameOf(peer) }, yes: 'kick_yes', grave: true, ban: true, words: true });
    if (answer) this.#room?.moderation.kick(peer, answer).catch(tellRefusal);
  }
}
