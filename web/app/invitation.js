// The link to a room: to copy, to share, and as a QR code to point a phone at. Hosts and moderators also make links that let one person in, past password and lobby.

import { byId } from './dom.js';
import { setText, t } from './i18n.js';
import { announce, toast } from './notices.js';
import { tellRefusal } from './part.js';
import { encodeQr } from './qr.js';
import { personalLink } from './route.js';

/** @import { NoomError, Room } from '../client/index.js' */
/** @import { Moderation } from '../client/moderation.js' */
/** @import { Key } from './i18n.js' */

const QUIET_ZONE = 4;

export class Invitation {
  #dialog = byId('invitation', HTMLDialogElement);
  #personal = byId('invitation-personal', HTMLButtonElement);
  /** The room's. */
  #link = '';
  /** What the dialog shows: that, or one person's. */
  #shown = '';
  /** @type {Moderation | null} */
  #moderation = null;

  constructor() {
    for (const button of document.querySelectorAll('[data-invite]')) button.addEventListener('click', () => this.show());
    for (const button of document.querySelectorAll('[data-copy-link]')) button.addEventListener('click', () => void copy(this.#dialog.contains(button) ? this.#shown : this.#link));
    const share = byId('invitation-share', HTMLButtonElement);
    share.hidden = typeof navigator.share !== 'function';
    share.addEventListener('click', () => void navigator.share({ title: document.title, url: this.#shown }).catch(() => {}));
    // A click beside the dialog closes it, as its button and Escape do.
    this.#dialog.addEventListener('click', (event) => event.target === this.#dialog && this.#dialog.close());
    byId('invitation-close', HTMLButtonElement).addEventListener('click', () => this.#dialog.close());
    this.#personal.addEventListener('click', () => void this.#invite());
  }

  /** @param {Room} room */
  open({ moderation }) {
    this.#moderation = moderation;
    moderation.on('role', () => this.#refresh());
    this.#refresh();
  }

  add() {}
  remove() {}

  close() {
    this.#moderation = null;
    this.#refresh();
    this.#dialog.close();
  }

  /** @param {string} link */
  set(link) {
    this.#link = link;
    draw(document, link);
  }

  show() {
    if (this.#dialog.open) return;
    this.#say(this.#link, 'invite_title', 'qr_text');
    this.#dialog.showModal();
  }

  #refresh() {
    this.#personal.hidden = this.#moderation?.role !== 'host' && this.#moderation?.role !== 'moderator';
  }

  async #invite() {
    try {
      const ticket = await this.#moderation?.invite();
      if (!ticket) return;
      this.#say(personalLink(this.#link, ticket), 'personal_title', 'personal_text');
      announce(t('personal_text'));
    } catch (error) {
      const refusal = /** @type {NoomError} */ (error);
      // To a moderator, that is: the server takes no tickets at all.
      if (refusal.code === 'forbidden') toast(t('personal_off'));
      else tellRefusal(refusal);
    }
  }

  /**
   * @param {string} link
   * @param {Key} title
   * @param {Key} text
   */
  #say(link, title, text) {
    this.#shown = link;
    setText(byId('invitation-title', HTMLElement), title);
    setText(byId('invitation-text', HTMLElement), text);
    draw(this.#dialog, link);
  }
}

/** @param {string} link */
async function copy(link) {
  try {
    await navigator.clipboard.writeText(link);
    toast(t('link_copied'));
  } catch {
    toast(t('link_not_copied', { link }));
  }
}

/**
 * @param {ParentNode} within
 * @param {string} link
 */
function draw(within, link) {
  for (const place of within.querySelectorAll('[data-link]')) place.textContent = link;
  for (const place of within.querySelectorAll('svg[data-qr]')) drawQr(place, link);
}

/**
 * @param {Element} svg
 * @param {string} text
 */
function drawQr(svg, text) {
  try {
    const modules = encodeQr(text);
    const size = modules.length + 2 * QUIET_ZONE;
    svg.setAttribute('viewBox', `0 0 ${size} ${size}`);
    const path = modules.flatMap((row, y) => row.flatMap((dark, x) => (dark ? [`M${x + QUIET_ZONE} ${y + QUIET_ZONE}h1v1h-1z`] : []))).join('');
    svg.querySelector('path')?.setAttribute('d', path);
    svg.removeAttribute('hidden');
  } catch {
    // Longer than a code can hold: the link itself is there.
    svg.setAttribute('hidden', '');
  }
}
