// A page that says one thing and offers a way on: left, full, not found, unreachable, …

import { byId } from './dom.js';
import { setText } from './i18n.js';

/** @import { Key, Parameters } from './i18n.js' */

/**
 * @typedef {object} MessageText
 * @property {Key} title
 * @property {Key} text
 * @property {Parameters} [parameters]
 * @property {string} [said]           a moderator's words
 * @property {boolean} [doctor]         offer to look for the reason
 * @property {boolean} [apart]          draw the rings apart: something could not be connected
 * @property {boolean} [waiting]        something is under way
 * @property {{label: Key, run: () => void}} [primary]
 */

export class MessageView {
  #view = byId('message', HTMLElement);
  #primary = byId('message-primary', HTMLButtonElement);
  /** @type {() => void} */
  #run = () => {};

  constructor() {
    this.#primary.addEventListener('click', () => this.#run());
  }

  /** @param {MessageText} message */
  show({ title, text, parameters = {}, apart = false, waiting = false, doctor = false, said = '', primary }) {
    this.#view.toggleAttribute('data-apart', apart);
    this.#view.toggleAttribute('data-waiting', waiting);
    byId('message-home', HTMLElement).hidden = waiting;
    setText(byId('message-title', HTMLElement), title, parameters);
    setText(byId('message-text', HTMLElement), text, parameters);
    const words = byId('message-said', HTMLElement);
    words.textContent = said;
    words.hidden = said === '';
    this.#primary.hidden = primary === undefined;
    byId('message-doctor', HTMLElement).hidden = !doctor;
    byId('message-home', HTMLElement).className = primary ? 'button' : 'primary';
    if (primary) setText(this.#primary, primary.label);
    this.#run = primary?.run ?? (() => {});
    this.#view.hidden = false;
    byId('message-title', HTMLElement).focus();
  }

  hide() {
    this.#view.hidden = true;
  }
}
