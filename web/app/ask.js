// One question at a time before something that others feel: who asks learns what was chosen, or null when it was called off.

import { byId } from './dom.js';
import { setText } from './i18n.js';

/** @import { Role } from '../client/moderation.js' */
/** @import { Key, Parameters } from './i18n.js' */

/**
 * @typedef {object} Question
 * @property {Key} title
 * @property {Key} [text]
 * @property {Parameters} [parameters]   of both
 * @property {Key} yes
 * @property {boolean} [grave]
 * @property {string} [role]             to choose from, with this one chosen
 * @property {boolean} [ban]             whether to ask for how long
 * @property {boolean} [words]           whether to ask for a message
 *
 * @typedef {{role: Role, banS: number, message: string}} Answer
 */

/**
 * @param {Question} question
 * @returns {Promise<Answer | null>}
 */
export function ask({ title, text, parameters = {}, yes, grave = false, role, ban = false, words = false }) {
  const dialog = byId('ask', HTMLDialogElement);
  const radios = /** @type {HTMLInputElement[]} */ ([...dialog.querySelectorAll('[name="role"]')]);
  const banS = byId('ask-ban-s', HTMLSelectElement);
  const message = byId('ask-message', HTMLInputElement);
  const button = byId('ask-yes', HTMLButtonElement);
  setText(byId('ask-title', HTMLElement), title, parameters);
  byId('ask-text', HTMLElement).hidden = text === undefined;
  if (text) setText(byId('ask-text', HTMLElement), text, parameters);
  byId('ask-roles', HTMLFieldSetElement).hidden = role === undefined;
  for (const radio of radios) radio.checked = radio.value === role;
  byId('ask-ban', HTMLElement).hidden = !ban;
  byId('ask-words', HTMLElement).hidden = !words;
  banS.value = '0';
  message.value = '';
  button.className = grave ? 'primary grave' : 'primary';
  setText(button, yes);
  // Escape leaves the last value there.
  dialog.returnValue = '';
  dialog.showModal();
  return new Promise((resolve) => {
    dialog.addEventListener('close', () => {
      const chosen = /** @type {Role} */ (radios.find((radio) => radio.checked)?.value ?? 'member');
      resolve(dialog.returnValue === 'yes' ? { role: chosen, banS: Number(banS.value), message: message.value.trim() } : null);
    }, { once: true });
  });
}

/** The call is over: whatever was asked is called off. */
export function callOff() {
  byId('ask', HTMLDialogElement).close('');
}
