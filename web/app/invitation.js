// The link to a room: to copy, to share, and as a QR code to point a phone at.

import { byId } from './dom.js';
import { setText, t } from './i18n.js';
import { toast } from './notices.js';
import { encodeQr } from './qr.js';

const QUIET_ZONE = 4;

export class Invitation {
  #dialog = byId('invitation', HTMLDialogElement);
  #link = '';

  constructor() {
    for (const button of document.querySelectorAll('[data-invite]')) button.addEventListener('click', () => this.show());
    for (const button of document.querySelectorAll('[data-copy-link]')) button.addEventListener('click', () => void this.#copy());
    const share = byId('invitation-share', HTMLButtonElement);
    share.hidden = typeof navigator.share !== 'function';
    share.addEventListener('click', () => void navigator.share({ title: document.title, url: this.#link }).catch(() => {}));
    // A click beside the dialog closes it, as its button and Escape do.
    this.#dialog.addEventListener('click', (event) => event.target === this.#dialog && this.#dialog.close());
    byId('invitation-close', HTMLButtonElement).addEventListener('click', () => this.#dialog.close());
  }

  /** @param {string} link */
  set(link) {
    this.#link = link;
    for (const place of document.querySelectorAll('[data-link]')) place.textContent = link;
    for (const place of document.querySelectorAll('svg[data-qr]')) drawQr(place, link);
  }

  show() {
    if (this.#dialog.open) return;
    setText(byId('invitation-title', HTMLElement), 'invite_title');
    this.#dialog.showModal();
  }

  clear() {
    this.#dialog.close();
  }

  async #copy() {
    try {
      await navigator.clipboard.writeText(this.#link);
      toast(t('link_copied'));
    } catch {
      toast(t('link_not_copied', { link: this.#link }));
    }
  }
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
